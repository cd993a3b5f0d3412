//! One file takes the place of another: the steps of a reload, in order.

use std::{path::Path, sync::Arc};

use serde_json::Value;
use stratd_control::{PluginState, Refusal as RefusalReport};
use stratd_engine::StrategyId;
use stratd_plugin_api::Timestamp;

use super::{
    Manager,
    factory::{expanded, scrubbed},
    record::{InstanceRecord, PluginRecord},
    report::time_text,
};
use crate::{
    config::{OnRestoreError, Validator, secrets::Expanded},
    host::{Candidate, Identity, LoadedPlugin, Manifest, Refusal, Step, Trial},
    runtime::clock,
};

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
pub(super) struct Wanted {
    pub(super) instance: InstanceRecord,
    pub(super) state: Option<(u32, Arc<Vec<u8>>)>,
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
        let plugin = self.examined(candidate, &wanted).map_err(|refusal| of_another(name, refusal))?;
        same_plugin(self.registry.lock().get(name), plugin.identity(), plugin.manifest())?;
        for one in &wanted {
            check_config(plugin.identity(), plugin.manifest(), &one.instance)?;
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
    pub(super) fn wanted(&mut self, name: &str) -> Vec<Wanted> {
        // instances that run are saved now, so that the trial sees the state of today
        let running: Vec<StrategyId> = {
            let registry = self.registry.lock();
            let instances = registry.get(name).into_iter().flat_map(|plugin| &plugin.instances);
            instances.filter(|instance| instance.is_started()).filter_map(InstanceRecord::strategy).collect()
        };
        self.save(running);
        self.copies(name)
    }

    /// The instances that are to run the new code, each with a copy of the state that was saved last.
    pub(super) fn copies(&self, name: &str) -> Vec<Wanted> {
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
    pub(super) fn examined(
        &self,
        candidate: Candidate,
        wanted: &[Wanted],
    ) -> Result<Arc<LoadedPlugin>, Refusal> {
        self.tried(wanted, |trials| self.plugins.take_up(candidate, trials))
    }

    /// Does it with what a child is to try: each instance with its configuration and its state.
    pub(super) fn tried<T>(
        &self,
        wanted: &[Wanted],
        examine: impl FnOnce(&[Trial<'_>]) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let is_fresh = self.options.plugins.on_restore_error == OnRestoreError::Fresh;
        let of = |one: &Wanted| Expanded::of("/config", &Value::Object(one.instance.settings.config.clone()));
        let configs: Vec<Expanded> = wanted.iter().map(of).collect();
        let trials = wanted.iter().zip(&configs).map(|(one, config)| Trial {
            instance: &one.instance.name,
            config: &config.value,
            run: self.factory.trading_type(),
            // a policy that starts anew does not need the state to be taken
            state: one
                .state
                .as_ref()
                .filter(|_| !is_fresh)
                .map(|(version, bytes)| (*version, bytes.as_slice())),
        });
        let trials: Vec<Trial<'_>> = trials.collect();
        examine(&trials).map_err(|refusal| configs.iter().fold(refusal, scrubbed))
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
}

/// The refusal of a step of ours.
pub(super) fn refused(
    plugin: &LoadedPlugin,
    step: Step,
    found: impl Into<String>,
    accepted: impl Into<String>,
) -> Refusal {
    refused_of(plugin.identity(), step, found, accepted)
}

pub(super) fn refused_of(
    identity: &Identity,
    step: Step,
    found: impl Into<String>,
    accepted: impl Into<String>,
) -> Refusal {
    Refusal { plugin: Box::new(identity.clone()), step, found: found.into(), accepted: accepted.into() }
}

/// What another plugin makes of our configuration or state says less than that it is another one.
pub(super) fn of_another(name: &str, refusal: Refusal) -> Refusal {
    match &refusal.plugin.name {
        Some(found) if found != name => {
            let found = format!("the plugin {found}");
            Refusal { step: Step::Name, found, accepted: format!("a version of {name}"), ..refusal }
        }
        Some(_) | None => refusal,
    }
}

/// A file that was replaced must still hold the same plugin.
pub(super) fn same_plugin(
    known: Option<&PluginRecord>,
    identity: &Identity,
    manifest: &Manifest,
) -> Result<(), Refusal> {
    match known {
        Some(known) if known.name != manifest.name || known.kind != manifest.kind => {
            let found = format!("{} {} of kind {}", manifest.name, manifest.version, manifest.kind);
            Err(refused_of(identity, Step::Name, found, format!("a version of {}", known.name)))
        }
        Some(_) | None => Ok(()),
    }
}

/// The configuration of an instance against the schema of the new version.
pub(super) fn check_config(
    identity: &Identity,
    manifest: &Manifest,
    instance: &InstanceRecord,
) -> Result<(), Refusal> {
    let schema = manifest.config_schema.to_string();
    let validator = Validator::of_plugin(&schema).map_err(|why| {
        refused_of(identity, Step::Config, format!("a schema that is not valid: {why}"), "a JSON schema")
    })?;
    let config = expanded(identity, &instance.settings)?;
    let findings = validator.findings("", &config.value);
    let Some(first) = findings.first() else { return Ok(()) };
    let key = first.pointer.trim_start_matches('/').replace('/', ".");
    let more = findings.len() - 1;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let found = format!("configuration of {}: {key}: {}{more}", instance.name, config.scrubbed(&first.found));
    Err(refused_of(identity, Step::Config, found, first.accepted.clone()))
}

/// The content that is not tried again by itself: what a step said of the content counts, not what it said of a disk, a
/// process or a venue, which may be otherwise the next time.
pub(super) fn remembered(refusal: &Refusal) -> Option<String> {
    let is_of_content = match refusal.step {
        Step::Elf
        | Step::Open
        | Step::Symbol
        | Step::Layout
        | Step::Abi
        | Step::Manifest
        | Step::PanicMode
        | Step::Name
        | Step::Config
        | Step::Create
        | Step::Restore
        | Step::Destroy => true,
        Step::Find | Step::Read | Step::Trust | Step::Stage | Step::Probe | Step::Swap | Step::Connect => {
            false
        }
    };
    refusal.plugin.hash.clone().filter(|_| is_of_content)
}

pub(super) fn refusal_report(refusal: &Refusal, now: Timestamp) -> RefusalReport {
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
