//! What a recording begins with: the part of the configuration that a replay needs, and the plugins with their files.

use serde_json::Value;
use stratd_plugin_api::{Takes, TradingType};

use super::checked::Checked;
use crate::{
    plugin_kind::PluginKind,
    recorder::{FORMAT, Head, HeadExchange, HeadState, HeadStrategy, RecorderPlan, sha256},
    reload::SharedRegistry,
    runtime::{PlannedExchange, PlannedStrategy},
};

/// Tables that a replay does without: keys of the place, and what may hold more secrets than need be.
const LEFT_OUT: [&str; 9] =
    ["results", "state", "control", "logging", "backtests", "recorder", "verbose", "fill", "plugin_dirs"];

/// Which orders are taken where those of an exchange go: in a simulation that is the fill model.
fn takes_of(checked: &Checked, planned: &PlannedExchange) -> Takes {
    match checked.config.trading_type {
        TradingType::Simulation => planned.takes.and(Takes::ALL),
        TradingType::Backtest | TradingType::Sandbox | TradingType::Live => planned.takes,
    }
}

/// What is recorded of a run of these exchanges and strategies; `None` if nothing is.
pub(super) fn recorder_plan(
    checked: &Checked,
    registry: &SharedRegistry,
    exchanges: &[PlannedExchange],
    strategies: &[PlannedStrategy],
) -> Option<RecorderPlan> {
    let options = checked.config.recorder.options()?;
    let mut states = Vec::new();
    let strategies = strategies.iter().map(|planned| {
        let registry = registry.lock();
        let is_of = |record: &&crate::reload::PluginRecord| {
            record.kind == PluginKind::Strategy
                && record.instances.iter().any(|instance| instance.name == planned.name)
        };
        let plugin = registry.all().find(is_of).and_then(|record| record.plugin());
        let state = planned.saved.as_ref().map(|(version, state)| {
            let file = format!("{}.state", planned.name);
            let head = HeadState { version: *version, file: file.clone(), sha256: sha256(state) };
            states.push((file, std::sync::Arc::clone(state)));
            head
        });
        HeadStrategy {
            name: planned.name.clone(),
            plugin: plugin.map(|plugin| plugin.manifest().name.clone()).unwrap_or_default(),
            version: plugin.map(|plugin| plugin.manifest().version.clone()).unwrap_or_default(),
            file: plugin.map(|plugin| plugin.file().display().to_string()).unwrap_or_default(),
            sha256: plugin.map(|plugin| plugin.hash().to_owned()).unwrap_or_default(),
            is_batch_safe: planned.is_batch_safe,
            state,
        }
    });
    let strategies = strategies.collect();
    let exchanges = exchanges.iter().map(|planned| HeadExchange {
        name: planned.name.clone(),
        plugin: planned.plugin.clone(),
        instrument_types: planned.instrument_types,
        trading_types: planned.trading_types,
        takes: takes_of(checked, planned).bits(),
    });
    let head = Head {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: String::new(),
        number: 0,
        identity: None,
        began: String::new(),
        config: kept(&checked.whole),
        exchanges: exchanges.collect(),
        strategies,
        instruments: Vec::new(),
    };
    Some(RecorderPlan { options, head, states })
}

/// The configuration without what a replay does without; a connector is not made then, so that its own keys are out too.
fn kept(whole: &Value) -> Value {
    let mut kept = whole.clone();
    if let Some(table) = kept.as_object_mut() {
        table.retain(|key, _| !LEFT_OUT.contains(&key.as_str()));
    }
    for exchange in kept.get_mut("exchange").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(entry) = exchange.as_object_mut() {
            entry.remove("config");
            entry.remove("history");
        }
    }
    kept
}
