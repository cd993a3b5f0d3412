//! What the parts of a change need, made before anything changes.

use std::sync::Arc;

use stratd_control::PluginState;
use stratd_engine::{OnRestoreError, Probation, Replacement, StrategyConfig, StrategyId};
use stratd_plugin_api::{ExchangeId, abi::plugin_flag};

use super::{
    ConfigRefusal, RefusalKind,
    exchanges::{Joining, Leaving},
    parts::{Parts, needs_another, settings_of_exchange, settings_of_strategy},
};
use crate::{
    config::{ExchangeEntry, RunConfig, StrategyEntry},
    host::{LoadedPlugin, Refusal},
    plugin_kind::PluginKind,
    reload::{
        InstanceRecord, InstanceSettings, Manager, Place, Saved,
        factory::expanded,
        replace::check_config,
        take_over::{build as recorded, tag},
    },
    runtime::{AddedStrategy, Change, ExchangeChange, OwnedRestart, Start, StrategyChange, clock},
};

/// A change with all that it needs, and what is noted when it was done.
pub(super) struct Built {
    pub(super) change: Change,
    /// Strategies in the order of the change, with their new settings.
    pub(super) strategies: Vec<Changed>,
    /// Connectors that are told, in the order of the change.
    pub(super) told: Vec<(ExchangeId, InstanceRecord, InstanceSettings)>,
    /// Connectors that must be exchanged.
    pub(super) exchanged: Vec<(ExchangeId, Arc<LoadedPlugin>, InstanceRecord, InstanceSettings)>,
    /// Exchanges that join, in the order of the change.
    pub(super) joining: Vec<Joining>,
    pub(super) leaving: Vec<Leaving>,
    /// Instances whose settings count when they start again, by kind and name.
    pub(super) quiet: Vec<(PluginKind, String, InstanceSettings)>,
    /// Strategies that start, in the order of the change.
    pub(super) added: Vec<Added>,
    /// The names of those that stop, in the order of the change.
    pub(super) stopped: Vec<String>,
}

/// A strategy whose settings change.
pub(super) struct Changed {
    pub(super) name: String,
    pub(super) settings: InstanceSettings,
    /// The process of the instance that stands ready.
    pub(super) pid: Option<u32>,
}

/// A strategy that starts.
pub(super) struct Added {
    pub(super) name: String,
    pub(super) plugin: Arc<LoadedPlugin>,
    pub(super) settings: InstanceSettings,
    pub(super) pid: Option<u32>,
    pub(super) saved: Option<Saved>,
    /// It was in the run before.
    pub(super) is_known: bool,
}

impl Manager {
    /// Makes everything that a change needs. `must_exchange`: connectors that take no new configuration.
    ///
    /// # Errors
    /// An instance cannot be made; nothing has changed.
    pub(super) fn build(
        &self,
        parts: &Parts,
        config: &RunConfig,
        must_exchange: &[ExchangeId],
    ) -> Result<Built, ConfigRefusal> {
        let mut built = Built {
            change: Change { quiesce_ns: config.plugins.quiesce_timeout.nanoseconds(), ..Change::default() },
            strategies: Vec::new(),
            told: Vec::new(),
            exchanged: Vec::new(),
            joining: Vec::new(),
            leaving: Vec::new(),
            quiet: Vec::new(),
            added: Vec::new(),
            stopped: Vec::new(),
        };
        for entry in &parts.strategies {
            self.build_strategy(&mut built, entry)
                .map_err(|refusal| ConfigRefusal::of_entry(PluginKind::Strategy, entry.name(), &refusal))?;
        }
        for entry in &parts.exchanges {
            self.build_exchange(&mut built, entry, must_exchange)
                .map_err(|refusal| ConfigRefusal::of_entry(PluginKind::Exchange, entry.name(), &refusal))?;
        }
        for entry in &parts.added {
            self.build_start(&mut built, entry)?;
        }
        for name in &parts.removed {
            let found = self.instance(PluginKind::Strategy, name);
            let running = found.filter(|(_, instance)| instance.is_started());
            if let Some(id) = running.and_then(|(_, instance)| instance.strategy()) {
                built.change.stops.push(id);
            }
            built.stopped.push(name.clone());
        }
        // those of instruments come and go with their exchanges
        if parts.limits || !parts.joins.is_empty() || !parts.leaves.is_empty() {
            let limits = crate::cli::planned_risk(config);
            let limits = limits.map_err(|error| {
                ConfigRefusal::new(RefusalKind::Refused, format!("{error:#}")).at("/risk")
            })?;
            built.change.limits = Some(limits);
            built.change.limit_tables.clone_from(&parts.limit_tables);
        }
        self.build_leaves(&mut built, &parts.leaves);
        // the last, because they connect: from here on something has to be stopped if the change is refused
        self.build_joins(&mut built, &parts.joins)?;
        Ok(built)
    }

    fn build_strategy(&self, built: &mut Built, entry: &StrategyEntry) -> Result<(), Refusal> {
        let settings = settings_of_strategy(entry);
        let name = entry.name();
        let Some((plugin, instance)) = self.instance(PluginKind::Strategy, name) else { return Ok(()) };
        let Some(strategy) = instance.strategy().filter(|_| instance.is_started()) else {
            built.quiet.push((PluginKind::Strategy, name.to_owned(), settings));
            return Ok(());
        };
        let old = &instance.settings;
        if (old.may_shutdown, old.cancels_on_stop) != (settings.may_shutdown, settings.cancels_on_stop) {
            built.change.terms.push((strategy, (settings.may_shutdown, settings.cancels_on_stop)));
        }
        if old.config == settings.config && !needs_another(old, &settings) {
            built.quiet.push((PluginKind::Strategy, name.to_owned(), settings));
            return Ok(());
        }
        let wanted = InstanceRecord { settings: settings.clone(), ..instance.clone() };
        check_config(plugin.identity(), plugin.manifest(), &wanted)?;
        let made = self.factory.strategy(&plugin, name, &settings)?;
        let texts = if needs_another(old, &settings) {
            None
        } else {
            Some((config_text(&plugin, &settings)?, config_text(&plugin, old)?))
        };
        let spare = match texts {
            Some(_) => Some(self.factory.strategy(&plugin, name, old)?.instance),
            None => None,
        };
        let manifest = plugin.manifest();
        built.change.strategies.push(StrategyChange {
            strategy,
            texts,
            replacement: Box::new(Replacement {
                instance: made.instance,
                is_batch_safe: manifest.has_flag(plugin_flag::BATCH_SAFE),
                // the event loop knows these three
                state_version: 0,
                deadline: clock::now(),
                probation: Probation { events: 0, until: clock::now() },
                accepts: manifest.state_compat_min..=manifest.state_version,
                on_restore_error: OnRestoreError::Keep,
                room: Vec::new(),
            }),
            spare,
            tag: tag(&plugin),
            builds: Box::new([*recorded(&plugin, &settings), *recorded(&plugin, old)]),
        });
        built.strategies.push(Changed { name: name.to_owned(), settings, pid: made.pid });
        Ok(())
    }

    fn build_exchange(
        &self,
        built: &mut Built,
        entry: &ExchangeEntry,
        must_exchange: &[ExchangeId],
    ) -> Result<(), Refusal> {
        let settings = settings_of_exchange(entry);
        let name = entry.name();
        let Some((plugin, instance)) = self.instance(PluginKind::Exchange, name) else { return Ok(()) };
        let id = match instance.place {
            Some(Place::Exchange(id)) if instance.is_started() => id,
            _ => {
                built.quiet.push((PluginKind::Exchange, name.to_owned(), settings));
                return Ok(());
            }
        };
        let wanted = InstanceRecord { settings: settings.clone(), ..instance.clone() };
        check_config(plugin.identity(), plugin.manifest(), &wanted)?;
        let old = &instance.settings;
        if old.config == settings.config && !needs_another(old, &settings) {
            built.quiet.push((PluginKind::Exchange, name.to_owned(), settings));
        } else if needs_another(old, &settings) || must_exchange.contains(&id) {
            built.exchanged.push((id, plugin, instance, settings));
        } else {
            let (new, old) = (config_text(&plugin, &settings)?, config_text(&plugin, old)?);
            built.change.exchanges.push(ExchangeChange { exchange: id, new, old });
            built.told.push((id, instance, settings));
        }
        Ok(())
    }

    /// What a strategy saved in an earlier run.
    pub(in crate::reload) fn stored(&self, name: &str, plugin: &str) -> Option<Saved> {
        let saved = self.store.as_ref()?.state_of(name, plugin)?;
        Some(Saved { state_version: saved.state_version, bytes: Arc::new(saved.state), at: saved.saved_at })
    }

    fn build_start(&self, built: &mut Built, entry: &StrategyEntry) -> Result<(), ConfigRefusal> {
        let name = entry.name();
        let of_entry = |refusal: Refusal| ConfigRefusal::of_entry(PluginKind::Strategy, name, &refusal);
        let conflict = |text: String| {
            let refusal = ConfigRefusal::new(RefusalKind::Conflict, text);
            refusal.at_entry(PluginKind::Strategy, name)
        };
        let file = self.plugins.load(PluginKind::Strategy, &entry.plugin).map_err(of_entry)?;
        let manifest_name = file.manifest().name.clone();
        // what runs of it may be newer than what the run began with
        let running =
            self.registry.lock().get(&manifest_name).and_then(|record| record.plugin().map(Arc::clone));
        let plugin = running.unwrap_or(file);
        let settings = settings_of_strategy(entry);
        let known = self.instance(PluginKind::Strategy, name);
        if let Some((other, instance)) = &known
            && let Some(text) = in_the_way(instance, &other.manifest().name, &manifest_name)
        {
            return Err(conflict(text));
        }
        let mut record = InstanceRecord::new(name, settings.clone(), clock::now());
        check_config(plugin.identity(), plugin.manifest(), &record).map_err(of_entry)?;
        if let Some(reason) = self.store.as_ref().and_then(|store| store.quarantine_of(name)) {
            return Err(conflict(format!("strategy {name} is quarantined: {reason}")));
        }
        let in_memory = known.as_ref().and_then(|(_, instance)| instance.saved.clone());
        record.saved = in_memory.or_else(|| self.stored(name, &manifest_name));
        let state = self.acceptable(&plugin, name, record.saved.as_ref()).map_err(of_entry)?;
        if let Some(text) = without_history(entry, state.is_some()) {
            return Err(conflict(text));
        }
        let made = self.factory.strategy(&plugin, name, &settings).map_err(of_entry)?;
        let manifest = plugin.manifest();
        let is_batch_safe = manifest.has_flag(plugin_flag::BATCH_SAFE);
        let place: Option<StrategyId> = known.as_ref().and_then(|(_, instance)| instance.strategy());
        let (terms, tag) = ((settings.may_shutdown, settings.cancels_on_stop), tag(&plugin));
        let build = recorded(&plugin, &settings);
        built.change.starts.push(match place {
            Some(id) => {
                let restart = OwnedRestart { tag, build, instance: made.instance, is_batch_safe, state };
                Start::Again(id, restart, terms)
            }
            None => Start::Add(Box::new(AddedStrategy {
                tag,
                build,
                config: StrategyConfig {
                    name: name.to_owned(),
                    may_shutdown: terms.0,
                    cancels_on_stop: terms.1,
                    is_batch_safe,
                    bars: settings.bars.clone(),
                },
                plugin: format!("{} {}", manifest.name, manifest.version),
                instance: made.instance,
                state,
            })),
        });
        built.added.push(Added {
            name: name.to_owned(),
            plugin,
            settings,
            pid: made.pid,
            saved: record.saved,
            is_known: known.is_some(),
        });
        Ok(())
    }

    /// An instance by its name, with the library that runs it.
    pub(super) fn instance(
        &self,
        kind: PluginKind,
        name: &str,
    ) -> Option<(Arc<LoadedPlugin>, InstanceRecord)> {
        let registry = self.registry.lock();
        let mut plugins = registry.all().filter(|plugin| plugin.kind == kind);
        plugins.find_map(|plugin| {
            let instance = plugin.instances.iter().find(|instance| instance.name == name)?;
            Some((plugin.plugin().map(Arc::clone)?, instance.clone()))
        })
    }
}

/// What `on_config` is told.
fn config_text(plugin: &LoadedPlugin, settings: &InstanceSettings) -> Result<String, Refusal> {
    let config = expanded(plugin.identity(), settings)?;
    Ok(config.value.to_string())
}

/// Why a strategy cannot join that is to be warmed up: its history would hold up the events of all others.
fn without_history(entry: &StrategyEntry, has_state: bool) -> Option<String> {
    (entry.warm_up.is_some() && !has_state).then(|| {
        format!(
            "strategy {} asks for warm_up, which comes before a run only (accepted: a restart, or no warm_up)",
            entry.name()
        )
    })
}

/// Why an instance that was in this run keeps a strategy of its name and of a plugin from starting, if it does.
fn in_the_way(instance: &InstanceRecord, of: &str, plugin: &str) -> Option<String> {
    let name = &instance.name;
    if of != plugin {
        return Some(format!("a strategy {name} of {of} was in this run (accepted: another name)"));
    }
    if instance.is_started() {
        return Some(format!(
            "a strategy {name} runs, started by command (accepted: after `stratctl plugin stop {plugin}`)"
        ));
    }
    (instance.state == PluginState::Quarantined).then(|| {
        format!("strategy {name} is quarantined (accepted: after `stratctl plugin release {plugin}`)")
    })
}
