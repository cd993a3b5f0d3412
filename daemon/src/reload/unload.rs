//! Libraries of generations that nobody uses any more.
//!
//! They stay mapped and are counted; a library is never unmapped while anything of it may live. Where an instance says
//! `unload = "try"`, one whose manifest allows it is closed once its last instance is gone, and what is still mapped
//! then is counted as well. Nothing that it logged points into it: records are copied by value when they are made.

use std::{path::PathBuf, sync::Arc};

use super::{
    Manager,
    record::{InstanceRecord, PluginRecord},
};
use crate::host::{LoadedPlugin, Unloaded, memory_of};

impl Manager {
    /// Takes libraries that no generation needs any more.
    pub(super) fn retire(&mut self, name: &str, unneeded: Vec<Arc<LoadedPlugin>>) {
        let open: Vec<_> = unneeded.into_iter().filter(|plugin| plugin.is_open()).collect();
        let wants_unload = |record: &PluginRecord| record.instances.iter().any(InstanceRecord::wants_unload);
        if self.registry.lock().get(name).is_some_and(wants_unload) {
            if let Some(record) = self.registry.lock().get_mut(name) {
                record.unloading.extend(open);
            }
            return;
        }
        // measured before the registry is locked; the libraries themselves stay, whatever is dropped here
        let retired: Vec<_> = open.iter().map(|plugin| plugin.memory().unwrap_or_default()).collect();
        if let Some(record) = self.registry.lock().get_mut(name) {
            record.retired.extend(retired);
        }
    }

    /// Tries what waits to be unmapped.
    pub(super) fn unload(&mut self) {
        let waiting: Vec<(String, Arc<LoadedPlugin>)> = {
            let mut registry = self.registry.lock();
            let waiting = registry.all_mut().flat_map(|record| {
                let name = record.name.clone();
                std::mem::take(&mut record.unloading).into_iter().map(move |plugin| (name.clone(), plugin))
            });
            waiting.collect()
        };
        for (name, plugin) in waiting {
            self.unload_one(&name, plugin);
        }
    }

    fn unload_one(&self, name: &str, plugin: Arc<LoadedPlugin>) {
        let (generation, copy): (u64, PathBuf) = (plugin.generation(), plugin.copy().to_owned());
        match plugin.close(0) {
            Unloaded::Unmapped => {
                tracing::debug!(logger = "plugins", "{name}: generation {generation} is unmapped");
            }
            Unloaded::InUse(plugin) => {
                // its last instance has not gone yet
                if let Some(record) = self.registry.lock().get_mut(name) {
                    record.unloading.push(plugin);
                }
            }
            Unloaded::Pinned(why) => {
                tracing::warn!(
                    logger = "plugins",
                    "{name}: generation {generation} stays mapped from {}: {why}",
                    copy.display()
                );
                let memory = memory_of(&copy).unwrap_or_default();
                if let Some(record) = self.registry.lock().get_mut(name) {
                    record.retired.push(memory);
                }
            }
        }
    }
}
