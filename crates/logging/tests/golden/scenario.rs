//! `scenarios.jsonl`: each kind of row has its interpreter.

use serde_json::Value as Json;

use crate::{Failure, steps, tag_of};

pub(crate) fn run(row: &Json) -> Result<(), Failure> {
    if let Some(tag) = tag_of(row, &["python_repr"]) {
        return Err(Failure::Excluded(format!("Python only, {tag}")));
    }
    match row["kind"].as_str().unwrap_or_default() {
        "steps" => steps::run(row),
        "queue_prepare" => Err(Failure::Excluded("Python only, queue_prepare".to_owned())),
        other => Err(Failure::Wrong(format!("no interpreter for kind {other:?}"))),
    }
}
