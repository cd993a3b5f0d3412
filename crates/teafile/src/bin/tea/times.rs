//! Times on the command line and in tables.

use anyhow::{Context, Result, bail};
use teafile::TimeScale;

/// What `--scale` accepts.
pub(crate) const SCALES: &str = "java, net, s, ms, us, ns, or DAYS:TICKS_PER_DAY";

/// Reads a time into ticks: RFC 3339 with or without an offset, a part of it from the left, or a number of ticks. Who
/// gives no offset means that of the file, which has none either.
pub(crate) fn parse(scale: TimeScale, text: &str) -> Result<i64> {
    let Some((local, offset_minutes)) = split_offset(text) else { return Ok(scale.parse(text)?) };
    let ticks = i128::from(scale.parse(local)?);
    let shift = i128::from(offset_minutes) * i128::from(scale.ticks_per_day()) / 1_440;
    i64::try_from(ticks - shift).with_context(|| format!("'{text}' does not fit the scale of the file"))
}

/// The text before an offset such as `+02:00`, and that offset in minutes.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    let split = text.len().checked_sub("+00:00".len())?;
    let (local, offset) = text.split_at_checked(split)?;
    let sign = match offset.get(..1)? {
        "+" => 1,
        // only behind a time of day: a date has a `-`, too
        "-" if local.contains(':') => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some((local, sign * (hours * 60 + minutes)))
}

/// The same for a cell of a table: what the scale cannot express is refused, not rounded.
pub(crate) fn parse_exact(scale: TimeScale, text: &str) -> Result<i64> {
    let ticks = parse(scale, text)?;
    if let Ok(ns) = parse(TimeScale::UNIX_NANOS, text)
        && text.parse::<i64>().is_err()
        && scale.unix_ns(ticks) != Some(ns)
    {
        bail!("'{text}' is finer than the scale of the file (expected less digits, or another --scale)");
    }
    Ok(ticks)
}

/// A time as exact text; ticks where the text would not give the same ticks again.
pub(crate) fn exact_text(scale: TimeScale, ticks: i64) -> String {
    match scale.iso(ticks) {
        Some(text) if scale.parse(&text).is_ok_and(|same| same == ticks) => text,
        _ => ticks.to_string(),
    }
}

/// Reads a scale by its name, or by the day of its zero and its ticks per day.
pub(crate) fn scale(text: &str) -> Result<TimeScale, String> {
    let refused = || format!("'{text}' is no time scale (expected {SCALES})");
    match text.to_ascii_lowercase().as_str() {
        "java" | "ms" => Ok(TimeScale::JAVA),
        "net" => Ok(TimeScale::NET),
        "s" => Ok(TimeScale::UNIX_SECONDS),
        "us" => Ok(TimeScale::UNIX_MICROS),
        "ns" => Ok(TimeScale::UNIX_NANOS),
        other => {
            let (epoch, ticks) = other.split_once(':').ok_or_else(refused)?;
            let (epoch, ticks) =
                (epoch.parse().map_err(|_| refused())?, ticks.parse().map_err(|_| refused())?);
            TimeScale::new(epoch, ticks).map_err(|error| error.to_string())
        }
    }
}

/// How `--scale` would name it.
pub(crate) fn scale_name(scale: TimeScale) -> String {
    match scale {
        TimeScale::JAVA => "java".to_owned(),
        TimeScale::NET => "net".to_owned(),
        TimeScale::UNIX_SECONDS => "s".to_owned(),
        TimeScale::UNIX_MICROS => "us".to_owned(),
        TimeScale::UNIX_NANOS => "ns".to_owned(),
        other => format!("{}:{}", other.epoch(), other.ticks_per_day()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let found = parse(TimeScale::JAVA, text).map(|ticks| exact_text(TimeScale::JAVA, ticks));
        assert_eq!(found.unwrap_or_else(|error| error.to_string()), expect, "{text}");
    }

    #[test]
    fn times_have_offsets_or_none() {
        check("2011-03-04T09:00:00+02:00", "2011-03-04T07:00:00.000");
        check("2011-03-04T09:00:00.5-05:30", "2011-03-04T14:30:00.500");
        check("2011-03-04 09:00:00Z", "2011-03-04T09:00:00.000");
        check("2011-03-04", "2011-03-04T00:00:00.000");
        check("86400000", "1970-01-02T00:00:00.000");
        check(
            "soon",
            "'soon' is no time here (expected 2011-03-04T09:00:00.123, a part of it from the left, or a number of ticks)",
        );
    }

    #[test]
    fn what_a_scale_cannot_express_is_refused() {
        assert!(parse_exact(TimeScale::JAVA, "2011-03-04T09:00:00.1234").is_err());
        assert!(parse_exact(TimeScale::JAVA, "2011-03-04T09:00:00.1230").is_ok());
        assert!(parse_exact(TimeScale::UNIX_SECONDS, "1299229200").is_ok());
    }
}
