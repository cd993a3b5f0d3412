//! What is lost at each limit is counted, and told in the log: how many, between when, and by which policy.

use std::cell::RefCell;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use stratd_logging::{
    Capture, Captured, Config, Entry, FormatterOptions, Handler, Level, Logger, Logging, LoggingOptions,
    Overflow, Result, log,
};

const DEADLINE: Duration = Duration::from_secs(60);
const RECORDS: u64 = 1000;

/// Lets a record through once the test does.
struct Gate {
    entered: Sender<()>,
    open: Receiver<()>,
}

impl Handler for Gate {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        // both ends go when the test is over
        let _ = self.entered.send(());
        let _ = self.open.recv();
        Ok(())
    }
}

fn system(overflow: Overflow) -> (Logging, Captured) {
    let options =
        LoggingOptions { ring_bytes: 4096, overflow, last_resort: false, ..LoggingOptions::default() };
    let logging = Logging::with_options(&options);
    let (capture, captured) = Capture::new(100_000);
    logging.add_handler("capture", Box::new(capture)).expect("a new name");
    let format = Some("%(levelname)s %(name)s %(message)s".to_owned());
    logging
        .set_formatter("capture", &FormatterOptions { format, ..FormatterOptions::default() })
        .expect("a good format");
    logging.attach("root", "capture").expect("a known handler");
    logging.set_level("root", Level::DEBUG).expect("the root is there");
    (logging, captured)
}

/// Fills the ring while the back end is held up, with a record of ERROR each tenth; what arrived, and the lines that tell.
fn overflown(overflow: Overflow) -> (u64, Vec<String>, Vec<String>) {
    let (logging, captured) = system(overflow);
    let ((entered, has_entered), (open, is_open)) = (channel(), channel());
    logging.add_handler("gate", Box::new(Gate { entered, open: is_open })).expect("a new name");
    logging.attach("slow", "gate").expect("a known handler");
    let logger = logging.logger("slow.peer").expect("a short name");
    logger.log(Level::INFO, "first");
    has_entered.recv_timeout(DEADLINE).expect("the back end comes to the gate");
    for index in 0..RECORDS {
        let level = if index % 10 == 0 { Level::ERROR } else { Level::DEBUG };
        log!(logger, level, "record {index}");
    }
    drop(open);
    logging.flush();
    let lost = logging.lost();
    let (told, lines): (Vec<String>, Vec<String>) =
        captured.take().into_iter().partition(|line| line.contains("records lost between"));
    (lost, lines.into_iter().filter(|line| line.contains(" record ")).collect(), told)
}

fn check_told(overflow: Overflow, policy: &str) -> (u64, Vec<String>) {
    let (lost, arrived, told) = overflown(overflow);
    assert!(lost > 0, "{policy}");
    assert_eq!(u64::try_from(arrived.len()).expect("a small number") + lost, RECORDS, "{policy}");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with(&format!("WARNING slow.peer {lost} records lost between ")), "{}", told[0]);
    assert!(told[0].ends_with(&format!(": the ring of their thread was full ({policy})")), "{}", told[0]);
    (lost, arrived)
}

#[test]
fn drop_newest_tells_what_it_dropped() {
    check_told(Overflow::DropNewest, "drop_newest");
}

#[test]
fn block_waits_no_longer_than_it_may_and_tells_what_it_lost_then() {
    check_told(Overflow::Block(Duration::ZERO), "block");
}

#[test]
fn drop_below_tells_what_it_dropped_and_loses_grave_records_only_after_their_wait() {
    let (_, arrived) = check_told(Overflow::DropBelow(Level::ERROR, Duration::ZERO), "drop_below");
    assert!(arrived.iter().any(|line| line.starts_with("ERROR")));
}

#[test]
fn drop_oldest_of_a_handler_s_queue_is_told_on_the_system_s_own_logger() {
    // nobody listens: the queue of the handler fills up
    let (logging, captured) = system(Overflow::default());
    let text = "[handlers.peer]\nkind = \"socket\"\naddress = \"127.0.0.1:1\"\nqueue = { capacity = 10, \
                overflow = \"drop_oldest\" }\n[root]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.log");
    drop(captured);
    let text = text.replace("[\"peer\"]", "[\"peer\", \"all\"]");
    let text = format!("{text}\n[handlers.all]\nkind = \"file\"\npath = {file:?}\n");
    logging.apply(stratd_logging::Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    (0..RECORDS).for_each(|index| log!(logger, Level::INFO, "record {index}"));
    logging.flush();
    let dropped = || logging.handlers().iter().find(|known| known.name == "peer").map(|known| known.dropped);
    assert!(dropped().unwrap() >= RECORDS - 20, "{:?}", dropped());
    for _ in 0..6000 {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some(line) = text.lines().find(|line| line.contains("records lost between")) {
            assert!(
                line.starts_with("handler \"peer\": ") && line.ends_with(": its queue was full"),
                "{line}"
            );
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("nothing was told within a minute");
}

#[test]
fn what_a_queue_dropped_last_is_told_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.log");
    // nobody listens, and the end comes long before the next line about losses is due
    let text = format!(
        "[handlers.peer]\nkind = \"socket\"\naddress = \"127.0.0.1:1\"\nqueue = {{ capacity = 10 }}\n\
         [handlers.told]\nkind = \"file\"\npath = {file:?}\n\
         [loggers.a]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]\n\
         [loggers.\"stratd.logging\"]\nhandlers = [\"told\"]\n"
    );
    let logging = Logging::new();
    logging.apply(stratd_logging::Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    (0..100).for_each(|index| log!(logger, Level::INFO, "record {index}"));
    logging.shutdown(Duration::ZERO);
    let told = std::fs::read_to_string(&file).unwrap();
    assert!(told.contains("handler \"peer\": 90 records lost between "), "{told}");
}

#[test]
fn the_line_about_a_full_queue_does_not_go_into_it_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.log");
    // nobody listens, and both are handlers of the system's own logger
    let text = format!(
        "[handlers.peer]\nkind = \"socket\"\naddress = \"127.0.0.1:1\"\nqueue = {{ capacity = 10 }}\n\
         [handlers.told]\nkind = \"file\"\npath = {file:?}\n\
         [root]\nlevel = \"WARNING\"\nhandlers = [\"peer\", \"told\"]\n"
    );
    let logging = Logging::new();
    logging.apply(stratd_logging::Config::parse(&text).unwrap()).unwrap();
    let logger = logging.logger("a").unwrap();
    (0..100).for_each(|index| log!(logger, Level::WARNING, "record {index}"));
    logging.flush();
    let told = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().filter(|line| line.contains("records lost between"));
        lines.map(|line| line.split(' ').nth(2).unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    for _ in 0..6000 {
        if told() > 0 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    // the program is idle from here on: what is told at the end is what was dropped since
    logging.shutdown(Duration::ZERO);
    let peer = logging.handlers().into_iter().find(|known| known.name == "peer").unwrap();
    // ten of them wait for a peer that never came
    assert_eq!((told(), peer.dropped, peer.queued, peer.written), (90, 90, 10, 0));
}

#[test]
fn records_that_a_program_refused_are_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("told.log");
    let text = format!(
        "[handlers.run]\nkind = \"command\"\nargv = [\"/bin/false\"]\n\
         [handlers.told]\nkind = \"file\"\npath = {file:?}\n\
         [loggers.a]\nlevel = \"DEBUG\"\nhandlers = [\"run\"]\n\
         [loggers.\"stratd.logging\"]\nhandlers = [\"told\"]\n"
    );
    let logging = Logging::new();
    logging.apply(stratd_logging::Config::parse(&text).unwrap()).unwrap();
    logging.logger("a").unwrap().log(Level::INFO, "refused");
    let line = || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.lines().find(|line| line.contains("records lost between")).map(str::to_owned)
    };
    for _ in 0..6000 {
        if line().is_some() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let line = line().expect("it is told");
    assert!(line.starts_with("handler \"run\": 1 records lost between "), "{line}");
    assert!(line.contains(": they could not be delivered (") && !line.contains("full"), "{line}");
}

/// Logs when its thread ends.
struct AtEnd(RefCell<Option<Logger>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Some(logger) = self.0.take() {
            logger.log(Level::ERROR, "at the end");
        }
    }
}

thread_local! {
    static BEFORE: AtEnd = const { AtEnd(RefCell::new(None)) };
    static AFTER: AtEnd = const { AtEnd(RefCell::new(None)) };
}

#[test]
fn what_a_thread_logs_after_its_ring_is_gone_is_told() {
    let (logging, captured) = system(Overflow::default());
    let logger = logging.logger("a").unwrap();
    std::thread::spawn(move || {
        // values of a thread go in the order of their first use or against it: one of these goes after the ring
        BEFORE.with(|value| value.0.replace(Some(logger.clone())));
        logger.log(Level::ERROR, "the ring is there");
        AFTER.with(|value| value.0.replace(Some(logger.clone())));
    })
    .join()
    .unwrap();
    logging.flush();
    let lines = captured.take();
    assert_eq!((logging.lost(), lines.len()), (1, 3), "{lines:?}");
    let told: Vec<&String> = lines.iter().filter(|line| line.contains("lost between")).collect();
    assert!(told[0].starts_with("WARNING a 1 records lost between "), "{told:?}");
    assert!(told[0].ends_with(": their thread was ending"), "{told:?}");
}

/// A system whose one handler has the given keys.
fn with_handler(keys: &str) -> Logging {
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let text = format!("[handlers.peer]\n{keys}\n[loggers.a]\nlevel = \"DEBUG\"\nhandlers = [\"peer\"]\n");
    logging.apply(Config::parse(&text).expect("a good configuration")).expect("it can be applied");
    logging
}

fn dropped(logging: &Logging) -> u64 {
    logging.flush();
    logging.handlers().iter().find(|known| known.name == "peer").expect("it is there").dropped
}

#[test]
fn a_queue_that_blocks_loses_nothing_while_its_peer_is_only_slow() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    let logging = with_handler(&format!(
        "kind = \"command\"\nargv = [\"/bin/sh\", \"-c\", 'cat >> {}']\n\
         queue = {{ capacity = 2, overflow = \"block\", wait = \"10s\" }}",
        file.display()
    ));
    let logger = logging.logger("a").unwrap();
    (0..20).for_each(|index| log!(logger, Level::INFO, "record {index}"));
    assert_eq!(dropped(&logging), 0);
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let expected: String = (0..20).map(|index| format!("record {index}\n")).collect();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a wait takes is what is tested")]
fn a_queue_that_blocks_waits_once_for_a_peer_that_is_away() {
    let logging = with_handler(
        "kind = \"socket\"\naddress = \"127.0.0.1:1\"\n\
         queue = { capacity = 10, overflow = \"block\", wait = \"1s\" }",
    );
    let logger = logging.logger("a").unwrap();
    let start = std::time::Instant::now();
    (0..100).for_each(|index| log!(logger, Level::INFO, "record {index}"));
    assert_eq!(dropped(&logging), 90);
    let waited = start.elapsed();
    // one wait for each of those that were dropped would be 90 seconds
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(45), "{waited:?}");
}

#[test]
fn a_queue_that_drops_below_a_level_keeps_what_is_graver() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peer");
    let logging = with_handler(&format!(
        "kind = \"socket\"\naddress = {path:?}\ncodec = \"json\"\n\
         queue = {{ capacity = 5, overflow = \"drop_below\", level = \"ERROR\" }}"
    ));
    let logger = logging.logger("a").unwrap();
    for index in 0..30 {
        let level = if index % 10 == 9 { Level::ERROR } else { Level::INFO };
        log!(logger, level, "record {index}.");
    }
    assert_eq!(dropped(&logging), 25);
    // somebody listens at last, and gets the errors, and with them the oldest of the others that had room until the end
    let listener = UnixListener::bind(&path).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(logging.shutdown(DEADLINE).left, 0);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let arrived: Vec<u32> = (0..30).filter(|index| text.contains(&format!("\"record {index}.\""))).collect();
    assert!(arrived.len() == 5 && [9, 19, 29].iter().all(|index| arrived.contains(index)), "{arrived:?}");
}

#[test]
fn keys_that_a_queue_s_policy_does_not_have_are_refused() {
    let refusal = |queue: &str| {
        let text =
            format!("[handlers.peer]\nkind = \"socket\"\naddress = \"127.0.0.1:1\"\nqueue = {{ {queue} }}");
        Config::parse(&text).unwrap_err().to_string()
    };
    let at = "handlers.peer.queue";
    for (queue, expected) in [
        (
            "overflow = \"drop\"",
            "overflow: found \"drop\" (accepted: drop_oldest, drop_newest, block, drop_below)",
        ),
        ("wait = \"1s\"", "wait: it would do nothing here (accepted: with overflow = \"block\")"),
        ("level = \"ERROR\"", "level: it would do nothing here (accepted: with overflow = \"drop_below\")"),
        (
            "overflow = \"block\", wait = \"11s\"",
            "wait: found 11 s (accepted: up to 10 s: all handlers wait)",
        ),
    ] {
        let refusal = refusal(queue);
        assert!(refusal.contains(&format!("{at}.{expected}")), "{refusal}");
    }
}
