//! What stands between a program and its logging system: loggers found by name, and a writer for the time without system.
//!
//! A program that logs by names (a host of plugins, the facades `log` and `tracing`) logs through a [`Front`]. As long as
//! no system is connected, and again after the end, records go to a writer of the program's own, on the thread that logs.
//!
//! Each thread keeps the loggers that it found: a record costs one look into a table of its own, without a lock. What
//! names a logger that cannot be made (too long a name, or too many) goes to [`STRAY_LOGGER`], with the name as a field.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use crate::{
    clock,
    level::Level,
    logger::{Event, Logger},
    logging::Logging,
    record::Record,
    value::Value,
};

/// Loggers that a thread keeps; beyond, it forgets them all and begins again.
const LOGGERS_KEPT_MAX: usize = 1024;
/// The logger of records whose own cannot be made.
pub const STRAY_LOGGER: &str = "stratd.logging.stray";
/// The field with the name of such a logger.
const STRAY_FIELD: &str = "logger";

/// The loggers that a thread found, of the system with that number.
type Kept = (u64, HashMap<String, Logger>);

thread_local! {
    static LOGGERS: RefCell<Kept> = RefCell::default();
}

/// Where records go that name their logger: to a system, or to a writer of the program's own as long as there is none.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use stratd_logging::{Capture, Event, Front, Level, Logging};
///
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let early = Arc::clone(&lines);
/// let front = Front::new(Level::INFO, move |record| early.lock().unwrap().push(record.message.to_string()));
/// front.emit("a", &Event::new(Level::INFO, format_args!("early")));
///
/// let logging = Logging::new();
/// let (capture, captured) = Capture::new(10);
/// logging.add_handler("capture", Box::new(capture))?;
/// logging.attach("root", "capture")?;
/// front.connect(&logging);
/// front.emit("a", &Event::new(Level::WARNING, format_args!("by now")));
/// logging.flush();
/// assert_eq!((lines.lock().unwrap().len(), captured.take()), (1, vec!["by now".to_owned()]));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    early: Box<dyn Fn(&Record<'_>) + Send + Sync>,
    /// the lowest level that anybody takes
    lowest: Arc<AtomicI32>,
    logging: OnceLock<Logging>,
    has_ended: AtomicBool,
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("logging", &self.logging()).finish_non_exhaustive()
    }
}

impl From<Logging> for Front {
    fn from(logging: Logging) -> Self {
        let front = Self::new(Level::NOTSET, |_| {});
        front.connect(&logging);
        front
    }
}

impl Front {
    /// A front without a system: `early` gets every record of `lowest` and above.
    ///
    /// ```
    /// # use stratd_logging::{Front, Level};
    /// assert!(!Front::new(Level::INFO, |_| {}).is_enabled("a", Level::DEBUG));
    /// ```
    #[must_use]
    pub fn new(lowest: Level, early: impl Fn(&Record<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            early: Box::new(early),
            lowest: Arc::new(AtomicI32::new(lowest.get())),
            logging: OnceLock::new(),
            has_ended: AtomicBool::new(false),
        }))
    }

    /// Sends records to a system from now on. Only the first one counts: false for a second.
    ///
    /// ```
    /// # use stratd_logging::{Front, Level, Logging};
    /// let front = Front::new(Level::INFO, |_| {});
    /// assert!(front.connect(&Logging::new()) && !front.connect(&Logging::new()));
    /// ```
    pub fn connect(&self, logging: &Logging) -> bool {
        if self.0.logging.set(logging.clone()).is_err() {
            return false;
        }
        // a place that is not the front's, so that the system does not hold on to who logs through it
        let lowest = Arc::clone(&self.0.lowest);
        logging.on_lowest_level(move |level| {
            lowest.store(level.get(), Ordering::Relaxed);
            Self::announce(level);
        });
        true
    }

    /// Sends records to the early writer again, after the end of the system.
    ///
    /// ```
    /// # use stratd_logging::{Front, Level, Logging};
    /// let front = Front::from(Logging::new());
    /// front.disconnect();
    /// assert!(front.logging().is_none());
    /// ```
    pub fn disconnect(&self) {
        self.0.has_ended.store(true, Ordering::Relaxed);
    }

    /// The system, as long as it is connected.
    ///
    /// ```
    /// # use stratd_logging::{Front, Logging};
    /// assert!(Front::from(Logging::new()).logging().is_some());
    /// ```
    #[must_use]
    pub fn logging(&self) -> Option<&Logging> {
        if self.0.has_ended.load(Ordering::Relaxed) { None } else { self.0.logging.get() }
    }

    /// The lowest level that anybody takes. One relaxed load.
    ///
    /// ```
    /// # use stratd_logging::{Front, Level, Logging};
    /// assert_eq!(Front::from(Logging::new()).lowest(), Level::WARNING);
    /// ```
    #[must_use]
    pub fn lowest(&self) -> Level {
        Level::new(self.0.lowest.load(Ordering::Relaxed))
    }

    /// Where [`Front::lowest`] is kept, for who wants to ask without a call.
    ///
    /// ```
    /// # use std::sync::atomic::Ordering;
    /// # use stratd_logging::{Front, Level};
    /// assert_eq!(Front::new(Level::INFO, |_| {}).lowest_cell().load(Ordering::Relaxed), 20);
    /// ```
    #[must_use]
    pub fn lowest_cell(&self) -> &AtomicI32 {
        &self.0.lowest
    }

    /// True if somebody takes a record of that logger and level.
    ///
    /// ```
    /// # use stratd_logging::{Front, Level, Logging};
    /// assert!(Front::from(Logging::new()).is_enabled("a", Level::ERROR));
    /// ```
    #[must_use]
    pub fn is_enabled(&self, logger: &str, level: Level) -> bool {
        self.target(logger, level).is_some()
    }

    /// Logs an event on the logger of that name.
    ///
    /// ```
    /// # use stratd_logging::{Event, Front, Level, Logging};
    /// Front::from(Logging::new()).emit("a", &Event::new(Level::INFO, format_args!("hello")));
    /// ```
    pub fn emit(&self, logger: &str, event: &Event<'_>) {
        if let Some(target) = self.target(logger, event.level) {
            target.emit(event);
        }
    }

    /// Where a record of that logger and level goes; None if nobody takes it. For who has to make the record first.
    ///
    /// ```
    /// # use stratd_logging::{Event, Front, Level, Logging};
    /// let front = Front::from(Logging::new());
    /// if let Some(target) = front.target("a", Level::ERROR) {
    ///     target.emit(&Event::new(Level::ERROR, format_args!("costly")));
    /// }
    /// ```
    #[must_use]
    pub fn target<'a>(&'a self, logger: &'a str, level: Level) -> Option<Target<'a>> {
        if level < self.lowest() {
            return None;
        }
        let Some(logging) = self.logging() else { return Some(Target(Way::Early(self, logger))) };
        match kept(logging, logger, level) {
            Ok(found) => found.map(|found| Target(Way::Logger(found))),
            Err(()) => {
                let (found, is_stray) = self.logger(logger)?;
                let way = |found| if is_stray { Way::Stray(found, logger) } else { Way::Logger(found) };
                found.is_enabled(level).then(|| Target(way(found)))
            }
        }
    }

    /// The logger of that name, for who keeps it, and whether it stands in for one that cannot be made. None without a
    /// system.
    ///
    /// ```
    /// # use stratd_logging::{Front, Logging};
    /// let (logger, is_stray) = Front::from(Logging::new()).logger("a").unwrap();
    /// assert_eq!((logger.name(), is_stray), ("a", false));
    /// ```
    #[must_use]
    pub fn logger(&self, name: &str) -> Option<(Logger, bool)> {
        let logging = self.logging()?;
        match logging.logger(name) {
            Ok(logger) => Some((logger, false)),
            Err(_) => Some((logging.logger(STRAY_LOGGER).ok()?, true)),
        }
    }

    /// Tells the facades that places in the code are to be asked again.
    fn announce(_lowest: Level) {
        #[cfg(feature = "tracing")]
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Where a record goes.
#[derive(Debug)]
pub struct Target<'a>(Way<'a>);

#[derive(Debug)]
enum Way<'a> {
    Logger(Logger),
    /// the logger in place of that of the name
    Stray(Logger, &'a str),
    Early(&'a Front, &'a str),
}

impl Target<'_> {
    /// Logs an event, whose level is that which was asked for.
    ///
    /// ```
    /// # use stratd_logging::{Event, Front, Level, Logging};
    /// let front = Front::from(Logging::new());
    /// front.target("a", Level::ERROR).unwrap().emit(&Event::new(Level::ERROR, format_args!("x")));
    /// ```
    pub fn emit(&self, event: &Event<'_>) {
        self.emit_with(event, &[]);
    }

    /// As [`Target::emit`], with fields that those of the event come before.
    pub(crate) fn emit_with(&self, event: &Event<'_>, context: &[(&str, Value<'_>)]) {
        match &self.0 {
            Way::Logger(logger) => logger.emit_with(event, context),
            Way::Stray(logger, name) => {
                let mut context: Vec<_> =
                    context.iter().map(|(key, value)| (*key, value.borrowed())).collect();
                context.push((STRAY_FIELD, Value::from(*name)));
                logger.emit_with(event, &context);
            }
            Way::Early(front, name) => {
                let mut record = Record::new(*name, event.level, event.message.to_string());
                record.created_ns = clock::now_ns();
                record.pathname = event.location.file.into();
                record.lineno = event.location.line;
                record.function = event.location.function.into();
                record.module = event.location.module.map(Into::into);
                record.exc_text = event.exc_text.map(Into::into);
                record.stack_info = event.stack_info.map(Into::into);
                for (key, value) in context.iter().chain(event.fields) {
                    record.fields.add(*key, value.borrowed());
                }
                (front.0.early)(&record);
            }
        }
    }
}

/// The logger of a name, if it takes the level; an error if this thread cannot keep it.
fn kept(logging: &Logging, name: &str, level: Level) -> Result<Option<Logger>, ()> {
    let id = logging.shared().channel.id();
    let found = LOGGERS.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        if kept.0 != id {
            *kept = (id, HashMap::new());
        }
        let loggers = &mut kept.1;
        if let Some(logger) = loggers.get(name) {
            return Some(logger.is_enabled(level).then(|| logger.clone()));
        }
        let logger = logging.logger(name).ok()?;
        if loggers.len() >= LOGGERS_KEPT_MAX {
            loggers.clear();
        }
        let found = logger.is_enabled(level).then(|| logger.clone());
        loggers.insert(name.to_owned(), logger);
        Some(found)
    });
    // the thread is at its end, or the name is refused
    found.ok().flatten().ok_or(())
}

#[cfg(test)]
mod tests {
    use super::{Front, STRAY_LOGGER};
    use crate::{
        format::FormatterOptions, handler::Capture, level::Level, logger::Event, logging::Logging,
        tree::LOGGER_NAME_MAX,
    };

    #[test]
    fn a_logger_that_cannot_be_made_leaves_its_record_to_another() {
        let logging = Logging::new();
        let (capture, captured) = Capture::new(10);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        let format = Some("%(name)s %(message)s %(fields_logfmt)s".to_owned());
        logging
            .set_formatter("capture", &FormatterOptions { format, ..FormatterOptions::default() })
            .unwrap();
        logging.attach(STRAY_LOGGER, "capture").unwrap();
        let front = Front::from(logging.clone());
        let name = "x".repeat(LOGGER_NAME_MAX + 1);
        front.emit(&name, &Event::new(Level::ERROR, format_args!("stray")));
        logging.flush();
        assert_eq!(captured.take(), [format!("{STRAY_LOGGER} stray logger={name}")]);
    }

    #[test]
    fn the_lowest_level_follows_every_change() {
        let logging = Logging::new();
        let front = Front::from(logging.clone());
        logging.set_level("a", Level::DEBUG).unwrap();
        assert_eq!(front.lowest(), Level::DEBUG);
        logging.disable(Level::ERROR);
        assert_eq!(front.lowest(), Level::new(41));
        assert!(!front.is_enabled("a", Level::ERROR));
    }
}
