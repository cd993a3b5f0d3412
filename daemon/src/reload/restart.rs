//! Strategies that failed: what is kept of it, and which are started again.
//!
//! A panic or an error of a handler ends a strategy until a person or a new file starts it. An isolated instance that
//! died or hung is started again by itself, from its last saved state: at once, then after growing pauses. One that
//! dies too often is quarantined: it stays down, here and at the next starts, until it is released. Connectors: `away`.

use std::sync::Arc;

use stratd_control::PluginState;
use stratd_engine::StrategyId;
use stratd_plugin_api::{Fault, Reason, Timestamp};

use super::{
    Manager,
    record::{InstanceRecord, Place},
};
use crate::runtime::{Command, Tag};

/// Deaths that are older do not count towards the crash limit.
const WINDOW_NS: i64 = 600_000_000_000;
/// The pause before a restart, by how many deaths there were in the window.
const PAUSES_NS: [i64; 5] = [0, 100_000_000, 1_000_000_000, 5_000_000_000, 30_000_000_000];

impl Manager {
    /// A strategy failed and has ended.
    pub(super) fn faulted(&mut self, strategy: StrategyId, tag: Tag, fault: &Fault, now: Timestamp) {
        let mut registry = self.registry.lock();
        let Some((plugin, at)) = registry.of_strategy(strategy) else { return };
        let name = plugin.name.clone();
        let instance = &mut plugin.instances[at];
        // what was stopped, quarantined or replaced meanwhile has nothing to do with it any more
        if !instance.is_started() || instance.generation != tag.generation {
            return;
        }
        instance.faults += 1;
        instance.last_fault = Some(fault.to_string());
        instance.pid = None;
        instance.set_state(PluginState::Faulted, now);
        let died = matches!(fault.reason, Reason::Crashed | Reason::Deadline);
        let mut quarantine = None;
        if died {
            match next_start(instance, self.options.plugins.crash_limit, now) {
                Some(restart_at) => instance.restart_at = Some(restart_at),
                None => {
                    let reason = format!(
                        "it died {} times within {} minutes; the last time: {fault}",
                        instance.deaths.len(),
                        WINDOW_NS / 60_000_000_000
                    );
                    instance.set_state(PluginState::Quarantined, now);
                    quarantine = Some((instance.name.clone(), reason));
                }
            }
        }
        plugin.settle_state(now);
        drop(registry);
        if let Some((instance, reason)) = quarantine {
            tracing::error!(
                logger = "plugins",
                "{name}: strategy {instance} is quarantined: {reason} (`stratctl plugin release {name}` lets it start again)"
            );
            self.store_quarantine(&instance, &reason, now);
            let _ = self.event_loop.tell(Command::GiveUp { strategy });
        }
    }

    /// Starts the instances again whose pause is over.
    pub(super) fn restart_due(&mut self, now: Timestamp) {
        let due: Vec<(String, InstanceRecord)> = {
            let registry = self.registry.lock();
            let of_plugin = |plugin: &super::PluginRecord| {
                let is_due = |i: &&InstanceRecord| i.restart_at.is_some_and(|at| at <= now);
                let name = plugin.name.clone();
                let due: Vec<_> = plugin.instances.iter().filter(is_due).cloned().collect();
                due.into_iter().map(move |instance| (name.clone(), instance)).collect::<Vec<_>>()
            };
            registry.all().flat_map(of_plugin).collect()
        };
        for (name, instance) in due {
            match self.start_again(&name, &instance) {
                Ok(report) => tracing::info!(logger = "plugins", "{name}: {report}"),
                Err(why) => {
                    if matches!(instance.place, Some(Place::Exchange(_))) {
                        self.exchange_not_started(&instance, &why);
                        continue;
                    }
                    tracing::error!(
                        logger = "plugins",
                        "{name}: strategy {} does not start: {why}",
                        instance.name
                    );
                    let mut registry = self.registry.lock();
                    let known =
                        registry.get_mut(&name).and_then(|plugin| plugin.instance_mut(&instance.name));
                    // it is tried again like one that died, and not for ever
                    let again = known.and_then(|known| {
                        known.restart_at = next_start(known, self.options.plugins.crash_limit, now);
                        known.restart_at.or_else(|| {
                            known.set_state(PluginState::Quarantined, now);
                            None
                        })
                    });
                    drop(registry);
                    if again.is_none() {
                        self.store_quarantine(&instance.name, &format!("it does not start: {why}"), now);
                        if let Some(strategy) = instance.strategy() {
                            let _ = self.event_loop.tell(Command::GiveUp { strategy });
                        }
                    }
                }
            }
        }
    }

    /// Starts an instance that has ended, with the generation that runs and its last saved state.
    ///
    /// # Errors
    /// In words.
    pub(super) fn start_again(&mut self, name: &str, instance: &InstanceRecord) -> Result<String, String> {
        let plugin = self.registry.lock().get(name).and_then(|plugin| plugin.plugin().map(Arc::clone));
        let plugin = plugin.ok_or("its library is not loaded")?;
        if let Some(Place::Exchange(id)) = instance.place {
            return self.start_exchange(&plugin, instance, id);
        }
        if instance.place.is_none() {
            return self.join(&plugin, instance).map_err(|refusal| refusal.to_string());
        }
        let made = self
            .factory
            .strategy(&plugin, &instance.name, &instance.settings)
            .map_err(|refusal| refusal.to_string())?;
        let saved = self.saved_of(&instance.name);
        let report = self
            .restart(&plugin, instance, made.instance, saved.as_ref())
            .map_err(|refusal| refusal.to_string())?;
        let mut registry = self.registry.lock();
        if let Some(known) = registry.get_mut(name).and_then(|plugin| plugin.instance_mut(&instance.name)) {
            known.run_on(plugin.generation(), made.pid);
        }
        Ok(report)
    }

    pub(super) fn store_quarantine(&self, instance: &str, reason: &str, now: Timestamp) {
        if let Some(store) = &self.store {
            store.quarantine(instance, reason, now);
        }
    }
}

/// The pause before a try, after so many before it.
pub(super) fn pause_after(tries: usize) -> i64 {
    PAUSES_NS.get(tries).or(PAUSES_NS.last()).copied().unwrap_or(0)
}

/// When an instance that died now may start again; `None` = it died too often.
pub(super) fn next_start(instance: &mut InstanceRecord, limit: u32, now: Timestamp) -> Option<Timestamp> {
    let is_old = |death: &Timestamp| now.get().saturating_sub(death.get()) > WINDOW_NS;
    while instance.deaths.front().is_some_and(is_old) {
        instance.deaths.pop_front();
    }
    instance.deaths.push_back(now);
    let count = instance.deaths.len();
    if u32::try_from(count).unwrap_or(u32::MAX) >= limit {
        return None;
    }
    Some(Timestamp::new(now.get().saturating_add(pause_after(count - 1))))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::{
        config::{IsolationMode, Unload},
        reload::InstanceSettings,
    };

    #[test]
    fn pauses_grow_until_the_limit_and_old_deaths_are_forgotten() {
        let settings = InstanceSettings {
            config: Map::new(),
            isolation: IsolationMode::Process,
            unload: Unload::Never,
            may_shutdown: false,
            cancels_on_stop: true,
            bars: Vec::new(),
        };
        let at = |seconds: i64| Timestamp::new(seconds * 1_000_000_000);
        let mut instance = InstanceRecord::new("a", settings, at(0));
        let mut pause = |seconds: i64| {
            next_start(&mut instance, 3, at(seconds)).map(|next| next.get() - at(seconds).get())
        };
        assert_eq!(pause(1), Some(0));
        assert_eq!(pause(2), Some(100_000_000));
        assert_eq!(pause(700), Some(0), "the first two are forgotten");
        assert_eq!(pause(701), Some(100_000_000));
        assert_eq!(pause(702), None);
    }
}
