//! What the control socket shows of plugins and of the run.

use std::collections::BTreeMap;

use stratd_control::{
    API, Generation, Inspection, Instance, Plugin, PluginFile, PluginKind as ShownKind, PluginState,
    Probation, Retired, RunState, Status, StoreStatus, Verdict, WatchdogStatus,
};
use stratd_engine::{ExitRoutine, StrategyState};
use stratd_plugin_api::Timestamp;

use super::{InstanceRecord, PluginRecord, Registry, basis, record::Place, run_store::RunStore};
use crate::{
    config::IsolationMode,
    host::{Accepted, Refusal, isolation::abandoned_threads},
    plugin_kind::PluginKind,
    runtime::{Snapshot, StrategySnapshot, clock::Stopwatch},
};

/// Retired libraries beyond either are worth a warning.
const RETIRED_MAX: u64 = 64;
const RETIRED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What never changes during a run.
#[derive(Clone, Debug)]
pub(crate) struct RunFacts {
    pub(crate) trading_type: String,
    pub(crate) started_at: Timestamp,
    pub(crate) uptime: Stopwatch,
    pub(crate) folder: String,
    pub(crate) currency: String,
    pub(crate) hang_limit_ns: u64,
    /// What the kill switch does with orders and positions, unless its user says otherwise.
    pub(crate) kill_switch: ExitRoutine,
}

/// A time as the control socket writes it: RFC 3339 in UTC.
pub(in crate::reload) fn time_text(time: Timestamp) -> String {
    time.to_string()
}

pub(super) fn status(
    run: &RunFacts,
    registry: &Registry,
    look: &Snapshot,
    store: Option<&RunStore>,
) -> Status {
    let mut strategies = BTreeMap::new();
    for strategy in look.strategies.iter().filter(|strategy| !strategy.is_manual) {
        let state = match strategy.state {
            StrategyState::Started => "started",
            StrategyState::Stopped(_) => "stopped",
            StrategyState::Faulted(_) => "faulted",
        };
        *strategies.entry(state.to_owned()).or_insert(0) += 1;
    }
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: API.to_owned(),
        pid: std::process::id(),
        trading_type: run.trading_type.clone(),
        state: if look.is_exiting { RunState::Exiting } else { RunState::Running },
        started_at: time_text(run.started_at),
        uptime_ns: u64::try_from(run.uptime.elapsed().as_nanos()).unwrap_or(u64::MAX),
        run_folder: run.folder.clone(),
        time: (look.events > 0).then(|| time_text(look.time)),
        events: look.events,
        sequence: look.seq,
        orders_working: look.orders_working,
        equity: look.equity.map_or_else(String::new, |equity| equity.to_string()),
        currency: run.currency.clone(),
        strategies,
        plugins: registry.all().count() as u64,
        store: store.map(|store| {
            let error = store.health().map(|error| error.to_string());
            StoreStatus { path: store.file().display().to_string(), healthy: error.is_none(), error }
        }),
        watchdog: Some(WatchdogStatus {
            limit_ns: run.hang_limit_ns,
            watched: registry.instances().filter(|i| i.settings.isolation == IsolationMode::None).count()
                as u64,
        }),
        warnings: warnings(registry, store, look.not_recovered.as_deref()),
    }
}

/// What needs attention.
fn warnings(registry: &Registry, store: Option<&RunStore>, not_recovered: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(why) = not_recovered {
        warnings.push(format!("nothing new is traded: {why}"));
    }
    for plugin in registry.all() {
        let name = &plugin.name;
        for instance in &plugin.instances {
            match instance.state {
                PluginState::Faulted => warnings.push(format!(
                    "{name}: {} {} failed: {}",
                    plugin.kind,
                    instance.name,
                    instance.last_fault.as_deref().unwrap_or("for an unknown reason")
                )),
                PluginState::Quarantined => {
                    warnings.push(format!("{name}: {} {} is quarantined", plugin.kind, instance.name));
                }
                _ => {}
            }
        }
        if plugin.state == PluginState::Orphaned {
            warnings.push(format!("{name}: its file {} is gone", plugin.file.display()));
        }
        if let Some(refusal) = &plugin.last_refusal {
            warnings.push(format!("{name}: the last file was refused: {}", refusal.text));
        }
        let retired = retired(plugin);
        if retired.count > RETIRED_MAX || retired.mapped_bytes > RETIRED_BYTES_MAX {
            warnings.push(format!(
                "{name}: {} retired generations hold {} MiB of address space (isolation = \"process\" or a restart frees it)",
                retired.count,
                retired.mapped_bytes / (1024 * 1024)
            ));
        }
    }
    let abandoned = abandoned_threads();
    if abandoned > 0 {
        warnings.push(format!("{abandoned} threads of plugins hang and are lost until a restart"));
    }
    if let Some(error) = store.and_then(RunStore::health) {
        warnings.push(format!("the state is not saved: {error}"));
    }
    warnings
}

pub(super) fn plugin(record: &PluginRecord, look: &Snapshot) -> Plugin {
    let identity = record.current().map(|generation| generation.identity.clone()).unwrap_or_default();
    let isolations: Vec<_> = record.instances.iter().map(|i| isolation_name(i.settings.isolation)).collect();
    Plugin {
        name: record.name.clone(),
        kind: match record.kind {
            PluginKind::Strategy => ShownKind::Strategy,
            PluginKind::Exchange => ShownKind::Exchange,
            PluginKind::Log => ShownKind::Log,
        },
        version: identity.version.unwrap_or_default(),
        build_id: identity.build_id.unwrap_or_default(),
        file: record.file.display().to_string(),
        hash: identity.hash.unwrap_or_default(),
        generation: record.current().map_or(0, |generation| generation.number),
        state: record.state,
        since: time_text(record.since),
        isolation: match isolations.split_first() {
            Some((first, rest)) if rest.iter().all(|other| other == first) => (*first).to_owned(),
            Some(_) => "mixed".to_owned(),
            None => "none".to_owned(),
        },
        instances: record.instances.iter().map(|one| instance(one, look)).collect(),
        last_refusal: record.last_refusal.clone(),
        retired: retired(record),
        generations: record
            .generations
            .iter()
            .map(|generation| Generation {
                generation: generation.number,
                version: generation.identity.version.clone().unwrap_or_default(),
                build_id: generation.identity.build_id.clone().unwrap_or_default(),
                hash: generation.identity.hash.clone().unwrap_or_default(),
                file: generation.identity.file.display().to_string(),
                loaded_at: time_text(generation.loaded_at),
                state: generation.state,
            })
            .collect(),
        rollbacks: record.rollbacks,
        reloads: record.reloads,
        etag: basis::of(record).tag().to_string(),
    }
}

fn instance(record: &InstanceRecord, look: &Snapshot) -> Instance {
    let counters: Option<&StrategySnapshot> = match record.place {
        Some(Place::Strategy(id)) => look.strategies.get(id.index()),
        Some(Place::Exchange(_)) | None => None,
    };
    Instance {
        name: record.name.clone(),
        state: record.state,
        since: time_text(record.since),
        isolation: isolation_name(record.settings.isolation).to_owned(),
        pid: record.pid,
        generation: record.generation,
        events: counters.map_or(0, |one| one.events),
        orders: counters.map_or(0, |one| one.orders),
        denials: counters.map_or(0, |one| one.denials),
        faults: record.faults,
        restarts: record.restarts,
        last_fault: record.last_fault.clone(),
        last_save: record.saved.as_ref().map(|saved| time_text(saved.at)),
        state_bytes: record.saved.as_ref().map_or(0, |saved| saved.bytes.len() as u64),
        probation: counters
            .and_then(|one| one.probation)
            .map(|(events_left, until)| Probation { events_left, until: time_text(until) }),
        pause_us_last: record.pause_us_last,
    }
}

pub(super) fn isolation_name(mode: IsolationMode) -> &'static str {
    match mode {
        IsolationMode::None => "none",
        IsolationMode::Thread => "thread",
        IsolationMode::Process => "process",
    }
}

/// What generations that nobody uses still occupy.
pub(super) fn retired(record: &PluginRecord) -> Retired {
    let mut sum = Retired::default();
    // few at a time, which are asked again: they are about to go
    let unloading = record.unloading.iter().filter_map(|plugin| plugin.memory());
    for memory in record.retired.iter().copied().chain(unloading) {
        sum.count += 1;
        sum.mapped_bytes += memory.mapped_bytes;
        sum.resident_bytes += memory.resident_bytes;
        sum.private_bytes += memory.anonymous_bytes;
    }
    sum
}

pub(super) fn inspection(verdict: Result<Accepted, Refusal>) -> Inspection {
    let file = |identity: &crate::host::Identity| PluginFile {
        file: identity.file.display().to_string(),
        hash: identity.hash.clone(),
        build_id: identity.build_id.clone(),
        name: identity.name.clone(),
        version: identity.version.clone(),
    };
    match verdict {
        Ok(accepted) => Inspection {
            verdict: Verdict::Accepted,
            plugin: file(&accepted.plugin),
            layout_checked: Some(accepted.is_layout_checked),
            // a manifest is plain data with text keys
            manifest: serde_json::to_value(&accepted.manifest).ok(),
            step: None,
            found: None,
            accepted: None,
            message: None,
        },
        Err(refusal) => Inspection {
            verdict: Verdict::Refused,
            plugin: file(&refusal.plugin),
            layout_checked: None,
            manifest: None,
            step: Some(refusal.step.to_string()),
            message: Some(refusal.to_string()),
            found: Some(refusal.found),
            accepted: Some(refusal.accepted),
        },
    }
}
