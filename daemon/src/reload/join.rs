//! Files of which no plugin is known, and strategies that join a run.

use std::{path::Path, sync::Arc};

use serde_json::{Map, Value};
use stratd_control::PluginState;
use stratd_engine::{StrategyConfig, StrategyState};
use stratd_plugin_api::abi::plugin_flag;

use super::{
    Manager,
    record::{InstanceRecord, InstanceSettings, Place, PluginRecord},
    replace::{Reloaded, check_config, refusal_report, refused, remembered},
    take_over::{build, tag},
};
use crate::{
    host::{LoadedPlugin, Refusal, Step},
    plugin_kind::PluginKind,
    runtime::{AddedStrategy, Command, clock, owner_of_name},
};

impl Manager {
    /// A file of which no plugin is known. `is_present`: it lay there when the run began; `is_asked`: a person asked for
    /// it.
    ///
    /// # Errors
    /// A step refused.
    pub(super) fn discover(
        &mut self,
        file: &Path,
        (is_present, is_asked): (bool, bool),
    ) -> Result<String, Refusal> {
        match self.try_discover(file, (is_present, is_asked)) {
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

    fn try_discover(&mut self, file: &Path, (is_present, is_asked): (bool, bool)) -> Result<String, Refusal> {
        let candidate = self.plugins.read(file)?;
        let refused_before = |plugin: &PluginRecord| {
            plugin.file == file && plugin.refused_hash.as_deref() == Some(candidate.hash())
        };
        if !is_asked && self.registry.lock().all().any(refused_before) {
            return Ok(format!("{}: the same content was refused before", file.display()));
        }
        if let Some(report) = self.moved(file, candidate.hash()) {
            return Ok(report);
        }
        if is_present && !self.options.plugins.probe {
            // without a probe, to look at it would be to run its code here
            return Ok(format!("{}: not looked at, because plugins.probe is false", file.display()));
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
                check_config(plugin.identity(), plugin.manifest(), &one.instance)?;
            }
            return match self.take_over(&name, &plugin, &wanted)? {
                Reloaded::Done(report) => Ok(report),
                Reloaded::Unchanged | Reloaded::StillRefused => Ok(format!("{name} {version}: unchanged")),
            };
        }
        self.registry.lock().forget_refused(file);
        self.add_record(&plugin, file);
        // one that lay there already starts only if it was started by its appearance before
        let short = name.strip_prefix(PluginKind::Strategy.prefix()).unwrap_or(&name);
        let was_active = || self.store.as_ref().is_some_and(|store| store.was_active(short));
        let is_wanted = self.options.plugins.start_new && (!is_present || was_active());
        if plugin.manifest().kind == PluginKind::Strategy && is_wanted {
            return self.start_new(&plugin, None, None);
        }
        Ok(format!(
            "{name} {version}: found in {}; no instance of the configuration uses it (`stratctl plugin load {}` starts one)",
            file.display(),
            file.display()
        ))
    }

    /// A plugin whose file has another name now, with the content that runs.
    fn moved(&self, file: &Path, hash: &str) -> Option<String> {
        let now = clock::now();
        let mut registry = self.registry.lock();
        let runs = |plugin: &&mut PluginRecord| {
            let current = plugin.current().and_then(|generation| generation.identity.hash.as_deref());
            current == Some(hash) && !plugin.file.exists()
        };
        let plugin = registry.all_mut().find(runs)?;
        plugin.file = file.to_owned();
        plugin.set_state(PluginState::Started, now);
        plugin.settle_state(now);
        Some(format!("{}: its file is {} now", plugin.name, file.display()))
    }

    /// Starts one more instance of a strategy plugin.
    ///
    /// # Errors
    /// The configuration is refused, the name is taken, or the run is over.
    pub(super) fn start_new(
        &mut self,
        plugin: &Arc<LoadedPlugin>,
        name: Option<&str>,
        config: Option<Map<String, Value>>,
    ) -> Result<String, Refusal> {
        let manifest = plugin.manifest();
        let short = manifest.name.strip_prefix(PluginKind::Strategy.prefix()).unwrap_or(&manifest.name);
        let name = name.unwrap_or(short);
        if let Some(owner) = owner_of_name(name) {
            let found = format!("the name {name}, which is that of the owner of {owner}");
            return Err(refused(plugin, Step::Create, found, "another name"));
        }
        if self.registry.lock().has_instance(PluginKind::Strategy, name) {
            let found = format!("the name {name}, which another strategy has");
            return Err(refused(plugin, Step::Create, found, "a name of its own"));
        }
        let settings = InstanceSettings::of_command(config.unwrap_or_default());
        let now = clock::now();
        let mut record = InstanceRecord::new(name, settings, now);
        check_config(plugin.identity(), manifest, &record)?;
        if let Some(reason) = self.store.as_ref().and_then(|store| store.quarantine_of(name)) {
            record.last_fault = Some(reason.clone());
            record.quarantine(now);
            if let Some(known) = self.registry.lock().get_mut(&manifest.name) {
                known.instances.push(record);
                known.settle_state(now);
            }
            let found = format!("strategy {name}, which is quarantined: {reason}");
            let accepted = format!("after `stratctl plugin release {}`", manifest.name);
            return Err(refused(plugin, Step::Create, found, accepted));
        }
        record.saved = self.stored(name, &manifest.name);
        if let Some(known) = self.registry.lock().get_mut(&manifest.name) {
            known.take_up(plugin, now);
            known.instances.push(record.clone());
        }
        let joined = self.join(plugin, &record);
        if joined.is_err()
            && let Some(known) = self.registry.lock().get_mut(&manifest.name)
        {
            // one that has no place in the run leaves nothing behind
            known.instances.retain(|instance| instance.name != name || instance.place.is_some());
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
        let state = self.acceptable(plugin, name, record.saved.as_ref())?;
        let added = Box::new(AddedStrategy {
            tag: tag(plugin),
            build: build(plugin, &record.settings),
            config: StrategyConfig {
                name: name.clone(),
                may_shutdown: record.settings.may_shutdown,
                cancels_on_stop: record.settings.cancels_on_stop,
                is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
                bars: record.settings.bars.clone(),
            },
            plugin: format!("{} {}", manifest.name, manifest.version),
            instance: made.instance,
            state,
        });
        let (id, state) = match self.event_loop.ask(|answer| Command::Add { added, answer }) {
            Ok(Ok(added)) => added,
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
                if let StrategyState::Faulted(fault) = &state {
                    instance.faults += 1;
                    instance.last_fault = Some(fault.to_string());
                    instance.set_state(PluginState::Faulted, now);
                }
            }
            known.settle_state(now);
        }
        drop(registry);
        if let StrategyState::Faulted(fault) = state {
            let found = format!("strategy {name}, which failed at its start: {fault}");
            return Err(refused(plugin, Step::Create, found, "a strategy that starts"));
        }
        Ok(format!("{} {}: strategy {name} started", manifest.name, manifest.version))
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
