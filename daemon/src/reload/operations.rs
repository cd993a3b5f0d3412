//! The control socket's questions: answered from the registry, the event loop and, for changes, the manager's thread.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, SyncSender, TrySendError},
    },
};

use stratd_control::{Done, Inspection, Plugin, PluginState, Status};
use stratd_plugin_api::Reason;

use super::{
    Manager, Request, SharedRegistry, basis,
    config::{self, SharedConfig},
    record::{InstanceRecord, Place, PluginRecord},
    rehearse::not_a_strategy,
    replace::Reloaded,
    report::{self, RunFacts},
    run_store::RunStore,
};
use crate::{
    control::{Action, ActionError, ActionErrorKind, Basis, Outcome, PluginOperations, RunOperations, Terms},
    host::Refusal,
    metrics::Sources,
    plugin_kind::PluginKind,
    plugins::Plugins,
    runtime::{Command, LoopHandle, Services, Snapshot, clock},
};

/// What the control server works with.
pub(crate) struct ManagerOperations {
    pub(crate) registry: SharedRegistry,
    pub(crate) event_loop: LoopHandle,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) store: Option<Arc<RunStore>>,
    pub(crate) run: RunFacts,
    pub(crate) config: SharedConfig,
    pub(crate) requests: SyncSender<Request>,
    /// Events, figures and backtests.
    pub(crate) figures: Sources,
    /// The texts of the run.
    pub(crate) services: Arc<Services>,
}

impl RunOperations for ManagerOperations {
    fn status(&self) -> Result<Status, ActionError> {
        let look = self.look()?;
        let of_config = config::warnings(&self.config);
        let mut status = report::status(&self.run, &self.registry.lock(), &look, self.store.as_deref());
        status.warnings.extend(of_config);
        Ok(status)
    }
}

impl PluginOperations for ManagerOperations {
    fn plugins(&self) -> Result<(Vec<Plugin>, Basis), ActionError> {
        let look = self.look()?;
        let registry = self.registry.lock();
        let plugins = registry.all().map(|plugin| report::plugin(plugin, &look)).collect();
        Ok((plugins, basis::of_all(&registry)))
    }

    fn plugin(&self, name: &str) -> Result<(Plugin, Basis), ActionError> {
        let look = self.look()?;
        let registry = self.registry.lock();
        let full = registry.resolve(name).map_err(not_found)?;
        let plugin = registry.get(&full).ok_or_else(|| not_found(format!("no plugin {full}")))?;
        Ok((report::plugin(plugin, &look), basis::of(plugin)))
    }

    fn inspect(&self, file: PathBuf) -> Result<Inspection, ActionError> {
        Ok(report::inspection(self.plugins.inspect(&file)))
    }

    fn act(&self, action: Action, terms: &Terms) -> Result<Outcome<Done>, ActionError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let file = if let Action::Load { file, .. } = &action { Some(file.clone()) } else { None };
        match self.requests.try_send(Request::Act(action, terms.clone(), sender)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(busy(&"too many requests wait")),
            Err(TrySendError::Disconnected(_)) => return Err(busy(&"the run is over")),
        }
        let Acted { plugin, report, before, after } =
            receiver.recv().map_err(|_| busy(&"the run is over"))??;
        let plugin = match (self.plugin(&plugin), file) {
            (Ok((plugin, _)), _) => plugin,
            // of a file that was only tried, nothing is kept
            (Err(_), Some(file)) if terms.is_dry_run => {
                let record = PluginRecord::new(PluginKind::Strategy, &plugin, file, clock::now());
                report::plugin(&record, &self.look()?)
            }
            (Err(error), _) => return Err(error),
        };
        let answer = Done { plugin, report: report.clone(), dry_run: terms.is_dry_run };
        Ok(Outcome { answer, report, before, after })
    }
}

impl ManagerOperations {
    pub(super) fn look(&self) -> Result<Snapshot, ActionError> {
        self.event_loop.ask(|answer| Command::Look { answer }).map_err(|gone| busy(&gone))
    }
}

/// What the manager did, and to which plugin.
pub(crate) struct Acted {
    pub(crate) plugin: String,
    pub(crate) report: String,
    pub(crate) before: Basis,
    pub(crate) after: Basis,
}

impl Manager {
    /// Does what the control socket asks, if the plugin is as its author saw it; or says what would be done.
    pub(super) fn act(&mut self, action: Action, terms: &Terms) -> Result<Acted, ActionError> {
        // a load adds to all plugins; everything else changes one
        let asked = action.plugin();
        let asked = asked.map(|asked| self.registry.lock().resolve(asked).map_err(not_found)).transpose()?;
        let before = self.basis(asked.as_deref());
        terms.check(&before)?;
        let done = if terms.is_dry_run {
            self.rehearse(asked.as_deref(), &action)
        } else {
            self.carry_out(asked.as_deref(), action)
        };
        let (plugin, report) = done.map_err(|error| error.before(&before))?;
        let after = self.basis(asked.as_deref());
        Ok(Acted { plugin, report, before, after })
    }

    fn basis(&self, plugin: Option<&str>) -> Basis {
        let registry = self.registry.lock();
        match plugin.and_then(|plugin| registry.get(plugin)) {
            Some(plugin) => basis::of(plugin),
            None => basis::of_all(&registry),
        }
    }

    /// Returns the plugin, and what was done in a sentence.
    fn carry_out(&mut self, asked: Option<&str>, action: Action) -> Result<(String, String), ActionError> {
        let plugin = asked.unwrap_or_default().to_owned();
        let report = match action {
            Action::Load { file, name, config } => return self.load(&file, name.as_deref(), config),
            Action::Reload { .. } => self.reload_asked(&plugin),
            Action::Stop { .. } => self.stop_all(&plugin, Reason::StrategyStopped, "by command"),
            Action::Start { .. } => self.start_all(&plugin),
            Action::Rollback { .. } => self.rollback(&plugin),
            Action::Quarantine { reason, .. } => self.quarantine(&plugin, reason.as_deref()),
            Action::Release { .. } => self.release(&plugin),
        }?;
        Ok((plugin, report))
    }

    fn load(
        &mut self,
        file: &Path,
        name: Option<&str>,
        config: serde_json::Map<String, serde_json::Value>,
    ) -> Result<(String, String), ActionError> {
        let known = self.known_of_file(file);
        match &known {
            Some(known) => drop(self.reload(known, file, true).map_err(of_refusal)?),
            None => drop(self.discover(file, (false, true)).map_err(of_refusal)?),
        }
        let registry = self.registry.lock();
        let record = registry
            .of_file(file)
            .filter(|record| !record.generations.is_empty())
            .ok_or_else(|| failed("the plugin was not taken up"))?;
        let plugin = record.plugin().map(Arc::clone).ok_or_else(|| failed("its library is not loaded"))?;
        let full = record.name.clone();
        drop(registry);
        if plugin.manifest().kind != PluginKind::Strategy {
            return Err(not_a_strategy(&full));
        }
        let short = full.strip_prefix(PluginKind::Strategy.prefix()).unwrap_or(&full);
        let wanted = name.unwrap_or(short);
        if self.registry.lock().get(&full).is_some_and(|p| p.instances.iter().any(|i| i.name == wanted)) {
            // it runs already: the load was a reload
            let report = format!("{full}: strategy {wanted} runs the file as it is now");
            return Ok((full, report));
        }
        let report = self.start_new(&plugin, Some(wanted), Some(config)).map_err(of_refusal)?;
        tracing::info!(logger = "plugins", "{report}");
        Ok((full, report))
    }

    fn reload_asked(&mut self, name: &str) -> Result<String, ActionError> {
        let file = self.registry.lock().get(name).map(|plugin| plugin.file.clone()).unwrap_or_default();
        match self.reload(name, &file, true).map_err(of_refusal)? {
            Reloaded::Done(report) => Ok(report),
            Reloaded::Unchanged | Reloaded::StillRefused => {
                Ok(format!("{name}: {} is the content that runs", file.display()))
            }
        }
    }

    /// Ends every instance that runs.
    fn stop_all(&mut self, name: &str, reason: Reason, words: &str) -> Result<String, ActionError> {
        let mut stopped = Vec::new();
        for instance in self.instances_of(name) {
            if matches!(instance.place, Some(Place::Exchange(_))) {
                return Err(not_stoppable());
            }
            if self.stop_strategy(name, &instance, reason)? {
                stopped.push(instance.name.clone());
            }
        }
        let what = if stopped.is_empty() { "nothing of it ran".to_owned() } else { stopped.join(", ") };
        Ok(format!("{name}: stopped {words}: {what}"))
    }

    /// Ends a strategy; whether it ran.
    pub(super) fn stop_strategy(
        &mut self,
        name: &str,
        instance: &InstanceRecord,
        reason: Reason,
    ) -> Result<bool, ActionError> {
        let strategy = instance.strategy().filter(|_| instance.is_started());
        if let Some(strategy) = strategy {
            // its last state is kept for a later start
            let states = self
                .event_loop
                .ask(|answer| Command::Save { strategies: vec![(strategy, Vec::new())], answer })
                .map_err(|gone| busy(&gone))?;
            self.take_states(states);
            // dropped here: its thread or process ends with it
            drop(
                self.event_loop
                    .ask(|answer| Command::Stop { strategy, reason, answer })
                    .map_err(|gone| busy(&gone))?,
            );
            if let Some(store) = &self.store {
                store.leave(&instance.name);
            }
        }
        let now = clock::now();
        let mut registry = self.registry.lock();
        if let Some(plugin) = registry.get_mut(name) {
            if let Some(known) = plugin.instance_mut(&instance.name) {
                known.restart_at = None;
                known.pid = None;
                if known.state == PluginState::Started {
                    known.set_state(PluginState::Retired, now);
                }
            }
            if plugin.state == PluginState::Orphaned {
                plugin.set_state(PluginState::Retired, now);
            }
            plugin.settle_state(now);
        }
        Ok(strategy.is_some())
    }

    fn start_all(&mut self, name: &str) -> Result<String, ActionError> {
        let instances = self.instances_of(name);
        let mut reports = Vec::new();
        for instance in startable(name, &instances)? {
            reports.push(self.start_again(name, instance).map_err(|why| refused(&why))?);
            if let (Some(store), Some(Place::Strategy(_))) = (&self.store, instance.place) {
                store.join(&instance.name);
            }
        }
        Ok(format!("{name}: {}", reports.join("; ")))
    }

    /// Puts the generation before back, with the state of the one that runs if it takes it.
    fn rollback(&mut self, name: &str) -> Result<String, ActionError> {
        let previous = {
            let registry = self.registry.lock();
            let previous = registry.get(name).and_then(|plugin| plugin.previous()?.plugin.clone());
            previous.ok_or_else(|| conflict("there is no generation before the one that runs"))?
        };
        let report = self.put_back(name, &previous).map_err(of_refusal)?;
        tracing::warn!(logger = "plugins", "{report}");
        Ok(report)
    }

    fn quarantine(&mut self, name: &str, reason: Option<&str>) -> Result<String, ActionError> {
        let reason = reason.unwrap_or("by command");
        self.stop_all(name, Reason::StrategyStopped, "by quarantine")?;
        let now = clock::now();
        let mut names = Vec::new();
        {
            let mut registry = self.registry.lock();
            if let Some(plugin) = registry.get_mut(name) {
                for instance in &mut plugin.instances {
                    instance.set_state(PluginState::Quarantined, now);
                    names.push(instance.name.clone());
                }
                plugin.set_state(PluginState::Quarantined, now);
            }
        }
        for instance in &names {
            self.store_quarantine(instance, reason, now);
        }
        Ok(format!("{name}: quarantined ({reason}): {}", names.join(", ")))
    }

    fn release(&mut self, name: &str) -> Result<String, ActionError> {
        let quarantined: Vec<_> = self
            .instances_of(name)
            .into_iter()
            .filter(|instance| instance.state == PluginState::Quarantined)
            .collect();
        if quarantined.is_empty() {
            return Err(conflict("it is not quarantined"));
        }
        let now = clock::now();
        for instance in &quarantined {
            if let Some(store) = &self.store {
                store.release(&instance.name).map_err(|error| failed(&error))?;
            }
            let mut registry = self.registry.lock();
            if let Some(plugin) = registry.get_mut(name) {
                if let Some(known) = plugin.instance_mut(&instance.name) {
                    known.deaths.clear();
                    known.set_state(PluginState::Retired, now);
                }
                plugin.settle_state(now);
            }
        }
        Ok(format!("{name}: released (`stratctl plugin start {name}` starts it)"))
    }

    fn instances_of(&self, name: &str) -> Vec<InstanceRecord> {
        self.registry.lock().get(name).map(|plugin| plugin.instances.clone()).unwrap_or_default()
    }
}

/// The instances that have ended, of which there is one at least.
pub(super) fn startable<'a>(
    name: &str,
    instances: &'a [InstanceRecord],
) -> Result<Vec<&'a InstanceRecord>, ActionError> {
    if let Some(one) = instances.iter().find(|i| i.state == PluginState::Quarantined) {
        return Err(conflict(format!(
            "strategy {} is quarantined (accepted: after `stratctl plugin release {name}`)",
            one.name
        )));
    }
    let has_ended = |i: &&InstanceRecord| matches!(i.state, PluginState::Retired | PluginState::Faulted);
    let ended: Vec<_> = instances.iter().filter(has_ended).collect();
    if ended.is_empty() {
        return Err(conflict("no instance of it has ended (accepted: one that was stopped or failed)"));
    }
    Ok(ended)
}

pub(super) fn not_stoppable() -> ActionError {
    conflict(
        "it is an exchange (accepted: a strategy; an exchange leaves by `stratctl config unset exchange/NAME`)",
    )
}

pub(super) fn of_refusal(refusal: Refusal) -> ActionError {
    ActionError::new(ActionErrorKind::Refused, refusal.to_string())
        .in_step(refusal.step.to_string())
        .found(refusal.found, refusal.accepted)
}

fn error(kind: ActionErrorKind, text: impl Into<String>) -> ActionError {
    ActionError::new(kind, text)
}

pub(super) fn not_found(text: String) -> ActionError {
    error(ActionErrorKind::NotFound, text)
}

pub(super) fn conflict(text: impl Into<String>) -> ActionError {
    error(ActionErrorKind::Conflict, text)
}

pub(super) fn refused(text: &str) -> ActionError {
    error(ActionErrorKind::Refused, text)
}

pub(super) fn failed(text: &str) -> ActionError {
    error(ActionErrorKind::Failed, text)
}

pub(super) fn busy(why: &dyn std::fmt::Display) -> ActionError {
    error(ActionErrorKind::Busy, why.to_string())
}
