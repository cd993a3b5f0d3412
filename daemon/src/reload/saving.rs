//! The states of all strategies, every so often: in memory for restarts, and in `state.db` if there is one.

use std::{sync::Arc, time::Duration};

use stratd_engine::StrategyId;
use stratd_plugin_api::Timestamp;

use super::{Manager, record::Saved};
use crate::{
    runtime::{Command, SavedByLoop, clock, clock::Stopwatch},
    store::SavedState as StoredState,
};

/// A state may grow by this part of its size before the memory that was prepared for it does not suffice.
const ROOM_TO_GROW: usize = 8;

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

/// How often rows that are older than `state.keep_days` are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Transactions of one such time: others must not wait for long.
const PRUNES_MAX: u32 = 20;

impl Manager {
    /// Forgets orders that ended long ago, and their fills.
    pub(super) fn forget_old_rows(&mut self) {
        let Some(store) = self.store.as_ref().filter(|_| self.options.check_every.is_some()) else { return };
        if self.pruned.is_some_and(|since| since.elapsed() < PRUNE_EVERY) {
            return;
        }
        self.pruned = Some(Stopwatch::start());
        let kept = i64::from(self.options.keep_days).saturating_mul(Timestamp::DAY_NS);
        let before = Timestamp::new(clock::now().get().saturating_sub(kept));
        for _ in 0..PRUNES_MAX {
            match store.prune(before) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => return tracing::warn!(logger = "store", "forgetting old rows: {error}"),
            }
        }
    }
    /// Saves the states of all strategies that run.
    pub(super) fn save_all(&mut self) {
        self.saving.last = Stopwatch::start();
        let strategies = {
            let registry = self.registry.lock();
            let started = registry.instances().filter(|instance| instance.is_started());
            started.filter_map(super::InstanceRecord::strategy).collect()
        };
        // shown as saved once it is on the disk: nobody waits for this thread now
        if let Some(states) = self.asked(strategies) {
            let count = states.len();
            tracing::debug!(logger = "store", "saves the states of {count} strategies");
            self.take_last_states(states);
            tracing::debug!(logger = "store", "the save of {count} states has ended");
        }
    }

    /// Saves the states of these strategies.
    pub(super) fn save(&mut self, strategies: Vec<StrategyId>) {
        if let Some(states) = self.asked(strategies) {
            self.take_states(states);
        }
    }

    /// The states of these strategies; `None` if there is none, or the run is over.
    fn asked(&self, strategies: Vec<StrategyId>) -> Option<Vec<SavedByLoop>> {
        if strategies.is_empty() {
            return None;
        }
        let strategies = strategies.into_iter().map(|strategy| (strategy, self.room(strategy))).collect();
        self.event_loop.ask(|answer| Command::Save { strategies, answer }).ok()
    }

    /// Memory for the next state of a strategy, as large as the last one and a bit: taken and written to on this
    /// thread, so that the event loop, which fills it while events wait, has no page faults.
    pub(super) fn room(&self, strategy: StrategyId) -> Vec<u8> {
        let last = {
            let registry = self.registry.lock();
            let instance = registry.instances().find(|instance| instance.strategy() == Some(strategy));
            instance.and_then(|instance| instance.saved.as_ref()).map(|saved| Arc::clone(&saved.bytes))
        };
        let Some(last) = last else { return Vec::new() };
        let mut room = Vec::with_capacity(last.len() + last.len() / ROOM_TO_GROW);
        room.extend_from_slice(&last);
        room.clear();
        room
    }

    /// Keeps states that the event loop saved.
    pub(super) fn take_states(&mut self, states: Vec<SavedByLoop>) {
        let (batch, kept) = self.kept(states);
        self.note_saved(kept);
        if let Some(store) = &self.store {
            store.save_states(batch);
        }
    }

    /// Keeps states; returns once they are on the disk, if there is a store.
    pub(super) fn take_last_states(&mut self, states: Vec<SavedByLoop>) {
        let (batch, kept) = self.kept(states);
        if let Some(store) = &self.store {
            store.save_last_states(batch);
        }
        self.note_saved(kept);
    }

    /// Notes states as saved.
    fn note_saved(&self, kept: Vec<(StrategyId, Saved)>) {
        let mut registry = self.registry.lock();
        for (strategy, saved) in kept {
            if let Some((plugin, index)) = registry.of_strategy(strategy) {
                plugin.instances[index].saved = Some(saved);
            }
        }
    }

    /// Makes rows of states for the store, and what is kept of them for restarts.
    fn kept(&self, states: Vec<SavedByLoop>) -> (Vec<StoredState>, Vec<(StrategyId, Saved)>) {
        let (mut batch, mut kept) = (Vec::new(), Vec::new());
        for saved in states {
            let SavedByLoop { strategy, tag, state, seq, at } = saved;
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
            // the build that wrote it, by the word of the event loop
            let wrote =
                plugin.generation(tag.generation).map(|known| known.identity.clone()).unwrap_or_default();
            let bytes = Arc::new(bytes);
            batch.push(StoredState {
                instance: format!("strategy.{instance_name}"),
                plugin: plugin.name.clone(),
                plugin_version: wrote.version.unwrap_or_default(),
                build_id: wrote.build_id.unwrap_or_default(),
                hash: wrote.hash.unwrap_or_default(),
                state_version: tag.state_version,
                state: bytes.to_vec(),
                saved_at: at,
                seq,
            });
            kept.push((strategy, Saved { state_version: tag.state_version, bytes, at }));
        }
        (batch, kept)
    }
}
