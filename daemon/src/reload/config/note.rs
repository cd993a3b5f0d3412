//! What is noted of a change that was done: settings, places and states of its instances.

use stratd_control::PluginState;
use stratd_engine::Carried;

use super::build::{Added, Built, Changed};
use crate::{
    plugin_kind::PluginKind,
    reload::{InstanceRecord, InstanceSettings, Manager, Place, PluginRecord},
    runtime::{ChangeDone, clock},
};

impl Manager {
    /// Notes what the event loop did; in words.
    pub(super) fn note_change(&mut self, built: &Built, done: &mut ChangeDone) -> Vec<String> {
        let mut words = Vec::new();
        for (Changed { name, settings, pid }, carried) in built.strategies.iter().zip(&done.strategies) {
            self.set_settings(PluginKind::Strategy, name, settings);
            let how = match carried {
                None => "was told",
                Some(Carried::State { .. }) => "has another instance with its state",
                Some(Carried::Nothing | Carried::Fresh(_)) => "started anew, because it keeps no state",
            };
            if carried.is_some()
                && let Some((plugin, _)) = self.instance(PluginKind::Strategy, name)
            {
                let mut registry = self.registry.lock();
                let record = registry.get_mut(&plugin.manifest().name);
                if let Some(instance) = record.and_then(|record| record.instance_mut(name)) {
                    instance.pid = *pid;
                    instance.pause_us_last = Some(done.pause_us);
                }
            }
            words.push(format!("strategy {name} {how}"));
        }
        for (_, record, settings) in &built.told {
            self.set_settings(PluginKind::Exchange, &record.name, settings);
            words.push(format!("exchange {} was told", record.name));
        }
        words.extend(
            built
                .exchanged
                .iter()
                .map(|(_, _, record, _)| format!("exchange {} has another connector", record.name)),
        );
        words.extend(self.note_joins(&built.joining));
        words.extend(self.note_leaves(&built.leaving, std::mem::take(&mut done.left)));
        for (kind, name, settings) in &built.quiet {
            self.set_settings(*kind, name, settings);
            words.push(format!("{kind} {name} is configured anew"));
        }
        for (added, strategy) in built.added.iter().zip(&done.started) {
            self.note_start(added, Place::Strategy(*strategy));
            if let Some(store) = &self.store {
                store.join(&added.name);
            }
            words.push(format!("strategy {} started", added.name));
        }
        self.take_states(std::mem::take(&mut done.stopped));
        for name in &built.stopped {
            self.end_instance(name, None);
            if let Some(store) = &self.store {
                store.leave(name);
            }
            words.push(format!("strategy {name} stopped"));
        }
        if done.pause_us > 0 && !words.is_empty() {
            words.push(format!("events waited for {} us", done.pause_us));
        }
        words
    }

    pub(super) fn log_words(&self) -> String {
        let source = &self.configured.shared.lock().source;
        match &source.file {
            Some(file) => format!("applied [logging] of {}", file.display()),
            None => "opened the files of the log anew".to_owned(),
        }
    }

    pub(super) fn set_settings(&self, kind: PluginKind, name: &str, settings: &InstanceSettings) {
        let mut registry = self.registry.lock();
        let plugins = registry.all_mut().filter(|plugin| plugin.kind == kind);
        for instance in plugins.flat_map(|plugin| &mut plugin.instances).filter(|known| known.name == name) {
            instance.take_settings(settings.clone());
        }
    }

    /// Notes a strategy that has a place in the run.
    pub(super) fn note_start(&self, added: &Added, place: Place) {
        let now = clock::now();
        let manifest = added.plugin.manifest();
        let mut registry = self.registry.lock();
        let record = PluginRecord::new(manifest.kind, &manifest.name, added.plugin.file().to_owned(), now);
        let record = registry.add(record);
        record.take_up(&added.plugin, now);
        if !added.is_known && record.instance_mut(&added.name).is_none() {
            record.instances.push(InstanceRecord::new(&added.name, added.settings.clone(), now));
        }
        if let Some(instance) = record.instance_mut(&added.name) {
            instance.take_settings(added.settings.clone());
            instance.saved.clone_from(&added.saved);
            instance.start(Some(place), now);
            instance.run_on(added.plugin.generation(), added.pid);
            instance.restart_at = None;
        }
        record.settle_state(now);
    }

    /// Notes that a strategy has ended; with why, that it failed.
    pub(super) fn end_instance(&self, name: &str, why: Option<&str>) {
        let now = clock::now();
        let mut registry = self.registry.lock();
        for plugin in registry.all_mut().filter(|plugin| plugin.kind == PluginKind::Strategy) {
            let Some(instance) = plugin.instance_mut(name) else { continue };
            instance.restart_at = None;
            instance.pid = None;
            if let Some(why) = why {
                instance.last_fault = Some(why.to_owned());
            }
            if instance.state == PluginState::Started {
                let ended = if why.is_some() { PluginState::Faulted } else { PluginState::Retired };
                instance.set_state(ended, now);
            }
            plugin.settle_state(now);
        }
    }
}
