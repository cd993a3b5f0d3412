//! The way of a record from the thread that logs to its handlers, under load and under faults.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stratd_logging::{
    Capture, Captured, Config, Entry, Error, Event, Filter, FormatterOptions, Handler, Level, Logging,
    LoggingOptions, MemoryOptions, Overflow, Record, Result, Value, log,
};

const DEADLINE: Duration = Duration::from_secs(30);

#[expect(clippy::disallowed_methods, reason = "a test waits for a condition, with a deadline")]
fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::yield_now();
    }
}

fn system(format: &str) -> (Logging, Captured) {
    system_with(format, &LoggingOptions { last_resort: false, ..LoggingOptions::default() })
}

fn system_with(format: &str, options: &LoggingOptions) -> (Logging, Captured) {
    let logging = Logging::with_options(options);
    let (capture, captured) = Capture::new(1_000_000);
    logging.add_handler("capture", Box::new(capture)).expect("the system takes it");
    let options = FormatterOptions {
        format: Some(format.to_owned()),
        missing: Some("-".to_owned()),
        ..FormatterOptions::default()
    };
    logging.set_formatter("capture", &options).expect("the system takes it");
    logging.attach("root", "capture").expect("the system takes it");
    logging.set_level("root", Level::DEBUG).expect("the system takes it");
    (logging, captured)
}

/// Lets records pass one at a time, when it is told to.
struct Gate {
    open: Receiver<()>,
    entered: SyncSender<()>,
}

impl Handler for Gate {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        let _ = self.entered.try_send(());
        // the other end is gone when the gate stays open
        let _ = self.open.recv();
        Ok(())
    }
}

fn gate() -> (Gate, SyncSender<()>, Receiver<()>) {
    let (open, opened) = sync_channel(0);
    let (entered, entries) = sync_channel(1);
    (Gate { open: opened, entered }, open, entries)
}

#[test]
fn a_hundred_threads_lose_nothing_and_each_keeps_its_order() {
    let (logging, captured) = system("%(threadName)s %(message)s");
    let threads: Vec<_> = (0..100)
        .map(|number| {
            let logger = logging.logger(&format!("t.{number}")).unwrap();
            let work = move || (0..200).for_each(|index| log!(logger, Level::INFO, "{index}"));
            std::thread::Builder::new().name(format!("worker-{number}")).spawn(work).unwrap()
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    logging.flush();
    let lines = captured.take();
    assert_eq!((lines.len(), logging.lost()), (20_000, 0));
    let mut next = [0_u32; 100];
    for line in &lines {
        let (name, index) = line.split_once(' ').unwrap();
        let thread: usize = name.strip_prefix("worker-").unwrap().parse().unwrap();
        assert_eq!(index.parse(), Ok(next[thread]), "{line}");
        next[thread] += 1;
    }
}

#[test]
fn records_of_two_threads_come_out_in_the_order_of_their_times() {
    let (logging, captured) = system("%(message)s");
    let first = logging.logger("a").unwrap();
    let second = first.clone();
    for round in 0..100 {
        first.log(Level::INFO, &format!("{}", 2 * round));
        let second = second.clone();
        let log = move || second.log(Level::INFO, &format!("{}", 2 * round + 1));
        std::thread::spawn(log).join().unwrap();
    }
    logging.flush();
    let numbers: Vec<u32> = captured.take().iter().map(|line| line.parse().unwrap()).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[test]
fn what_a_full_ring_drops_is_counted_and_told_in_the_log() {
    let options = LoggingOptions {
        ring_bytes: 4096,
        overflow: Overflow::DropNewest,
        last_resort: false,
        ..LoggingOptions::default()
    };
    let (logging, captured) = system_with("%(name)s %(message)s", &options);
    let (gate, open, entered) = gate();
    logging.add_handler("gate", Box::new(gate)).unwrap();
    logging.attach("slow", "gate").unwrap();
    let logger = logging.logger("slow.peer").unwrap();
    logger.log(Level::INFO, "first");
    entered.recv_timeout(DEADLINE).unwrap();
    // the back end waits in the gate: the ring fills up
    (0..1000).for_each(|index| log!(logger, Level::INFO, "record {index}"));
    let lost = logging.lost();
    assert!(lost > 0);
    drop(open);
    logging.flush();
    let lines = captured.take();
    let told: Vec<&String> = lines.iter().filter(|line| line.contains("records lost between")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with(&format!("slow.peer {lost} records lost between ")), "{}", told[0]);
    let arrived = lines.iter().filter(|line| line.contains(" record ")).count();
    assert_eq!(u64::try_from(arrived).unwrap() + lost, 1000);
}

#[test]
fn a_thread_that_may_wait_loses_nothing_to_a_slow_handler() {
    let options = LoggingOptions { ring_bytes: 4096, last_resort: false, ..LoggingOptions::default() };
    let (logging, captured) = system_with("%(message)s", &options);
    let logger = logging.logger("a").unwrap();
    (0..20_000).for_each(|index| log!(logger, Level::INFO, "{index}"));
    logging.flush();
    assert_eq!((captured.take().len(), logging.lost()), (20_000, 0));
}

#[test]
fn below_a_level_a_full_ring_drops_and_above_it_waits() {
    let options = LoggingOptions {
        ring_bytes: 4096,
        overflow: Overflow::DropBelow(Level::ERROR, DEADLINE),
        last_resort: false,
        ..LoggingOptions::default()
    };
    let (logging, captured) = system_with("%(levelname)s %(message)s", &options);
    let logger = logging.logger("a").unwrap();
    for index in 0..20_000 {
        log!(logger, if index % 10 == 0 { Level::ERROR } else { Level::DEBUG }, "{index}");
    }
    logging.flush();
    let lines = captured.take();
    assert_eq!(lines.iter().filter(|line| line.starts_with("ERROR")).count(), 2000);
}

#[test]
fn a_record_larger_than_a_ring_arrives_whole_and_in_its_place() {
    let options = LoggingOptions { ring_bytes: 8192, last_resort: false, ..LoggingOptions::default() };
    let (logging, captured) = system_with("%(message)s", &options);
    let logger = logging.logger("a").unwrap();
    let large = "x".repeat(1 << 20);
    for text in ["before", large.as_str(), "after"] {
        logger.log(Level::INFO, text);
    }
    logging.flush();
    assert_eq!(captured.take(), ["before", large.as_str(), "after"]);
}

/// Logs while it is printed.
struct Chatty(stratd_logging::Logger);

impl fmt::Display for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.log(Level::INFO, "inner");
        f.write_str("outer")
    }
}

#[test]
fn a_message_that_logs_while_it_is_printed_does_not_fail() {
    let (logging, captured) = system("%(message)s");
    let logger = logging.logger("a").unwrap();
    log!(logger, Level::INFO, "{}", Chatty(logger.clone()));
    logging.flush();
    assert_eq!(captured.take(), ["inner", "outer"]);
}

struct Faulty;

impl Handler for Faulty {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        panic!("told to");
    }
}

struct FaultyFilter;

impl Filter for FaultyFilter {
    fn accepts(&mut self, _: &mut Record<'_>) -> bool {
        panic!("told to");
    }
}

#[test]
fn a_handler_or_a_filter_that_panics_harms_nobody_else_and_is_reported() {
    let (logging, captured) = system("%(name)s %(message)s");
    logging.add_handler("faulty", Box::new(Faulty)).unwrap();
    logging.attach("root", "faulty").unwrap();
    let filter = logging.add_filter(Box::new(FaultyFilter));
    logging.attach_filter("a", filter).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "hello");
    logging.flush();
    let lines = captured.take();
    assert_eq!(lines[0], "a hello");
    assert!(
        lines[1].starts_with("stratd.logging handler \"faulty\"") && lines[1].contains("told to"),
        "{lines:?}"
    );
    let faulty = logging.handlers().into_iter().find(|status| status.name == "faulty").unwrap();
    assert!(faulty.errors >= 1 && faulty.last_error.unwrap().contains("told to"));
}

#[test]
fn a_thread_that_ends_leaves_its_records_and_no_ring() {
    let (logging, captured) = system("%(message)s");
    let logger = logging.logger("a").unwrap();
    std::thread::spawn(move || logger.log(Level::INFO, "last words")).join().unwrap();
    logging.flush();
    assert_eq!(captured.take(), ["last words"]);
}

#[test]
fn records_are_written_without_being_asked_for() {
    let (logging, captured) = system("%(message)s");
    logging.logger("a").unwrap().log(Level::INFO, "soon");
    wait_until("the write", || captured.take() == ["soon"]);
    // and also after the back end has gone to sleep
    logging.logger("a").unwrap().log(Level::INFO, "later");
    wait_until("the second write", || captured.take() == ["later"]);
}

#[test]
fn a_thread_s_order_is_kept_when_its_clock_is_set_back() {
    let (logging, captured) = system("%(message)s");
    let logger = logging.logger("a").unwrap();
    for (index, second) in [500_i64, 400, 300, 600].into_iter().enumerate() {
        let mut record = Record::new("a", Level::INFO, index.to_string());
        record.created_ns = second * 1_000_000_000;
        logger.handle(&record);
    }
    logging.flush();
    assert_eq!(captured.take(), ["0", "1", "2", "3"]);
}

#[test]
fn reserved_fields_arrive_under_another_name_and_are_counted() {
    let (logging, captured) = system("%(x_name)s %(order)s");
    let logger = logging.logger("a").unwrap();
    let fields = [("name", Value::from("mine")), ("order", Value::from(17))];
    logger.emit(&Event { fields: &fields, ..Event::new(Level::INFO, format_args!("x")) });
    logging.flush();
    assert_eq!((captured.take(), logging.renamed_fields()), (vec!["mine 17".to_owned()], 1));
}

#[test]
fn a_configuration_that_changes_under_load_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.log");
    let config = |extra: &str| {
        let text = format!(
            "[formatters.f]\nformat = \"%(message)s{extra}\"\n[handlers.file]\nkind = \"file\"\npath = {path:?}\n\
             formatter = \"f\"\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"file\"]\n"
        );
        Config::parse(&text).unwrap()
    };
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    logging.apply(config("")).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let (logger, is_over) = (logging.logger("a").unwrap(), Arc::clone(&is_over));
            std::thread::spawn(move || {
                let mut count = 0_u64;
                while !is_over.load(Ordering::Relaxed) {
                    log!(logger, Level::INFO, "{thread} {count}");
                    count += 1;
                }
                count
            })
        })
        .collect();
    for round in 0..20 {
        logging.apply(config(if round % 2 == 0 { " even" } else { " odd" })).unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    let counts: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    logging.shutdown(DEADLINE);
    let mut next = [0_u64; 2];
    for line in std::fs::read_to_string(&path).unwrap().lines() {
        let mut words = line.split(' ');
        let thread: usize = words.next().unwrap().parse().unwrap();
        assert_eq!(words.next().unwrap().parse(), Ok(next[thread]), "{line}");
        next[thread] += 1;
    }
    assert_eq!(next.to_vec(), counts);
}

#[test]
fn a_file_whose_options_did_not_change_stays_open_when_a_configuration_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("a.log"), folder.path().join("moved.log"));
    let text = |level: &str| {
        format!(
            "[handlers.f]\nkind = \"file\"\npath = {path:?}\n[root]\nlevel = \"{level}\"\nhandlers = [\"f\"]"
        )
    };
    let logging = Logging::new();
    logging.apply(Config::parse(&text("INFO")).unwrap()).unwrap();
    std::fs::rename(&path, &moved).unwrap();
    logging.apply(Config::parse(&text("DEBUG")).unwrap()).unwrap();
    logging.logger("a").unwrap().log(Level::DEBUG, "same file");
    logging.flush();
    assert_eq!(std::fs::read_to_string(&moved).unwrap(), "same file\n");
    logging.reopen();
    logging.logger("a").unwrap().log(Level::DEBUG, "new file");
    logging.flush();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new file\n");
}

#[test]
fn a_configuration_of_which_one_file_cannot_be_opened_changes_nothing() {
    let (logging, captured) = system("%(message)s");
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[handlers.good]\nkind = \"file\"\npath = {:?}\nmode = \"w\"\n[handlers.bad]\nkind = \"file\"\n\
         path = \"/nonexistent/x\"\n[root]\nlevel = \"ERROR\"\nhandlers = [\"good\", \"bad\"]",
        folder.path().join("kept.log")
    );
    std::fs::write(folder.path().join("kept.log"), "kept\n").unwrap();
    let error = logging.apply(Config::parse(&text).unwrap()).unwrap_err().to_string();
    assert!(error.contains("handlers.bad") && error.contains("/nonexistent/x"), "{error}");
    logging.logger("a").unwrap().log(Level::DEBUG, "as before");
    logging.flush();
    assert_eq!(captured.take(), ["as before"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("kept.log")).unwrap(), "kept\n");
}

#[test]
fn what_a_memory_handler_keeps_reaches_its_target_at_the_end_whichever_was_made_first() {
    for (memory, target) in [("a", "b"), ("b", "a")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.log");
        let mut tables = [
            (memory, format!("kind = \"memory\"\ncapacity = 100\ntarget = \"{target}\"\n")),
            (target, format!("kind = \"file\"\npath = \"{}\"\n", path.display())),
        ];
        tables.sort();
        let text: String = tables.iter().map(|(name, table)| format!("[handlers.{name}]\n{table}")).collect();
        let logging = Logging::new();
        let text = format!("{text}[root]\nlevel = \"INFO\"\nhandlers = [\"{memory}\"]\n");
        logging.apply(Config::parse(&text).unwrap()).unwrap();
        logging.logger("x").unwrap().log(Level::INFO, "kept to the end");
        logging.shutdown(Duration::from_secs(60));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept to the end\n", "{text}");
    }
}

#[test]
fn a_target_that_changes_while_a_memory_handler_is_flushed_loses_nothing() {
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let captured: Vec<Captured> = ["t0", "t1"]
        .map(|name| {
            let (capture, captured) = Capture::new(1_000_000);
            logging.add_handler(name, Box::new(capture)).unwrap();
            captured
        })
        .into();
    let options = MemoryOptions { capacity: 7, target: Some("t0".to_owned()), ..MemoryOptions::default() };
    logging.add_memory_handler("memory", &options).unwrap();
    logging.attach("root", "memory").unwrap();
    let logger = logging.logger("a").unwrap();
    let writer =
        std::thread::spawn(move || (0..5000).for_each(|index| log!(logger, Level::WARNING, "{index}")));
    for round in 0..200 {
        logging.set_target("memory", Some(if round % 2 == 0 { "t1" } else { "t0" })).unwrap();
    }
    writer.join().unwrap();
    logging.flush_handler("memory").unwrap();
    let mut numbers: Vec<u32> =
        captured.iter().flat_map(Captured::take).map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..5000).collect::<Vec<_>>());
}

/// Fails, and notes what it was told about it.
struct Broken(Arc<Mutex<u32>>);

impl Handler for Broken {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        Err(std::io::Error::other("broken").into())
    }

    fn on_error(&mut self, _: &Error) {
        *self.0.lock().expect("no holder of this lock panics") += 1;
    }
}

#[test]
fn errors_of_a_handler_are_counted_each_and_reported_once_a_second() {
    let (logging, captured) = system("%(name)s");
    let told = Arc::new(Mutex::new(0));
    logging.add_handler("broken", Box::new(Broken(Arc::clone(&told)))).unwrap();
    logging.attach("a", "broken").unwrap();
    let logger = logging.logger("a").unwrap();
    (0..1000).for_each(|_| logger.log(Level::INFO, "x"));
    logging.flush();
    let reports = captured.take().iter().filter(|name| *name == "stratd.logging").count();
    assert!((1..100).contains(&reports), "{reports}");
    assert_eq!(*told.lock().unwrap(), 1000);
}

#[test]
fn a_level_that_was_set_for_a_time_goes_back_by_itself() {
    let (logging, _captured) = system("%(message)s");
    logging.set_level("a", Level::ERROR).unwrap();
    logging.set_level_for("a", Level::DEBUG, Duration::from_millis(30)).unwrap();
    logging.set_level_for("a", Level::INFO, Duration::from_millis(30)).unwrap();
    let logger = logging.logger("a").unwrap();
    assert!(logger.is_enabled(Level::INFO));
    wait_until("the return", || !logger.is_enabled(Level::INFO));
    assert_eq!(logging.level("a").unwrap(), Level::ERROR);
}

#[test]
fn a_tap_stays_when_a_configuration_is_applied_and_goes_when_it_is_dropped() {
    let (logging, _captured) = system("%(message)s");
    let tap = logging.tap("a", 10).unwrap();
    logging.apply(Config::parse("[root]\nlevel = \"INFO\"").unwrap()).unwrap();
    logging.logger("a.b").unwrap().log(Level::INFO, "still here");
    let record = tap.next_within(DEADLINE).unwrap();
    assert_eq!((&*record.name, &*record.message), ("a.b", "still here"));
    drop(tap);
    assert!(logging.handlers().is_empty());
}
