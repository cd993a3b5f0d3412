//! Logs records from standard input as a configuration says: a way to try one, and to log from a shell script.
//!
//! ```text
//! cargo run -p stratd-logging --example send -- logging.toml < records.jsonl
//! ```
//!
//! A line that begins with `{` is a record: a JSON object whose keys are the attributes of Python's `LogRecord`
//! (`msg`, `name`, `levelno` or `levelname`, `created`, `threadName`, …, all may be left out); every other key is a field.
//! Times are taken to the microsecond. A line can also be a command, which is answered with one line of JSON on standard
//! output as soon as it is done:
//!
//! - `status`: what was written, what waits, what was dropped, for each handler.
//! - `apply`: reads the file again and changes to what it says now; a bad one changes nothing.
//! - `reopen`: opens the files of all handlers again, as after a rotation by somebody else.
//!
//! Records go to the handlers of their logger if its level lets them pass. At the end of the input everything is written,
//! and a last `status` says what could not be.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use stratd_logging::{Config, Level, Logging, Record, Value};

/// How long the end waits for peers that do not take their records.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path] = arguments.as_slice() else {
        eprintln!("usage: send CONFIG.toml < RECORDS");
        return ExitCode::from(2);
    };
    match run(path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("send: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &str) -> Result<(), String> {
    let logging = Logging::new();
    apply(&logging, path)?;
    for (number, line) in io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| format!("reading standard input: {error}"))?;
        let answer = match line.trim() {
            "" => continue,
            "status" => {
                logging.flush();
                status(&logging)
            }
            "apply" => match apply(&logging, path) {
                Ok(()) => json!({ "applied": true }),
                Err(problem) => json!({ "applied": false, "problem": problem }),
            },
            "reopen" => {
                logging.reopen();
                json!({ "reopened": true })
            }
            record => {
                send(&logging, record).map_err(|problem| format!("line {}: {problem}", number + 1))?;
                continue;
            }
        };
        tell(&answer)?;
    }
    let ended = logging.shutdown(SHUTDOWN_WITHIN);
    let mut answer = status(&logging);
    answer["left"] = ended.left.into();
    answer["failed"] = ended.failed.into();
    tell(&answer)
}

fn apply(logging: &Logging, path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("reading {path}: {error}"))?;
    let config = Config::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    logging.apply(config).map_err(|error| format!("{path}: {error}"))
}

fn tell(answer: &Json) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("writing standard output: {error}"))
}

fn status(logging: &Logging) -> Json {
    let handlers: Vec<Json> = logging
        .handlers()
        .into_iter()
        .map(|handler| {
            json!({
                "name": handler.name,
                "kind": handler.kind,
                "queued": handler.queued,
                "written": handler.written,
                "dropped": handler.dropped,
                "errors": handler.errors,
                "last_error": handler.last_error,
            })
        })
        .collect();
    json!({ "handlers": handlers, "lost": logging.lost(), "renamed_fields": logging.renamed_fields() })
}

/// Logs the record of one line.
fn send(logging: &Logging, line: &str) -> Result<(), String> {
    let object: Map<String, Json> = serde_json::from_str(line).map_err(|error| {
        format!("{error} (accepted: a record as a JSON object, or one of the commands status, apply, reopen)")
    })?;
    let record = record(logging, &object)?;
    let logger = logging.logger(&record.name).map_err(|error| error.to_string())?;
    // a finished record passes the level of its logger, so we ask for it
    if logger.is_enabled(record.level) {
        logger.handle(&record);
    }
    Ok(())
}

fn record<'a>(logging: &Logging, object: &'a Map<String, Json>) -> Result<Record<'a>, String> {
    let mut record = Record::new("root", Level::INFO, "");
    record.process = std::process::id();
    record.created_ns = now_ns();
    let mut relative_ns = 0;
    for (key, value) in object {
        match key.as_str() {
            "name" => record.name = text(key, value)?.into(),
            "msg" => record.message = text(key, value)?.into(),
            "levelno" => record.level = Level::new(number(key, value)?),
            "levelname" => {
                let level = logging.level_names().parse(text(key, value)?);
                record.level = level.map_err(|error| error.to_string())?;
            }
            "created" => record.created_ns = nanoseconds(key, value, 1_000_000.0)?,
            "relativeCreated" => relative_ns = nanoseconds(key, value, 1_000.0)?,
            "pathname" => record.pathname = text(key, value)?.into(),
            "lineno" => record.lineno = number(key, value)?,
            "funcName" => record.function = text(key, value)?.into(),
            "module" => record.module = Some(text(key, value)?.into()),
            "thread" => record.thread = number(key, value)?,
            "threadName" => record.thread_name = text(key, value)?.into(),
            "process" => record.process = number(key, value)?,
            "processName" => record.process_name = text(key, value)?.into(),
            "taskName" => record.task_name = Some(text(key, value)?.into()),
            "exc_text" => record.exc_text = Some(text(key, value)?.into()),
            "stack_info" => record.stack_info = Some(text(key, value)?.into()),
            _ => record.fields.add(key.as_str(), field(value)),
        }
    }
    record.start_ns = record.created_ns.saturating_sub(relative_ns);
    Ok(record)
}

fn text<'a>(key: &str, value: &'a Json) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("{key}: found {value} (accepted: a text)"))
}

fn number<T: TryFrom<i64>>(key: &str, value: &Json) -> Result<T, String> {
    let number = value.as_i64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("{key}: found {value} (accepted: a whole number of its range)"))
}

/// A time that is given with so many microseconds to its unit. Floats hold today's times no finer than that.
fn nanoseconds(key: &str, value: &Json, microseconds: f64) -> Result<i64, String> {
    let time = value.as_f64().map(|time| (time * microseconds).round()).filter(|time| time.abs() < 9e15);
    let time = time.ok_or_else(|| format!("{key}: found {value} (accepted: a time of these centuries)"))?;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number, and small enough")]
    let time = time as i64;
    Ok(time * 1000)
}

fn field(value: &Json) -> Value<'_> {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::Array(_) | Json::Object(_) => Value::Json(value.to_string().into()),
    }
}

fn now_ns() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a program of its own, which nobody replays")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
