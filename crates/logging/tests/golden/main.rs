//! What CPython's `logging` does, row by row.
//!
//! A test without the usual harness, so that its last line is always seen:
//! `golden: N rows passed, M excluded (reason: count, …)`. A row that fails names itself.
//! The rows are those of `STRATD_GOLDENS` (sub-folder `logging`), by default the ones in `tests/golden`; its SCHEMA.md says
//! which are Python's alone and where this crate decides differently.

mod document;
mod ends;
mod files;
mod formatter;
mod mail;
mod scenario;
mod steps;
mod wire;
mod zone;

use std::{
    collections::BTreeMap,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use serde_json::Value;

/// How a row ended, other than well.
pub(crate) enum Failure {
    /// It is Python's alone, for this reason.
    Excluded(String),
    /// Something else came out.
    Wrong(String),
}

impl From<String> for Failure {
    fn from(difference: String) -> Self {
        Self::Wrong(difference)
    }
}

/// What CPython 3.13 gives for a row.
pub(crate) fn expectation(row: &Value) -> &Value {
    match &row["expect_py313"] {
        Value::Null => &row["expect"],
        expect => expect,
    }
}

/// True if the row has one of these tags; the first is returned.
pub(crate) fn tag_of<'r>(row: &'r Value, tags: &[&str]) -> Option<&'r str> {
    let own = row["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    own.into_iter().find(|tag| tags.contains(tag))
}

/// Runs one row.
type Run = fn(&Value) -> Result<(), Failure>;

fn main() -> ExitCode {
    let folder = env::var_os("STRATD_GOLDENS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden")),
        PathBuf::from,
    );
    let mut tally = Tally::default();
    let files: [(&str, Run); 2] = [("formatter.jsonl", formatter::run), ("scenarios.jsonl", scenario::run)];
    for (file, run) in files {
        let path = folder.join("logging").join(file);
        match fs::read_to_string(&path) {
            Ok(text) => text.lines().for_each(|line| tally.run_row(line, run)),
            Err(error) => {
                println!("golden: reading {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    tally.report()
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    excluded: BTreeMap<String, usize>,
}

impl Tally {
    fn run_row(&mut self, line: &str, run: fn(&Value) -> Result<(), Failure>) {
        let row: Value = match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => {
                self.failed += 1;
                println!("golden: a row that is no JSON: {error}: {line:.60}");
                return;
            }
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&row)))
            .unwrap_or_else(|_| Err(Failure::Wrong("it panicked, see above".to_owned())));
        match outcome {
            Ok(()) => self.passed += 1,
            Err(Failure::Excluded(reason)) => *self.excluded.entry(reason).or_default() += 1,
            Err(Failure::Wrong(difference)) => {
                self.failed += 1;
                println!("golden: row {} ({}) failed: {difference}", row["id"], row["title"]);
            }
        }
    }

    fn report(&self) -> ExitCode {
        if self.failed > 0 {
            println!("golden: {} rows failed", self.failed);
        }
        let count: usize = self.excluded.values().sum();
        let reasons: Vec<String> =
            self.excluded.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        let reasons = if reasons.is_empty() { "none".to_owned() } else { reasons.join(", ") };
        println!("golden: {} rows passed, {count} excluded ({reasons})", self.passed);
        // a folder without rows must not look like a success
        if self.failed > 0 || self.passed == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
