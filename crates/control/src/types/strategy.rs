//! Strategies and exchanges of the run.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PluginState, Trading, is_false};

/// `GET /v1/strategies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StrategyList {
    /// All strategies, in the order of their names.
    pub strategies: Vec<Strategy>,
}

/// `GET /v1/strategies/NAME`: a strategy, and what it has done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Strategy {
    /// The name from the configuration.
    pub name: String,
    /// The plugin that it is made from.
    pub plugin: String,
    /// The generation of the plugin that it runs.
    pub generation: u64,
    /// Where it is in its life.
    pub state: PluginState,
    /// Since when.
    pub since: String,
    /// `none`, `thread` or `process`.
    pub isolation: String,
    /// Its own process, if it has one.
    pub pid: Option<u32>,
    /// Events handled.
    pub events: u64,
    /// Events handled in the last second.
    pub events_per_second: u64,
    /// The time of a call of its handlers in nanoseconds, which half of the recent ones did not exceed; `None` before the
    /// first. Recent are those of the last minute, and no fewer than the last hundred; of calls that come fast one of 127
    /// is measured.
    pub latency_ns_p50: Option<u64>,
    /// What 99 of 100 recent calls did not exceed.
    pub latency_ns_p99: Option<u64>,
    /// The longest of the recent calls.
    pub latency_ns_max: Option<u64>,
    /// Orders requested.
    pub orders: u64,
    /// Orders that work.
    pub orders_working: u64,
    /// Orders that our own risk limits refused.
    pub denials: u64,
    /// How often it failed.
    pub faults: u64,
    /// How often it was created anew after that.
    pub restarts: u64,
    /// What the last failure was.
    pub last_fault: Option<String>,
    /// Instruments in which it has a position.
    pub positions: u64,
    /// Value of its positions, as a decimal number.
    pub notional: String,
    /// What fills and prices brought, fees included.
    pub pnl: String,
    /// What closed quantities brought.
    pub realized_pnl: String,
    /// What open positions would bring.
    pub unrealized_pnl: String,
    /// Fees and costs.
    pub fees: String,
    /// The currency of these amounts.
    pub currency: String,
    /// What it may trade: the stricter one of its own state and the run's.
    pub trading: Trading,
    /// Its tag: what a change of it sends as `If-Match`.
    pub etag: String,
}

/// `GET /v1/exchanges`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExchangeList {
    /// All exchanges, in the order of the configuration.
    pub exchanges: Vec<Exchange>,
}

/// `GET /v1/exchanges/NAME`: an exchange, and its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exchange {
    /// The name from the configuration.
    pub name: String,
    /// The plugin that its connector is made from.
    pub plugin: String,
    /// The generation of the plugin that it runs.
    pub generation: u64,
    /// Where its connector is in its life.
    pub state: PluginState,
    /// Since when.
    pub since: String,
    /// `none`, `thread` or `process`.
    pub isolation: String,
    /// Its own process, if it has one.
    pub pid: Option<u32>,
    /// How often it failed.
    pub faults: u64,
    /// How often it was created anew after that.
    pub restarts: u64,
    /// What the last failure was.
    pub last_fault: Option<String>,
    /// How many instruments it has.
    pub instruments: u64,
    /// How many of them are halted because its connector is away.
    pub instruments_halted: u64,
    /// Whether orders go to it; if not, our own fill model executes them, or nobody.
    pub order_entry: bool,
    /// Our orders that work there.
    pub orders_working: u64,
    /// What may be traded there, by command.
    pub trading: Trading,
    /// Its tag: what a change of it sends as `If-Match`.
    pub etag: String,
}

/// `GET /v1/strategies/NAME/config` and `GET /v1/exchanges/NAME/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceConfig {
    /// The name from the configuration.
    pub name: String,
    /// The plugin.
    pub plugin: String,
    /// Its parameters, as they were given to it.
    pub config: Map<String, Value>,
}

/// The answer to a start, stop or restart: it was done before the answer was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceDone {
    /// What was done, in a sentence.
    pub report: String,
    /// Where it is in its life now.
    pub state: PluginState,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}
