//! The times of syslog: those of RFC 3339, and `Mmm dd hh:mm:ss` without a year and in the zone of whoever reads it.

use crate::sys::BrokenTime;

const NS_PER_S: i64 = 1_000_000_000;
const DAY_S: i64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The days since 1970 of a date of the Gregorian calendar; None if there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // years that begin in March: the day that comes and goes is their last
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468)
}

/// Takes a number of so many digits off the front.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}

/// `hh:mm:ss` as seconds; the leap second counts as the one before it.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 2)?;
    let is_valid = hour < 24 && minute < 60 && second <= 60;
    is_valid.then_some((hour * 3600 + minute * 60 + second.min(59), rest))
}

/// `2003-10-11T22:14:15.003Z`, or with an offset, in nanoseconds; and what follows.
pub(super) fn rfc3339(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (seconds, mut rest) = clock(rest.strip_prefix('T')?)?;
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (text, after) = after.split_at(digits);
        if digits == 0 || digits > 9 {
            return None;
        }
        fraction = format!("{text:0<9}").parse().ok()?;
        rest = after;
    }
    let (offset, rest) = offset(rest)?;
    let seconds = days(year, month, day)?.checked_mul(DAY_S)?.checked_add(seconds - offset)?;
    Some((seconds.checked_mul(NS_PER_S)?.checked_add(fraction)?, rest))
}

fn offset(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, rest) = number(text.strip_prefix(['+', '-'])?, 2)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), rest))
}

/// `Oct 11 22:14:15`, in nanoseconds; and what follows. The year is that in which it is nearest to now.
pub(super) fn month_day_time(text: &str, now_ns: i64) -> Option<(i64, &str)> {
    let (month, rest) = text.split_at_checked(3)?;
    let month = MONTHS.iter().position(|known| *known == month)?;
    let month = i64::try_from(month).ok()? + 1;
    let rest = rest.strip_prefix(' ')?;
    // a day below ten has a space before it, or wrongly a zero, or nothing
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let (day, rest) = number(rest, 2).or_else(|| number(rest, 1))?;
    let (seconds, rest) = clock(rest.strip_prefix(' ')?)?;
    let now = now_ns.div_euclid(NS_PER_S);
    let year = BrokenTime::utc(now)?.year();
    let nearest = [year - 1, year, year + 1].into_iter().filter_map(|year| {
        // the 29th of February is not in every year
        let local = days(year, month, day)?.checked_mul(DAY_S)? + seconds;
        to_utc(local)
    });
    let at = nearest.min_by_key(|at| at.abs_diff(now))?;
    Some((at.checked_mul(NS_PER_S)?, rest))
}

/// From the time on the wall of this process to that of the world. One that is there twice is the first.
fn to_utc(local: i64) -> Option<i64> {
    let guess = local - BrokenTime::local(local)?.offset();
    Some(local - BrokenTime::local(guess)?.offset())
}

#[cfg(test)]
mod tests {
    use super::{month_day_time, rfc3339};

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn times_of_rfc_3339_are_exact() {
        let cases = [
            ("1985-04-12T23:20:50.52Z", 482_196_050 * SECOND + 520_000_000),
            ("1985-04-12T19:20:50.52-04:00", 482_196_050 * SECOND + 520_000_000),
            ("2003-10-11T22:14:15.003Z", 1_065_910_455 * SECOND + 3_000_000),
            ("2003-08-24T05:14:15.000003-07:00", 1_061_727_255 * SECOND + 3_000),
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T00:00:00+00:00", 951_782_400 * SECOND),
        ];
        for (text, expected) in cases {
            assert_eq!(rfc3339(text), Some((expected, "")), "{text}");
        }
        let bad = [
            "",
            "1985-04-12",
            "1985-13-12T23:20:50Z",
            "1985-02-29T23:20:50Z",
            "1985-04-12T24:20:50Z",
            "1985-04-12T23:20:50",
            "1985-04-12T23:20:50.Z",
            "9999-04-12T23:20:50Z",
            "1985-04-12T23:20:50+25:00",
            "ž985",
        ];
        for text in bad {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_year_is_the_nearest() {
        // noon, so that no zone makes it another day
        let new_year = 1_704_110_400 * SECOND;
        let day =
            |text: &str| month_day_time(text, new_year).map(|(at, _)| (at - new_year) / SECOND / 3600 / 24);
        assert!(day("Dec 25 12:00:00").unwrap() < 0 && day("Dec 25 12:00:00").unwrap() > -10);
        assert!(day("Jan  9 12:00:00").unwrap() > 0 && day("Jan  9 12:00:00").unwrap() < 10);
        assert_eq!(month_day_time("Jan  9 12:00:00 host", new_year).unwrap().1, " host");
        assert_eq!(month_day_time("Feb 30 12:00:00", new_year), None);
        assert_eq!(month_day_time("Foo  9 12:00:00", new_year), None);
    }
}
