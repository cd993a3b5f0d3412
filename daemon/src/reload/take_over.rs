//! New instances take the places of old ones: the steps of a reload from `create` on.

use std::sync::Arc;

use stratd_control::PluginState;
use stratd_engine::{Carried, OnRestoreError, Probation, Replacement, StrategyId, SwapStep};
use stratd_plugin_api::{Fault, Reason, StrategyInstance, Timestamp, abi::plugin_flag};

use super::{
    Manager,
    record::{InstanceRecord, InstanceSettings, Place, Saved, VersionedState},
    replace::{Reloaded, Wanted, refused},
};
use crate::{
    config::{self, Span},
    host::{LoadedPlugin, Refusal, Step},
    recorder::Build,
    runtime::{Command, OwnedRestart, SavedByLoop, SwapAnswer, Tag, clock},
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
        self.record_generation(plugin, "started", now);
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
            None => Ok(Made::Join),
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
            Made::Join => self.join(plugin, &one.instance),
            // it notes its generation and process itself, as it does when it comes back by itself
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
        let patience = self.options.plugins.quiesce_timeout.duration();
        let replacement = Box::new(Replacement {
            instance,
            is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
            // the event loop knows it
            state_version: 0,
            accepts: manifest.state_compat_min..=manifest.state_version,
            deadline: now,
            on_restore_error: spare.map_or(OnRestoreError::Keep, OnRestoreError::Fresh),
            probation: self.probation(now, is_one_of_many),
            room: self.room(strategy),
        });
        let build = build(plugin, &one.instance.settings);
        let answer = self
            .event_loop
            .ask(|answer| Command::Swap { strategy, replacement, tag: tag(plugin), build, patience, answer })
            .map_err(|gone| refused(plugin, Step::Swap, gone.to_string(), "a run that goes on"))?;
        let SwapAnswer { swapped, pause, seq, before, is_late } = answer;
        let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        match swapped {
            Ok(_) if is_late => {
                let found =
                    format!("strategy {name}, which took {pause_us} us to take over, and was put back");
                Err(refused(plugin, Step::Swap, found, format!("at most {patience:.1?}")))
            }
            Ok(swapped) => {
                let carried = match &swapped.carried {
                    Carried::State { bytes } => format!("its state of {bytes} bytes"),
                    Carried::Nothing => "no state: it keeps none, and started anew".to_owned(),
                    Carried::Fresh(fault) => {
                        format!("no state: it was refused ({fault}), and it started anew")
                    }
                };
                if let Some(bytes) = swapped.state {
                    let state = SavedByLoop { strategy, tag: before, state: Ok(Some(bytes)), seq, at: now };
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
            // it has failed since it was looked at
            Err(swap_refused) if swap_refused.step == SwapStep::State => {
                let saved = self.saved_of(name);
                self.restart(plugin, &one.instance, swap_refused.instance, saved.as_ref())
            }
            Err(swap_refused) => {
                let found =
                    format!("{} of strategy {name}: {}", swap_refused.step.name(), swap_refused.fault);
                // a verdict on the state is one on the content, the rest may be another one next time; the instances
                // are dropped here, away from the event loop
                let is_of_state = matches!(swap_refused.step, SwapStep::Version | SwapStep::Restore);
                let step = if is_of_state { Step::Restore } else { Step::Swap };
                Err(refused(plugin, step, found, "a version that takes over the state"))
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
        let state = self.acceptable(plugin, name, saved)?;
        let carried = match &state {
            Some((_, bytes)) => format!("with a saved state of {} bytes", bytes.len()),
            None => "without a saved state".to_owned(),
        };
        let is_batch_safe = plugin.manifest().has_flag(plugin_flag::BATCH_SAFE);
        let had_state = state.is_some();
        let build = build(plugin, &record.settings);
        let restart = OwnedRestart { tag: tag(plugin), build, instance, is_batch_safe, state };
        match self.event_loop.ask(|answer| Command::Restart { strategy, restart, answer }) {
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
                Ok(format!("strategy {name} started {carried}"))
            }
            Ok(Err(why)) if why.step == SwapStep::Restore && had_state && self.starts_fresh() => {
                tracing::warn!(logger = "plugins", "strategy {name} starts without a state: {}", why.fault);
                let made = self.factory.strategy(plugin, name, &record.settings)?;
                self.restart(plugin, record, made.instance, None)
            }
            Ok(Err(why)) => {
                let found = format!("{} of strategy {name}: {}", why.step.name(), why.fault);
                Err(refused(plugin, Step::Restore, found, "a version that takes the saved state"))
            }
            Err(gone) => Err(refused(plugin, Step::Swap, gone.to_string(), "a run that goes on")),
        }
    }

    /// A saved state if the plugin restores its version. If it does not, the policy decides.
    pub(super) fn acceptable(
        &self,
        plugin: &LoadedPlugin,
        name: &str,
        saved: Option<&Saved>,
    ) -> Result<Option<VersionedState>, Refusal> {
        let Some(saved) = saved else { return Ok(None) };
        match plugin.manifest().refuses_state(saved.state_version) {
            None => Ok(Some((saved.state_version, Arc::clone(&saved.bytes)))),
            Some((found, accepted)) if self.starts_fresh() => {
                tracing::warn!(
                    logger = "plugins",
                    "strategy {name} starts without a state: {found} (accepted: {accepted})"
                );
                Ok(None)
            }
            Some((found, accepted)) => {
                Err(refused(plugin, Step::Restore, format!("strategy {name}: {found}"), accepted))
            }
        }
    }

    fn starts_fresh(&self) -> bool {
        self.options.plugins.on_restore_error == config::OnRestoreError::Fresh
    }

    /// Puts the instances back that were swapped before another one refused.
    fn undo(&self, swapped: &[StrategyId], refusal: &Refusal) {
        for strategy in swapped {
            let message = format!("another instance of the plugin refused: {}", refusal.found);
            let fault = Fault { reason: Reason::HandlerError, message, index: 0 };
            let _ = self.event_loop.tell(Command::RollBack { strategy: *strategy, fault });
        }
    }

    /// Puts the generation before back: the steps of a reload from `create` on.
    ///
    /// # Errors
    /// A step refused; everything is as before.
    pub(super) fn put_back(&mut self, name: &str, plugin: &Arc<LoadedPlugin>) -> Result<String, Refusal> {
        let left = self.registry.lock().get(name).and_then(|record| record.current()?.identity.hash.clone());
        let wanted = self.wanted(name);
        let report = match self.take_over(name, plugin, &wanted)? {
            Reloaded::Done(report) => report,
            Reloaded::Unchanged | Reloaded::StillRefused => format!("{name}: nothing to put back"),
        };
        let mut registry = self.registry.lock();
        if let Some(record) = registry.get_mut(name) {
            record.rollbacks += 1;
            // the file still has what was rolled back from
            record.refused_hash = left;
        }
        Ok(report)
    }

    pub(super) fn record_generation(&self, plugin: &LoadedPlugin, outcome: &str, now: Timestamp) {
        if let Some(store) = &self.store {
            store.record_generation(plugin, outcome, now);
        }
    }
}

/// What the event loop keeps beside an instance of a build.
pub(super) fn tag(plugin: &LoadedPlugin) -> Tag {
    Tag { generation: plugin.generation(), state_version: plugin.manifest().state_version }
}

/// Of what an instance is made, for the recorder.
pub(super) fn build(plugin: &LoadedPlugin, settings: &InstanceSettings) -> Box<Build> {
    Box::new(Build {
        plugin: plugin.manifest().name.clone(),
        version: plugin.manifest().version.clone(),
        file: plugin.file().display().to_string(),
        sha256: plugin.hash().to_owned(),
        config: settings.config.clone(),
        isolation: settings.isolation,
        unload: settings.unload,
    })
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
    /// It could not start before, and joins the run now.
    Join,
}
