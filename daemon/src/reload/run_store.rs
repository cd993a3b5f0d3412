//! `state.db` in the words of a run: the instances are strategies, errors are told and the run goes on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use stratd_engine::TradingState;
use stratd_plugin_api::{Reason, Timestamp, TradingType};

use crate::{
    host::{LoadedPlugin, crash},
    runtime::{Halt, KeptHalt, clock},
    store::{
        self, Generation, NewRun, RunId, SavedState, Store, TradingRow, Write, recovery,
        trading::{Batch, Kept, Ticket, WhatToKeep},
    },
};

/// The store of a run that goes on.
#[derive(Debug)]
pub(crate) struct RunStore {
    store: Store,
    run: RunId,
    /// The instances that were active in the run before.
    was_active: Vec<String>,
}

/// The state directory before the run begins: what the last run left.
#[derive(Debug)]
pub(crate) struct LastRun {
    directory: PathBuf,
    store: Store,
    /// Instances that must not start, with the reason.
    pub(crate) quarantined: Vec<(String, String)>,
    /// The instances that were active last.
    active: Vec<String>,
}

/// More of a note is not kept; less than a text of the store may have.
const NOTE_BYTES_MAX: usize = 4_000;

/// What became of a build that failed in its probation.
pub(super) const ROLLED_BACK: &str = "rolled back";

/// The key of a strategy.
fn key(instance: &str) -> String {
    format!("strategy.{instance}")
}

impl LastRun {
    /// Opens the directory, draws the consequences of a crash, and makes this process say in whose code it dies.
    ///
    /// # Errors
    /// The directory cannot be used, or another daemon has it.
    pub(crate) fn assess(directory: &Path, crash_limit: u32) -> Result<Self> {
        let store =
            Store::open(directory).with_context(|| format!("the state in {}", directory.display()))?;
        let note = crash::last(directory);
        let rules = recovery::Rules { crashes_max: crash_limit, ..recovery::Rules::default() };
        let active = store.reader().and_then(|reader| reader.last_run());
        let active = active.with_context(|| format!("the state in {}", directory.display()))?;
        let assessment = recovery::assess(&store, note.as_ref(), &rules, clock::now())
            .with_context(|| format!("the state in {}", directory.display()))?;
        crash::forget(directory).with_context(|| format!("the crash note in {}", directory.display()))?;
        if let Some(crash) = &assessment.crash {
            tracing::error!(logger = "stratd", "the last run crashed: {crash}");
        }
        for entry in &assessment.quarantined {
            tracing::error!(logger = "stratd", "{} is quarantined: {}", entry.instance, entry.reason);
        }
        for crash in assessment.verdict.crashes.iter().filter(|crash| recovery::is_exchange(&crash.instance))
        {
            tracing::warn!(
                logger = "stratd",
                "the daemon has crashed {} times in {}, which starts all the same: a run needs its exchanges (another version, or `isolation = \"process\"` for it, contains the next one)",
                crash.count,
                crash.instance
            );
        }
        crash::install(Some(&crash::file(directory))).context("preparing for a crash")?;
        let quarantined =
            assessment.quarantined.into_iter().map(|entry| (entry.instance, entry.reason)).collect();
        let active = active.map(|run| run.active).unwrap_or_default();
        Ok(Self { directory: directory.to_owned(), store, quarantined, active })
    }

    /// Why an instance must not start.
    pub(crate) fn quarantine_of(&self, instance: &str) -> Option<&str> {
        let key = key(instance);
        self.quarantined.iter().find(|(known, _)| *known == key).map(|(_, reason)| reason.as_str())
    }

    /// The state that an instance of that plugin saved last. That of another plugin is left alone, and not used.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn state_of(&self, instance: &str, plugin: &str) -> Result<Option<SavedState>> {
        let reader = self.store.reader().with_context(|| self.directory.display().to_string())?;
        let saved = reader.state_of(&key(instance)).with_context(|| self.directory.display().to_string())?;
        let Some(saved) = saved else { return Ok(None) };
        if saved.plugin != plugin {
            tracing::warn!(
                logger = "plugins",
                "strategy {instance} starts without a state: the saved one is that of {}",
                saved.plugin
            );
            return Ok(None);
        }
        Ok(Some(saved))
    }

    /// Whether the last that is known of a build is that it failed in its probation.
    pub(crate) fn was_rolled_back(&self, plugin: &LoadedPlugin) -> bool {
        let known = self.store.reader().and_then(|reader| reader.generations(&plugin.manifest().name));
        let known = known.unwrap_or_default();
        let of_build = known.iter().rev().find(|generation| generation.hash == plugin.hash());
        of_build.is_some_and(|generation| generation.outcome == ROLLED_BACK)
    }

    /// Begins the run.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn begin(self, trading_type: TradingType, active: &[String]) -> Result<RunStore> {
        let run = NewRun {
            started_at: clock::now(),
            trading_type: trading_type.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            active: active.iter().map(|name| key(name)).collect(),
        };
        let run = self.store.begin_run(run).with_context(|| self.directory.display().to_string())?;
        Ok(RunStore { store: self.store, run, was_active: self.active })
    }
}

impl RunStore {
    /// The number of the run, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.run.0.unsigned_abs()
    }

    /// What a strategy of that name and plugin saved last, in this run or an earlier one.
    pub(super) fn state_of(&self, instance: &str, plugin: &str) -> Option<SavedState> {
        let saved = self.store.reader().and_then(|reader| reader.state_of(&key(instance)));
        match saved {
            Ok(saved) => saved.filter(|saved| saved.plugin == plugin),
            Err(error) => {
                tell(Err(error));
                None
            }
        }
    }

    /// Whether a strategy was active when the run before ended.
    pub(super) fn was_active(&self, instance: &str) -> bool {
        self.was_active.contains(&key(instance))
    }

    pub(crate) fn file(&self) -> &Path {
        self.store.file()
    }

    /// Where configurations are kept.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// What is counted of its writes.
    pub(crate) fn meters(&self) -> &store::StoreMeters {
        self.store.meters()
    }

    /// What waits to be written.
    pub(crate) fn waiting(&self) -> store::Waiting {
        self.store.waiting()
    }

    pub(crate) fn health(&self) -> Option<store::Error> {
        self.store.health()
    }

    /// Whether a batch would be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.store.has_room()
    }

    /// Hands a batch of rows to the thread that writes.
    ///
    /// # Errors
    /// There is no room.
    pub(crate) fn write_batch(&self, batch: Batch, ticket: Ticket) -> Result<(), store::Error> {
        self.store.write_batch(batch, ticket)
    }

    /// Says whose orders are kept here, if nobody has; returns once it is on the disk.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn identify(
        &self,
        number: u16,
        trading_type: &str,
        at: Timestamp,
    ) -> Result<(), store::Error> {
        self.store.write_durable(Write::Identify(number, trading_type.to_owned(), at)).map(drop)
    }

    /// What earlier runs left of orders, fills and books.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn kept(&self, what: WhatToKeep) -> Result<Kept, store::Error> {
        self.store.reader()?.kept(what)
    }

    /// The accounts as exchanges told them last.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn accounts(&self) -> Result<Vec<([String; 6], Timestamp)>, store::Error> {
        self.store.reader()?.accounts()
    }

    /// Forgets orders that ended before this time, and their fills; as many at once as one transaction may have.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn prune(&self, before: Timestamp) -> Result<i64, store::Error> {
        self.store.write_durable(Write::Prune(before))
    }

    /// Keeps states; without any, only that the run is alive.
    pub(super) fn save_states(&self, states: Vec<SavedState>) {
        if !states.is_empty() {
            tell(self.store.save_states(states));
        }
        tell(self.store.write(Write::Seen(self.run, clock::now())));
    }

    /// Keeps states, and returns once they are on the disk.
    pub(super) fn save_last_states(&self, states: Vec<SavedState>) {
        if !states.is_empty() {
            tell(self.store.write_durable(Write::SaveStates(states)).map(drop));
        }
        tell(self.store.write(Write::Seen(self.run, clock::now())));
    }

    /// Why a strategy must not start.
    pub(super) fn quarantine_of(&self, instance: &str) -> Option<String> {
        let known = match self.store.reader().and_then(|reader| reader.quarantined()) {
            Ok(known) => known,
            Err(error) => {
                tell(Err(error));
                return None;
            }
        };
        known.into_iter().find(|entry| entry.instance == key(instance)).map(|entry| entry.reason)
    }

    pub(super) fn quarantine(&self, instance: &str, reason: &str, now: Timestamp) {
        tell(self.store.quarantine(&key(instance), now, reason));
        tell(self.store.write(Write::Leave(self.run, key(instance))));
    }

    /// What may not be traded, as the runs before left it. A row that makes no sense was written by other hands: it
    /// halts, because nobody knows what it should allow.
    pub(super) fn halts(&self) -> Vec<KeptHalt> {
        let rows = match self.store.reader().and_then(|reader| reader.trading()) {
            Ok(rows) => rows,
            Err(error) => {
                // a kill switch may be in what cannot be read
                let words = format!("what was halted is not known: {error}");
                tell(Err(error));
                let halt = Halt { since: clock::now(), words: Some(words) };
                let (scope, state, reason) = ("run".to_owned(), TradingState::Halted, Reason::Requested);
                return vec![KeptHalt { number: 0, scope, state, reason, halt }];
            }
        };
        let kept = |row: TradingRow| {
            let state = TradingState::ALL.into_iter().find(|state| state.name() == row.state);
            let reason = Reason::ALL.iter().find(|reason| reason.name() == row.reason);
            KeptHalt {
                number: 0,
                scope: row.scope,
                state: state.unwrap_or(TradingState::Halted),
                reason: reason.copied().unwrap_or(Reason::Requested),
                halt: Halt { since: row.since, words: row.note },
            }
        };
        rows.into_iter().map(kept).collect()
    }

    /// Keeps what may be traded in a scope, and returns once it is on the disk.
    ///
    /// # Errors
    /// In words.
    pub(super) fn keep_halt(&self, kept: KeptHalt) -> Result<(), String> {
        self.store.write_durable(halt_write(kept)).map(drop).map_err(|error| error.to_string())
    }

    /// As [`Self::keep_halt`], without waiting.
    pub(super) fn note_halt(&self, kept: KeptHalt) {
        tell(self.store.write(halt_write(kept)));
    }

    /// Lets an instance start again.
    ///
    /// # Errors
    /// In words.
    pub(super) fn release(&self, instance: &str) -> Result<(), String> {
        self.store.release(&key(instance)).map_err(|error| error.to_string())
    }

    pub(super) fn join(&self, instance: &str) {
        tell(self.store.write(Write::Join(self.run, key(instance))));
    }

    pub(super) fn leave(&self, instance: &str) {
        tell(self.store.write(Write::Leave(self.run, key(instance))));
    }

    pub(super) fn record_generation(&self, plugin: &LoadedPlugin, outcome: &str, now: Timestamp) {
        tell(self.store.write(Write::RecordGeneration(Generation {
            plugin: plugin.manifest().name.clone(),
            generation: plugin.generation(),
            hash: plugin.hash().to_owned(),
            file: plugin.file().display().to_string(),
            version: plugin.manifest().version.clone(),
            build_id: plugin.build_id().unwrap_or_default().to_owned(),
            at: now,
            outcome: outcome.to_owned(),
        })));
    }

    /// The run ended in good order.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn end(&self) -> Result<(), store::Error> {
        self.store.end_run(self.run, clock::now())
    }
}

fn halt_write(KeptHalt { number, scope, state, reason, halt }: KeptHalt) -> Write {
    if state == TradingState::Active {
        return Write::ForgetTrading(scope, number);
    }
    let row = TradingRow {
        scope,
        state: state.name().to_owned(),
        reason: reason.name().to_owned(),
        since: halt.since,
        note: halt.words.map(cut),
    };
    Write::KeepTrading(row, number)
}

/// A note as far as it is kept: a halt must not be forgotten because somebody had much to say.
fn cut(note: String) -> String {
    if note.len() <= NOTE_BYTES_MAX {
        return note;
    }
    let end = note.char_indices().map(|(at, _)| at).take_while(|at| *at < NOTE_BYTES_MAX).last();
    format!("{}…", note.get(..end.unwrap_or_default()).unwrap_or_default())
}

/// What could not be written is told; `health` says it until a later write succeeds.
fn tell(result: Result<(), store::Error>) {
    if let Err(error) = result {
        tracing::error!(logger = "store", "{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl RunStore {
        /// That of a run that has just begun.
        pub(in crate::reload) fn begun(place: &Path) -> Self {
            let store = Store::open(place).unwrap();
            let directory = place.to_owned();
            let last = LastRun { directory, store, quarantined: Vec::new(), active: Vec::new() };
            last.begin(TradingType::Sandbox, &[]).unwrap()
        }
    }

    #[test]
    fn of_a_kill_and_a_release_at_once_the_one_that_the_event_loop_did_last_counts() {
        let place = tempfile::tempdir().unwrap();
        let change = |number, scope: &str, state| KeptHalt {
            number,
            scope: scope.to_owned(),
            state,
            reason: Reason::Requested,
            halt: Halt { since: Timestamp::new(1), words: Some(format!("number {number}")) },
        };
        let kept = |store: &RunStore| -> Vec<(String, Option<String>)> {
            store.halts().into_iter().map(|kept| (kept.scope, kept.halt.words)).collect()
        };
        let store = RunStore::begun(place.path());
        // the threads that wait for the disk come in the other order
        store.keep_halt(change(12, "run", TradingState::Active)).unwrap();
        store.keep_halt(change(11, "run", TradingState::Halted)).unwrap();
        assert_eq!(kept(&store), []);
        store.keep_halt(change(14, "run", TradingState::Halted)).unwrap();
        store.note_halt(change(13, "run", TradingState::Active));
        store.keep_halt(change(3, "strategy.x", TradingState::Halted)).unwrap();
        let both = [("run", "number 14"), ("strategy.x", "number 3")];
        let both = both.map(|(scope, words)| (scope.to_owned(), Some(words.to_owned())));
        assert_eq!(kept(&store), both);
        // the numbers of another run are others
        drop(store);
        let store = RunStore::begun(place.path());
        store.keep_halt(change(1, "run", TradingState::Active)).unwrap();
        assert_eq!(kept(&store), both[1..]);
    }

    #[test]
    fn a_run_that_cannot_know_what_was_halted_begins_halted() {
        let place = tempfile::tempdir().unwrap();
        let store = RunStore::begun(place.path());
        assert_eq!(store.halts(), []);
        let other = rusqlite::Connection::open(place.path().join("state.db")).unwrap();
        other.execute_batch("DROP TABLE trading").unwrap();
        let [halt] = &store.halts()[..] else { panic!("{:?}", store.halts()) };
        assert_eq!((&*halt.scope, halt.state), ("run", TradingState::Halted));
        let words = halt.halt.words.as_deref().unwrap_or_default();
        assert!(words.starts_with("what was halted is not known: "), "{words}");
    }
}
