//! Handles of processes: unlike a number, a handle never comes to mean another process.
#![expect(unsafe_code, reason = "nix has no calls for process handles")]

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    ptr,
};

use nix::libc;

/// The handle of a child that was not waited for yet. It becomes readable when the process ends.
pub(super) fn open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes two numbers
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match RawFd::try_from(fd) {
        // SAFETY: just made by the kernel for us alone
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Kills a process; one that ended already is left in peace.
pub(super) fn kill(handle: &OwnedFd) {
    // SAFETY: takes numbers and a null pointer
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            handle.as_raw_fd(),
            libc::SIGKILL,
            ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
}
