//! Backtests on behalf of who commands the daemon: each in a child process of its own, a few at once.
//!
//! A configuration is looked at in a child before it is taken, as `stratd check` would, because that runs code of plugins.
//! Then it waits for its turn; the thread `backtests` starts a child for it and a thread that reads what the child says
//! (`watch.rs`). The child runs at the lowest priority and is the first that the kernel takes memory from: a run that
//! trades goes before.
//!
//! What a submitter may not decide is decided by the daemon (`order.rs`): where results go, which plugins are trusted and
//! where they lie. The environment and the secrets of the daemon do not reach a child.
//!
//! A child ends with the daemon, however that ends. What is known of backtests is in memory only: after a restart the list
//! is empty, and the folders of results are still there.
//!
//! Limits: [`BacktestsConfig`](crate::config::BacktestsConfig) and the constants here and in `watch.rs`.

mod child;
mod data_files;
mod order;
mod table;
mod to_toml;
mod watch;

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result};
use stratd_control::{Backtest, BacktestEvent, BacktestRequest, BacktestState, Happening};
use stratd_plugin_api::Timestamp;

pub(crate) use self::{
    child::{Said, backtest_child, say},
    data_files::DataFiles,
    order::OrderError,
};
use self::{order::Order, table::Table};
use crate::{config::TrustConfig, feed::Feed, runtime::clock};

/// What the daemon decides for all backtests.
#[derive(Clone, Debug)]
pub(crate) struct BacktestOptions {
    /// Children at once.
    pub(crate) running_max: usize,
    /// Backtests that wait; one more is refused.
    pub(crate) queued_max: usize,
    /// Backtests that have ended and are still listed; the oldest are forgotten, their results stay.
    pub(crate) ended_max: usize,
    /// The folder below which each has a folder for its results.
    pub(crate) results: PathBuf,
    /// Where relative paths of a configuration without a file start.
    pub(crate) folder: PathBuf,
    /// Where plugins are searched.
    pub(crate) plugin_dirs: Vec<PathBuf>,
    /// Whose plugins are taken.
    pub(crate) trust: TrustConfig,
}

/// The backtests of a daemon.
#[derive(Clone)]
pub(crate) struct Backtests(Arc<Shared>);

struct Shared {
    options: BacktestOptions,
    feed: Feed,
    table: Mutex<Table>,
    came: Condvar,
}

/// The thread that starts children; ends them all when it goes.
pub(crate) struct BacktestsThread {
    backtests: Backtests,
    thread: Option<JoinHandle<()>>,
}

/// Why a command about backtests was not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BacktestError {
    /// The request or the configuration is wrong.
    Refused(OrderError),
    /// There is no such backtest.
    NotFound(String),
    /// It has ended, or too many wait.
    Conflict(String),
    /// Too many wait.
    Busy(String),
    /// A child could not be started.
    Failed(String),
}

impl Backtests {
    /// Starts the thread. `started` names the backtests of this daemon.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(options: BacktestOptions, started: Timestamp, feed: Feed) -> Result<BacktestsThread> {
        let table = Mutex::new(Table::new(started));
        let backtests = Self(Arc::new(Shared { options, feed, table, came: Condvar::new() }));
        let of_thread = backtests.clone();
        let thread = thread::Builder::new().name("backtests".to_owned()).spawn(move || of_thread.run());
        let thread = thread.context("starting the thread of the backtests")?;
        Ok(BacktestsThread { backtests, thread: Some(thread) })
    }

    /// Takes a backtest, after a look at its configuration. `None` = it would be taken, and nothing was done.
    ///
    /// # Errors
    /// It is refused, or too many wait.
    pub(crate) fn submit(
        &self,
        request: BacktestRequest,
        is_dry: bool,
    ) -> Result<Option<Backtest>, BacktestError> {
        let order = Order::new(request, &self.0.options).map_err(BacktestError::Refused)?;
        self.has_room()?;
        child::check(&order, &self.0.options)?;
        if is_dry {
            return Ok(None);
        }
        let mut table = self.lock();
        // others may have come meanwhile
        self.has_room_in(&table)?;
        let shown = table.add(order, clock::now());
        table.forget_ended(self.0.options.ended_max);
        drop(table);
        self.tell(&shown);
        self.0.came.notify_all();
        Ok(Some(shown))
    }

    /// All that are known, the oldest first.
    pub(crate) fn list(&self) -> Vec<Backtest> {
        self.lock().all()
    }

    /// One, with its summary.
    ///
    /// # Errors
    /// There is none of this id.
    pub(crate) fn show(&self, id: &str) -> Result<Backtest, BacktestError> {
        let shown = self.lock().get(id);
        shown.ok_or_else(|| self.unknown(id)).map(table::with_summary)
    }

    /// Ends one: takes it from the queue, or ends its child and waits for that.
    ///
    /// # Errors
    /// There is none of this id, or it has ended.
    pub(crate) fn cancel(&self, id: &str, is_dry: bool) -> Result<Backtest, BacktestError> {
        let mut table = self.lock();
        let before = table.get(id).ok_or_else(|| self.unknown(id))?;
        if before.state.has_ended() {
            let text = format!(
                "backtest {id} has ended: {} (accepted: one that waits or runs)",
                before.state.name()
            );
            return Err(BacktestError::Conflict(text));
        }
        if is_dry {
            return Ok(before);
        }
        table.cancel(id, clock::now());
        self.0.came.notify_all();
        // killed by now: what reads its output sees the end at once
        let ended = self.0.came.wait_timeout_while(table, table::END_TIME_MAX, |table| {
            table.get(id).is_some_and(|shown| !shown.state.has_ended())
        });
        let (table, _) = ended.unwrap_or_else(PoisonError::into_inner);
        let shown = table.get(id).ok_or_else(|| self.unknown(id))?;
        drop(table);
        if before.state == BacktestState::Queued {
            self.tell(&shown);
        }
        Ok(shown)
    }

    /// How many may run, and how many may wait.
    pub(crate) fn limits(&self) -> (usize, usize) {
        (self.0.options.running_max, self.0.options.queued_max)
    }

    /// How many are in which state; states that nobody is in are not left out.
    pub(crate) fn by_state(&self) -> Vec<(BacktestState, u64)> {
        let all = self.lock().all();
        let states = [
            BacktestState::Queued,
            BacktestState::Running,
            BacktestState::Finished,
            BacktestState::Faulted,
            BacktestState::Failed,
            BacktestState::Canceled,
        ];
        let count = |state| all.iter().filter(|backtest| backtest.state == state).count() as u64;
        states.into_iter().map(|state| (state, count(state))).collect()
    }

    /// The thread: starts what may run.
    fn run(&self) {
        let mut table = self.lock();
        while !table.is_over {
            let next = if table.running() < self.0.options.running_max { table.next() } else { None };
            let Some((id, order)) = next else {
                table = self.0.came.wait(table).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(table);
            watch::start(self, &id, &order);
            table = self.lock();
        }
        // no child outlives the daemon
        table.cancel_all(clock::now());
        let ended = self.0.came.wait_timeout_while(table, table::END_TIME_MAX, |table| table.running() > 0);
        drop(ended.unwrap_or_else(PoisonError::into_inner));
    }

    fn has_room(&self) -> Result<(), BacktestError> {
        self.has_room_in(&self.lock())
    }

    fn has_room_in(&self, table: &Table) -> Result<(), BacktestError> {
        let max = self.0.options.queued_max;
        if table.queued() < max {
            return Ok(());
        }
        let text = format!("{max} of at most {max} backtests wait (cancel one, or try again later)");
        Err(BacktestError::Busy(text))
    }

    fn unknown(&self, id: &str) -> BacktestError {
        BacktestError::NotFound(format!(
            "no backtest {id} (accepted: one of `stratctl backtest list`; those before the last start of the daemon are forgotten)"
        ))
    }

    /// Tells the state of a backtest to who listens.
    fn tell(&self, backtest: &Backtest) {
        let what = BacktestEvent {
            backtest: backtest.id.clone(),
            state: backtest.state.name().to_owned(),
            reason: backtest.error.clone(),
        };
        self.0.feed.tell(clock::now(), Happening::Backtest(what));
    }

    /// Never held across I/O, but for the start of nothing.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BacktestsThread {
    /// The backtests.
    pub(crate) fn backtests(&self) -> &Backtests {
        &self.backtests
    }
}

impl Drop for BacktestsThread {
    fn drop(&mut self) {
        self.backtests.lock().is_over = true;
        self.backtests.0.came.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(logger = "backtests", "the thread of the backtests has panicked");
        }
    }
}
