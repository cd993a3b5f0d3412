//! Times as files write them.

use std::str::FromStr;

use jiff::{civil, tz::Offset};
use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Decimal, Timestamp};

use super::error::{Error, ErrorKind, quoted};

/// The unit of an epoch time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

/// What a time may look like.
const ACCEPTED: &str = "2013-03-01, 2013-03-01T14:30:00Z, 2013-03-01 14:30:00.5 or an epoch number in s, ms, us or \
                        ns, between 1677-09-22 and 2262-04-11";

/// Whole numbers that also read as the start of a date, YYYYMMDDhh of 1970 to 2100: as seconds they lie in 2032 to
/// 2036, so that no history is lost by asking.
const COMPACT_HOURS: std::ops::RangeInclusive<i64> = 1_970_010_100..=2_100_123_123;
/// As above, YYYYMMDDhhmm: as milliseconds they lie between March and August 1976.
const COMPACT_MINUTES: std::ops::RangeInclusive<i64> = 197_001_010_000..=210_012_312_359;

impl TimeUnit {
    /// How many decimals a number in this unit needs to be in nanoseconds.
    const fn decimals(self) -> u8 {
        match self {
            Self::S => 9,
            Self::Ms => 6,
            Self::Us => 3,
            Self::Ns => 0,
        }
    }

    /// The unit in which a whole number is a time between 1973 and 2262; `None` where it could also be a date written
    /// without separators, or no unit fits.
    fn of_magnitude(whole: i64) -> Option<Self> {
        match whole {
            whole if COMPACT_HOURS.contains(&whole) || COMPACT_MINUTES.contains(&whole) => None,
            100_000_000..10_000_000_000 => Some(Self::S),
            100_000_000_000..10_000_000_000_000 => Some(Self::Ms),
            100_000_000_000_000..10_000_000_000_000_000 => Some(Self::Us),
            100_000_000_000_000_000.. => Some(Self::Ns),
            _ => None,
        }
    }
}

/// A time from text: an ISO date (midnight UTC), an ISO datetime with `T` or a space, with or without seconds, up to
/// nine decimals and an offset (without one it is UTC), or an epoch number.
///
/// Without `unit` the magnitude of the number decides, for times from 1973 on; a number that could be a date without
/// separators (`20130301`) is refused, never guessed.
///
/// ```
/// use stratd_simulation::csv::parse_time;
/// let time = parse_time("2013-03-01 14:30:00.5", None)?;
/// assert_eq!(parse_time("2013-03-01T09:30:00.500-05:00", None)?, time);
/// assert_eq!(parse_time("1362148200500", None)?, time);
/// assert!(parse_time("20130301", None).is_err());
/// # Ok::<(), stratd_simulation::csv::Error>(())
/// ```
///
/// # Errors
/// Not a time, not on the grid of nanoseconds, or out of their range.
pub fn parse_time(text: &str, unit: Option<TimeUnit>) -> Result<Timestamp, Error> {
    let malformed =
        || Error::new(ErrorKind::Time, format!("{} is no time of a known form", quoted(text)), ACCEPTED);
    if text.as_bytes().get(4) == Some(&b'-') {
        return iso(text).ok_or_else(malformed);
    }
    let number: Decimal = text.parse().map_err(|_| malformed())?;
    let Some(unit) = unit.or_else(|| TimeUnit::of_magnitude(whole_part(number))) else {
        return Err(Error::new(
            ErrorKind::Time,
            format!("the unit of {} is not certain", quoted(text)),
            format!("{ACCEPTED}; for numbers of any size set time_unit"),
        ));
    };
    number.scaled(unit.decimals()).map(Timestamp::new).map_err(|_| malformed())
}

fn whole_part(number: Decimal) -> i64 {
    // at most 18 decimals, so the divisor fits
    number.mantissa() / 10i64.pow(u32::from(number.scale()))
}

/// `YYYY-MM-DD`, then nothing or `T` or a space and a clock time with an optional offset. Written out rather than left
/// to jiff's parser, which also takes `20130301` and, without a zone, ignores an offset.
fn iso(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let date =
        civil::Date::new(digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?)
            .ok()?;
    if parts.next().is_some() {
        return None;
    }
    let (time, offset) = if rest.is_empty() {
        (civil::Time::midnight(), Offset::UTC)
    } else {
        let clock = rest.strip_prefix(['T', 't', ' '])?;
        let offset_at = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
        let (clock, offset) = clock.split_at(offset_at);
        (clock_time(clock.trim_end())?, iso_offset(offset)?)
    };
    let timestamp = offset.to_timestamp(date.to_datetime(time)).ok()?;
    i64::try_from(timestamp.as_nanosecond()).ok().map(Timestamp::new)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` with up to nine decimals.
fn clock_time(text: &str) -> Option<civil::Time> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let (second, nanosecond) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((second, part)) => (digits(second, 2)?, nanoseconds(part)?),
        },
    };
    if parts.next().is_some() {
        return None;
    }
    civil::Time::new(hour, minute, second, nanosecond).ok()
}

fn nanoseconds(part: &str) -> Option<i32> {
    let missing = 9u32.checked_sub(u32::try_from(part.len()).ok()?)?;
    let number: i32 = digits(part, part.len())?;
    number.checked_mul(10i32.pow(missing))
}

/// Nothing, `Z`, `+hh`, `+hhmm` or `+hh:mm`.
fn iso_offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.as_bytes().first() {
        None => return Some(Offset::UTC),
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(_) => return text.eq_ignore_ascii_case("z").then_some(Offset::UTC),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 2 => (rest, "00"),
        None => rest.split_at_checked(2)?,
    };
    let (hours, minutes): (i32, i32) = (digits(hours, 2)?, digits(minutes, 2)?);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A number of exactly `count` ASCII digits.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    (text.len() == count && count > 0 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
