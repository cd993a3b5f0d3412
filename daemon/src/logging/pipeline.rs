//! The pipeline of the process: its start, every change of it, and its end.
//!
//! Changes come one after the other, behind one lock that is never taken by who logs. A configuration replaces all that
//! was changed by command: levels, and times at which they go back. Who listens by a tap goes on listening.
//!
//! In a backtest a record that finds its ring full waits, so that none is missing from a log that nobody hurries for.
//! By the clock it is lost and counted, and the log says so: the event loop waits for nothing. `[logging.overflow]`
//! decides otherwise.

use std::{
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::AtomicUsize, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};
use stratd_logging::{Config, Level, Logging, Overflow, Shutdown, StderrCapture};

use super::{LogSource, front, kept_sockets::KeptSockets, last_words, settings};

/// How long the handlers may take at the end of the process.
const END_TIME_MAX: Duration = Duration::from_secs(5);
/// How much longer than that the end of the pipeline is waited for: a handler that is stuck in a write is left behind.
const END_GRACE: Duration = Duration::from_secs(1);

/// The record of who changed what by the control socket.
const AUDIT: &str = "control.audit";

static PIPELINE: OnceLock<Pipeline> = OnceLock::new();

/// The pipeline with what is changed of it by command.
pub(crate) struct Pipeline {
    pub(crate) logging: Logging,
    /// Where its configuration is read again.
    pub(crate) source: LogSource,
    /// Who listens.
    pub(super) taps: Arc<AtomicUsize>,
    changes: Mutex<Changes>,
    overflow: Overflow,
    is_verbose: bool,
}

/// What one change leaves to the next.
#[derive(Default)]
struct Changes {
    capture: Option<StderrCapture>,
    /// What is in force.
    table: Option<Map<String, Value>>,
}

/// What undoes a change of the log.
pub(crate) struct LogUndo {
    table: Option<Map<String, Value>>,
    levels: Vec<(String, Level)>,
}

/// Ends the pipeline when it goes: everything is written, and the rest counted.
pub(crate) struct Running(());

/// How the log of a run is made.
#[derive(Debug)]
pub(crate) struct LogOptions {
    pub(crate) is_verbose: bool,
    /// The run is by the clock: nothing waits for the log.
    pub(crate) is_by_the_clock: bool,
    pub(crate) source: LogSource,
    /// Sockets that the process before left with systemd.
    pub(crate) left: Vec<(String, OwnedFd)>,
}

/// Starts the pipeline with `[logging]`, or with lines on standard error if there is none.
///
/// # Errors
/// A handler cannot be opened: every problem with its file, line and key.
pub(crate) fn begin(logging: Option<&Map<String, Value>>, options: LogOptions) -> Result<Running> {
    let overflow = if options.is_by_the_clock { Overflow::DropNewest } else { Overflow::default() };
    let pipeline = Pipeline {
        logging: Logging::new(),
        source: options.source,
        taps: Arc::default(),
        changes: Mutex::default(),
        overflow,
        is_verbose: options.is_verbose,
    };
    let kept = Arc::new(KeptSockets::new(options.left));
    if options.is_by_the_clock {
        pipeline.logging.keep_sockets(Arc::clone(&kept) as _);
    }
    let begun = pipeline.put(logging, &mut pipeline.change());
    begun.map_err(|error| pipeline.source.located(error))?;
    pipeline.logging.exempt(AUDIT)?;
    kept.forget_rest();
    last_words::prepare(&pipeline.logging);
    if let Some(front) = front() {
        front.connect(&pipeline.logging);
    }
    if PIPELINE.set(pipeline).is_err() {
        bail!("the log of this process has begun already");
    }
    Ok(Running(()))
}

/// The pipeline, once it has begun.
pub(crate) fn pipeline() -> Option<&'static Pipeline> {
    PIPELINE.get()
}

/// Writes what was logged so far, if that is possible within the time: before a summary, and on the way out of a process
/// that is lost. False if it was not.
pub(crate) fn flush_within(within: Duration) -> bool {
    let Some(logging) = front().and_then(|front| front.logging()) else { return true };
    apart(within, move || logging.flush_within(within)).unwrap_or(false)
}

/// Hands what a flight recorder keeps to the handlers, if that logger has one.
pub(crate) fn dump_flight(logger: &str, reason: &str) {
    if let Some(logging) = front().and_then(|front| front.logging()) {
        logging.dump_flight(logger, reason);
    }
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
    pub(crate) fn apply(&self, logging: Option<&Map<String, Value>>) -> Result<()> {
        let mut change = self.change();
        self.put(logging, &mut change)?;
        self.logging.reopen();
        Ok(())
    }

    /// As [`Self::apply`]; what puts everything back, levels that were set by command included.
    ///
    /// # Errors
    /// As [`Self::apply`], with the places of the problems.
    pub(crate) fn replace(&self, logging: Option<&Map<String, Value>>) -> Result<LogUndo> {
        let levels = self.logging.loggers().into_iter().map(|logger| (logger.name, logger.level)).collect();
        let table = self.change().table.clone();
        self.apply(logging).map_err(|error| self.source.located(error))?;
        Ok(LogUndo { table, levels })
    }

    /// Undoes [`Self::replace`]. What cannot be opened any more is told.
    pub(crate) fn put_back(&self, undo: LogUndo) {
        let LogUndo { table, levels } = undo;
        if let Err(error) = self.apply(table.as_ref()) {
            tracing::error!(logger = "stratd.logging", "the log does not go back: {error:#}");
            return;
        }
        let _change = self.change();
        for (name, level) in levels {
            // one that the root cannot have was never set
            let _ = self.logging.set_level(&name, level);
        }
    }

    /// Changes the levels and the propagation that an incremental configuration names, and nothing else.
    ///
    /// # Errors
    /// It names a handler that is not there; nothing has changed then.
    pub(crate) fn patch(&self, patch: &Map<String, Value>) -> Result<()> {
        let _change = self.change();
        let config = Config::from_table(&settings::with_secrets(patch)?, &settings::kinds())?;
        if !config.is_incremental() {
            bail!("it is a whole configuration (accepted: incremental = true)");
        }
        Ok(self.logging.apply(config)?)
    }

    /// Checks a configuration as [`Self::apply`] and [`Self::patch`] do, without opening anything.
    ///
    /// # Errors
    /// With every problem.
    pub(crate) fn check(&self, logging: &Map<String, Value>) -> Result<()> {
        let config = Config::from_table(&settings::with_secrets(logging)?, &settings::kinds())?;
        Ok(self.logging.check(&config)?)
    }

    /// Opens the files anew, after somebody else renamed them.
    pub(crate) fn reopen(&self) {
        let _change = self.change();
        self.logging.reopen();
    }

    fn put(&self, logging: Option<&Map<String, Value>>, change: &mut Changes) -> Result<()> {
        let (config, has_overflow) = settings::config_of(logging, self.is_verbose)?;
        let captures_stderr = config.captures_stderr();
        // what can be refused comes first; a capture that is not wanted any more cannot
        let begun = if captures_stderr && change.capture.is_none() {
            Some(StderrCapture::begin(&self.logging).context("capture_stderr")?)
        } else {
            None
        };
        self.logging.apply(config)?;
        if !captures_stderr {
            change.capture = None;
        }
        change.capture = begun.or(change.capture.take());
        if !has_overflow {
            self.logging.set_overflow(self.overflow);
        }
        change.table = logging.cloned();
        Ok(())
    }

    /// Sets a level, for good or for a time. The level that it had, and the one that is in force.
    ///
    /// # Errors
    /// The logger cannot be made, or there are too many temporary levels.
    pub(crate) fn set_level(
        &self,
        logger: &str,
        level: Level,
        within: Option<Duration>,
    ) -> Result<(Level, Level)> {
        let _change = self.change();
        let setting = || format!("setting the level of logger {logger}");
        let before = self.level_before(logger, level)?;
        if is_audit_or_above(logger) && self.logging.level(AUDIT)? == Level::NOTSET {
            // it keeps the one that it has from above, also when the new level of a time goes back
            let kept = self.logging.effective_level(AUDIT)?;
            self.logging.set_level(AUDIT, kept).with_context(setting)?;
        }
        match within {
            Some(within) => self.logging.set_level_for(logger, level, within).with_context(setting)?,
            None => self.logging.set_level(logger, level).with_context(setting)?,
        }
        Ok((before, self.logging.effective_level(logger)?))
    }

    /// The level that a logger has, if it can get that one.
    ///
    /// # Errors
    /// It is no name of a logger, the root would have no level, or the record of changes would be silent.
    pub(crate) fn level_before(&self, logger: &str, level: Level) -> Result<Level> {
        if matches!(logger, "" | "root") && level == Level::NOTSET {
            bail!("the root has a level of its own (accepted: the name or the number of a level)");
        }
        // what the configuration keeps of it is the administrator's word
        let audit_max = self.logging.effective_level(AUDIT)?.max(Level::INFO);
        if logger == AUDIT && (level == Level::NOTSET || level > audit_max) {
            bail!(
                "no command silences the record of changes (accepted: a level up to {}; [logging] of the configuration for another)",
                self.logging.level_names().name(audit_max)
            );
        }
        self.logging.level(logger).with_context(|| format!("setting the level of logger {logger}"))
    }

    /// Silences every logger up to a level, [`Level::NOTSET`] for none.
    pub(crate) fn disable(&self, level: Level) {
        let _change = self.change();
        self.logging.disable(level);
    }

    fn change(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the level of that logger may decide about the record of changes.
fn is_audit_or_above(logger: &str) -> bool {
    matches!(logger, "" | "root") || logger == AUDIT || AUDIT.starts_with(&format!("{logger}."))
}

impl Drop for Running {
    /// Writes everything that was logged. A handler that is stuck does not keep the process from its end.
    fn drop(&mut self) {
        let Some(pipeline) = PIPELINE.get() else { return };
        let ended = apart(END_TIME_MAX + END_GRACE, || {
            // what waits in its pipe is logged before the end
            pipeline.change().capture = None;
            pipeline.logging.shutdown(END_TIME_MAX)
        });
        if let Some(front) = front() {
            front.disconnect();
        }
        let text = match ended {
            Ok(Shutdown { left: 0, failed: 0, .. }) => return,
            Ok(Shutdown { left, failed, handlers, .. }) => format!(
                "{left} records were not written within {END_TIME_MAX:?}, {failed} handlers were not closed: {}",
                handlers.join(", ")
            ),
            Err(why) => format!("the log is not complete: {why:#}"),
        };
        // standard error may be what it is stuck in
        let _ = apart(END_GRACE, move || tracing::error!(logger = "stratd.logging", "{text}"));
    }
}
