//! The engine of a recording, as the run had it before its first input.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use serde_json::Value;
use stratd_engine::{Engine, ReplacedLimits, RiskLimits};
use stratd_plugin_api::{ExchangeId, Takes, abi, export::instrument_from_record};

use super::{
    ReplayOptions,
    recording::Recording,
    search::{Search, Wanted},
};
use crate::{
    cli::{planned_rates, planned_risk},
    config::{PluginKind, RunConfig, StrategyEntry, default_name},
    host::{LoadedPlugin, Run},
    recorder::HeadStrategy,
    reload::{Factory, InstanceSettings, SharedRegistry},
    runtime::{PlannedStrategy, Services, Terms, empty_engine, fill_engine},
};

/// The engine of a recording, and what changes it between inputs.
pub(super) struct Made {
    pub(super) engine: Engine,
    pub(super) services: Arc<Services>,
    /// Strategies whose build is not the recorded one, in words.
    pub(super) other_builds: Vec<String>,
    pub(super) factory: Factory,
    pub(super) search: Search,
    /// The configuration as it was recorded, with the limits that hold.
    pub(super) config: Value,
    /// The limits of strategies by name, for those that join.
    pub(super) limits: BTreeMap<String, RiskLimits>,
    /// What undoes the last change of limits, and those of strategies before it.
    pub(super) limits_before: (Vec<ReplacedLimits>, BTreeMap<String, RiskLimits>),
}

/// Makes it.
pub(super) fn make(recording: &Recording, options: &ReplayOptions) -> Result<Made> {
    let head = &recording.head;
    let config = config_of(recording)?;
    let services = Arc::new(Services::of_replay());
    recording.know_texts(&services)?;
    let risk = planned_risk(&config)?;
    let rates = planned_rates(&config);
    // the descriptions are in the recorded instruments; the routes are not
    let instruments_config = config.instruments();
    let terms = Terms {
        trading_type: config.trading_type,
        cash: config.backtest.cash,
        currency: &config.backtest.currency,
        costs: config.costs.models(),
        account: config.account.rules(),
        accounting: config.portfolio.accounting,
        oms_type: config.portfolio.oms_type,
        rates: &rates,
        risk: &risk,
        instruments: &instruments_config,
        run: head.identity.unwrap_or(head.number),
    };
    let mut engine = empty_engine(&terms, &services);
    for (exchange, id) in head.exchanges.iter().zip(1u16..) {
        engine.add_exchange(abi::ExchangeRecord {
            name: services.texts().intern(&exchange.name),
            id,
            reserved: [0; 3],
            instrument_types: exchange.instrument_types,
            trading_types: exchange.trading_types,
        });
        engine.set_takes(ExchangeId(id), Takes::from_bits(exchange.takes));
    }
    let text = |handle| services.text_of(handle);
    let instruments = recording.instruments()?;
    let instruments =
        instruments.iter().map(|record| (instrument_from_record(record, text), *record)).collect();
    let run = Run { trading_type: config.trading_type, clock: None };
    let factory =
        Factory::new(run, Arc::clone(&services), config.plugins.isolation.clone(), SharedRegistry::default());
    let mut search = Search::new(options)?;
    let mut other_builds = Vec::new();
    let mut strategies = Vec::new();
    for strategy in &head.strategies {
        let (plugin, is_recorded) = search.plugin_of(&Wanted {
            strategy: &strategy.name,
            plugin: &strategy.plugin,
            version: &strategy.version,
            file: &strategy.file,
            sha256: &strategy.sha256,
        })?;
        if !is_recorded {
            other_builds.push(format!("{}: {}", strategy.name, plugin.identity()));
        }
        let entry = entry_of(&config, &strategy.name)?;
        strategies.push(planned(recording, strategy, entry, (plugin, factory.clone()))?);
    }
    fill_engine(&mut engine, &terms, instruments, (strategies, &services))?;
    Ok(Made {
        engine,
        services,
        other_builds,
        factory,
        search,
        config: head.config.clone(),
        limits: risk.strategies,
        limits_before: Default::default(),
    })
}

/// The configuration of the run, which was checked before it.
fn config_of(recording: &Recording) -> Result<RunConfig> {
    serde_json::from_value(recording.head.config.clone())
        .context("head.json has a configuration that this version does not take")
}

fn entry_of<'a>(config: &'a RunConfig, name: &str) -> Result<&'a StrategyEntry> {
    let is_meant = |entry: &&StrategyEntry| {
        let own = entry.name.clone().unwrap_or_else(|| default_name(PluginKind::Strategy, &entry.plugin));
        own == name
    };
    config.strategy.iter().find(is_meant).with_context(|| {
        format!("head.json has no configuration of strategy {name} (accepted: a [[strategy]] for each)")
    })
}

fn planned(
    recording: &Recording,
    strategy: &HeadStrategy,
    entry: &StrategyEntry,
    (plugin, factory): (Arc<LoadedPlugin>, Factory),
) -> Result<PlannedStrategy> {
    let settings = InstanceSettings {
        config: entry.config.clone(),
        isolation: entry.isolation,
        unload: entry.unload,
        may_shutdown: entry.allow_shutdown,
        cancels_on_stop: entry.cancel_on_stop,
        bars: entry.bar_specs(),
    };
    let saved = match &strategy.state {
        Some(state) => Some((state.version, Arc::new(recording.state(state)?))),
        None => None,
    };
    let name = strategy.name.clone();
    Ok(PlannedStrategy {
        name: strategy.name.clone(),
        plugin: strategy.plugin.clone(),
        may_shutdown: entry.allow_shutdown,
        cancels_on_stop: entry.cancel_on_stop,
        saved,
        is_batch_safe: strategy.is_batch_safe,
        bars: entry.bar_specs(),
        // its history is among the inputs
        warm_up: None,
        make: Box::new(move |_| Ok(factory.strategy(&plugin, &name, &settings)?.instance)),
    })
}
