//! The files that are written when a run is over: `returns.csv`, `config.json`, `summary.json`, `report.html`.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::Serialize;
use stratd_engine::Engine;
use stratd_plugin_api::Timestamp;

use super::{Summary, curve::DayClose, recorder::Recorder, report};

/// Writes them.
pub(super) fn write(recorder: &Recorder, summary: &Summary, engine: &Engine) -> Result<()> {
    let folder = &recorder.folder;
    returns(recorder, &folder.join("returns.csv"))?;
    json(&folder.join("config.json"), &recorder.labels.config)?;
    json(&folder.join("summary.json"), summary)?;
    let path = folder.join("report.html");
    let page = report::page(recorder, summary, engine);
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))
}

/// The date of a day counted from 1970-01-01.
pub(super) fn date(day: i64) -> String {
    let mut text = Timestamp::new(day.saturating_mul(Timestamp::DAY_NS)).to_string();
    text.truncate("1970-01-01".len());
    text
}

/// One row a day: the return of the run, then that of each strategy alone.
fn returns(recorder: &Recorder, path: &Path) -> Result<()> {
    let writing = || format!("writing {}", path.display());
    let mut file = csv::Writer::from_path(path).with_context(|| format!("creating {}", path.display()))?;
    let names = recorder.labels.strategies.iter().map(|(name, _)| name.as_str());
    file.write_record(["date", "return"].into_iter().chain(names)).with_context(writing)?;
    let run = recorder.run.clone().finish().days;
    let strategies: Vec<Vec<DayClose>> =
        recorder.strategies.iter().map(|figures| figures.curve.clone().finish().days).collect();
    for day in &run {
        // a strategy that joined later has no return before
        let of = |days: &Vec<DayClose>| {
            let found = days.binary_search_by_key(&day.day, |close| close.day);
            found
                .ok()
                .and_then(|index| days.get(index))
                .map_or_else(String::new, |close| number(close.day_return))
        };
        let cells = [date(day.day), number(day.day_return)].into_iter().chain(strategies.iter().map(of));
        file.write_record(cells).with_context(writing)?;
    }
    file.flush().with_context(writing)
}

/// All digits, and no minus before a zero.
fn number(value: f64) -> String {
    format!("{}", value + 0.0)
}

fn json(path: &Path, value: &impl Serialize) -> Result<()> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    let mut file = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut file, value).with_context(|| format!("writing {}", path.display()))?;
    file.write_all(b"\n").and_then(|()| file.flush()).with_context(|| format!("writing {}", path.display()))
}
