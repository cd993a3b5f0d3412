//! Time scales: what the number in a time field means.
//!
//! A scale is a day that its zero is, counted from 0001-01-01, and a number of ticks in a day. All conversions are exact
//! integer arithmetic; where a scale is coarser than what is asked for, the tick before the moment is meant.

use std::fmt;

use crate::calendar::{DAYS_END, Date, UNIX_EPOCH_DAYS};
use crate::error::{Error, ErrorKind};

const SECONDS_OF_DAY: i128 = 86_400;
const NANOS_OF_DAY: i128 = 86_400_000_000_000;
/// The form of the original API has milliseconds.
const FRACTION_DIGITS_MIN: u32 = 3;
const FRACTION_DIGITS_MAX: u32 = 9;

/// The meaning of times in a file.
///
/// ```
/// use teafile::TimeScale;
/// assert_eq!(TimeScale::JAVA.text(1_299_229_200_000), "2011-03-04 09:00:00:000");
/// assert_eq!(TimeScale::NET.unix_ns(630_822_816_010_000_001), Some(946_684_801_000_000_100));
/// assert_eq!(TimeScale::JAVA.convert(946_684_800_000, TimeScale::NET), Some(630_822_816_000_000_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeScale {
    epoch: i64,
    ticks_per_day: i64,
}

impl TimeScale {
    /// Milliseconds since 1970: the scale of Java, and of the original API.
    pub const JAVA: Self = Self { epoch: UNIX_EPOCH_DAYS, ticks_per_day: 86_400_000 };
    /// 100 nanoseconds since 0001-01-01: the scale of .NET.
    pub const NET: Self = Self { epoch: 0, ticks_per_day: 864_000_000_000 };
    /// Seconds since 1970.
    pub const UNIX_SECONDS: Self = Self { epoch: UNIX_EPOCH_DAYS, ticks_per_day: 86_400 };
    /// Microseconds since 1970.
    pub const UNIX_MICROS: Self = Self { epoch: UNIX_EPOCH_DAYS, ticks_per_day: 86_400_000_000 };
    /// Nanoseconds since 1970.
    pub const UNIX_NANOS: Self = Self { epoch: UNIX_EPOCH_DAYS, ticks_per_day: 86_400_000_000_000 };

    /// A scale whose zero is `epoch` days after 0001-01-01.
    ///
    /// # Errors
    /// If a day has no ticks.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::new(719_162, 86_400_000)?, TimeScale::JAVA);
    /// assert!(TimeScale::new(0, -1).is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn new(epoch: i64, ticks_per_day: i64) -> Result<Self, Error> {
        if ticks_per_day > 0 {
            return Ok(Self { epoch, ticks_per_day });
        }
        Err(Error::new(
            ErrorKind::BadTimeScale,
            format!("{ticks_per_day} ticks per day (expected 1 or more)"),
        ))
    }

    /// Days from 0001-01-01 to the zero of the scale.
    ///
    /// ```
    /// assert_eq!(teafile::TimeScale::JAVA.epoch(), 719_162);
    /// ```
    #[must_use]
    pub const fn epoch(self) -> i64 {
        self.epoch
    }

    /// Ticks in a day.
    ///
    /// ```
    /// assert_eq!(teafile::TimeScale::NET.ticks_per_day(), 864_000_000_000);
    /// ```
    #[must_use]
    pub const fn ticks_per_day(self) -> i64 {
        self.ticks_per_day
    }

    /// `Java` or `Net`, for those that have a name.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::NET.well_known_name(), Some("Net"));
    /// assert_eq!(TimeScale::UNIX_NANOS.well_known_name(), None);
    /// ```
    #[must_use]
    pub fn well_known_name(self) -> Option<&'static str> {
        match self {
            Self::JAVA => Some("Java"),
            Self::NET => Some("Net"),
            _ => None,
        }
    }

    /// Nanoseconds since 1970, rounded down; none outside of the years 1677 to 2262, which 64 bits do not reach.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::JAVA.unix_ns(-1), Some(-1_000_000));
    /// assert_eq!(TimeScale::NET.unix_ns(0), None);
    /// ```
    #[must_use]
    pub fn unix_ns(self, ticks: i64) -> Option<i64> {
        self.convert(ticks, Self::UNIX_NANOS)
    }

    /// The tick at or before a moment in nanoseconds since 1970; none if the scale does not reach it.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::JAVA.from_unix_ns(1_999_999), Some(1));
    /// assert_eq!(TimeScale::JAVA.from_unix_ns(-1), Some(-1));
    /// ```
    #[must_use]
    pub fn from_unix_ns(self, ns: i64) -> Option<i64> {
        Self::UNIX_NANOS.convert(ns, self)
    }

    /// The tick of another scale at or before a tick of this one; none if that does not fit.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::UNIX_NANOS.convert(1_500_000, TimeScale::JAVA), Some(1));
    /// ```
    #[must_use]
    pub fn convert(self, ticks: i64, to: Self) -> Option<i64> {
        if self == to {
            return Some(ticks);
        }
        // all of it fits: a product of two i64 is below 2^126, and the days are added apart
        let (from, into) = (i128::from(self.ticks_per_day), i128::from(to.ticks_per_day));
        let ticks = i128::from(ticks);
        let days = i128::from(self.epoch) - i128::from(to.epoch) + ticks.div_euclid(from);
        let rest = ticks.rem_euclid(from).checked_mul(into)?.div_euclid(from);
        i64::try_from(days.checked_mul(into)?.checked_add(rest)?).ok()
    }

    /// Days since 0001-01-01 and the ticks into that day.
    fn split(self, ticks: i64) -> (i128, i128) {
        let (ticks, per_day) = (i128::from(ticks), i128::from(self.ticks_per_day));
        (i128::from(self.epoch) + ticks.div_euclid(per_day), ticks.rem_euclid(per_day))
    }

    /// How many digits a fraction of a second needs, but three at least and nine at most.
    fn fraction_digits(self) -> u32 {
        let per_day = i128::from(self.ticks_per_day);
        let is_exact = |digits: &u32| (SECONDS_OF_DAY * 10_i128.pow(*digits)) % per_day == 0;
        (FRACTION_DIGITS_MIN..FRACTION_DIGITS_MAX).find(is_exact).unwrap_or(FRACTION_DIGITS_MAX)
    }

    /// The form of the original API, with as many digits after the second as the scale needs: three for milliseconds.
    /// Outside of the years 1 to 9999 it is `ticks(N)`.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::UNIX_NANOS.text(1_700_000_000_123_456_789), "2023-11-14 22:13:20:123456789");
    /// assert_eq!(TimeScale::NET.text(-1), "ticks(-1)");
    /// ```
    #[must_use]
    pub fn text(self, ticks: i64) -> String {
        self.moment(ticks).map_or_else(|| format!("ticks({ticks})"), |moment| moment.text(' ', ':'))
    }

    /// The form of ISO 8601, in UTC; none outside of the years 1 to 9999.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::JAVA.iso(0).as_deref(), Some("1970-01-01T00:00:00.000"));
    /// ```
    #[must_use]
    pub fn iso(self, ticks: i64) -> Option<String> {
        self.moment(ticks).map(|moment| moment.text('T', '.'))
    }

    fn moment(self, ticks: i64) -> Option<Moment> {
        let (days, rest) = self.split(ticks);
        let date = Date::from_days(i64::try_from(days).ok().filter(|days| *days < DAYS_END)?)?;
        let digits = self.fraction_digits();
        let unit = 10_i128.pow(digits);
        let units = rest * SECONDS_OF_DAY * unit / i128::from(self.ticks_per_day);
        Some(Moment { date, second: units / unit, fraction: units % unit, digits: digits as usize })
    }

    /// Reads `2011-03-04`, `2011-03-04 09:00`, `2011-03-04T09:00:00.123456789Z`, or the form of the original API with a
    /// colon before the fraction; a plain number is a tick. What is finer than the scale is cut off.
    ///
    /// # Errors
    /// If it is none of these, or the scale does not reach it.
    ///
    /// ```
    /// use teafile::TimeScale;
    /// assert_eq!(TimeScale::JAVA.parse("2011-03-04 09:00")?, 1_299_229_200_000);
    /// assert_eq!(TimeScale::JAVA.parse("1970-01-01T00:00:00.0015Z")?, 1);
    /// assert_eq!(TimeScale::NET.parse("17")?, 17);
    /// assert!(TimeScale::NET.parse("noon").is_err());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn parse(self, text: &str) -> Result<i64, Error> {
        let refused = |expected: &str| {
            Err(Error::new(ErrorKind::BadTime, format!("'{text}' is no time here (expected {expected})")))
        };
        if let Ok(ticks) = text.parse() {
            return Ok(ticks);
        }
        let Some((days, ns)) = parse_moment(text) else {
            return refused("2011-03-04T09:00:00.123, a part of it from the left, or a number of ticks");
        };
        let ticks = (i128::from(days) - i128::from(self.epoch)) * i128::from(self.ticks_per_day)
            + i128::from(ns) * i128::from(self.ticks_per_day) / NANOS_OF_DAY;
        i64::try_from(ticks).or_else(|_| refused("one that fits the scale of the file"))
    }
}

/// Epoch and ticks in two lines, and a name if there is one, as the original API shows it.
impl fmt::Display for TimeScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Epoch:         {:>8}", self.epoch)?;
        writeln!(f, "Ticks per Day: {:>8}", self.ticks_per_day)?;
        match self.well_known_name() {
            Some(name) => writeln!(f, "Wellknown Scale:{name:>7}"),
            None => Ok(()),
        }
    }
}

/// A moment taken apart.
struct Moment {
    date: Date,
    second: i128,
    fraction: i128,
    digits: usize,
}

impl Moment {
    fn text(&self, between: char, point: char) -> String {
        let Self { date: Date { year, month, day }, second, fraction, digits } = self;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!(
            "{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}{point}{fraction:0digits$}"
        )
    }
}

/// Days since 0001-01-01 and nanoseconds into that day.
fn parse_moment(text: &str) -> Option<(i64, i64)> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-').map(|part| number(part, 1..=4));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = Date { year, month, day }.days()?;
    Some((days, time.map_or(Some(0), parse_time)?))
}

/// `09`, `09:00`, `09:00:01`, `09:00:01.5` or `09:00:01:500`, in nanoseconds.
fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let hours = number(parts.next()?, 1..=2).filter(|hours| *hours < 24)?;
    let minutes = parts.next().map_or(Some(0), |part| number(part, 1..=2).filter(|minutes| *minutes < 60))?;
    let seconds_ns = parts.next().map_or(Some(0), seconds)?;
    Some((hours * 60 + minutes) * 60_000_000_000 + seconds_ns)
}

/// Seconds with a fraction, in nanoseconds.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ':']).unwrap_or((text, "0"));
    let whole = number(whole, 1..=2).filter(|number| *number < 60)?;
    let digits = fraction.len();
    let fraction = number(fraction, 1..=FRACTION_DIGITS_MAX as usize)?;
    let unit = 10_i64.pow(FRACTION_DIGITS_MAX - u32::try_from(digits).ok()?);
    Some(whole * 1_000_000_000 + fraction * unit)
}

/// Digits only, so many of them.
fn number(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let is_number = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::TimeScale;

    #[test]
    fn conversions_are_exact_at_the_edges() {
        let odd = TimeScale::new(5, 7).unwrap();
        assert_eq!(odd.convert(i64::MAX, TimeScale::NET), None);
        assert_eq!(odd.convert(7, TimeScale::NET), Some(6 * 864_000_000_000));
        let far = TimeScale::new(i64::MIN, i64::MAX).unwrap();
        assert_eq!(far.convert(i64::MIN, TimeScale::JAVA), None);
        assert_eq!(far.text(i64::MIN), format!("ticks({})", i64::MIN));
        assert_eq!(far.convert(i64::MAX, TimeScale::new(i64::MIN + 1, 1).unwrap()), Some(0));
        assert_eq!(odd.text(1), "0001-01-06 03:25:42:857142857");
    }

    #[test]
    fn texts_of_times_read_as_what_they_were() {
        let scale = TimeScale::UNIX_NANOS;
        for ticks in [0, -1, 1_700_000_000_123_456_789, i64::MIN, i64::MAX] {
            assert_eq!(scale.parse(&scale.text(ticks)).unwrap(), ticks);
            assert_eq!(scale.parse(&scale.iso(ticks).unwrap()).unwrap(), ticks);
        }
        for text in ["", "2011-", "2011-13-01", "2011-02-29", "2011-01-01 24:00", "2011-01-01 00:60", "-"] {
            assert!(scale.parse(text).is_err(), "{text}");
        }
        for text in ["2011-01-01 00:00:60", "2011-01-01 00:00:00.1234567890", "2011-01-01 ", "2011-01-+1"] {
            assert!(scale.parse(text).is_err(), "{text}");
        }
    }
}
