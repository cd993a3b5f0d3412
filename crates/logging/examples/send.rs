//! Logs records from standard input as a configuration says: a way to try one, and to log from a shell script.
//!
//! ```text
//! cargo run -p stratd-logging --example send -- logging.toml < records.jsonl
//! ```
//!
//! A line that begins with `{` is a record: a JSON object whose keys are the attributes of Python's `LogRecord`; every
//! other key is a field. `msg` and one of `levelno` and `levelname` must be there, as in
//! `{"msg": "filled", "levelname": "INFO", "name": "strategy.momentum", "order_id": 17}`. A line can also be a command,
//! which is answered with one line of JSON on standard output as soon as it is done:
//!
//! - `status`: what was written, what waits, what was dropped, for each handler; what came in, for each receiver.
//! - `apply`: reads the file again and changes to what it says now; a bad one changes nothing.
//! - `reopen`: opens the files of all handlers again, as after a rotation by somebody else.
//!
//! Records go to the handlers of their logger if its level lets them pass. With `[receivers]` in the file, those of other
//! programs come in as well. At the end of the input everything is written, and a last `status` says what could not be.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use stratd_logging::{Codec, Config, Logging, decode_record};

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

fn tell(answer: &Value) -> Result<(), String> {
    let mut out = io::stdout().lock();
    writeln!(out, "{answer}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("writing standard output: {error}"))
}

fn status(logging: &Logging) -> Value {
    let handlers: Vec<Value> = logging
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
    let receivers: Vec<Value> = logging
        .receivers()
        .into_iter()
        .map(|receiver| {
            json!({
                "name": receiver.name,
                "address": receiver.address,
                "connections": receiver.connections,
                "received": receiver.received,
                "refused": receiver.refused,
                "dropped": receiver.dropped,
                "last_error": receiver.last_error,
            })
        })
        .collect();
    json!({ "handlers": handlers, "receivers": receivers, "lost": logging.lost(), "renamed_fields": logging.renamed_fields() })
}

/// Logs the record of one line.
fn send(logging: &Logging, line: &str) -> Result<(), String> {
    let mut record = decode_record(line.as_bytes(), Codec::Json, now_ns()).map_err(|error| {
        format!("{error} (accepted: a record as a JSON object, or one of the commands status, apply, reopen)")
    })?;
    if record.process == 0 {
        record.process = std::process::id();
    }
    let logger = logging.logger(&record.name).map_err(|error| error.to_string())?;
    // a finished record passes the level of its logger, so we ask for it
    if logger.is_enabled(record.level) {
        logger.handle(&record);
    }
    Ok(())
}

fn now_ns() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "a program of its own, which nobody replays")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
