//! Records on the wire, both ways: what is written reads the same, and what CPython wrote arrives as it was meant.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value as Json;
use stratd_logging::{
    Address, Codec, Config, Level, Logging, LoggingOptions, QueueOptions, Record, SocketHandler,
    SocketOptions, Value, decode_record, frame,
};

const DEADLINE: Duration = Duration::from_secs(60);
/// 2024: the times of records are near it.
const EPOCH_NS: i64 = 1_718_000_000_000_000_000;

#[expect(clippy::disallowed_methods, reason = "a test waits for a condition, with a deadline")]
fn wait_until(what: &str, mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::yield_now();
    }
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        // what every codec has; larger ones are texts in CBOR
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::Float),
        any::<String>().prop_map(Value::from),
    ]
}

fn record() -> impl Strategy<Value = Record<'static>> {
    let texts = (any::<String>(), any::<String>(), any::<String>(), prop::option::of("[ -~\n]{1,40}"));
    let numbers = (any::<u32>(), any::<u64>(), any::<u32>(), -100_i32..1000, 0_i64..1_000_000_000_000);
    // no names of attributes, and none twice
    let fields = prop::collection::btree_map("[a-z]_[a-zé ]{0,10}", value(), 0..6);
    (texts, numbers, fields).prop_map(|((name, message, path, exception), numbers, fields)| {
        let mut record = Record::new(name, Level::new(numbers.3), message);
        record.pathname = path.into();
        record.exc_text = exception.map(Into::into);
        (record.lineno, record.thread, record.process) = (numbers.0, numbers.1, numbers.2);
        // a time is a float of seconds on the wire, which has microseconds
        record.created_ns = EPOCH_NS + numbers.4 * 1000;
        record.start_ns = record.created_ns - 123_250_000;
        fields.into_iter().for_each(|(key, value)| record.fields.add(key, value));
        record
    })
}

/// Everything of a record but its times.
fn shown(record: &Record<'_>) -> String {
    let fields: Vec<_> = record.fields.iter().collect();
    let head =
        (&record.name, record.level, &record.level_name, &record.message, &record.pathname, record.lineno);
    let rest = (&record.function, record.thread, &record.thread_name, record.process, &record.process_name);
    format!("{head:?} {rest:?} {:?} {:?} {fields:?}", record.exc_text, record.module())
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(record in record()) {
        for codec in [Codec::Pickle, Codec::Json, Codec::Cbor] {
            let bytes = frame(&record, codec).unwrap();
            let length = u32::from_be_bytes(bytes[..4].try_into().unwrap());
            prop_assert_eq!(usize::try_from(length).unwrap(), bytes.len() - 4);
            let again = decode_record(&bytes[4..], codec, 0).unwrap();
            let mut expected = record.clone();
            // the name of a level and a module travel along, and an exception that is empty is none
            expected.module = Some(record.module().to_owned().into());
            expected.level_name = again.level_name.clone();
            prop_assert_eq!(shown(&again), shown(&expected), "{:?}", codec);
            prop_assert!((again.created_ns - record.created_ns).abs() < 1000);
            prop_assert_eq!(again.created_ns / 1_000_000, record.created_ns / 1_000_000);
            prop_assert!((again.start_ns - record.start_ns).abs() < 2000);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for codec in [Codec::Pickle, Codec::Json, Codec::Cbor] {
            let _ = decode_record(&bytes, codec, 0);
        }
        let _ = stratd_logging::decode_syslog(&bytes, 0);
    }
}

/// A recipe of `configs/logging` with its files in a folder, ports that the kernel chooses, and the console in a file.
fn recipe(name: &str, folder: &Path) -> Logging {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/logging").join(name);
    let console = format!("kind = \"file\"\npath = \"{}/console\"", folder.display());
    let text = std::fs::read_to_string(path).expect("the recipe is there");
    let text = text
        .replace("/var/log/stratd", &folder.to_string_lossy())
        .replace("/run/stratd", &folder.to_string_lossy())
        .replace("kind = \"stream\"\ntarget = \"stderr\"", &console)
        .replace("port = 9020", "port = 0")
        .replace("port = 9021", "port = 0");
    let logging = quiet();
    logging.apply(Config::parse(&text).expect("the recipe is good")).expect("it can be opened");
    logging
}

fn quiet() -> Logging {
    Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() })
}

fn received(logging: &Logging) -> u64 {
    let receivers = logging.receivers();
    assert_eq!(receivers.iter().map(|receiver| receiver.refused).sum::<u64>(), 0, "{receivers:?}");
    receivers.iter().map(|receiver| receiver.received).sum()
}

fn address(logging: &Logging, receiver: usize) -> String {
    let address = logging.receivers()[receiver].address.clone();
    address.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// CPython's frames of the golden rows, with what they hold.
fn frames(kind: &str) -> Vec<(Vec<u8>, Json)> {
    let folder = std::env::var_os("STRATD_GOLDENS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden"), Into::into);
    let text = std::fs::read_to_string(folder.join("logging/scenarios.jsonl")).expect("the rows are there");
    let rows = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("a row is JSON"));
    let rows = rows.filter(|row| row["kind"] == kind).filter_map(|row| {
        let expect = if row["expect_py313"].is_null() { &row["expect"] } else { &row["expect_py313"] };
        Some((unhex(expect["frame_hex"].as_str()?), expect["decoded"].clone()))
    });
    rows.collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn recipe_6_what_python_sends_is_printed_as_its_receiver_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let logging = recipe("06-network.toml", folder.path());
    let (streams, datagrams) = (frames("socket_wire"), frames("datagram_wire"));
    assert!(!streams.is_empty() && !datagrams.is_empty());
    let mut stream = TcpStream::connect(address(&logging, 0)).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut expected = Vec::new();
    for (index, (bytes, decoded)) in streams.iter().chain(&datagrams).enumerate() {
        if index < streams.len() {
            // in two pieces
            let (first, second) = bytes.split_at(bytes.len() / 2);
            stream.write_all(first).unwrap();
            stream.write_all(second).unwrap();
        } else {
            socket.send_to(bytes, address(&logging, 1)).unwrap();
        }
        wait_until("the record", || received(&logging) == index as u64 + 1);
        let text = |key: &str| decoded[key].as_str().map(str::to_owned);
        let message = text("msg").unwrap_or_else(|| decoded["msg"].to_string());
        let since = decoded["relativeCreated"].as_f64().unwrap_or(0.0).trunc();
        let mut line =
            format!("{since:>5} {:<15} {:<8} {message}", text("name").unwrap(), text("levelname").unwrap());
        for more in
            [text("exc_text"), text("stack_info")].into_iter().flatten().filter(|more| !more.is_empty())
        {
            line.push('\n');
            line.push_str(&more);
        }
        expected.push(line);
    }
    logging.flush();
    let printed = std::fs::read_to_string(folder.path().join("console")).unwrap();
    assert_eq!(printed, expected.join("\n") + "\n");
}

#[test]
fn recipe_8_four_senders_write_one_file_without_a_torn_line() {
    const SENDERS: usize = 4;
    const RECORDS: usize = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let logging = recipe("08-several-processes.toml", folder.path());
    let path = folder.path().join("log.sock");
    wait_until("the socket", || path.exists());
    let senders = (0..SENDERS).map(|number| {
        let codec = Codec::Pickle;
        let queue = QueueOptions { capacity: RECORDS, ..QueueOptions::default() };
        let address = Address::Unix(path.clone());
        std::thread::spawn(move || {
            let sender = quiet();
            let handler = SocketHandler::new(SocketOptions { address, codec, queue }).unwrap();
            sender.add_handler("socket", Box::new(handler)).unwrap();
            sender.attach("root", "socket").unwrap();
            let logger = sender.logger(&format!("worker.{number}")).unwrap();
            for index in 0..RECORDS {
                logger.log(Level::WARNING, &format!("{index} {}", "x".repeat(index % 200)));
            }
            sender.shutdown(DEADLINE)
        })
    });
    let senders: Vec<_> = senders.collect();
    for sender in senders {
        let end = sender.join().unwrap();
        assert_eq!((end.left, end.failed), (0, 0));
    }
    wait_until("all records", || received(&logging) == (SENDERS * RECORDS) as u64);
    logging.flush();
    let text = std::fs::read_to_string(folder.path().join("mptest.log")).unwrap();
    let mut next = [0; SENDERS];
    for line in text.lines() {
        let mut words = line.split(' ').skip_while(|word| !word.starts_with("worker."));
        let worker: usize = words.next().and_then(|word| word.strip_prefix("worker.")?.parse().ok()).unwrap();
        let index: usize = words.find_map(|word| word.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        assert!(line.ends_with(&"x".repeat(index % 200)), "{line}");
        assert_eq!(index, next[worker], "each worker's records keep their order");
        next[worker] += 1;
    }
    assert_eq!(next, [RECORDS; SENDERS]);
}
