//! `scenarios.jsonl`: each kind of row has its interpreter.

use serde_json::Value as Json;

use crate::{Failure, ends, files, mail, steps, tag_of, wire};

pub(crate) fn run(row: &Json) -> Result<(), Failure> {
    if let Some(tag) = tag_of(row, &["python_repr"]) {
        return Err(Failure::Excluded(tag.to_owned()));
    }
    match row["kind"].as_str().unwrap_or_default() {
        "steps" => steps::run(row),
        "file" => files::file(row),
        "rotating" | "rotating_hook" => files::rotating(row),
        "rotating_special" => files::rotating_special(row),
        "timed_compute" => files::timed_compute(row),
        "timed_sequence" => files::timed_sequence(row),
        "buffering_formatter" => ends::buffering_formatter(row),
        "queue_listener" => ends::queue_listener(row),
        "queue_full" => ends::queue_full(row),
        "syslog_wire" => wire::syslog(row),
        "syslog_tables" => wire::syslog_tables(row),
        "socket_wire" | "datagram_wire" => wire::pickles(row),
        "smtp" => mail::run(row),
        "http_wire" => wire::http(row),
        "socket_retry" => wire::retry(row),
        "shutdown" => ends::shutdown(row),
        "queue_prepare" => Err(Failure::Excluded("queue_prepare".to_owned())),
        other => Err(Failure::Wrong(format!("no interpreter for kind {other:?}"))),
    }
}
