//! The keys of `[backtests]`: how many backtests the daemon runs for who commands it.

use schemars::JsonSchema;
use serde::Deserialize;

/// Backtests that are submitted to the daemon (`stratctl backtest submit`). Each runs in a process of its own.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BacktestsConfig {
    /// So many run at once; further ones wait. 0 = none is taken.
    #[schemars(range(min = 0, max = 64), extend("default" = 2, "x-accepted" = "0 to 64"))]
    pub running_max: u32,
    /// So many wait; one more is refused.
    #[schemars(range(min = 1, max = 1000), extend("default" = 16, "x-accepted" = "1 to 1000"))]
    pub queued_max: u32,
    /// So many that have ended are listed. The oldest are forgotten; the folders of their results stay.
    #[schemars(range(min = 1, max = 10000), extend("default" = 100, "x-accepted" = "1 to 10000"))]
    pub ended_max: u32,
}

impl Default for BacktestsConfig {
    fn default() -> Self {
        Self { running_max: 2, queued_max: 16, ended_max: 100 }
    }
}
