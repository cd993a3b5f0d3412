//! Who takes records, and who can be logged with.

use std::{
    error, fmt,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use super::{Level, Log, PluginLog, exception_text, message::with_message, scope};
use crate::Location;

/// A logger: takes records at any time and from any thread.
pub trait LogSink: Send + Sync {
    /// The lowest level that anybody takes.
    fn threshold(&self) -> &AtomicI32;
    /// Takes a record, whatever its level.
    fn send(&self, record: &Log<'_>);
    /// Waits until everything that was sent is written; false if that took too long.
    fn flush(&self) -> bool {
        true
    }
}

/// What can be logged with, by [`log!`](crate::log) or by these methods.
pub trait LogTarget {
    /// Whether anybody takes a record of this level.
    fn is_enabled(&self, level: Level) -> bool;
    /// Logs a record.
    fn log_record(&self, record: &Log<'_>);

    /// Logs an error with its causes, at the level ERROR.
    ///
    /// ```
    /// use stratd_plugin_api::{LogTarget, PluginLog};
    ///
    /// let error: Box<dyn std::error::Error> = "no such file".into();
    /// PluginLog.log_error("loading", &*error);
    /// ```
    #[track_caller]
    fn log_error(&self, message: impl fmt::Display, error: &dyn error::Error)
    where
        Self: Sized,
    {
        if !self.is_enabled(Level::ERROR) {
            return;
        }
        let location = Location::caller();
        let exception = exception_text(error);
        with_message(format_args!("{message}"), |message| {
            self.log_record(&Log { location, exception: &exception, ..Log::new(Level::ERROR, message) });
        });
    }
}

/// A logger below the instance's own, which may be kept and used by any thread: [`Context::logger`](crate::Context::logger),
/// [`ExchangeHandle::logger`](crate::ExchangeHandle::logger).
///
/// ```
/// use stratd_plugin_api::{Level, PluginLogger, log};
///
/// fn work(logger: &PluginLogger) {
///     log!(logger, Level::DEBUG, "begins");
/// }
/// ```
#[derive(Clone)]
pub struct PluginLogger(Arc<dyn LogSink>);

impl PluginLogger {
    /// The logger that a host gave; without one, a name below the plugin's own log.
    pub(crate) fn of_host(sink: Option<Arc<dyn LogSink>>, name: &str) -> Self {
        Self(sink.unwrap_or_else(|| Arc::new(Named(name.to_owned()))))
    }
}

impl PluginLogger {
    /// Waits until everything that was logged is written; false if that took too long. Never on the way of an event.
    #[must_use]
    pub fn flush(&self) -> bool {
        self.0.flush()
    }
}

impl fmt::Debug for PluginLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginLogger").field("threshold", self.0.threshold()).finish_non_exhaustive()
    }
}

impl LogTarget for PluginLogger {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        scope::is_enabled(level, level.get() >= self.0.threshold().load(Ordering::Relaxed))
    }

    fn log_record(&self, record: &Log<'_>) {
        scope::pass(record, || Some(Arc::clone(&self.0)), |record| self.0.send(record));
    }
}

impl<T: LogTarget> LogTarget for &T {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        (**self).is_enabled(level)
    }

    fn log_record(&self, record: &Log<'_>) {
        (**self).log_record(record);
    }
}

impl<T: LogTarget> LogTarget for &mut T {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        (**self).is_enabled(level)
    }

    fn log_record(&self, record: &Log<'_>) {
        (**self).log_record(record);
    }
}

/// A name below the plugin's own log.
struct Named(String);

impl LogSink for Named {
    fn threshold(&self) -> &AtomicI32 {
        /// Who takes it decides.
        static EVERYTHING: AtomicI32 = AtomicI32::new(i32::MIN);
        &EVERYTHING
    }

    fn send(&self, record: &Log<'_>) {
        PluginLog::send(&Log { target: &self.0, ..*record });
    }
}
