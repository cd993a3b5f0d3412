//! Moments and durations in milliseconds, as the module `clockwise` of the original API has them.

use std::fmt;
use std::ops::Add;

use crate::calendar::{Date, UNIX_EPOCH_DAYS};
use crate::error::{Error, ErrorKind};
use crate::time_scale::TimeScale;

mod parse;

const DAY_MS: i64 = 86_400_000;

/// A moment in milliseconds since 1970.
///
/// ```
/// use teafile::clockwise::{DateTime, Duration};
/// let time = DateTime::new(2000, 1, 1)? + Duration::hours(77) + 88 * 60_000 + 99_000 + 5_240_000;
/// assert_eq!(time.ticks(), 946_972_619_000);
/// assert_eq!(DateTime::from_ticks(-1).to_string(), "1969-12-31 23:59:59:999");
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    ticks: i64,
}

impl DateTime {
    /// Midnight of a date.
    ///
    /// # Errors
    /// If there is no such date in the years 1 to 9999.
    ///
    /// ```
    /// use teafile::clockwise::DateTime;
    /// assert_eq!(DateTime::new(1970, 1, 2)?.ticks(), 86_400_000);
    /// assert!(DateTime::new(2023, 2, 29).is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn new(year: i64, month: i64, day: i64) -> Result<Self, Error> {
        let Some(days) = (Date { year, month, day }).days() else {
            return Err(Error::new(
                ErrorKind::BadTime,
                format!("there is no date {year}-{month}-{day} (expected the years 1 to 9999)"),
            ));
        };
        Ok(Self { ticks: (days - UNIX_EPOCH_DAYS) * DAY_MS })
    }

    /// The same day at a time of day, whose parts may be more than a day has of them.
    ///
    /// ```
    /// use teafile::clockwise::DateTime;
    /// let time = DateTime::new(2000, 1, 1)?.at(77, 88, 99, 5_240_000);
    /// assert_eq!(time.ticks(), 946_972_619_000);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn at(self, hours: i64, minutes: i64, seconds: i64, milliseconds: i64) -> Self {
        let duration = Duration::hours(hours)
            + Duration::minutes(minutes)
            + Duration::seconds(seconds)
            + Duration::milliseconds(milliseconds);
        self.date() + duration
    }

    /// So many milliseconds after 1970.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::DateTime::from_ticks(0).to_string(), "1970-01-01 00:00:00:000");
    /// ```
    #[must_use]
    pub const fn from_ticks(ticks: i64) -> Self {
        Self { ticks }
    }

    /// Milliseconds since 1970.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::DateTime::from_ticks(7).ticks(), 7);
    /// ```
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// Midnight before it.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::DateTime::from_ticks(-1).date().ticks(), -86_400_000);
    /// ```
    #[must_use]
    pub const fn date(self) -> Self {
        Self { ticks: self.ticks.saturating_sub(self.ticks.rem_euclid(DAY_MS)) }
    }

    /// Reads a text by a format of `strptime`: `%Y %m %d %H %M %S %f %y %j %b %B %I %p %%`.
    ///
    /// # Errors
    /// If text and format do not fit, or there is no such moment.
    ///
    /// ```
    /// use teafile::clockwise::DateTime;
    /// let time = DateTime::parse("2007-05-31 18:00", "%Y-%m-%d %H:%M")?;
    /// assert_eq!(time.to_string(), "2007-05-31 18:00:00:000");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn parse(text: &str, format: &str) -> Result<Self, Error> {
        parse::parse(text, format)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&TimeScale::JAVA.text(self.ticks))
    }
}

/// A length of time in milliseconds.
///
/// ```
/// use teafile::clockwise::Duration;
/// assert_eq!(Duration::days(3).to_string(), "3 days 00:00:00:000");
/// assert_eq!((Duration::days(1) + 1_050).to_string(), "1 days 00:00:01:050");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    ticks: i64,
}

impl Duration {
    /// So many milliseconds.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::milliseconds(5).ticks(), 5);
    /// ```
    #[must_use]
    pub const fn milliseconds(ticks: i64) -> Self {
        Self { ticks }
    }

    /// So many seconds.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::seconds(5).ticks(), 5_000);
    /// ```
    #[must_use]
    pub const fn seconds(count: i64) -> Self {
        Self { ticks: count.saturating_mul(1_000) }
    }

    /// So many minutes.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::minutes(1).ticks(), 60_000);
    /// ```
    #[must_use]
    pub const fn minutes(count: i64) -> Self {
        Self { ticks: count.saturating_mul(60_000) }
    }

    /// So many hours.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::hours(1).ticks(), 3_600_000);
    /// ```
    #[must_use]
    pub const fn hours(count: i64) -> Self {
        Self { ticks: count.saturating_mul(3_600_000) }
    }

    /// So many days.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::days(1).ticks(), 86_400_000);
    /// ```
    #[must_use]
    pub const fn days(count: i64) -> Self {
        Self { ticks: count.saturating_mul(DAY_MS) }
    }

    /// So many weeks.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::weeks(2), teafile::clockwise::Duration::days(14));
    /// ```
    #[must_use]
    pub const fn weeks(count: i64) -> Self {
        Self { ticks: count.saturating_mul(7 * DAY_MS) }
    }

    /// Milliseconds.
    ///
    /// ```
    /// assert_eq!(teafile::clockwise::Duration::days(1).ticks(), 86_400_000);
    /// ```
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.ticks
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.ticks.div_euclid(DAY_MS), self.ticks.rem_euclid(DAY_MS));
        let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
        write!(f, "{days} days {hours:02}:{minutes:02}:{seconds:02}:{:03}", rest % 1_000)
    }
}

/// At the ends of the 64 bits it stays there.
impl Add<Duration> for DateTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self { ticks: self.ticks.saturating_add(duration.ticks) }
    }
}

/// A moment so many milliseconds later.
impl Add<i64> for DateTime {
    type Output = Self;

    fn add(self, milliseconds: i64) -> Self {
        self + Duration::milliseconds(milliseconds)
    }
}

/// At the ends of the 64 bits it stays there.
impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { ticks: self.ticks.saturating_add(other.ticks) }
    }
}

/// So many milliseconds longer.
impl Add<i64> for Duration {
    type Output = Self;

    fn add(self, milliseconds: i64) -> Self {
        self + Self::milliseconds(milliseconds)
    }
}

/// The moments from `start` on, a step apart, before `end`. A step that leads nowhere ends it at once.
///
/// ```
/// use teafile::clockwise::{DateTime, Duration};
/// let (start, end) = (DateTime::new(2000, 9, 1)?, DateTime::new(2001, 1, 1)?);
/// let times: Vec<DateTime> = teafile::clockwise::range(start, end, Duration::weeks(2)).collect();
/// assert_eq!((times.len(), times[8]), (9, DateTime::new(2000, 12, 22)?));
/// # Ok::<(), teafile::Error>(())
/// ```
pub fn range(start: DateTime, end: DateTime, step: Duration) -> impl Iterator<Item = DateTime> {
    let first = (step.ticks > 0 && start < end).then_some(start);
    let next = move |time: &DateTime| {
        let ticks = time.ticks.checked_add(step.ticks)?;
        (ticks < end.ticks).then_some(DateTime { ticks })
    };
    std::iter::successors(first, next)
}

/// So many moments from `start` on, a step apart.
///
/// ```
/// use teafile::clockwise::{DateTime, Duration};
/// let start = DateTime::new(2000, 9, 1)?;
/// assert_eq!(teafile::clockwise::rangen(start, Duration::days(1), 3).last(), Some(DateTime::new(2000, 9, 3)?));
/// # Ok::<(), teafile::Error>(())
/// ```
pub fn rangen(start: DateTime, step: Duration, count: usize) -> impl Iterator<Item = DateTime> {
    std::iter::successors(Some(start), move |time| Some(*time + step)).take(count)
}
