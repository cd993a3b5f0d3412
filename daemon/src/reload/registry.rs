//! All plugins of the run, by kind and name.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stratd_engine::StrategyId;
use stratd_plugin_api::ExchangeId;

use super::record::{InstanceRecord, Place, PluginRecord};
use crate::plugin_kind::PluginKind;

/// The registry as the manager's thread and the control socket share it. Locked for look-ups and notes only, never
/// across a call of a plugin, a command to the event loop, or I/O.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedRegistry(Arc<Mutex<Registry>>);

impl SharedRegistry {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All plugins, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    plugins: Vec<PluginRecord>,
}

impl Registry {
    pub(crate) fn all(&self) -> impl Iterator<Item = &PluginRecord> {
        self.plugins.iter()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut PluginRecord> {
        self.plugins.iter_mut()
    }

    /// A plugin by the name in its manifest.
    pub(crate) fn get(&self, name: &str) -> Option<&PluginRecord> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut PluginRecord> {
        self.plugins.iter_mut().find(|plugin| plugin.name == name)
    }

    /// The plugin of a file, as it is spelt or without links.
    pub(crate) fn of_file(&self, file: &Path) -> Option<&PluginRecord> {
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let of_path = self.plugins.iter().find(|plugin| plugin.file == file);
        of_path.or_else(|| {
            let wanted = canonical(file);
            self.plugins.iter().find(|plugin| canonical(&plugin.file) == wanted)
        })
    }

    /// The full name of a plugin that is asked for by its own name, by its short one, or by that of an instance.
    ///
    /// # Errors
    /// There is none, or several; the text says which there are.
    pub(crate) fn resolve(&self, asked: &str) -> Result<String, String> {
        if self.get(asked).is_some() {
            return Ok(asked.to_owned());
        }
        let is_short = |plugin: &&PluginRecord| plugin.name.strip_prefix(plugin.kind.prefix()) == Some(asked);
        let has_instance =
            |plugin: &&PluginRecord| plugin.instances.iter().any(|instance| instance.name == asked);
        let mut found: Vec<_> = self.plugins.iter().filter(is_short).collect();
        if found.is_empty() {
            found = self.plugins.iter().filter(has_instance).collect();
        }
        match found[..] {
            [one] => Ok(one.name.clone()),
            [] => {
                let known: Vec<_> = self.plugins.iter().map(|plugin| plugin.name.as_str()).collect();
                let known = if known.is_empty() { "none is loaded".to_owned() } else { known.join(", ") };
                Err(format!("no plugin {asked} (accepted: {known})"))
            }
            _ => {
                let names: Vec<_> = found.iter().map(|plugin| plugin.name.as_str()).collect();
                Err(format!("{asked} may be {} (accepted: a full name)", names.join(" or ")))
            }
        }
    }

    /// Adds a plugin, unless there is one of its name already.
    pub(crate) fn add(&mut self, record: PluginRecord) -> &mut PluginRecord {
        let at = match self.plugins.binary_search_by(|known| known.name.cmp(&record.name)) {
            Ok(at) => at,
            Err(at) => {
                self.plugins.insert(at, record);
                at
            }
        };
        &mut self.plugins[at]
    }

    /// Forgets what is only known of a file because it was refused.
    pub(crate) fn forget_refused(&mut self, file: &Path) {
        self.plugins.retain(|plugin| plugin.file != file || !plugin.generations.is_empty());
    }

    /// The plugin and the instance that the event loop has as a strategy.
    pub(crate) fn of_strategy(&mut self, id: StrategyId) -> Option<(&mut PluginRecord, usize)> {
        self.plugins.iter_mut().find_map(|plugin| {
            let at = plugin.instances.iter().position(|instance| instance.strategy() == Some(id))?;
            Some((plugin, at))
        })
    }

    /// Whether an instance of that kind and name exists.
    pub(crate) fn has_instance(&self, kind: PluginKind, name: &str) -> bool {
        self.plugins
            .iter()
            .any(|plugin| plugin.kind == kind && plugin.instances.iter().any(|known| known.name == name))
    }

    /// Notes the process of an instance.
    pub(crate) fn set_pid(&mut self, kind: PluginKind, name: &str, pid: Option<u32>) {
        let plugins = self.plugins.iter_mut().filter(|plugin| plugin.kind == kind);
        if let Some(instance) = plugins.flat_map(|plugin| &mut plugin.instances).find(|i| i.name == name) {
            instance.pid = pid;
        }
    }

    /// Notes which connector has the place of an exchange at the start.
    pub(crate) fn set_connector(&mut self, name: &str, token: u64, pid: Option<u32>) {
        let plugins = self.plugins.iter_mut().filter(|plugin| plugin.kind == PluginKind::Exchange);
        if let Some(instance) = plugins.flat_map(|plugin| &mut plugin.instances).find(|i| i.name == name) {
            (instance.token, instance.pid) = (token, pid);
        }
    }

    /// The plugin and the instance that the event loop has as a connector.
    pub(crate) fn of_exchange(&mut self, id: ExchangeId) -> Option<(&mut PluginRecord, usize)> {
        self.plugins.iter_mut().find_map(|plugin| {
            let is_it = |instance: &InstanceRecord| instance.place == Some(Place::Exchange(id));
            let at = plugin.instances.iter().position(is_it)?;
            Some((plugin, at))
        })
    }

    /// How many instances are in which state, in one line.
    pub(crate) fn standing(&self) -> String {
        let of_kind = |kind: PluginKind, word: &str| {
            let mut states = BTreeMap::new();
            for plugin in self.plugins.iter().filter(|plugin| plugin.kind == kind) {
                for instance in &plugin.instances {
                    *states.entry(instance.state.name()).or_insert(0_u64) += 1;
                }
            }
            let states: Vec<String> =
                states.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
            format!("{word}: {}", if states.is_empty() { "none".to_owned() } else { states.join(", ") })
        };
        let (strategies, exchanges) =
            (of_kind(PluginKind::Strategy, "strategies"), of_kind(PluginKind::Exchange, "exchanges"));
        format!("{strategies}; {exchanges}")
    }

    pub(crate) fn instances(&self) -> impl Iterator<Item = &InstanceRecord> {
        self.plugins.iter().flat_map(|plugin| &plugin.instances)
    }
}
