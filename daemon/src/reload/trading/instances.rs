//! Strategies and exchanges: what the registry knows of them, and what the event loop has counted.

use serde_json::{Value, json};
use stratd_control::{Exchange, ExchangeList, InstanceConfig, PluginState, Strategy, StrategyList};
use stratd_plugin_api::Money;

use super::{
    super::operations::{ManagerOperations, not_found},
    words,
};
use crate::{
    config::shown::without_secrets,
    control::{ActionError, Basis, InstanceName},
    plugin_kind::PluginKind,
    reload::{
        InstanceRecord, Place, PluginRecord, Registry,
        report::{isolation_name, time_text},
    },
    runtime::{ExchangeSnapshot, Snapshot, StrategySnapshot, Trading},
};

/// The instances of a kind with their plugins.
fn of_kind(registry: &Registry, kind: PluginKind) -> impl Iterator<Item = (&PluginRecord, &InstanceRecord)> {
    let plugins = registry.all().filter(move |plugin| plugin.kind == kind);
    plugins.flat_map(|plugin| plugin.instances.iter().map(move |instance| (plugin, instance)))
}

pub(super) fn strategies(operations: &ManagerOperations) -> Result<StrategyList, ActionError> {
    let look = operations.look()?;
    let registry = operations.registry.lock();
    let mut strategies: Vec<_> = of_kind(&registry, PluginKind::Strategy)
        .map(|(plugin, instance)| strategy_of(operations, (plugin, instance), &look).0)
        .collect();
    strategies.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(StrategyList { strategies })
}

pub(super) fn strategy(operations: &ManagerOperations, name: &str) -> Result<(Strategy, Basis), ActionError> {
    let look = operations.look()?;
    let registry = operations.registry.lock();
    let (plugin, instance) = find(&registry, PluginKind::Strategy, name)?;
    Ok(strategy_of(operations, (plugin, instance), &look))
}

/// An instance by its name.
pub(super) fn find<'a>(
    registry: &'a Registry,
    kind: PluginKind,
    name: &str,
) -> Result<(&'a PluginRecord, &'a InstanceRecord), ActionError> {
    of_kind(registry, kind).find(|(_, instance)| instance.name == name).ok_or_else(|| {
        let mut known: Vec<_> = of_kind(registry, kind).map(|(_, instance)| instance.name.as_str()).collect();
        known.sort_unstable();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        let kind = kind.name();
        not_found(format!("there is no {kind} {name:?} (accepted: {known})"))
            .found(format!("{name:?}"), known)
    })
}

fn strategy_of(
    operations: &ManagerOperations,
    (plugin, instance): (&PluginRecord, &InstanceRecord),
    look: &Snapshot,
) -> (Strategy, Basis) {
    let counted: Option<&StrategySnapshot> =
        instance.strategy().and_then(|id| look.strategies.get(id.index()));
    let trading = &trading_at(instance.place, look);
    let basis = basis(instance, trading);
    let amount = |figure: &dyn Fn(&StrategySnapshot) -> Option<Money>| {
        let amount = match counted {
            Some(one) => figure(one),
            None => Some(Money::ZERO),
        };
        // an amount that left its range has no figure
        amount.map_or_else(String::new, words::money)
    };
    let count = |figure: &dyn Fn(&StrategySnapshot) -> u64| counted.map_or(0, figure);
    let calls = operations.figures.calls_of(&instance.name);
    let strategy = Strategy {
        name: instance.name.clone(),
        plugin: plugin.name.clone(),
        generation: instance.generation,
        state: instance.state,
        since: time_text(instance.since),
        isolation: isolation_name(instance.settings.isolation).to_owned(),
        pid: instance.pid,
        events: count(&|one| one.events),
        events_per_second: count(&|one| one.events_per_second),
        latency_ns_p50: calls.map(|calls| calls.p50_ns),
        latency_ns_p99: calls.map(|calls| calls.p99_ns),
        latency_ns_max: calls.map(|calls| calls.max_ns),
        orders: count(&|one| one.orders),
        orders_working: count(&|one| one.orders_working),
        denials: count(&|one| one.denials),
        faults: instance.faults,
        restarts: instance.restarts,
        last_fault: instance.last_fault.clone(),
        positions: count(&|one| one.positions),
        notional: amount(&|one| Some(one.book.notional.into())),
        pnl: amount(&|one| one.pnl),
        realized_pnl: amount(&|one| Some(one.book.realized.into())),
        unrealized_pnl: amount(&|one| Some(one.book.unrealized.into())),
        fees: amount(&|one| Some(one.book.fees.into())),
        currency: operations.run.currency.clone(),
        trading: words::trading(trading),
        etag: basis.tag().to_string(),
    };
    (strategy, basis)
}

/// What may be traded where the event loop has an instance.
pub(super) fn trading_at(place: Option<Place>, look: &Snapshot) -> Trading {
    let trading = match place {
        Some(Place::Strategy(id)) => look.strategies.get(id.index()).map(|one| &one.trading),
        Some(Place::Exchange(id)) => {
            let at = usize::from(id.0).checked_sub(1);
            at.and_then(|at| look.exchanges.get(at)).map(|one| &one.trading)
        }
        None => None,
    };
    trading.cloned().unwrap_or(Trading::ACTIVE)
}

/// What a change of an instance depends on. With how often it has changed since when: one that was changed and changed
/// back is not as it was seen.
pub(super) fn basis(instance: &InstanceRecord, trading: &Trading) -> Basis {
    Basis::new(json!({
        "name": instance.name,
        "generation": instance.generation,
        "state": instance.state.name(),
        "since": instance.since.get(),
        "changes": instance.changes,
        "trading": trading.state.name(),
        "trading_change": trading.change,
    }))
}

pub(super) fn exchanges(operations: &ManagerOperations) -> Result<ExchangeList, ActionError> {
    let look = operations.look()?;
    let registry = operations.registry.lock();
    let mut exchanges: Vec<_> = of_kind(&registry, PluginKind::Exchange).collect();
    exchanges.sort_by_key(|(_, instance)| place(instance));
    let exchanges = exchanges.into_iter();
    let exchanges = exchanges.map(|(plugin, instance)| exchange_of(plugin, instance, &look).0).collect();
    Ok(ExchangeList { exchanges })
}

pub(super) fn exchange(operations: &ManagerOperations, name: &str) -> Result<(Exchange, Basis), ActionError> {
    let look = operations.look()?;
    let registry = operations.registry.lock();
    let (plugin, instance) = find(&registry, PluginKind::Exchange, name)?;
    Ok(exchange_of(plugin, instance, &look))
}

/// The number of an exchange, from 1.
fn place(instance: &InstanceRecord) -> Option<u16> {
    match instance.place {
        Some(Place::Exchange(id)) => Some(id.0),
        Some(Place::Strategy(_)) | None => None,
    }
}

fn exchange_of(plugin: &PluginRecord, instance: &InstanceRecord, look: &Snapshot) -> (Exchange, Basis) {
    let at = place(instance).and_then(|id| usize::from(id).checked_sub(1));
    let counted: Option<&ExchangeSnapshot> = at.and_then(|at| look.exchanges.get(at));
    let trading = &trading_at(instance.place, look);
    let basis = basis(instance, trading);
    let count = |figure: &dyn Fn(&ExchangeSnapshot) -> u64| counted.map_or(0, figure);
    let exchange = Exchange {
        name: instance.name.clone(),
        plugin: plugin.name.clone(),
        generation: instance.generation,
        state: instance.state,
        since: time_text(instance.since),
        isolation: isolation_name(instance.settings.isolation).to_owned(),
        pid: instance.pid,
        faults: instance.faults,
        restarts: instance.restarts,
        last_fault: instance.last_fault.clone(),
        instruments: count(&|one| one.instruments),
        instruments_halted: count(&|one| one.halted),
        order_entry: counted.is_some_and(|one| one.has_entry),
        orders_working: count(&|one| one.orders_working),
        trading: words::trading(trading),
        etag: basis.tag().to_string(),
    };
    (exchange, basis)
}

pub(super) fn config(
    operations: &ManagerOperations,
    instance: &InstanceName,
) -> Result<InstanceConfig, ActionError> {
    let registry = operations.registry.lock();
    let (kind, name) = named(instance);
    let (plugin, record) = find(&registry, kind, name)?;
    let hidden = |(key, value): (&String, &Value)| (key.clone(), without_secrets(key, value));
    Ok(InstanceConfig {
        name: record.name.clone(),
        plugin: plugin.name.clone(),
        config: record.settings.config.iter().map(hidden).collect(),
    })
}

pub(super) fn named(instance: &InstanceName) -> (PluginKind, &str) {
    match instance {
        InstanceName::Strategy(name) => (PluginKind::Strategy, name),
        InstanceName::Exchange(name) => (PluginKind::Exchange, name),
    }
}

/// Whether an instance has ended and may begin again.
pub(super) fn has_ended(state: PluginState) -> bool {
    matches!(state, PluginState::Retired | PluginState::Faulted)
}
