//! New instances take the places of old ones: the steps of a reload from `create` on.

use std::sync::Arc;

use stratd_control::PluginState;
use stratd_engine::{Carried, OnRestoreError, Probation, Replacement, StrategyId};
use stratd_plugin_api::{Fault, Reason, StrategyInstance, Timestamp, abi::plugin_flag};

use super::{
    Manager,
    record::{InstanceRecord, Place, Saved},
    replace::{Reloaded, Wanted, refused},
};
use crate::{
    config::{self, Span},
    host::{LoadedPlugin, Refusal, Step},
    runtime::{Command, OwnedRestart, SavedByLoop, SwapAnswer, clock},
};

/// Of several instances that change at once, each stands by at least as long as the others need.
const UNDO_TIME_NS: i64 = 10_000_000_000;
const UNDO_EVENTS: u64 = 1_000_000_000;

impl Manager {
    /// Swaps every instance; if one refuses, those that were swapped are rolled back.
    pub(super) fn take_over(
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
                let is_fresh_wanted = self.options.plugins.on_restore_error == config::OnRestoreError::Fresh;
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
            Made::Exchange(id) => {
                let report = self.replace_exchange(plugin, &one.instance, id)?;
                let mut registry = self.registry.lock();
                let record = registry.get_mut(&plugin.manifest().name);
                if let Some(instance) = record.and_then(|record| record.instance_mut(&one.instance.name)) {
                    instance.generation = plugin.generation();
                    instance.set_state(PluginState::Started, clock::now());
                }
                Ok(report)
            }
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
                    let state = SavedByLoop { strategy, state: Ok(Some(bytes)), seq, at: now };
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
            let fault = Fault { reason: Reason::HandlerError, message, index: 0 };
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
