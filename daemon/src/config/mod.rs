//! The configuration of a run: a TOML file, command-line flags over it, and all that can be wrong with them.
//!
//! [`Draft::read`] merges file and flags and remembers where every value was written; [`crate::check::check`] reports
//! all problems at once, of the daemon's keys and of every plugin's, or returns the [`RunConfig`].
//! Both are checked against JSON schemas by one validator: ours is derived from [`RunConfig`], a plugin's is in its
//! manifest.

mod backtests_config;
mod control_config;
mod describe;
pub(crate) mod difference;
mod document;
mod draft;
pub(crate) mod edit;
mod fill_config;
mod flags;
mod hours_config;
mod instance_flag;
mod instrument_config;
mod layers;
mod logging_config;
pub(crate) mod origin;
mod own_rules;
mod plugins_config;
pub(crate) mod pointer;
mod portfolio_config;
mod problem;
mod recorder_config;
mod recovery_config;
#[cfg(test)]
mod reference;
mod resolve;
mod risk_config;
mod risk_rules;
mod run_config;
mod schema;
pub(crate) mod secrets;
pub(crate) mod shown;
mod span;
#[cfg(test)]
pub(crate) mod tests;
mod validator;
mod warm_up_config;
mod written;

pub use crate::plugin_kind::PluginKind;
pub use backtests_config::BacktestsConfig;
pub use control_config::{ControlConfig, TcpConfig, TcpRole};
pub use document::Position;
pub use draft::Draft;
pub use edit::Edit;
pub use fill_config::{Cost, Costs, Fill};
pub use flags::Flags;
pub use hours_config::HoursConfig;
pub(crate) use hours_config::time_zone;
pub use instrument_config::{Expiry, InstrumentConfig, InstrumentsConfig, LegConfig, RoutingConfig};
pub use plugins_config::{
    IsolationConfig, IsolationMode, OnRestoreError, PluginsConfig, StateConfig, TrustConfig, Unload,
};
pub use portfolio_config::{AccountConfig, AccountKind, PortfolioConfig, QuotedRate, RateConfig};
pub use problem::{Problem, ProblemKind};
pub use recorder_config::{MarketData, RecorderConfig, RecorderDurability};
pub use recovery_config::RecoveryConfig;
pub use risk_config::{Collar, Limits, Rate, Risk, TradingHours};
pub use run_config::{Backtest, ExchangeEntry, HistoryEntry, RunConfig, StrategyEntry, default_name};
pub use span::Span;
pub use warm_up_config::{Bars, Moment, WarmUp};

pub(crate) use logging_config::{locate_in_file, locate_in_text, parse_logging, read_logging};
pub(crate) use origin::Finding;
pub(crate) use own_rules::findings as own_findings;
pub(crate) use problem::nearest;
pub(crate) use resolve::{resolve_path, resolve_paths, resolve_texts};
pub(crate) use run_config::instrument_type;
pub(crate) use validator::Validator;
pub(crate) use written::Written;
