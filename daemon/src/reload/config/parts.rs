//! What of a change can be done while the run goes on, in parts; and what cannot.

use serde_json::{Map, Value};

use crate::config::{
    ExchangeEntry, IsolationMode, PluginKind, PluginsConfig, RunConfig, StrategyEntry, difference::Difference,
};
use crate::reload::InstanceSettings;

/// Why a key waits for the next start.
const AT_RESTART: &str = "a key that does not change while the run goes on";
/// What is accepted instead.
const RESTART: &str = "`stratctl config apply --at-restart` and a restart";

/// The parts of a change.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Strategies whose entry differs, as they are to be.
    pub(super) strategies: Vec<StrategyEntry>,
    pub(super) added: Vec<StrategyEntry>,
    pub(super) removed: Vec<String>,
    /// Exchanges whose entry differs.
    pub(super) exchanges: Vec<ExchangeEntry>,
    /// Exchanges that join.
    pub(super) joins: Vec<ExchangeEntry>,
    /// Exchanges that leave.
    pub(super) leaves: Vec<String>,
    pub(super) limits: bool,
    /// The tables that say the limits.
    pub(super) limit_tables: Map<String, Value>,
    pub(super) logging: bool,
    pub(super) plugin_dirs: bool,
    pub(super) plugins: bool,
    pub(super) save_interval: bool,
}

/// A key that cannot change while the run goes on.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    pub(super) difference: Difference,
    pub(super) why: String,
    pub(super) accepted: String,
}

/// Divides a change.
///
/// # Errors
/// All keys of it that cannot change while the run goes on.
pub(super) fn divide(
    old: &RunConfig,
    new: &RunConfig,
    differences: &[Difference],
) -> Result<Parts, Vec<Fixed>> {
    let mut fixed: Vec<Fixed> = Vec::new();
    // what was said in other words is no change
    let is_frozen_equal = with_live_of(old, new) == *new;
    for difference in differences {
        let (why, accepted) = match fixed_because(difference) {
            Some(why) if is_of_instance(difference) => (why, "another name for it, or a restart".to_owned()),
            Some(why) if !is_frozen_equal => (why, RESTART.to_owned()),
            Some(_) | None => continue,
        };
        fixed.push(Fixed { difference: difference.clone(), why, accepted });
    }
    if !fixed.is_empty() {
        return Err(fixed);
    }
    let entry = |name: &str| old.strategy.iter().find(|entry| entry.name() == name);
    let is_kept = |name: &str| new.strategy.iter().any(|entry| entry.name() == name);
    let exchange = |name: &str| old.exchange.iter().find(|entry| entry.name() == name);
    Ok(Parts {
        strategies: new
            .strategy
            .iter()
            .filter(|new| entry(new.name()).is_some_and(|old| old != *new))
            .cloned()
            .collect(),
        added: new.strategy.iter().filter(|new| entry(new.name()).is_none()).cloned().collect(),
        removed: old
            .strategy
            .iter()
            .filter(|old| !is_kept(old.name()))
            .map(|old| old.name().to_owned())
            .collect(),
        exchanges: new
            .exchange
            .iter()
            .filter(|new| exchange(new.name()).is_some_and(|old| old != *new))
            .cloned()
            .collect(),
        joins: new.exchange.iter().filter(|new| exchange(new.name()).is_none()).cloned().collect(),
        leaves: old
            .exchange
            .iter()
            .filter(|old| !new.exchange.iter().any(|new| new.name() == old.name()))
            .map(|old| old.name().to_owned())
            .collect(),
        limits: old.risk != new.risk || old.hours != new.hours,
        limit_tables: Map::new(),
        logging: old.logging != new.logging,
        plugin_dirs: old.plugin_dirs != new.plugin_dirs,
        plugins: old.plugins != new.plugins,
        save_interval: old.state.save_interval != new.state.save_interval,
    })
}

/// The tables of a configuration that say its limits, for the recorder.
pub(super) fn limit_tables(whole: &Value) -> Map<String, Value> {
    let tables = ["risk", "hours"].map(|key| Some((key.to_owned(), whole.get(key)?.clone())));
    tables.into_iter().flatten().collect()
}

/// The old configuration with everything of the new one that can change while the run goes on.
fn with_live_of(old: &RunConfig, new: &RunConfig) -> RunConfig {
    let mut could = old.clone();
    let new = new.clone();
    could.strategy = new.strategy;
    could.exchange = new.exchange;
    could.risk = crate::config::Risk { kill_switch: old.risk.kill_switch, ..new.risk };
    could.hours = new.hours;
    could.logging = new.logging;
    could.plugin_dirs = new.plugin_dirs;
    could.state.save_interval = new.state.save_interval;
    could.plugins = PluginsConfig {
        probe: old.plugins.probe,
        probe_timeout: old.plugins.probe_timeout,
        hang_timeout: old.plugins.hang_timeout,
        trust: old.plugins.trust.clone(),
        isolation: old.plugins.isolation.clone(),
        ..new.plugins
    };
    could
}

/// Why a key does not change while the run goes on; `None` if it does.
fn fixed_because(difference: &Difference) -> Option<String> {
    let path: Vec<&str> = difference.path.iter().map(String::as_str).collect();
    let why = match path.as_slice() {
        ["strategy", _, "bars" | "warm_up", ..] => AT_RESTART.to_owned(),
        ["strategy", _, "plugin"] => "the plugin of a strategy that is there".to_owned(),
        ["strategy", ..] | ["hours" | "logging" | "plugin_dirs", ..] => return None,
        ["exchange", _, "plugin" | "instrument_types" | "order_types"] => {
            "what an exchange is made of".to_owned()
        }
        ["exchange", _, "history", ..] => AT_RESTART.to_owned(),
        ["exchange", ..] => return None,
        ["risk", "kill_switch", ..] => AT_RESTART.to_owned(),
        ["risk", ..] | ["state", "save_interval"] => return None,
        ["plugins", key, ..]
            if !matches!(*key, "probe" | "probe_timeout" | "hang_timeout" | "trust" | "isolation") =>
        {
            return None;
        }
        _ => AT_RESTART.to_owned(),
    };
    Some(why)
}

/// Whether it is about a strategy or an exchange, whose words are compared as they are.
fn is_of_instance(difference: &Difference) -> bool {
    let first = difference.path.first().map(String::as_str);
    first == Some(PluginKind::Strategy.name()) || first == Some(PluginKind::Exchange.name())
}

/// What an instance is made with.
pub(super) fn settings_of_strategy(entry: &StrategyEntry) -> InstanceSettings {
    InstanceSettings {
        config: entry.config.clone(),
        isolation: entry.isolation,
        unload: entry.unload,
        may_shutdown: entry.allow_shutdown,
        cancels_on_stop: entry.cancel_on_stop,
        bars: entry.bar_specs(),
    }
}

/// As [`settings_of_strategy`].
pub(super) fn settings_of_exchange(entry: &ExchangeEntry) -> InstanceSettings {
    InstanceSettings {
        config: entry.config.clone(),
        isolation: entry.isolation,
        unload: entry.unload,
        may_shutdown: false,
        cancels_on_stop: false,
        bars: Vec::new(),
    }
}

/// Whether two settings differ in more than what `on_config` is told.
pub(super) fn needs_another(old: &InstanceSettings, new: &InstanceSettings) -> bool {
    let (old, new): (IsolationMode, IsolationMode) = (old.isolation, new.isolation);
    old != new
}
