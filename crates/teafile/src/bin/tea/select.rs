//! Which items a command is about.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use clap::Args;
use teafile::Reader;

use crate::times;

/// Options that choose items.
#[derive(Debug, Default, Args)]
pub(crate) struct Selection {
    /// From this time on: RFC 3339, a date, or a number of ticks
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
    /// The items of these indices, the second left out
    #[arg(long, value_name = "A..B", conflicts_with_all = ["from", "to"])]
    pub(crate) items: Option<String>,
}

impl Selection {
    /// The indices, all of which are in the file. Times are found by halving, so they must be in order.
    pub(crate) fn indices(&self, file: &mut Reader) -> Result<Range<u64>> {
        let count = file.item_count()?;
        if let Some(text) = &self.items {
            let (start, end) = indices(text)?;
            return Ok(start.min(count)..end.unwrap_or(count).min(count).max(start.min(count)));
        }
        if self.from.is_none() && self.to.is_none() {
            return Ok(0..count);
        }
        let Some(scale) = file.description().scale().filter(|_| file.description().event_time().is_some())
        else {
            bail!("{}: there is no event time (expected one for --from and --to)", file.path().display());
        };
        let read = |option: &str, text: &Option<String>| {
            text.as_ref().map(|text| times::parse(scale, text).with_context(|| option.to_owned())).transpose()
        };
        let (from, to) = (read("--from", &self.from)?, read("--to", &self.to)?);
        let start = from.map_or(Ok(0), |ticks| file.lower_bound(ticks))?;
        let end = to.map_or(Ok(count), |ticks| file.lower_bound(ticks))?;
        Ok(start..end.max(start))
    }
}

/// Reads `2..4`, `2..`, `..4` or `..`.
fn indices(text: &str) -> Result<(u64, Option<u64>)> {
    let refused =
        || format!("--items '{text}' (expected two indices, of which either may be left out: 2..4)");
    let (start, end) = text.split_once("..").with_context(refused)?;
    let start = if start.is_empty() { 0 } else { start.parse().with_context(refused)? };
    let end = if end.is_empty() { None } else { Some(end.parse().with_context(refused)?) };
    Ok((start, end))
}
