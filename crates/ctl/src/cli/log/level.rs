//! `stratctl log level`.

use anyhow::Result;
use clap::Args;
use stratd_control::{LevelRequest, LogDone, Request};

use crate::cli::{desk::Desk, terms::Terms};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The logger, as strategy.momentum; root for the one above all
    logger: String,
    /// The name or the number of a level, as DEBUG or 10; NOTSET for that of the logger above
    level: String,
    /// How long, as 30s, 10m or 2h; then it has the level that it had before
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    within: Option<u64>,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { logger, level, within, terms }: Arguments) -> Result<()> {
    let request = Request::log_level(&LevelRequest { logger, level, seconds: within })?;
    desk.change(request, &terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}

/// Seconds of a span of time.
fn seconds(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    let parsed = units.iter().find_map(|(unit, size)| {
        let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
        number.checked_mul(*size).filter(|seconds| *seconds > 0)
    });
    parsed.ok_or_else(|| "accepted: a whole number with s, m, h or d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(["30s", "10m", "2h", "1d"].map(seconds), [30, 600, 7200, 86_400].map(Ok));
        for text in ["", "10", "s", "-1s", "0s", "1.5h", "99999999999999999999s", "18446744073709551615d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
