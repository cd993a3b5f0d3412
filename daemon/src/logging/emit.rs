//! From whoever logs into the pipeline.
//!
//! Loggers are found by name once a thread and kept there: a record costs one look into a table of the thread, without
//! a lock. Those of plugins are in `plugin_sink.rs`.

use std::{cell::RefCell, collections::HashMap};

use stratd_logging::{Event, Level, Location, Logger, Logging, Value};

use super::{console, pipeline::current};

/// Loggers that a thread keeps; beyond, it forgets them all and begins again.
const LOGGERS_KEPT_MAX: usize = 1024;
/// Takes what names a logger that cannot be made: too long a name, or too many names.
const STRAY_LOGGER: &str = "stratd.logging.stray";

thread_local! {
    static LOGGERS: RefCell<HashMap<String, Logger>> = RefCell::new(HashMap::new());
}

/// Logs an event of the daemon.
pub(super) fn log_own(
    level: Level,
    logger: &str,
    message: &str,
    location: Location<'_>,
    fields: &[(&str, Value<'_>)],
) {
    let Some(logging) = current() else {
        return console::write_line(level, logger, message, fields.iter().cloned());
    };
    if let Some((found, _)) = enabled(logging, logger, level) {
        found.emit(&Event {
            level,
            message: format_args!("{message}"),
            location,
            fields,
            exc_text: None,
            stack_info: None,
        });
    }
}

/// The logger of that name, if it takes the level; and whether it stands in for one that cannot be made.
pub(super) fn enabled(logging: &Logging, name: &str, level: Level) -> Option<(Logger, bool)> {
    let kept = LOGGERS.try_with(|loggers| {
        let mut loggers = loggers.try_borrow_mut().ok()?;
        if !loggers.contains_key(name) {
            if loggers.len() >= LOGGERS_KEPT_MAX {
                loggers.clear();
            }
            loggers.insert(name.to_owned(), logging.logger(name).ok()?);
        }
        let logger = loggers.get(name)?;
        Some(logger.is_enabled(level).then(|| logger.clone()))
    });
    match kept {
        Ok(Some(logger)) => logger.map(|logger| (logger, false)),
        // the thread is at its end, or the name is refused
        Ok(None) | Err(_) => {
            let (logger, is_stray) = find(logging, name)?;
            logger.is_enabled(level).then_some((logger, is_stray))
        }
    }
}

/// The logger of that name, or the one that stands in for it.
pub(super) fn find(logging: &Logging, name: &str) -> Option<(Logger, bool)> {
    match logging.logger(name) {
        Ok(logger) => Some((logger, false)),
        Err(_) => Some((logging.logger(STRAY_LOGGER).ok()?, true)),
    }
}
