//! The states of all strategies, every so often: in memory for restarts, and in `state.db` if there is one.

use std::{sync::Arc, time::Duration};

use stratd_engine::StrategyId;

use super::{Manager, record::Saved};
use crate::{
    runtime::{Command, SavedByLoop, clock::Stopwatch},
    store::SavedState as StoredState,
};

/// When states were last saved.
pub(crate) struct Saving {
    interval: Duration,
    last: Stopwatch,
}

impl Saving {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last: Stopwatch::start() }
    }

    pub(super) fn is_due(&self) -> bool {
        self.last.elapsed() >= self.interval
    }
}

impl Manager {
    /// Saves the states of all strategies that run.
    pub(super) fn save_all(&mut self) {
        self.saving.last = Stopwatch::start();
        let strategies = {
            let registry = self.registry.lock();
            let started = registry.instances().filter(|instance| instance.is_started());
            started.filter_map(super::InstanceRecord::strategy).collect()
        };
        self.save(strategies);
    }

    /// Saves the states of these strategies.
    pub(super) fn save(&mut self, strategies: Vec<StrategyId>) {
        if strategies.is_empty() {
            return;
        }
        if let Ok(states) = self.event_loop.ask(|answer| Command::Save { strategies, answer }) {
            self.take_states(states);
        }
    }

    /// Keeps states that the event loop saved.
    pub(super) fn take_states(&mut self, states: Vec<SavedByLoop>) {
        let mut batch = Vec::new();
        for saved in states {
            let SavedByLoop { strategy, state, seq, at } = saved;
            let mut registry = self.registry.lock();
            let Some((plugin, index)) = registry.of_strategy(strategy) else { continue };
            let instance_name = plugin.instances[index].name.clone();
            let bytes = match state {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(fault) => {
                    tracing::warn!(
                        logger = "plugins",
                        "{}: the state of strategy {instance_name} was not saved: {fault}",
                        plugin.name
                    );
                    continue;
                }
            };
            // the library that wrote it: after a rollback that is not the newest
            let generation = plugin.instances[index].generation;
            let wrote = plugin.generations.iter().find(|known| known.number == generation);
            let Some(wrote) = wrote.and_then(|known| known.plugin.as_ref()) else { continue };
            let manifest = wrote.manifest();
            let bytes = Arc::new(bytes);
            batch.push(StoredState {
                instance: format!("strategy.{instance_name}"),
                plugin: manifest.name.clone(),
                plugin_version: manifest.version.clone(),
                build_id: wrote.build_id().unwrap_or_default().to_owned(),
                hash: wrote.hash().to_owned(),
                state_version: manifest.state_version,
                state: bytes.to_vec(),
                saved_at: at,
                seq,
            });
            let state_version = manifest.state_version;
            plugin.instances[index].saved = Some(Saved { state_version, bytes, at });
        }
        if let Some(store) = &self.store {
            store.save_states(batch);
        }
    }
}
