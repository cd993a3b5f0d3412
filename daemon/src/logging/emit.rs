//! From whoever logs into the pipeline.
//!
//! Loggers are found by name once a thread and kept there: a record costs one look into a table of the thread, without
//! a lock. Records of plugins keep their level numbers and their key-values as they are.

use std::{cell::RefCell, collections::HashMap, fmt};

use stratd_logging::{Event, Level, Location, Logger, Logging, Value};

use super::{console, lowest, pipeline::current};

/// Loggers that a thread keeps; beyond, it forgets them all and begins again.
const LOGGERS_KEPT_MAX: usize = 1024;
/// Takes what names a logger that cannot be made: too long a name, or too many names.
const STRAY_LOGGER: &str = "stratd.logging.stray";
/// Fields of one record of a plugin; the others are left out, and a field says how many.
const FIELDS_MAX: usize = 64;

thread_local! {
    static LOGGERS: RefCell<HashMap<String, Logger>> = RefCell::new(HashMap::new());
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What a plugin says.
pub(crate) struct PluginRecord<'a> {
    /// The parts of the logger's name, as `strategy`, `momentum`, `orders`; empty ones are left out.
    pub(crate) logger: [&'a str; 3],
    /// CPython's number.
    pub(crate) level: u32,
    pub(crate) message: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// The time of the market, if there is one.
    pub(crate) time: Option<&'a dyn fmt::Display>,
}

/// Logs what a plugin says. One whose level is off costs a look into a table and a load.
pub(crate) fn log_plugin(record: &PluginRecord<'_>) {
    let level = Level::new(i32::try_from(record.level).unwrap_or(i32::MAX));
    if level < lowest() {
        return;
    }
    // taken out while it is used: the text of a value may log itself, if it is a plugin's
    let mut name = NAME.try_with(RefCell::take).unwrap_or_default();
    name.clear();
    for part in record.logger.iter().filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    let time = || record.time.map(ToString::to_string);
    match current() {
        Some(logging) => {
            if let Some((logger, is_stray)) = enabled(logging, &name, level) {
                let time = time();
                logger.emit(&Event {
                    level,
                    message: format_args!("{}", record.message),
                    location: nowhere(),
                    fields: &fields_of(record, time.as_deref(), is_stray.then_some(&name)),
                    exc_text: None,
                    stack_info: None,
                });
            }
        }
        None => {
            let time = time();
            let fields = fields_of(record, time.as_deref(), None);
            console::write_line(level, &name, record.message, fields.iter().cloned());
        }
    }
    let _ = NAME.try_with(|kept| kept.replace(name));
}

fn fields_of<'a>(
    record: &PluginRecord<'a>,
    time: Option<&'a str>,
    logger: Option<&'a str>,
) -> Vec<(&'a str, Value<'a>)> {
    let left_out = record.fields.len().saturating_sub(FIELDS_MAX);
    let mut fields = Vec::with_capacity(record.fields.len().min(FIELDS_MAX) + 3);
    fields.extend(logger.map(|logger| ("logger", Value::from(logger))));
    fields.extend(time.map(|time| ("time", Value::from(time))));
    fields.extend(record.fields.iter().take(FIELDS_MAX).map(|&(key, value)| (key, Value::from(value))));
    if left_out > 0 {
        fields.push(("fields_left_out", Value::from(left_out)));
    }
    fields
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
fn enabled(logging: &Logging, name: &str, level: Level) -> Option<(Logger, bool)> {
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
            let (logger, is_stray) = match logging.logger(name) {
                Ok(logger) => (logger, false),
                Err(_) => (logging.logger(STRAY_LOGGER).ok()?, true),
            };
            logger.is_enabled(level).then_some((logger, is_stray))
        }
    }
}

/// A plugin does not say where in its source it logs.
fn nowhere() -> Location<'static> {
    Location { file: "", line: 0, function: "", module: None }
}
