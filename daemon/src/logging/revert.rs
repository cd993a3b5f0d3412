//! Levels that go back by themselves.
//!
//! One thread, `log-revert`, sleeps until the next of them is due; it starts with the first and stays. A logger has at
//! most one: a second temporary level moves the time, and what comes then stays what was there before the first.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use stratd_logging::Level;

use super::pipeline::Pipeline;
use crate::runtime::clock::Stopwatch;

/// Temporary levels at once; one more is refused.
const REVERTS_MAX: usize = 256;
/// How long the thread sleeps if nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// What is to be set back.
#[derive(Default)]
pub(super) struct Reverts {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pending: Vec<Pending>,
    has_thread: bool,
}

struct Pending {
    logger: String,
    level: Level,
    since: Stopwatch,
    after: Duration,
}

impl Pending {
    fn left(&self) -> Duration {
        self.after.saturating_sub(self.since.elapsed())
    }
}

impl Reverts {
    /// The logger gets `level` back after that time, or what it would get back already.
    pub(super) fn add(&self, logger: &str, level: Level, after: Duration) -> Result<()> {
        let mut state = self.lock();
        let since = Stopwatch::start();
        let count = state.pending.len();
        match state.pending.iter_mut().find(|known| known.logger == logger) {
            Some(known) => (known.since, known.after) = (since, after),
            None if count >= REVERTS_MAX => {
                bail!("{REVERTS_MAX} of at most {REVERTS_MAX} levels are temporary already");
            }
            None => state.pending.push(Pending { logger: logger.to_owned(), level, since, after }),
        }
        self.changed.notify_all();
        Ok(())
    }

    /// The logger keeps the level that it has.
    pub(super) fn forget(&self, logger: &str) {
        self.lock().pending.retain(|known| known.logger != logger);
    }

    pub(super) fn clear(&self) {
        self.lock().pending.clear();
    }

    /// What is due, taken out.
    pub(super) fn take_due(&self) -> Vec<(String, Level)> {
        let mut state = self.lock();
        let due = state.pending.extract_if(.., |known| known.left().is_zero());
        due.map(|known| (known.logger, known.level)).collect()
    }

    /// What waits, with the time that is left.
    pub(super) fn pending(&self) -> Vec<(String, Level, Duration)> {
        let state = self.lock();
        state.pending.iter().map(|known| (known.logger.clone(), known.level, known.left())).collect()
    }

    /// Starts the thread, if there is none yet.
    pub(super) fn run(&'static self, pipeline: &'static Pipeline) -> Result<()> {
        let mut state = self.lock();
        if !state.has_thread {
            thread::Builder::new()
                .name("log-revert".to_owned())
                .spawn(move || {
                    loop {
                        self.wait();
                        pipeline.revert_due();
                    }
                })
                .context("starting the thread that sets levels back")?;
            state.has_thread = true;
        }
        Ok(())
    }

    /// Until something is due.
    fn wait(&self) {
        let mut state = self.lock();
        loop {
            let next = state.pending.iter().map(Pending::left).min().unwrap_or(IDLE);
            if next.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, next).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stratd_logging::Level;

    use super::{REVERTS_MAX, Reverts};

    #[test]
    fn a_second_temporary_level_goes_back_to_what_was_before_the_first() {
        let reverts = Reverts::default();
        reverts.add("a", Level::INFO, Duration::from_secs(60)).unwrap();
        assert!(reverts.take_due().is_empty());
        reverts.add("a", Level::DEBUG, Duration::ZERO).unwrap();
        assert_eq!(reverts.take_due(), [("a".to_owned(), Level::INFO)]);
        assert!(reverts.pending().is_empty());
    }

    #[test]
    fn a_level_for_good_is_not_set_back_and_there_is_a_limit() {
        let reverts = Reverts::default();
        for index in 0..REVERTS_MAX {
            reverts.add(&index.to_string(), Level::INFO, Duration::ZERO).unwrap();
        }
        assert!(reverts.add("more", Level::INFO, Duration::ZERO).is_err());
        reverts.forget("0");
        assert_eq!(reverts.take_due().len(), REVERTS_MAX - 1);
    }
}
