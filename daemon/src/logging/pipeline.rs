//! The pipeline of the process: its start, every change of it, and its end.
//!
//! Changes come one after the other, behind one lock that is never taken by who logs. A configuration replaces all that
//! was changed by command: levels, and times at which they go back. Who listens by a tap goes on listening.
//!
//! In a backtest a record that finds its ring full waits, so that none is missing from a log that nobody hurries for.
//! By the clock it is lost and counted, and the log says so: the event loop waits for nothing. `[logging.overflow]`
//! decides otherwise.

use std::{
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};
use stratd_logging::{
    HandlerStatus, Level, LevelNames, LoggerStatus, Logging, Overflow, Resolution, Shutdown,
};

use super::{revert::Reverts, set_lowest, settings, tap::Taps};

/// How long the handlers may take at the end of the process.
const END_TIME_MAX: Duration = Duration::from_secs(5);
/// How much longer than that the end of the pipeline is waited for: a handler that is stuck in a write is left behind.
const END_GRACE: Duration = Duration::from_secs(1);

static PIPELINE: OnceLock<Pipeline> = OnceLock::new();
/// The pipeline takes nothing any more.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// The pipeline with what is changed of it by command.
pub(crate) struct Pipeline {
    pub(super) logging: Logging,
    pub(super) taps: Taps,
    reverts: Reverts,
    changes: Mutex<()>,
    overflow: Overflow,
    is_verbose: bool,
}

/// A level that is asked for.
pub(crate) struct LevelChange {
    pub(crate) logger: String,
    pub(crate) level: Level,
    /// So long; for good without it.
    pub(crate) within: Option<Duration>,
}

/// Ends the pipeline when it goes: everything is written, and the rest counted.
pub(crate) struct Running(());

/// How the log of a run is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogOptions {
    pub(crate) is_verbose: bool,
    /// The run is by the clock: nothing waits for the log.
    pub(crate) is_by_the_clock: bool,
}

/// Starts the pipeline with `[logging]`, or with lines on standard error if there is none.
///
/// # Errors
/// A handler cannot be opened.
pub(crate) fn begin(logging: Option<&Map<String, Value>>, options: LogOptions) -> Result<Running> {
    let overflow = if options.is_by_the_clock { Overflow::DropNewest } else { Overflow::default() };
    let pipeline = Pipeline {
        logging: Logging::new(),
        taps: Taps::default(),
        reverts: Reverts::default(),
        changes: Mutex::default(),
        overflow,
        is_verbose: options.is_verbose,
    };
    let lowest = pipeline.put(logging)?;
    if PIPELINE.set(pipeline).is_err() {
        bail!("the log of this process has begun already");
    }
    set_lowest(lowest);
    Ok(Running(()))
}

/// The pipeline, once it has begun.
pub(crate) fn pipeline() -> Option<&'static Pipeline> {
    PIPELINE.get()
}

/// Where records go now; None for standard error.
pub(super) fn current() -> Option<&'static Logging> {
    if HAS_ENDED.load(Ordering::Relaxed) { None } else { PIPELINE.get().map(|pipeline| &pipeline.logging) }
}

/// Whether the pipeline takes records.
#[inline]
pub(super) fn is_running() -> bool {
    !HAS_ENDED.load(Ordering::Relaxed)
}

/// Writes what was logged so far, if that is possible within the time: before a summary, and on the way out of a process
/// that is lost. False if it was not.
pub(crate) fn flush_within(within: Duration) -> bool {
    let Some(logging) = current() else { return true };
    apart(within, move || logging.flush_within(within)).unwrap_or(false)
}

/// Does something that may be stuck in a write for ever, on a thread of its own, and waits for it so long.
fn apart<T: Send + 'static>(within: Duration, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // nobody takes the result any more if it took too long
    let work = move || drop(sender.send(work()));
    thread::Builder::new().name("last-log".to_owned()).spawn(work).context("starting a thread")?;
    receiver.recv_timeout(within).map_err(|_| anyhow!("a handler is stuck"))
}

impl Pipeline {
    /// Replaces the configuration, whole or not at all, and opens the files anew.
    ///
    /// # Errors
    /// A handler cannot be opened; nothing has changed then.
    pub(crate) fn apply(&'static self, logging: Option<&Map<String, Value>>) -> Result<()> {
        let _change = self.change();
        let lowest = self.put(logging)?;
        self.reverts.clear();
        self.logging.reopen();
        self.taps.attach_again(&self.logging);
        set_lowest(lowest.min(self.logging.lowest_level()));
        Ok(())
    }

    /// Opens the files anew, after somebody else renamed them.
    pub(crate) fn reopen(&self) {
        let _change = self.change();
        self.logging.reopen();
    }

    fn put(&self, logging: Option<&Map<String, Value>>) -> Result<Level> {
        let (config, has_overflow) = settings::config_of(logging, self.is_verbose)?;
        self.logging.apply(config)?;
        if !has_overflow {
            self.logging.set_overflow(self.overflow);
        }
        Ok(self.logging.lowest_level())
    }

    /// Sets a level, and sets it back after its time. The level that it had, and the one that is in force.
    ///
    /// # Errors
    /// The logger cannot be made, or there are too many temporary levels.
    pub(crate) fn set_level(&'static self, change: &LevelChange) -> Result<(Level, Level)> {
        let _change = self.change();
        let before = self.logging.level(&change.logger).with_context(|| of_logger(&change.logger))?;
        let is_root = matches!(change.logger.as_str(), "" | "root");
        if is_root && change.level == Level::NOTSET {
            bail!("the root has a level of its own (accepted: the name or the number of a level)");
        }
        match change.within {
            Some(within) => {
                self.reverts.add(&change.logger, before, within)?;
                self.reverts.run(self)?;
            }
            None => self.reverts.forget(&change.logger),
        }
        self.logging.set_level(&change.logger, change.level)?;
        set_lowest(self.logging.lowest_level());
        Ok((before, self.logging.effective_level(&change.logger)?))
    }

    /// Sets levels back whose time is over.
    pub(super) fn revert_due(&self) {
        let _change = self.change();
        for (logger, level) in self.reverts.take_due() {
            match self.logging.set_level(&logger, level) {
                Ok(()) => {
                    let level = self.logging.level_names().name(level);
                    tracing::info!(
                        logger = "stratd.logging",
                        "the level of logger {logger} is {level} again"
                    );
                }
                Err(error) => tracing::error!(logger = "stratd.logging", "{}: {error}", of_logger(&logger)),
            }
        }
        set_lowest(self.logging.lowest_level());
    }

    /// Silences every logger up to a level, [`Level::NOTSET`] for none.
    pub(crate) fn disable(&self, level: Level) {
        let _change = self.change();
        self.logging.disable(level);
        set_lowest(self.logging.lowest_level());
    }

    /// The logging system, to be looked at.
    pub(crate) fn loggers(&self) -> Vec<LoggerStatus> {
        self.logging.loggers()
    }

    pub(crate) fn handlers(&self) -> Vec<HandlerStatus> {
        self.logging.handlers()
    }

    pub(crate) fn level_names(&self) -> LevelNames {
        self.logging.level_names()
    }

    pub(crate) fn resolve(&self, logger: &str, level: Level) -> Resolution {
        self.logging.resolve(logger, level)
    }

    /// Records that found no room on their way to the handlers, and fields that had the name of an attribute.
    pub(crate) fn lost(&self) -> (u64, u64) {
        (self.logging.lost(), self.logging.renamed_fields())
    }

    /// How long each temporary level stays, and what comes then.
    pub(crate) fn reverts(&self) -> Vec<(String, Level, Duration)> {
        self.reverts.pending()
    }

    fn change(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_logger(name: &str) -> String {
    format!("setting the level of logger {name}")
}

impl Drop for Running {
    /// Writes everything that was logged. A handler that is stuck does not keep the process from its end.
    fn drop(&mut self) {
        let Some(pipeline) = PIPELINE.get() else { return };
        let ended = apart(END_TIME_MAX + END_GRACE, || pipeline.logging.shutdown(END_TIME_MAX));
        HAS_ENDED.store(true, Ordering::Relaxed);
        let text = match ended {
            Ok(Shutdown { left: 0, failed: 0, .. }) => return,
            Ok(Shutdown { left, failed, .. }) => format!(
                "{left} records were not written within {END_TIME_MAX:?}, {failed} handlers were not closed"
            ),
            Err(why) => format!("the log is not complete: {why:#}"),
        };
        // standard error may be what it is stuck in
        let _ = apart(END_GRACE, move || tracing::error!(logger = "stratd.logging", "{text}"));
    }
}
