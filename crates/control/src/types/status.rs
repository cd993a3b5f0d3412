//! The daemon as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /v1/version`: who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    /// `stratd`.
    pub name: String,
    /// The version of the daemon.
    pub version: String,
    /// The version of the protocol: [`API`](crate::API).
    pub api: String,
}

/// `GET /v1/health`: whether anything needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The verdict.
    pub state: HealthState,
    /// What needs attention; empty if nothing does.
    pub warnings: Vec<String>,
}

/// The verdict on the health of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// Nothing needs attention.
    Ok,
    /// The daemon works, and somebody should look at it.
    Degraded,
}

/// `GET /v1/status`: the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// The version of the daemon.
    pub version: String,
    /// The version of the protocol: [`API`](crate::API).
    pub api: String,
    /// The process of the daemon.
    pub pid: u32,
    /// `simulation`, `sandbox` or `live`.
    pub trading_type: String,
    /// Whether the run goes on.
    pub state: RunState,
    /// When the daemon started.
    pub started_at: String,
    /// How long ago that was, by a clock that never goes back.
    pub uptime_ns: u64,
    /// Where the results of this run are written.
    pub run_folder: String,
    /// The time of the engine; `None` before its first event.
    pub time: Option<String>,
    /// Events handled so far.
    pub events: u64,
    /// The sequence number of the last event.
    pub sequence: u64,
    /// Orders that work at the exchanges.
    pub orders_working: u64,
    /// What all accounts are worth, as a decimal number.
    pub equity: String,
    /// The currency of `equity`.
    pub currency: String,
    /// How many strategies are in each state.
    pub strategies: BTreeMap<String, u64>,
    /// How many plugins are known.
    pub plugins: u64,
    /// The store of states; `None` if the run keeps none.
    pub store: Option<StoreStatus>,
    /// The watchdog over calls into plugins; `None` if it is off.
    pub watchdog: Option<WatchdogStatus>,
    /// What needs attention; empty if nothing does.
    pub warnings: Vec<String>,
}

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Events are handled.
    Running,
    /// The run ends: strategies exit, orders are cancelled.
    Exiting,
}

impl RunState {
    /// The word of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Exiting => "exiting",
        }
    }
}

/// The store of strategy states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoreStatus {
    /// Its file.
    pub path: String,
    /// Whether the last write succeeded.
    pub healthy: bool,
    /// Why it did not.
    pub error: Option<String>,
}

/// The watchdog over calls into plugins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchdogStatus {
    /// How long one call may take.
    pub limit_ns: u64,
    /// How many instances it watches.
    pub watched: u64,
}
