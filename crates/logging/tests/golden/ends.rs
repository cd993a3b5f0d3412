//! Scenarios about queues, batches and the end: `queue_listener`, `queue_full`, `buffering_formatter`, `shutdown`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use stratd_logging::{
    Entry, Formatter, FormatterOptions, Handler, Level, Logging, LoggingOptions, Record, Result, format_batch,
};

use crate::{Failure, expectation, steps::Sink};

fn same(what: &str, ours: &Json, expected: &Json) -> std::result::Result<(), Failure> {
    if ours == expected {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("{what}: got {ours}, expected {expected}")))
    }
}

fn text(error: stratd_logging::Error) -> Failure {
    Failure::Wrong(error.to_string())
}

pub(crate) fn buffering_formatter(row: &Json) -> std::result::Result<(), Failure> {
    let count = row["input"]["n"].as_u64().unwrap_or(0);
    let records: Vec<Record<'_>> =
        (0..count).map(|index| Record::new("root", Level::INFO, format!("r{index}"))).collect();
    let format = row["input"]["linefmt"].as_str().map(str::to_owned);
    let options = FormatterOptions { format, ..FormatterOptions::default() };
    let mut formatter = Formatter::new(&options).map_err(text)?;
    let plain = format_batch(&mut formatter, &records, ("", "")).map_err(text)?;
    let (header, footer) = (format!("[({count})"), format!("({count})]"));
    let custom = format_batch(&mut formatter, &records, (&header, &footer)).map_err(text)?;
    same("batches", &json!({ "plain": plain, "custom": custom }), expectation(row))
}

pub(crate) fn queue_listener(row: &Json) -> std::result::Result<(), Failure> {
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let events = Arc::new(Mutex::new(Vec::new()));
    for (name, level) in row["input"]["handlers"].as_object().into_iter().flatten() {
        let sink = Sink { tag: name.clone(), events: Arc::clone(&events), is_bad: false };
        logging.add_handler(name, Box::new(sink)).map_err(text)?;
        // every handler is behind a queue here, and its level is always respected: without, it has none
        if row["input"]["respect_handler_level"] == true {
            logging.set_handler_level(name, level_of(level)).map_err(text)?;
        }
        logging.attach("root", name).map_err(text)?;
    }
    logging.set_level("root", Level::new(1)).map_err(text)?;
    let logger = logging.logger("root").map_err(text)?;
    for level in row["input"]["levels"].as_array().into_iter().flatten() {
        logger.log(level_of(level), "m");
    }
    logging.flush();
    let ours = std::mem::take(&mut *events.lock().expect("no holder of this lock panics"));
    same("events", &json!(ours), &expectation(row)["events"])
}

fn level_of(json: &Json) -> Level {
    Level::new(i32::try_from(json.as_i64().unwrap_or(0)).unwrap_or(0))
}

/// A queue of a handler that holds `capacity` records and a peer that takes none: the newest are dropped and counted.
pub(crate) fn queue_full(row: &Json) -> std::result::Result<(), Failure> {
    let expect = expectation(row);
    let (queued, dropped) = crate::wire::fill_queue(
        row["input"]["capacity"].as_u64().unwrap_or(0),
        row["input"]["records"].as_u64().unwrap_or(0),
    )?;
    same("queued", &json!(queued), &expect["queued"])?;
    same("dropped", &json!(dropped), &json!(expect["errors"].as_array().map_or(0, Vec::len)))
}

struct Recorder {
    name: String,
    calls: Arc<Mutex<Vec<Json>>>,
    fails_in: String,
}

impl Recorder {
    fn call(&self, what: &str) -> Result<()> {
        self.calls.lock().expect("no holder of this lock panics").push(json!([what, self.name]));
        if self.fails_in == what { Err(std::io::Error::other("told to fail").into()) } else { Ok(()) }
    }
}

impl Handler for Recorder {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.call("flush")
    }

    fn close(&mut self, _: Duration) -> Result<()> {
        self.call("close")
    }
}

/// What is left of a row: locks do not exist here, and a handler that fails never stops the others.
pub(crate) fn shutdown(row: &Json) -> std::result::Result<(), Failure> {
    let input = &row["input"];
    let logging = Logging::with_options(&LoggingOptions { last_resort: false, ..LoggingOptions::default() });
    let calls = Arc::new(Mutex::new(Vec::new()));
    let names: Vec<&str> =
        input["created"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    for name in &names {
        let fails_in = if input["failing"] == *name { input["in"].as_str() } else { None };
        let recorder = Recorder {
            name: (*name).to_owned(),
            calls: Arc::clone(&calls),
            fails_in: fails_in.unwrap_or_default().to_owned(),
        };
        logging.add_handler(name, Box::new(recorder)).map_err(text)?;
    }
    let is_twice = input["failing"].is_null();
    for _ in 0..if is_twice { 2 } else { 1 } {
        logging.shutdown(Duration::from_secs(5));
    }
    let mut expected = Vec::new();
    for _ in 0..if is_twice { 2 } else { 1 } {
        for name in names.iter().rev() {
            expected.push(json!(["flush", name]));
            if !(input["failing"] == *name && input["in"] == "flush") {
                expected.push(json!(["close", name]));
            }
        }
    }
    let is_locks_only = |event: &&Json| matches!(event[0].as_str(), Some("flush" | "close"));
    let theirs: Vec<&Json> =
        expectation(row)["order"].as_array().into_iter().flatten().filter(is_locks_only).collect();
    // CPython's calls are the same, but where it gives up: for a lock that fails, or an error it raises
    if input["in"] != "acquire" && expectation(row)["raised"].is_null() {
        same("order of CPython", &json!(theirs), &json!(expected))?;
    }
    let ours = std::mem::take(&mut *calls.lock().expect("no holder of this lock panics"));
    same("order", &json!(ours), &json!(expected))
}
