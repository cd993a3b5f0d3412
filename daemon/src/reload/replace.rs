//! One file takes the place of another: the steps of a reload, in order.

use std::{path::Path, sync::Arc};

use serde_json::Value;
use stratd_control::{PluginState, Refusal as RefusalReport};
use stratd_engine::{Carried, OnRestoreError, Probation, Replacement, StrategyConfig, StrategyId};
use stratd_plugin_api::{Reason, StrategyInstance, Timestamp, abi::plugin_flag};

use super::{
    Manager,
    record::{InstanceRecord, Place, PluginRecord, Saved},
    report::time_text,
};
use crate::{
    config::{Span, Validator},
    host::{Candidate, LoadedPlugin, Refusal, Step, Trial},
    plugin_kind::PluginKind,
    runtime::{AddedStrategy, Command, OwnedRestart, SwapAnswer, clock},
};

/// Of several instances that change at once, each stands by at least as long as the others need.
const UNDO_TIME_NS: i64 = 10_000_000_000;
const UNDO_EVENTS: u64 = 1_000_000_000;

/// What a reload came to.
pub(super) enum Reloaded {
    /// The content is the one that runs.
    Unchanged,
    /// The content was refused before, and nobody asked for another try.
    StillRefused,
    /// It runs; the sentence says what was carried.
    Done(String),
}

/// A copy of what the steps need to know of an instance, so that the registry is not locked meanwhile.
struct Wanted {
    instance: InstanceRecord,
    state: Option<(u32, Arc<Vec<u8>>)>,
}

impl Manager {
    /// Lets the content of `file` take over from the plugin of that name. `is_asked`: a person asked for it, so what
    /// was refused before is tried again.
    ///
    /// # Errors
    /// A step refused; everything is as before.
    pub(super) fn reload(&mut self, name: &str, file: &Path, is_asked: bool) -> Result<Reloaded, Refusal> {
        match self.try_reload(name, file, is_asked) {
            Ok(Reloaded::Done(report)) => {
                tracing::info!(logger = "plugins", "{report}");
                Ok(Reloaded::Done(report))
            }
            Err(refusal) => {
                self.refused(name, &refusal);
                Err(refusal)
            }
            other => other,
        }
    }

    fn try_reload(&mut self, name: &str, file: &Path, is_asked: bool) -> Result<Reloaded, Refusal> {
        let candidate = self.plugins.read(file)?;
        if let Some(known) = self.known_content(name, &candidate, is_asked) {
            return Ok(known);
        }
        let wanted = self.wanted(name);
        let plugin = self.examined(candidate, &wanted)?;
        same_plugin(self.registry.lock().get(name), &plugin)?;
        for one in &wanted {
            check_config(&plugin, &one.instance)?;
        }
        self.take_over(name, &plugin, &wanted)
    }

    /// Whether the content needs no further step.
    fn known_content(&self, name: &str, candidate: &Candidate, is_asked: bool) -> Option<Reloaded> {
        let now = clock::now();
        let mut registry = self.registry.lock();
        let plugin = registry.get_mut(name)?;
        let is_current =
            plugin.current().is_some_and(|g| g.identity.hash.as_deref() == Some(candidate.hash()));
        let has_ended = plugin.instances.iter().any(|instance| instance.state == PluginState::Faulted);
        if is_current && !(is_asked && has_ended) {
            if plugin.state == PluginState::Orphaned {
                // it is there again
                plugin.set_state(PluginState::Started, now);
            }
            return Some(Reloaded::Unchanged);
        }
        let is_refused = plugin.refused_hash.as_deref() == Some(candidate.hash());
        (is_refused && !is_asked).then_some(Reloaded::StillRefused)
    }

    /// The instances that are to run the new code, each with a copy of its state of now.
    fn wanted(&mut self, name: &str) -> Vec<Wanted> {
        // instances that run are saved now, so that the trial sees the state of today
        let running: Vec<StrategyId> = {
            let registry = self.registry.lock();
            let instances = registry.get(name).into_iter().flat_map(|plugin| &plugin.instances);
            instances.filter(|instance| instance.is_started()).filter_map(InstanceRecord::strategy).collect()
        };
        self.save(running);
        let registry = self.registry.lock();
        let instances = registry.get(name).map(|plugin| plugin.instances.clone()).unwrap_or_default();
        let is_wanted =
            |instance: &InstanceRecord| matches!(instance.state, PluginState::Started | PluginState::Faulted);
        let state = |instance: &InstanceRecord| {
            instance.saved.as_ref().map(|saved| (saved.state_version, Arc::clone(&saved.bytes)))
        };
        let wanted = instances.into_iter().filter(is_wanted);
        wanted.map(|instance| Wanted { state: state(&instance), instance }).collect()
    }

    /// Verifies, probes and takes up the content.
    fn examined(&self, candidate: Candidate, wanted: &[Wanted]) -> Result<Arc<LoadedPlugin>, Refusal> {
        let is_fresh = self.options.plugins.on_restore_error == crate::config::OnRestoreError::Fresh;
        let configs: Vec<Value> =
            wanted.iter().map(|one| Value::Object(one.instance.settings.config.clone())).collect();
        let trials = wanted.iter().zip(&configs).map(|(one, config)| Trial {
            instance: &one.instance.name,
            config,
            run: self.factory.trading_type(),
            // a policy that starts anew does not need the state to be taken
            state: one
                .state
                .as_ref()
                .filter(|_| !is_fresh)
                .map(|(version, bytes)| (*version, bytes.as_slice())),
        });
        let trials: Vec<Trial<'_>> = trials.collect();
        self.plugins.take_up(candidate, &trials)
    }

    /// Swaps every instance; if one refuses, those that were swapped are rolled back.
    fn take_over(
        &mut self,
        name: &str,
        plugin: &Arc<LoadedPlugin>,
        wanted: &[Wanted],
    ) -> Result<Reloaded, Refusal> {
        // made before the first is swapped: a constructor that refuses changes nothing
        let made = wanted.iter().map(|one| self.made(plugin, one)).collect::<Result<Vec<_>, _>>()?;
        let mut reports = Vec::new();
        let mut swapped: Vec<StrategyId> = Vec::new();
        for (one, made) in wanted.iter().zip(made) {
            match self.put_in_place(plugin, (one, wanted.len() > 1), made) {
                Ok(report) => {
                    reports.push(report);
                    swapped.extend(one.instance.strategy());
                }
                Err(refusal) => {
                    self.undo(&swapped, &refusal);
                    return Err(refusal);
                }
            }
        }
        let now = clock::now();
        let unneeded = {
            let mut registry = self.registry.lock();
            let Some(record) = registry.get_mut(name) else { return Ok(Reloaded::Unchanged) };
            let unneeded = record.take_up(plugin, now);
            record.reloads += 1;
            if record.instances.is_empty() {
                record.set_state(PluginState::Verified, now);
            }
            record.settle_state(now);
            unneeded
        };
        self.retire(name, unneeded);
        self.record_generation(plugin, now);
        let carried = if reports.is_empty() { "no instance runs".to_owned() } else { reports.join("; ") };
        Ok(Reloaded::Done(format!(
            "{} {}: generation {} runs ({carried})",
            plugin.manifest().name,
            plugin.manifest().version,
            plugin.generation()
        )))
    }

    /// New instances for one place: the one that takes over, and one that stands ready for a refused state.
    fn made(&self, plugin: &Arc<LoadedPlugin>, one: &Wanted) -> Result<Made, Refusal> {
        match one.instance.place {
            Some(Place::Strategy(_)) => {
                let instance = self.factory.strategy(plugin, &one.instance.name, &one.instance.settings)?;
                let is_fresh_wanted =
                    self.options.plugins.on_restore_error == crate::config::OnRestoreError::Fresh;
                let spare = if is_fresh_wanted && one.instance.is_started() {
                    Some(self.factory.strategy(plugin, &one.instance.name, &one.instance.settings)?.instance)
                } else {
                    None
                };
                Ok(Made::Strategy { instance: instance.instance, pid: instance.pid, spare })
            }
            Some(Place::Exchange(id)) => Ok(Made::Exchange(id)),
            None => Err(refused(plugin, Step::Create, "an instance that never started", "one that did")),
        }
    }

    fn put_in_place(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        (one, is_one_of_many): (&Wanted, bool),
        made: Made,
    ) -> Result<String, Refusal> {
        match made {
            Made::Strategy { instance, pid, spare } => {
                let report = if one.instance.is_started() {
                    self.swap(plugin, (one, is_one_of_many), instance, spare)?
                } else {
                    self.restart(plugin, &one.instance, instance, one.instance.saved.as_ref())?
                };
                if let Some(instance) = self
                    .registry
                    .lock()
                    .get_mut(&plugin.manifest().name)
                    .and_then(|record| record.instance_mut(&one.instance.name))
                {
                    instance.run_on(plugin.generation(), pid);
                }
                Ok(report)
            }
            Made::Exchange(id) => self.replace_exchange(plugin, &one.instance, id),
        }
    }

    fn swap(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        (one, is_one_of_many): (&Wanted, bool),
        instance: Box<dyn StrategyInstance>,
        spare: Option<Box<dyn StrategyInstance>>,
    ) -> Result<String, Refusal> {
        let name = &one.instance.name;
        let Some(strategy) = one.instance.strategy() else { return Ok(String::new()) };
        let manifest = plugin.manifest();
        let now = clock::now();
        let replacement = Box::new(Replacement {
            instance,
            is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
            state_version: self.state_version_of(one),
            accepts: manifest.state_compat_min..=manifest.state_version,
            deadline: after(now, self.options.plugins.quiesce_timeout),
            on_restore_error: spare.map_or(OnRestoreError::Keep, OnRestoreError::Fresh),
            probation: self.probation(now, is_one_of_many),
            room: self.room(strategy),
        });
        let answer = self
            .event_loop
            .ask(|answer| Command::Swap { strategy, replacement, answer })
            .map_err(|gone| refused(plugin, Step::Swap, gone.to_string(), "a run that goes on"))?;
        let SwapAnswer { swapped, pause, seq } = answer;
        let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        match swapped {
            Ok(swapped) => {
                let carried = match &swapped.carried {
                    Carried::State { bytes } => format!("its state of {bytes} bytes"),
                    Carried::Nothing => "no state: it keeps none, and started anew".to_owned(),
                    Carried::Fresh(fault) => {
                        format!("no state: it was refused ({fault}), and it started anew")
                    }
                };
                if let Some(bytes) = swapped.state {
                    let state =
                        crate::runtime::SavedByLoop { strategy, state: Ok(Some(bytes)), seq, at: now };
                    self.take_states(vec![state]);
                }
                let mut registry = self.registry.lock();
                if let Some((record, at)) = registry.of_strategy(strategy) {
                    let instance = &mut record.instances[at];
                    instance.pause_us_last = Some(pause_us);
                    instance.set_state(PluginState::Started, now);
                }
                Ok(format!("strategy {name} carries {carried}; it paused for {pause_us} us"))
            }
            Err(swap_refused) => {
                let step = swap_refused.step.name();
                let found = format!("{step} of strategy {name}: {}", swap_refused.fault);
                // the instances are dropped here, away from the event loop
                Err(refused(plugin, Step::Swap, found, "a version that takes over the state"))
            }
        }
    }

    /// How long the instance before stands by. Where several change at once it does in any case: if a later one refuses,
    /// the earlier ones are put back.
    fn probation(&self, now: Timestamp, is_one_of_many: bool) -> Probation {
        let options = &self.options.plugins;
        let probation = Probation {
            events: u64::from(options.probation_events),
            until: after(now, options.probation_time),
        };
        if is_one_of_many {
            let until = probation.until.max(Timestamp::new(now.get().saturating_add(UNDO_TIME_NS)));
            return Probation { events: probation.events.max(UNDO_EVENTS), until };
        }
        probation
    }

    /// Starts an instance that has ended, with its last saved state.
    pub(super) fn restart(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
        instance: Box<dyn StrategyInstance>,
        saved: Option<&Saved>,
    ) -> Result<String, Refusal> {
        let name = &record.name;
        let Some(strategy) = record.strategy() else { return Ok(String::new()) };
        let manifest = plugin.manifest();
        let state = saved.map(|saved| (saved.state_version, Arc::clone(&saved.bytes)));
        if let Some((version, _)) = &state
            && !(manifest.state_compat_min..=manifest.state_version).contains(version)
        {
            let found = format!("a saved state of strategy {name} of version {version}");
            let accepted = format!("version {} to {}", manifest.state_compat_min, manifest.state_version);
            return Err(refused(plugin, Step::Swap, found, accepted));
        }
        let carried = state.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let is_batch_safe = manifest.has_flag(plugin_flag::BATCH_SAFE);
        let restart = OwnedRestart { instance, is_batch_safe, state };
        let answer = self.event_loop.ask(|answer| Command::Restart { strategy, restart, answer });
        match answer {
            Ok(Ok(_old)) => {
                let now = clock::now();
                let mut registry = self.registry.lock();
                if let Some((plugin, at)) = registry.of_strategy(strategy) {
                    let instance = &mut plugin.instances[at];
                    instance.restarts += 1;
                    instance.restart_at = None;
                    instance.set_state(PluginState::Started, now);
                    plugin.settle_state(now);
                }
                Ok(format!("strategy {name} started with a saved state of {carried} bytes"))
            }
            Ok(Err(swap_refused)) => {
                let found =
                    format!("{} of strategy {name}: {}", swap_refused.step.name(), swap_refused.fault);
                Err(refused(plugin, Step::Swap, found, "a version that takes the saved state"))
            }
            Err(gone) => Err(refused(plugin, Step::Swap, gone.to_string(), "a run that goes on")),
        }
    }

    /// Puts the instances back that were swapped before another one refused.
    fn undo(&self, swapped: &[StrategyId], refusal: &Refusal) {
        for strategy in swapped {
            let message = format!("another instance of the plugin refused: {}", refusal.found);
            let fault = stratd_plugin_api::Fault { reason: Reason::HandlerError, message, index: 0 };
            let _ = self.event_loop.tell(Command::RollBack { strategy: *strategy, fault });
        }
    }

    /// The version of what the instance in place saves.
    fn state_version_of(&self, one: &Wanted) -> u32 {
        let registry = self.registry.lock();
        let running = registry.all().find_map(|plugin| {
            plugin.instances.iter().find(|instance| instance.name == one.instance.name)?;
            let generation = plugin.generations.iter().find(|g| g.number == one.instance.generation)?;
            Some(generation.plugin.as_ref()?.manifest().state_version)
        });
        running.unwrap_or_else(|| one.state.as_ref().map_or(0, |(version, _)| *version))
    }

    /// A file of which no plugin is known. `is_present`: it lay there when the run began.
    ///
    /// # Errors
    /// A step refused.
    pub(super) fn discover(&mut self, file: &Path, is_present: bool) -> Result<String, Refusal> {
        match self.try_discover(file) {
            Ok(report) => {
                if is_present {
                    tracing::debug!(logger = "plugins", "{report}");
                } else {
                    tracing::info!(logger = "plugins", "{report}");
                }
                Ok(report)
            }
            // a file that lay there and has the name of another one is in nobody's way
            Err(refusal) if is_present && refusal.step == Step::Name => {
                tracing::debug!(logger = "plugins", "{refusal}");
                Err(refusal)
            }
            Err(refusal) => {
                self.refused_file(file, &refusal);
                Err(refusal)
            }
        }
    }

    fn try_discover(&mut self, file: &Path) -> Result<String, Refusal> {
        let candidate = self.plugins.read(file)?;
        let refused_before = |plugin: &PluginRecord| {
            plugin.file == file && plugin.refused_hash.as_deref() == Some(candidate.hash())
        };
        if self.registry.lock().all().any(refused_before) {
            return Ok(format!("{}: the same content was refused before", file.display()));
        }
        let runs = |plugin: &PluginRecord| {
            let hash = plugin.current().and_then(|generation| generation.identity.hash.as_deref());
            hash == Some(candidate.hash()) && plugin.file.exists()
        };
        if let Some(twin) = self.registry.lock().all().find(|plugin| runs(plugin)) {
            return Ok(format!("{}: the content of {}", file.display(), twin.file.display()));
        }
        let plugin = self.examined(candidate, &[])?;
        let (name, version) = (plugin.manifest().name.clone(), plugin.manifest().version.clone());
        if let Some(known) = self.registry.lock().get(&name).map(|known| known.file.clone())
            && known.exists()
        {
            let found = format!("the name {name}, which {} has, too", known.display());
            return Err(refused(&plugin, Step::Name, found, "one file of each name"));
        }
        if self.registry.lock().get(&name).is_some_and(|known| !known.instances.is_empty()) {
            // the plugin's file moved
            let wanted = self.wanted(&name);
            for one in &wanted {
                check_config(&plugin, &one.instance)?;
            }
            return match self.take_over(&name, &plugin, &wanted)? {
                Reloaded::Done(report) => Ok(report),
                Reloaded::Unchanged | Reloaded::StillRefused => Ok(format!("{name} {version}: unchanged")),
            };
        }
        self.add_record(&plugin, file);
        if plugin.manifest().kind == PluginKind::Strategy && self.options.plugins.start_new {
            return self.start_new(&plugin, None, None);
        }
        Ok(format!(
            "{name} {version}: found in {}; no instance of the configuration uses it (`stratctl plugin load {}` starts one)",
            file.display(),
            file.display()
        ))
    }

    /// Starts one more instance of a strategy plugin.
    ///
    /// # Errors
    /// The configuration is refused, the name is taken, or the run is over.
    pub(super) fn start_new(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        name: Option<&str>,
        config: Option<serde_json::Map<String, Value>>,
    ) -> Result<String, Refusal> {
        let manifest = plugin.manifest();
        let short = manifest.name.strip_prefix(PluginKind::Strategy.prefix()).unwrap_or(&manifest.name);
        let name = name.unwrap_or(short);
        if self.registry.lock().has_instance(PluginKind::Strategy, name) {
            let found = format!("the name {name}, which another strategy has");
            return Err(refused(plugin, Step::Create, found, "a name of its own"));
        }
        let settings = super::record::InstanceSettings {
            config: config.unwrap_or_default(),
            isolation: crate::config::IsolationMode::None,
            unload: crate::config::Unload::Never,
            may_shutdown: false,
            cancels_on_stop: true,
        };
        let now = clock::now();
        let mut record = InstanceRecord::new(name, settings, now);
        check_config(plugin, &record)?;
        let saved = self.store.as_ref().and_then(|store| store.state_of(name, &manifest.name));
        record.saved = saved.map(|saved| Saved {
            state_version: saved.state_version,
            bytes: Arc::new(saved.state),
            at: saved.saved_at,
        });
        if let Some(known) = self.registry.lock().get_mut(&manifest.name) {
            known.take_up(plugin, now);
            known.instances.push(record.clone());
        }
        let joined = self.join(plugin, &record);
        if joined.is_err()
            && let Some(known) = self.registry.lock().get_mut(&manifest.name)
        {
            known.instances.retain(|instance| instance.name != name);
        }
        joined
    }

    /// Lets an instance join the run that has no place in it yet, with its last saved state.
    ///
    /// # Errors
    /// The plugin refuses, or the run is over.
    pub(super) fn join(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        record: &InstanceRecord,
    ) -> Result<String, Refusal> {
        let (manifest, name) = (plugin.manifest(), &record.name);
        let made = self.factory.strategy(plugin, name, &record.settings)?;
        let added = Box::new(AddedStrategy {
            config: StrategyConfig {
                name: name.clone(),
                may_shutdown: record.settings.may_shutdown,
                cancels_on_stop: record.settings.cancels_on_stop,
                is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
            },
            plugin: format!("{} {}", manifest.name, manifest.version),
            instance: made.instance,
            state: record.saved.as_ref().map(|saved| (saved.state_version, Arc::clone(&saved.bytes))),
        });
        let id = match self.event_loop.ask(|answer| Command::Add { added, answer }) {
            Ok(Ok((id, _))) => id,
            Ok(Err(why)) => return Err(refused(plugin, Step::Create, why, "a strategy that can join")),
            Err(gone) => return Err(refused(plugin, Step::Create, gone.to_string(), "a run that goes on")),
        };
        if let Some(store) = &self.store {
            store.join(name);
        }
        let now = clock::now();
        let mut registry = self.registry.lock();
        if let Some(known) = registry.get_mut(&manifest.name) {
            if let Some(instance) = known.instance_mut(name) {
                instance.start(Some(Place::Strategy(id)), now);
                instance.run_on(plugin.generation(), made.pid);
            }
            known.settle_state(now);
        }
        Ok(format!("{} {}: strategy {name} started", manifest.name, manifest.version))
    }

    /// Puts the generation before back: the steps of a reload from `create` on.
    ///
    /// # Errors
    /// A step refused; everything is as before.
    pub(super) fn put_back(&mut self, name: &str, plugin: &Arc<LoadedPlugin>) -> Result<String, Refusal> {
        let wanted = self.wanted(name);
        let report = match self.take_over(name, plugin, &wanted)? {
            Reloaded::Done(report) => report,
            Reloaded::Unchanged | Reloaded::StillRefused => format!("{name}: nothing to put back"),
        };
        let mut registry = self.registry.lock();
        if let Some(record) = registry.get_mut(name) {
            record.rollbacks += 1;
        }
        Ok(report)
    }

    fn record_generation(&self, plugin: &LoadedPlugin, now: Timestamp) {
        if let Some(store) = &self.store {
            store.record_generation(plugin, now);
        }
    }

    pub(super) fn add_record(&mut self, plugin: &Arc<LoadedPlugin>, file: &Path) {
        let now = clock::now();
        let manifest = plugin.manifest();
        let mut registry = self.registry.lock();
        let record = PluginRecord::new(manifest.kind, &manifest.name, file.to_owned(), now);
        let record = registry.add(record);
        record.take_up(plugin, now);
        if record.instances.is_empty() {
            record.set_state(PluginState::Verified, now);
        }
    }

    /// Keeps and tells why a file was not taken.
    fn refused(&self, name: &str, refusal: &Refusal) {
        tracing::error!(logger = "plugins", "{refusal}; {name} runs on as it was");
        let report = refusal_report(refusal, clock::now());
        let mut registry = self.registry.lock();
        if let Some(plugin) = registry.get_mut(name) {
            plugin.refused_hash = remembered(refusal);
            plugin.last_refusal = Some(report);
        }
    }

    /// The same for a file whose plugin has no name yet: it is listed under the name of the file.
    fn refused_file(&self, file: &Path, refusal: &Refusal) {
        tracing::error!(logger = "plugins", "{refusal}");
        let now = clock::now();
        let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut registry = self.registry.lock();
        let record = PluginRecord::new(PluginKind::Strategy, &name, file.to_owned(), now);
        let record = registry.add(record);
        record.refused_hash = remembered(refusal);
        record.last_refusal = Some(refusal_report(refusal, now));
    }
}

fn after(now: Timestamp, span: Span) -> Timestamp {
    Timestamp::new(now.get().saturating_add(span.nanoseconds()))
}

/// New instances for a place.
enum Made {
    Strategy {
        instance: Box<dyn StrategyInstance>,
        pid: Option<u32>,
        spare: Option<Box<dyn StrategyInstance>>,
    },
    /// Made when its place is free: two connections at once are not for every exchange.
    Exchange(stratd_plugin_api::ExchangeId),
}

/// The refusal of a step of ours.
pub(super) fn refused(
    plugin: &LoadedPlugin,
    step: Step,
    found: impl Into<String>,
    accepted: impl Into<String>,
) -> Refusal {
    Refusal {
        plugin: Box::new(plugin.identity().clone()),
        step,
        found: found.into(),
        accepted: accepted.into(),
    }
}

/// A file that was replaced must still hold the same plugin.
fn same_plugin(known: Option<&PluginRecord>, plugin: &LoadedPlugin) -> Result<(), Refusal> {
    let manifest = plugin.manifest();
    match known {
        Some(known) if known.name != manifest.name || known.kind != manifest.kind => {
            let found = format!("{} {} of kind {}", manifest.name, manifest.version, manifest.kind);
            Err(refused(plugin, Step::Name, found, format!("a version of {}", known.name)))
        }
        Some(_) | None => Ok(()),
    }
}

/// The configuration of an instance against the schema of the new version.
pub(super) fn check_config(plugin: &LoadedPlugin, instance: &InstanceRecord) -> Result<(), Refusal> {
    let schema = plugin.manifest().config_schema.to_string();
    let validator = Validator::of_plugin(&schema).map_err(|why| {
        refused(plugin, Step::Config, format!("a schema that is not valid: {why}"), "a JSON schema")
    })?;
    let config = Value::Object(instance.settings.config.clone());
    let findings = validator.findings("", &config);
    let Some(first) = findings.first() else { return Ok(()) };
    let key = first.pointer.trim_start_matches('/').replace('/', ".");
    let more = findings.len() - 1;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let found = format!("configuration of {}: {key}: {}{more}", instance.name, first.found);
    Err(refused(plugin, Step::Config, found, first.accepted.clone()))
}

/// The content that is not tried again by itself. Who may write a file, and what lies beside it, can change without it.
fn remembered(refusal: &Refusal) -> Option<String> {
    refusal.plugin.hash.clone().filter(|_| refusal.step != Step::Trust)
}

fn refusal_report(refusal: &Refusal, now: Timestamp) -> RefusalReport {
    RefusalReport {
        at: time_text(now),
        file: refusal.plugin.file.display().to_string(),
        hash: refusal.plugin.hash.clone(),
        step: refusal.step.to_string(),
        found: refusal.found.clone(),
        accepted: refusal.accepted.clone(),
        text: refusal.to_string(),
    }
}
