//! `stratctl config apply`.

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::Args;
use stratd_control::{ConfigApplyRequest, Request};

use crate::{
    cli::{
        desk::{Desk, absolute},
        terms::Terms,
    },
    view,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A whole configuration in TOML; - for the standard input
    file: PathBuf,
    /// Go back by itself unless `stratctl config confirm` comes within that time, as 60s, 5m or 1h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    confirm_within: Option<u64>,
    /// Change nothing now, and begin with it at the next start: for keys that need a restart
    #[arg(long, conflicts_with = "confirm_within")]
    at_restart: bool,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, arguments: Arguments) -> Result<()> {
    let Arguments { file, confirm_within, at_restart, terms } = arguments;
    let (text, file) = read(&file)?;
    let body = ConfigApplyRequest {
        text: Some(text),
        file,
        confirm_within_s: confirm_within,
        at_restart,
        ..ConfigApplyRequest::default()
    };
    let request = Request::config_apply(&body)?;
    desk.change(request, &terms, |answer| Ok(view::config_done(&answer.read()?)))
}

/// A file, or the standard input, with its name as the daemon finds it.
pub(super) fn read(file: &std::path::Path) -> Result<(String, Option<String>)> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("reading the standard input")?;
        return Ok((text, None));
    }
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    Ok((text, Some(absolute(file)?)))
}

fn seconds(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let found = units.into_iter().find_map(|(unit, factor)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(factor)
    });
    found.ok_or_else(|| format!("{text:?} is no length of time (accepted: 60s, 5m, 1h)"))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!((seconds("60s"), seconds("5m"), seconds("1h")), (Ok(60), Ok(300), Ok(3600)));
        for text in ["60", "s", "-1s", "1d", "99999999999999999999s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
