//! Reading the folder of a run.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use stratd_plugin_api::Timestamp;

use crate::results::{Ratios, curve::DayClose};

/// A file above this is none of ours.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A run as its folder has it.
#[derive(Debug)]
pub struct ComparedRun {
    /// Name of the folder.
    pub name: String,
    pub(super) facts: Facts,
    pub(super) days: Vec<DayClose>,
    pub(super) config: Value,
}

/// What is compared of `summary.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) currency: String,
    pub(super) equity_end: String,
    #[serde(rename = "return")]
    pub(super) total_return: Option<f64>,
    #[serde(flatten)]
    pub(super) ratios: Ratios,
    pub(super) max_drawdown: f64,
    pub(super) turnover: Option<f64>,
    pub(super) exposure: Option<f64>,
    pub(super) round_trips: Trips,
    pub(super) costs: String,
    pub(super) fills: u64,
    pub(super) denied: u64,
}

/// What is compared of the round trips.
#[derive(Debug, Deserialize)]
pub(super) struct Trips {
    pub(super) count: u64,
    pub(super) hit_rate: Option<f64>,
}

impl ComparedRun {
    /// Reads `summary.json`, `returns.csv` and `config.json` of a folder that a run has left.
    ///
    /// # Errors
    /// A file is missing, or is not what a run writes; the message names it.
    pub fn read(folder: &Path) -> Result<Self> {
        if !folder.is_dir() {
            bail!("{} is no folder (accepted: a folder that a run has written)", folder.display());
        }
        let real = folder.canonicalize().with_context(|| format!("reading {}", folder.display()))?;
        let name =
            real.file_name().map_or_else(|| real.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(Self {
            name,
            facts: json(&folder.join("summary.json"))?,
            days: returns(&folder.join("returns.csv"))?,
            config: json(&folder.join("config.json"))?,
        })
    }

    /// From the first day to the last.
    pub(super) fn period(&self) -> String {
        let day =
            |text: &Option<String>| text.as_deref().and_then(|text| text.get(..10)).unwrap_or("–").to_owned();
        format!("{} – {}", day(&self.facts.start), day(&self.facts.end))
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = read(path)?;
    serde_json::from_str(&text).with_context(|| format!("{}: not what a run writes", path.display()))
}

fn read(path: &Path) -> Result<String> {
    let length = fs::metadata(path).with_context(|| format!("reading {}", path.display()))?.len();
    if length > FILE_BYTES_MAX {
        bail!("{}: found {length} bytes (accepted: at most {FILE_BYTES_MAX})", path.display());
    }
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// The days of a run; their equity starts from 1.
fn returns(path: &Path) -> Result<Vec<DayClose>> {
    let text = read(path)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut equity = 1.0;
    let mut days = Vec::new();
    for (index, row) in reader.records().enumerate() {
        let line = index + 2;
        let row = row.with_context(|| format!("{}:{line}", path.display()))?;
        let cell = |column: usize| row.get(column).unwrap_or_default();
        let day = format!("{}T00:00:00Z", cell(0)).parse::<Timestamp>();
        let day_return = cell(1).parse::<f64>().ok().filter(|value| value.is_finite());
        let (Ok(day), Some(day_return)) = (day, day_return) else {
            bail!(
                "{}:{line}: found {:?}, {:?} (accepted: a date and a return)",
                path.display(),
                cell(0),
                cell(1)
            );
        };
        equity *= 1.0 + day_return;
        days.push(DayClose { day: day.day(), equity, day_return });
    }
    Ok(days)
}
