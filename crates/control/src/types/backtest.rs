//! Backtests that a daemon runs in children of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::is_false;

/// `POST /v1/backtests`: a backtest to be run. One of `file` and `config`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// A configuration file, by its absolute path on the daemon's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The configuration itself, as the keys of a configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub config: Option<Map<String, Value>>,
    /// A word of the submitter, shown in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `GET /v1/backtests`: all that are known, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestList {
    /// The backtests.
    pub backtests: Vec<Backtest>,
}

/// `GET /v1/backtests/{id}`: one backtest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Backtest {
    /// The id.
    pub id: String,
    /// The word of the submitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is in its life.
    pub state: BacktestState,
    /// The configuration file, if it was submitted as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// When it was submitted.
    pub submitted_at: String,
    /// When its process was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Its process, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<BacktestProgress>,
    /// The folder of its results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_folder: Option<String>,
    /// What its `summary.json` says, once it has finished. Only in the answer about one backtest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub summary: Option<Value>,
    /// Why it failed: the last lines that it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The answer to a submission or a cancel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestDone {
    /// The backtest as it is now; `None` for a submission that was only rehearsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backtest: Option<Backtest>,
    /// What was done, in a sentence.
    pub report: String,
    /// Nothing was done: it was only rehearsed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

/// Where a backtest is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BacktestState {
    /// It waits for its turn.
    Queued,
    /// Its process runs.
    Running,
    /// It came to its end, and its results are there.
    Finished,
    /// It came to its end, with results, and a strategy failed or an order was left open.
    Faulted,
    /// It was refused, or broke off; there are no results.
    Failed,
    /// It was canceled.
    Canceled,
    /// A word that this version does not know.
    #[serde(other)]
    Unknown,
}

impl BacktestState {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Faulted => "faulted",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Unknown => "unknown",
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn has_ended(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Unknown => false,
            Self::Finished | Self::Faulted | Self::Failed | Self::Canceled => true,
        }
    }
}

/// How far a backtest is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BacktestProgress {
    /// Market events so far.
    pub events: u64,
    /// Market events per second since its start.
    pub events_per_second: f64,
    /// The time of the market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// How much of its data files was read, from 0 to 100; `None` where its data comes from no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// How long it will take at this pace; `None` where `percent` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
}
