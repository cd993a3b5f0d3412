//! The calls of the system that no safe crate offers: broken-down times, `strftime`, pidfds, and duplicating a descriptor
//! that is known by its number only.
//!
//! The text of a time is libc's, because its users expect `date(1)`'s: every directive of glibc works (`%P`, `%-d`,
//! `%N` is not one), in the C locale. The zone is that of the process (`TZ`, `/etc/localtime`), read once by libc.
#![expect(
    unsafe_code,
    reason = "libc has no safe strftime, and a number is no descriptor; each block is one call on values of this frame"
)]

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};

/// The longest text of one time, in bytes; a pattern whose text is longer gives an empty text, as in C.
pub(crate) const TIME_TEXT_MAX: usize = 1024;

/// Broken-down time: what `struct tm` holds, in the zone that it was made for.
#[derive(Clone, Copy)]
pub(crate) struct BrokenTime(libc::tm);

impl BrokenTime {
    /// The second in universal time.
    pub(crate) fn utc(seconds: i64) -> Option<Self> {
        let mut tm = MaybeUninit::<libc::tm>::uninit();
        let time: libc::time_t = seconds;
        // SAFETY: both pointers are to values of this frame; gmtime_r writes `tm` whole unless it returns null.
        let result = unsafe { libc::gmtime_r(&raw const time, tm.as_mut_ptr()) };
        if result.is_null() {
            return None;
        }
        // SAFETY: gmtime_r returned its argument, so it has written every field.
        Some(Self(unsafe { tm.assume_init() }))
    }

    /// The second in the zone of the process.
    pub(crate) fn local(seconds: i64) -> Option<Self> {
        let mut tm = MaybeUninit::<libc::tm>::uninit();
        let time: libc::time_t = seconds;
        // SAFETY: both pointers are to values of this frame; localtime_r writes `tm` whole unless it returns null.
        let result = unsafe { libc::localtime_r(&raw const time, tm.as_mut_ptr()) };
        if result.is_null() {
            return None;
        }
        // SAFETY: localtime_r returned its argument, so it has written every field.
        Some(Self(unsafe { tm.assume_init() }))
    }

    /// Hour, minute and second of the day.
    pub(crate) fn clock(&self) -> (i64, i64, i64) {
        (i64::from(self.0.tm_hour), i64::from(self.0.tm_min), i64::from(self.0.tm_sec))
    }

    /// Day of the week, Monday = 0.
    pub(crate) fn weekday(&self) -> i64 {
        i64::from((self.0.tm_wday + 6) % 7)
    }

    /// The year.
    pub(crate) fn year(&self) -> i64 {
        i64::from(self.0.tm_year) + 1900
    }

    /// How many seconds its zone is ahead of universal time.
    pub(crate) fn offset(&self) -> i64 {
        self.0.tm_gmtoff
    }

    /// True while summer time is in force.
    pub(crate) fn is_summer_time(&self) -> bool {
        self.0.tm_isdst > 0
    }

    /// Appends the text that `strftime` makes of `pattern` for a second in a zone that the process is not in: so many
    /// seconds east, with summer time or not, under this name. False if the second is in no year.
    pub(crate) fn write_in_zone(
        second: i64,
        (east, is_summer_time, name): (i32, bool, &CStr),
        pattern: &CStr,
        out: &mut String,
    ) -> bool {
        let Some(Self(mut tm)) = second.checked_add(i64::from(east)).and_then(Self::utc) else {
            return false;
        };
        tm.tm_gmtoff = libc::c_long::from(east);
        tm.tm_isdst = libc::c_int::from(is_summer_time);
        tm.tm_zone = name.as_ptr();
        // `name` outlives this call, and the value is dropped with it
        Self(tm).write(pattern, out);
        true
    }

    /// Appends the text that `strftime` makes of `pattern`. A text that is not UTF-8 is appended lossily.
    pub(crate) fn write(&self, pattern: &CStr, out: &mut String) {
        let mut buffer = [0_u8; TIME_TEXT_MAX];
        // SAFETY: the buffer is as long as is said, the pattern ends with a zero, and `tm` was written by libc, whose
        // zone name is static or lives as long as the process's zone, or by `write_in_zone`, whose caller lends the name.
        let length = unsafe {
            libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), pattern.as_ptr(), &raw const self.0)
        };
        match buffer.get(..length) {
            Some(text) => out.push_str(&String::from_utf8_lossy(text)),
            None => out.clear(),
        }
    }
}

/// A pattern for [`BrokenTime::write`]; None if it holds a zero byte.
pub(crate) fn pattern(text: &str) -> Option<CString> {
    CString::new(text).ok()
}

/// Duplicates the descriptor of this number; the new one is closed when a program is started.
pub(crate) fn duplicate(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: fcntl looks the number up and reports one that is not open; it touches no memory of ours.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: fcntl has just made this descriptor for us, so that nobody else closes it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// A descriptor that becomes readable when the child of this number ends; it must not have been waited for yet.
pub(crate) fn pidfd(child: u32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::c_long::from(child), 0 as libc::c_long) };
    let fd = i32::try_from(fd).ok().filter(|&fd| fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel has just made this descriptor for us, so that nobody else closes it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
