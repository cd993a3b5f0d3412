//! The handler for a file that is renamed when its time is over.

use std::ffi::CString;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use super::{
    Entry, FileOptions, Handler, Progress,
    log_file::LogFile,
    rotation::{Compression, Packer, with_suffix},
};
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
    sys::{BrokenTime, pattern},
};

const DAY: i64 = 86_400;

/// The unit of the times at which a file is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days from now on.
    Day,
    /// Days, at midnight or another time of day.
    Midnight,
    /// Weeks, on this day (Monday is 0), at midnight or another time of day.
    Weekday(u8),
}

impl When {
    /// Reads `S`, `M`, `H`, `D`, `midnight` or `W0` to `W6`, in either case.
    ///
    /// # Errors
    /// If it is none of these.
    ///
    /// ```
    /// use stratd_logging::When;
    ///
    /// assert_eq!(When::parse("w6")?, When::Weekday(6));
    /// assert!(When::parse("W7").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Ok(match text.to_ascii_uppercase().as_bytes() {
            b"S" => Self::Second,
            b"M" => Self::Minute,
            b"H" => Self::Hour,
            b"D" => Self::Day,
            b"MIDNIGHT" => Self::Midnight,
            [b'W', day @ b'0'..=b'6'] => Self::Weekday(day - b'0'),
            _ => {
                return Err(Error::new(
                    ErrorKind::Handler,
                    format!("rotation {text:?} (accepted: S, M, H, D, midnight, W0 to W6)"),
                ));
            }
        })
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day | Self::Midnight => DAY,
            Self::Weekday(_) => 7 * DAY,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Second => "%Y-%m-%d_%H-%M-%S",
            Self::Minute => "%Y-%m-%d_%H-%M",
            Self::Hour => "%Y-%m-%d_%H",
            Self::Day | Self::Midnight | Self::Weekday(_) => "%Y-%m-%d",
        }
    }

    /// The shape of a suffix: digits where it has a 0.
    fn shape(self) -> &'static str {
        match self {
            Self::Second => "0000-00-00_00-00-00",
            Self::Minute => "0000-00-00_00-00",
            Self::Hour => "0000-00-00_00",
            Self::Day | Self::Midnight | Self::Weekday(_) => "0000-00-00",
        }
    }
}

/// When a file is renamed, and how many old ones are kept.
///
/// ```
/// use stratd_logging::{RotateByTime, When};
///
/// let rotate = RotateByTime::new(When::Hour);
/// // 1970-01-01 00:30:00: half an hour past, and an hour on
/// assert_eq!(rotate.next(1800), 5400);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateByTime {
    /// The unit.
    pub when: When,
    /// So many units at a time.
    pub interval: u32,
    /// Seconds after midnight, for [`When::Midnight`] and [`When::Weekday`]; None for midnight.
    pub at: Option<u32>,
    /// Times are universal, not those of the process's zone.
    pub utc: bool,
    /// Old files; 0 for all.
    pub keep: u32,
    /// How old files are packed.
    pub compression: Compression,
}

impl RotateByTime {
    /// Every unit, in local time, keeping all.
    ///
    /// ```
    /// # use stratd_logging::{RotateByTime, When};
    /// assert_eq!(RotateByTime::new(When::Day).interval, 1);
    /// ```
    #[must_use]
    pub fn new(when: When) -> Self {
        Self { when, interval: 1, at: None, utc: false, keep: 0, compression: Compression::None }
    }

    fn interval_seconds(&self) -> i64 {
        self.when.seconds() * i64::from(self.interval)
    }

    fn broken(&self, second: i64) -> Option<BrokenTime> {
        if self.utc { BrokenTime::utc(second) } else { BrokenTime::local(second) }
    }

    /// When a file that was begun at `now` is over, both in seconds since 1970.
    ///
    /// ```
    /// # use stratd_logging::{RotateByTime, When};
    /// let rotate = RotateByTime { utc: true, ..RotateByTime::new(When::Midnight) };
    /// assert_eq!(rotate.next(0), 86_400);
    /// assert_eq!(rotate.next(86_399), 86_400);
    /// ```
    #[must_use]
    pub fn next(&self, now: i64) -> i64 {
        let weekday = match self.when {
            When::Second | When::Minute | When::Hour | When::Day => return now + self.interval_seconds(),
            When::Midnight => None,
            When::Weekday(day) => Some(i64::from(day)),
        };
        let Some(broken) = self.broken(now) else { return now + self.interval_seconds() };
        let (hour, minute, second) = broken.clock();
        let mut day = broken.weekday();
        let mut wait = self.at.map_or(DAY, i64::from) - (hour * 3600 + minute * 60 + second);
        if wait <= 0 {
            wait += DAY;
            day = (day + 1) % 7;
        }
        let mut result = now + wait;
        match weekday {
            Some(weekday) => {
                result += (weekday - day).rem_euclid(7) * DAY + self.interval_seconds() - 7 * DAY
            }
            None => result += self.interval_seconds() - DAY,
        }
        if self.utc { result } else { result + summer_time_shift(&broken, result) }
    }
}

/// How far the clock is put on or back until then.
fn summer_time_shift(now: &BrokenTime, then: i64) -> i64 {
    let is_summer = |second| BrokenTime::local(second).is_some_and(|broken| broken.is_summer_time());
    match (now.is_summer_time(), is_summer(then)) {
        (true, true) | (false, false) => 0,
        (true, false) => 3600,
        // the hour itself does not exist on that day
        (false, true) => {
            if is_summer(then - 3600) {
                -3600
            } else {
                0
            }
        }
    }
}

/// Tells the time, in nanoseconds since 1970.
pub type Clock = Box<dyn Fn() -> i64 + Send>;

/// Writes each text as a line of a file, which gets the time behind its name when its time is over. Names and times are
/// those of Python's `TimedRotatingFileHandler`.
///
/// ```
/// use stratd_logging::{FileOptions, RotateByTime, TimedFileHandler, When};
///
/// let path = std::env::temp_dir().join(format!("stratd-timed-{}.log", std::process::id()));
/// let options = FileOptions { delay: true, ..FileOptions::new(path) };
/// let _ = TimedFileHandler::new(options, RotateByTime::new(When::Midnight))?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct TimedFileHandler {
    file: LogFile,
    rotate: RotateByTime,
    suffix: CString,
    next: i64,
    packer: Packer,
    clock: Clock,
}

impl TimedFileHandler {
    /// A handler for a file. The time of one that is there counts from its last change.
    ///
    /// # Errors
    /// If it cannot be opened, or its owner cannot be set.
    ///
    /// ```
    /// # use stratd_logging::{FileOptions, RotateByTime, TimedFileHandler, When};
    /// let options = FileOptions::new("/nonexistent-folder/a.log");
    /// assert!(TimedFileHandler::new(options, RotateByTime::new(When::Day)).is_err());
    /// ```
    pub fn new(options: FileOptions, rotate: RotateByTime) -> Result<Self> {
        Self::with_clock(options, rotate, Box::new(clock::now_ns))
    }

    /// As [`TimedFileHandler::new`], told the time by somebody.
    ///
    /// # Errors
    /// If it cannot be opened, or its owner cannot be set.
    ///
    /// ```
    /// # use stratd_logging::{FileOptions, RotateByTime, TimedFileHandler, When};
    /// let options = FileOptions { delay: true, ..FileOptions::new("/nonexistent-folder/a.log") };
    /// let handler = TimedFileHandler::with_clock(options, RotateByTime::new(When::Hour), Box::new(|| 0))?;
    /// assert_eq!(handler.next(), 3600);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn with_clock(options: FileOptions, rotate: RotateByTime, clock: Clock) -> Result<Self> {
        let changed = std::fs::metadata(&options.path).and_then(|metadata| metadata.modified()).ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let begun = match changed {
            Some(since) => i64::try_from(since.as_secs()).unwrap_or(0),
            None => seconds(clock()),
        };
        let suffix = pattern(rotate.when.suffix()).unwrap_or_default();
        let next = rotate.next(begun);
        Ok(Self { file: LogFile::new(options)?, rotate, suffix, next, packer: Packer::default(), clock })
    }

    /// When the file is over, in seconds since 1970.
    ///
    /// ```
    /// # use stratd_logging::{FileOptions, RotateByTime, TimedFileHandler, When};
    /// let options = FileOptions { delay: true, ..FileOptions::new("/nonexistent-folder/a.log") };
    /// let handler = TimedFileHandler::with_clock(options, RotateByTime::new(When::Minute), Box::new(|| 0))?;
    /// assert_eq!(handler.next(), 60);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn next(&self) -> i64 {
        self.next
    }

    /// The name for what was written since the file was begun.
    fn old_name(&self, now: i64) -> PathBuf {
        let begun = self.next - self.rotate.interval_seconds();
        let mut broken = self.rotate.broken(begun);
        let is_summer_now = BrokenTime::local(now).map(|broken| broken.is_summer_time());
        let is_summer_then = broken.map(|broken| broken.is_summer_time());
        if !self.rotate.utc && is_summer_now != is_summer_then {
            let shift = if is_summer_now == Some(true) { 3600 } else { -3600 };
            broken = BrokenTime::local(begun + shift);
        }
        let mut suffix = String::from(".");
        if let Some(broken) = broken {
            broken.write(&self.suffix, &mut suffix);
        }
        with_suffix(self.file.path(), &suffix)
    }

    fn rotate(&mut self, now: i64) -> Result<()> {
        let old = self.old_name(now);
        let packed_name = with_suffix(&old, self.rotate.compression.suffix());
        if old.exists() || packed_name.exists() {
            // somebody else renamed it for this time; we go on in the same file until the next
            self.next = self.rotate.next(now);
            return Ok(());
        }
        let packed = self.packer.finish();
        self.file.move_to(&old)?;
        self.next = self.rotate.next(now);
        if self.rotate.compression != Compression::None && old.exists() {
            self.packer.start(&old, &packed_name, self.rotate.compression)?;
        }
        let removed = self.remove_oldest();
        if !self.file.options.delay {
            self.file.open()?;
        }
        packed.and(removed)
    }

    /// Removes the oldest files beyond those to keep. Only names that this handler makes are looked at: neither `NAME.b`
    /// nor `NAME.2024-01-01.gz` of somebody else is touched.
    fn remove_oldest(&self) -> Result<()> {
        if self.rotate.keep == 0 {
            return Ok(());
        }
        let path = self.file.path();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let context = |error| Error::io(format!("removing old files of {}", path.display()), error);
        let mut old = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(context)? {
            let entry = entry.map_err(context)?.file_name().to_string_lossy().into_owned();
            let suffix = entry.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.'));
            let packed = self.rotate.compression.suffix();
            let suffix = suffix.map(|suffix| suffix.strip_suffix(packed).unwrap_or(suffix));
            if suffix.is_some_and(|suffix| self.is_own_suffix(suffix)) {
                old.push(entry);
            }
        }
        old.sort();
        let surplus = old.len().saturating_sub(self.rotate.keep as usize);
        for name in old.into_iter().take(surplus) {
            std::fs::remove_file(folder.join(name)).map_err(context)?;
        }
        Ok(())
    }

    fn is_own_suffix(&self, suffix: &str) -> bool {
        let shape = self.rotate.when.shape();
        suffix.len() == shape.len()
            && suffix.bytes().zip(shape.bytes()).all(|(c, shape)| match shape {
                b'0' => c.is_ascii_digit(),
                other => c == other,
            })
    }
}

fn seconds(ns: i64) -> i64 {
    ns.div_euclid(1_000_000_000)
}

impl Handler for TimedFileHandler {
    fn activate(&mut self) -> Result<()> {
        self.file.activate()
    }

    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let now = seconds((self.clock)());
        let rotated = if now < self.next {
            Ok(())
        } else if self.file.is_special() {
            self.next = self.rotate.next(now);
            Ok(())
        } else {
            self.rotate(now)
        };
        // a file that cannot be renamed grows: the record is not lost
        self.file.push(entry.text)?;
        rotated
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        self.file.take_progress()
    }

    fn reopen(&mut self) -> Result<()> {
        self.file.reopen()
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        let packed = self.packer.finish();
        self.file.close(within)?;
        packed
    }
}
