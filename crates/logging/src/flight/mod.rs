//! Flight recorders: the last records of every level of one part of a program, kept in memory until something goes wrong.
//!
//! A recorder belongs to a logger directly below one that is named ([`FlightOptions::below`]), and to all loggers below
//! that: with `strategy`, one for `strategy.momentum` together with `strategy.momentum.orders`. A record whose level is
//! off for the handlers is copied into it on the thread that logs, and goes no further.
//!
//! With a record of ERROR, or when somebody asks for it, what the levels had kept from the handlers is handed to the
//! handlers of its loggers, oldest first: their own levels and filters count, the levels of loggers do not. A line tells
//! how many records follow, and each of them carries the field `flight` with the reason, so that nobody takes it for a
//! fresh one. No record is handed over twice, and those that the handlers had already are not repeated.
//!
//! Cost: a logger without a recorder pays one load more for a record that is enabled. One with a recorder prints and
//! copies every record, also of levels that are off: measured on a busy machine with two cores, 560 ns for a text of 100
//! bytes in place of 1.5 to 7 ns, and 770 ns in place of 2 to 10 ns for a logger that is found by its name. That is why
//! there is none unless it is asked for.
//!
//! Limits: records and bytes of each recorder, the oldest are forgotten; [`FLIGHTS_MAX`] recorders, further loggers have
//! none.

mod recorder;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};

use crate::{
    encoding::{Origin, Parts, encode},
    level::Level,
    logger::Logger,
    logging::{Logging, Shared},
    record::Record,
    ring::{self, lock},
};
use recorder::Recorder;

/// Recorders of one system.
pub const FLIGHTS_MAX: usize = 256;
/// The lowest level that a recorder keeps: every level but NOTSET.
pub(crate) const FLIGHT_LEVEL: i32 = 1;
/// A record of this level has the recorder handed over.
const DUMP_LEVEL: Level = Level::ERROR;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ORIGIN: RefCell<Option<Arc<Origin>>> = const { RefCell::new(None) };
}

/// What flight recorders keep, and of whom.
///
/// ```
/// use stratd_logging::{FlightOptions, Level, Logging};
///
/// let logging = Logging::new();
/// let options = FlightOptions { below: vec!["strategy".to_owned()], ..FlightOptions::default() };
/// logging.set_flight_recorder(Some(options));
/// logging.logger("strategy.momentum")?.log(Level::DEBUG, "kept, though its level is off");
/// assert_eq!(logging.flight("strategy.momentum").unwrap().records.len(), 1);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightOptions {
    /// Records that each recorder keeps.
    pub records: usize,
    /// Bytes that they take together.
    pub bytes: usize,
    /// The loggers below which each has a recorder.
    pub below: Vec<String>,
}

impl Default for FlightOptions {
    fn default() -> Self {
        Self { records: 200, bytes: 64 << 10, below: Vec::new() }
    }
}

/// What a flight recorder holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Flight {
    /// The logger that it belongs to.
    pub logger: String,
    /// The records, the oldest first.
    pub records: Vec<Record<'static>>,
    /// Records that it had no more room for.
    pub forgotten: u64,
}

/// A logger's place at a recorder.
#[derive(Debug, Default)]
pub(crate) struct FlightSeat {
    is_taken: AtomicBool,
    /// the lowest level that goes to the handlers besides
    routed: AtomicI32,
    recorder: Mutex<Option<Arc<Recorder>>>,
}

impl FlightSeat {
    /// Whether records of the logger are kept. One relaxed load.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, recorder: Option<Arc<Recorder>>, routed: Level) {
        self.routed.store(routed.get(), Ordering::Relaxed);
        if recorder.is_none() && !self.is_taken() {
            return;
        }
        self.is_taken.store(recorder.is_some(), Ordering::Relaxed);
        *lock(&self.recorder) = recorder;
    }

    fn recorder(&self) -> Option<Arc<Recorder>> {
        lock(&self.recorder).clone()
    }
}

/// All recorders of a system.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    options: Option<FlightOptions>,
    recorders: BTreeMap<Box<str>, Arc<Recorder>>,
}

impl Flights {
    /// Changes what is kept; what is kept already stays if nothing changes.
    pub(crate) fn configure(&mut self, options: Option<FlightOptions>) {
        if self.options != options {
            self.options = options;
            self.recorders.clear();
        }
    }

    /// The recorder of a logger, made now if it is new.
    pub(crate) fn of(&mut self, logger: &str) -> Option<Arc<Recorder>> {
        let options = self.options.as_ref()?;
        let rest = |below: &String| logger.strip_prefix(below.as_str())?.strip_prefix('.');
        let own = options.below.iter().find_map(rest)?;
        let end = logger.len() - own.len() + own.find('.').unwrap_or(own.len());
        let name = logger.get(..end)?;
        if let Some(known) = self.recorders.get(name) {
            return Some(Arc::clone(known));
        }
        if self.recorders.len() >= FLIGHTS_MAX {
            return None;
        }
        let recorder = Arc::new(Recorder::new(name, options));
        self.recorders.insert(name.into(), Arc::clone(&recorder));
        Some(recorder)
    }

    pub(crate) fn find(&self, logger: &str) -> Option<Arc<Recorder>> {
        self.recorders.get(logger).cloned()
    }
}

/// Logs a record of a logger whose records are kept.
pub(crate) fn send(logger: &Logger, parts: &Parts<'_>) {
    let (shared, seat) = (&logger.shared, &logger.cell.flight);
    let Some(recorder) = seat.recorder() else { return shared.channel.send(parts) };
    let is_routed = parts.level.get() >= seat.routed.load(Ordering::Relaxed);
    // taken out while it is used: the message may log while it is printed
    let mut bytes = SCRATCH.try_with(RefCell::take).unwrap_or_default();
    let renamed = encode(&mut bytes, parts);
    if renamed > 0 {
        shared.channel.renamed_fields.fetch_add(renamed, Ordering::Relaxed);
    }
    if is_routed && parts.level >= DUMP_LEVEL {
        recorder.dump(shared, "error");
    }
    recorder.push(&bytes, is_routed, &own_origin(shared));
    if is_routed {
        shared.channel.send_bytes(bytes.clone(), (parts.logger, parts.level, parts.at_ns));
    }
    let _ = SCRATCH.try_with(|scratch| scratch.replace(bytes));
}

fn own_origin(shared: &Shared) -> Arc<Origin> {
    let made = || Arc::new(ring::origin(shared.channel.process()));
    let kept = ORIGIN.try_with(|origin| Arc::clone(origin.borrow_mut().get_or_insert_with(made)));
    kept.unwrap_or_else(|_| made())
}

impl Logging {
    /// Begins to keep the last records of loggers, or ends it. What was kept is forgotten if the options are others.
    ///
    /// ```
    /// # use stratd_logging::{FlightOptions, Logging};
    /// Logging::new().set_flight_recorder(Some(FlightOptions::default()));
    /// ```
    pub fn set_flight_recorder(&self, options: Option<FlightOptions>) {
        self.shared().change(|_, tree| tree.flights.configure(options));
    }

    /// What the recorder of a logger holds, also what the handlers have already; None if it has none.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().flight("a").is_none());
    /// ```
    #[must_use]
    pub fn flight(&self, logger: &str) -> Option<Flight> {
        let recorder = lock(&self.shared().tree).flights.find(logger)?;
        let (found, forgotten) = recorder.read(self.shared(), false);
        let records = found.into_iter().map(|(record, ..)| record).collect();
        Some(Flight { logger: logger.to_owned(), records, forgotten })
    }

    /// The loggers that have a recorder.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().flights().is_empty());
    /// ```
    #[must_use]
    pub fn flights(&self) -> Vec<String> {
        lock(&self.shared().tree).flights.recorders.keys().map(ToString::to_string).collect()
    }

    /// Hands what the handlers do not have yet of a logger's recorder to them, with the reason; returns how many records.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().dump_flight("a", "fault"), 0);
    /// ```
    pub fn dump_flight(&self, logger: &str, reason: &str) -> usize {
        let recorder = lock(&self.shared().tree).flights.find(logger);
        recorder.map_or(0, |recorder| recorder.dump(self.shared(), reason))
    }
}

#[cfg(test)]
mod tests {
    use super::{FlightOptions, recorder::MARK_BYTES};
    use crate::{
        format::FormatterOptions,
        handler::{Capture, Captured},
        level::Level,
        logging::{Logging, LoggingOptions},
    };

    fn system(options: FlightOptions) -> (Logging, Captured) {
        let logging =
            Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
        let (capture, captured) = Capture::new(10_000);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        let format = Some("%(levelname)s %(name)s %(message)s %(fields_logfmt)s".to_owned());
        logging
            .set_formatter("capture", &FormatterOptions { format, ..FormatterOptions::default() })
            .unwrap();
        logging.attach("root", "capture").unwrap();
        logging.set_flight_recorder(Some(FlightOptions { below: vec!["s".to_owned()], ..options }));
        (logging, captured)
    }

    fn lines(logging: &Logging, captured: &Captured) -> Vec<String> {
        logging.flush();
        captured.take().iter().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn an_error_brings_what_levels_had_kept_back_once_and_in_order() {
        let (logging, captured) = system(FlightOptions::default());
        let (logger, below) = (logging.logger("s.a").unwrap(), logging.logger("s.a.orders").unwrap());
        logger.log(Level::DEBUG, "one");
        logger.log(Level::WARNING, "two");
        below.log(Level::new(1), "three");
        logging.logger("s.b").unwrap().log(Level::DEBUG, "another's");
        logging.logger("t").unwrap().log(Level::DEBUG, "nobody's");
        assert_eq!(lines(&logging, &captured), ["WARNING s.a two"]);
        logger.log(Level::ERROR, "four");
        let expected = [
            "INFO s.a flight recorder: 2 earlier records follow (error) flight=error",
            "DEBUG s.a one flight=error",
            "Level 1 s.a.orders three flight=error",
            "ERROR s.a four",
        ];
        assert_eq!(lines(&logging, &captured), expected);
        logger.log(Level::ERROR, "five");
        assert_eq!(lines(&logging, &captured), ["ERROR s.a five"]);
        let kept = logging.flight("s.a").unwrap();
        let texts: Vec<&str> = kept.records.iter().map(|record| &*record.message).collect();
        assert_eq!(texts, ["one", "two", "three", "four", "five"]);
        assert_eq!(logging.flights(), ["s.a", "s.b"]);
    }

    #[test]
    fn a_command_brings_the_rest_and_handlers_keep_their_levels() {
        let (logging, captured) = system(FlightOptions::default());
        logging.set_handler_level("capture", Level::INFO).unwrap();
        let logger = logging.logger("s.a").unwrap();
        logger.log(Level::DEBUG, "low");
        logger.log(Level::INFO, "high");
        assert_eq!(logging.dump_flight("s.a", "fault"), 2);
        let found = lines(&logging, &captured);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1], "INFO s.a high flight=fault");
        assert_eq!((logging.dump_flight("s.a", "fault"), logging.dump_flight("nobody", "fault")), (0, 0));
    }

    #[test]
    fn the_oldest_are_forgotten_at_either_limit() {
        for (records, bytes) in [(3, 1 << 20), (1000, 3 * (MARK_BYTES + 200))] {
            let (logging, _captured) = system(FlightOptions { records, bytes, ..FlightOptions::default() });
            let logger = logging.logger("s.a").unwrap();
            (0..100).for_each(|index| logger.log(Level::DEBUG, &format!("{index:0>80}")));
            logger.log(Level::DEBUG, &"x".repeat(1 << 20));
            let kept = logging.flight("s.a").unwrap();
            let count = kept.records.len();
            assert!((2..=4).contains(&count), "{count}");
            assert_eq!(kept.forgotten, 101 - u64::try_from(count).unwrap());
            assert_eq!(kept.records.last().map(|record| &*record.message), Some(&*format!("{:0>80}", 99)));
        }
    }

    #[test]
    fn levels_below_are_enabled_for_the_recorder_only_and_silence_is_silence() {
        let (logging, captured) = system(FlightOptions::default());
        let logger = logging.logger("s.a").unwrap();
        assert!(logger.is_enabled(Level::DEBUG) && !logging.logger("t").unwrap().is_enabled(Level::DEBUG));
        assert_eq!(logging.effective_level("s.a").unwrap(), Level::WARNING);
        logging.set_disabled("s.a", true).unwrap();
        logger.log(Level::CRITICAL, "silenced");
        assert!(logging.flight("s.a").unwrap().records.is_empty());
        logging.set_disabled("s.a", false).unwrap();
        logging.set_flight_recorder(None);
        assert!(!logger.is_enabled(Level::DEBUG) && logging.flight("s.a").is_none());
        assert!(lines(&logging, &captured).is_empty());
    }
}
