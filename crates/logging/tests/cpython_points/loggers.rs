//! Points about loggers, records and the system as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use stratd_logging::{
    Capture, Captured, Config, Entry, Event, Formatter, FormatterOptions, Handler, Level, Location, Logger,
    MemoryOptions, Record, Result, log,
};

use crate::{DEADLINE, captured, configured, quiet, wait_for};

#[test]
fn point_03_set_target_against_flush() {
    let logging = quiet();
    let captured: Vec<Captured> = ["t0", "t1"]
        .map(|name| {
            let (capture, captured) = Capture::new(100_000);
            logging.add_handler(name, Box::new(capture)).unwrap();
            captured
        })
        .into();
    let options = MemoryOptions { capacity: 3, target: Some("t0".to_owned()), ..MemoryOptions::default() };
    logging.add_memory_handler("memory", &options).unwrap();
    logging.attach("root", "memory").unwrap();
    std::thread::scope(|scope| {
        let logger = logging.logger("a").unwrap();
        scope.spawn(move || (0..2000).for_each(|index| log!(logger, Level::WARNING, "{index}")));
        scope.spawn(|| (0..100).for_each(|_| logging.flush_handler("memory").unwrap()));
        for round in 0..100 {
            logging.set_target("memory", Some(["t0", "t1"][round % 2])).unwrap();
        }
    });
    logging.flush_handler("memory").unwrap();
    let mut numbers: Vec<u32> =
        captured.iter().flat_map(Captured::take).map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2000).collect::<Vec<_>>());
}

/// Its `listen` is the control socket of the daemon, which has tests of its own; what belongs here is that a configuration
/// which is refused changes nothing.
#[test]
fn point_04_a_configuration_that_is_refused_changes_nothing() {
    let (logging, captured) = captured();
    logging.set_level("a", Level::DEBUG).unwrap();
    let bad =
        ["[root]\nlevel = \"LOUD\"", "not toml", "[handlers.x]\nkind = \"file\"\npath = \"/nonexistent/x\""];
    for text in bad {
        let applied = Config::parse(text).and_then(|config| logging.apply(config));
        assert!(applied.is_err(), "{text}");
        logging.logger("a").unwrap().log(Level::DEBUG, text);
        logging.flush();
        assert_eq!(captured.take(), [text]);
    }
}

// Point 10, the end with handlers that fail: golden scenarios of the kind `shutdown`.

/// Logs itself, for the first records that it gets.
struct Talker {
    logger: Logger,
    left: Arc<AtomicU32>,
}

impl Handler for Talker {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let has_some =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if has_some.is_ok() {
            self.logger.log(Level::WARNING, &format!("again: {}", entry.text));
        }
        Ok(())
    }
}

#[test]
fn point_11_a_handler_may_log_and_a_program_may_after_the_end() {
    let (logging, captured) = captured();
    let left = Arc::new(AtomicU32::new(3));
    let talker = Talker { logger: logging.logger("a").unwrap(), left: Arc::clone(&left) };
    logging.add_handler("talker", Box::new(talker)).unwrap();
    logging.attach("root", "talker").unwrap();
    logging.logger("a").unwrap().log(Level::WARNING, "x");
    let mut texts = Vec::new();
    wait_for(|| {
        logging.flush();
        texts.extend(captured.take());
        (texts.len() == 4).then_some(())
    });
    assert_eq!(texts[3], "again: again: again: x");
    let logger = logging.logger("a").unwrap();
    logging.shutdown(DEADLINE);
    // neither panics nor waits for somebody who has left
    (0..100_000).for_each(|_| logger.log(Level::WARNING, "after the end"));
    drop(logging);
    logger.log(Level::WARNING, "after everything");
}

#[test]
fn point_12_what_is_enabled_follows_every_change() {
    let (logging, _) = captured();
    let logger = logging.logger("a.b").unwrap();
    let is = |level: Level, expected: bool| assert_eq!(logger.is_enabled(level), expected, "{level:?}");
    is(Level::INFO, false);
    logging.set_level("a", Level::DEBUG).unwrap();
    is(Level::DEBUG, true);
    logging.set_level("a.b", Level::ERROR).unwrap();
    is(Level::WARNING, false);
    logging.set_level("a.b", Level::NOTSET).unwrap();
    is(Level::DEBUG, true);
    logging.disable(Level::INFO);
    is(Level::INFO, false);
    is(Level::WARNING, true);
    logging.disable(Level::NOTSET);
    is(Level::DEBUG, true);
    logging.apply(Config::parse("[root]\nlevel = \"CRITICAL\"").unwrap()).unwrap();
    is(Level::ERROR, false);
}

// Point 14, `captureWarnings`: what plugins write to standard error, and panics, are the daemon's to catch
// (loggers `host.stderr` and `host.panic`).

// Point 15, `fileConfig`: there are no ini files.

/// There is no `setStream`: a stream that changes is another handler.
#[test]
fn point_16_handlers_are_known_by_name() {
    let (logging, _) = captured();
    assert!(logging.add_handler("h", Box::new(Capture::new(1).0)).unwrap_err().to_string().contains("\"h\""));
    assert_eq!(logging.handlers_of("root").unwrap(), ["h"]);
    logging.remove_handler("h").unwrap();
    assert!(logging.handlers_of("root").unwrap().is_empty());
    assert!(logging.attach("root", "h").is_err());
    logging.add_handler("h", Box::new(Capture::new(1).0)).unwrap();
}

#[test]
fn point_18_a_record_names_the_line_that_logged_or_the_one_that_it_was_told() {
    let (logging, captured) = captured();
    let format = Some("%(filename)s:%(lineno)d %(module)s %(funcName)s".to_owned());
    logging.set_formatter("h", &FormatterOptions { format, ..FormatterOptions::default() }).unwrap();
    let logger = logging.logger("a").unwrap();
    let line = line!() + 1;
    log!(logger, Level::WARNING, "x");
    logger.log(Level::WARNING, "x");
    // a wrapper passes on where it was called
    let location = Location { file: "/src/strategy.rs", line: 7, function: "on_trade", module: Some("ema") };
    logger.emit(&Event { location, ..Event::new(Level::WARNING, format_args!("x")) });
    logging.flush();
    let texts = captured.take();
    // the macro says the module, the call its file
    assert_eq!(texts[0], format!("loggers.rs:{line} cpython_points::loggers "));
    assert_eq!(texts[1], format!("loggers.rs:{} loggers ", line + 1));
    assert_eq!(texts[2], "strategy.rs:7 ema on_trade");
}

// Point 20, `.` attributes, classes and `cfg://` of dictConfig: there are no objects to construct or to refer to; formats
// are always validated (`tests/formatters.rs`).

#[test]
fn point_21_the_names_of_levels_are_a_copy() {
    let (logging, _) = captured();
    let mut names = logging.level_names();
    names.add(Level::new(5), "TRACE").unwrap();
    assert!(logging.level_names().parse("TRACE").is_err());
    logging.add_level_name(Level::new(5), "TRACE").unwrap();
    assert_eq!(logging.level_names().parse("TRACE").unwrap(), Level::new(5));
}

/// There are neither classes of loggers nor factories of records: what a factory would add is the context.
#[test]
fn point_22_every_record_has_the_fields_of_the_context() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let logging = configured(&format!(
        "[context]\nsite = \"fra1\"\n[formatters.f]\nformat = \"%(site)s %(message)s\"\nextra_fields = [\"site\"]\n\
         [handlers.h]\nkind = \"file\"\npath = {path:?}\nformatter = \"f\"\n[root]\nlevel = 10\nhandlers = [\"h\"]"
    ));
    let logger = logging.logger("a").unwrap();
    log!(logger, Level::INFO, "plain");
    log!(logger, Level::INFO, ["site" => "ams2"], "with its own");
    logging.flush();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "fra1 plain\nams2 with its own\n");
}

#[test]
fn point_23_a_logger_keeps_its_level_when_nobody_holds_it() {
    let (logging, _) = captured();
    let id = {
        let logger = logging.logger("short.lived").unwrap();
        logging.set_level("short.lived", Level::DEBUG).unwrap();
        logger.id()
    };
    (0..1000).for_each(|index| drop(logging.logger(&format!("other.{index}")).unwrap()));
    let logger = logging.logger("short.lived").unwrap();
    assert!(logger.id() == id && logger.is_enabled(Level::DEBUG));
}

#[test]
fn point_24_no_time_of_2500_shows_a_thousandth_millisecond() {
    let options = FormatterOptions {
        format: Some("%(asctime)s %(msecs)03d".to_owned()),
        ..FormatterOptions::default()
    };
    let mut formatter = Formatter::new(&options).unwrap();
    for index in 0..2500_i64 {
        let mut record = Record::new("a", Level::INFO, "");
        record.created_ns = 1_677_902_297_100_000_000 + index * 399_999_983;
        let mut text = String::new();
        formatter.format(&record, &mut text).unwrap();
        let (time, msecs) = text.rsplit_once(' ').unwrap();
        assert!(msecs.len() == 3 && time.ends_with(&format!(",{msecs}")), "{text}");
    }
}
