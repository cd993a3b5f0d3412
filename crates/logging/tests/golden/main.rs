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
    collections::{BTreeMap, BTreeSet},
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
};

use serde_json::{Value, json};

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

const FILES: [(&str, Run); 2] = [("formatter.jsonl", formatter::run), ("scenarios.jsonl", scenario::run)];

fn main() -> ExitCode {
    let folder = env::var_os("STRATD_GOLDENS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden")),
        PathBuf::from,
    );
    let mut rows: Vec<(Value, Run)> = Vec::new();
    let mut tally = Tally::default();
    for (file, run) in FILES {
        let path = folder.join("logging").join(file);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                println!("golden: reading {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        };
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(row) => rows.push((row, run)),
                Err(error) => {
                    tally.failed += 1;
                    println!("golden: a row that is no JSON: {error}: {line:.60}");
                }
            }
        }
    }
    if let Some(own) = zone::own() {
        // what is no row at all is told by the process that started this one
        let mut tally = Tally::default();
        rows.iter().filter(|(row, _)| zone::of(row) == own).for_each(|(row, run)| tally.run_row(row, *run));
        println!("{}", tally.to_json());
        return ExitCode::SUCCESS;
    }
    let zones: BTreeSet<&str> = rows.iter().map(|(row, _)| zone::of(row)).collect();
    for zone in zones {
        let of_zone = rows.iter().filter(|(row, _)| zone::of(row) == zone).count();
        tally.take_zone(zone, of_zone);
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
    fn run_row(&mut self, row: &Value, run: Run) {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(row)))
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

    /// Runs the rows of a zone in their process, and counts them here. One that ends before its count has failed.
    fn take_zone(&mut self, zone: &str, rows: usize) {
        let output =
            zone::process(zone).unwrap_or_else(|error| format!("golden: starting the process: {error}"));
        let (lines, last) = output.trim_end().rsplit_once('\n').unwrap_or(("", output.trim_end()));
        if !lines.is_empty() {
            println!("{lines}");
        }
        let Some(of_zone) = Self::from_json(last).filter(|tally| tally.rows() == rows) else {
            self.failed += rows;
            println!("golden: the {rows} rows of zone {zone} failed: their process ended with: {last}");
            return;
        };
        self.passed += of_zone.passed;
        self.failed += of_zone.failed;
        for (reason, count) in of_zone.excluded {
            *self.excluded.entry(reason).or_default() += count;
        }
    }

    fn rows(&self) -> usize {
        self.passed + self.failed + self.excluded.values().sum::<usize>()
    }

    fn to_json(&self) -> Value {
        json!({ "passed": self.passed, "failed": self.failed, "excluded": self.excluded })
    }

    fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let count = |value: &Value| usize::try_from(value.as_u64()?).ok();
        let excluded = value["excluded"].as_object()?.iter();
        Some(Self {
            passed: count(&value["passed"])?,
            failed: count(&value["failed"])?,
            excluded: excluded.map(|(reason, n)| Some((reason.clone(), count(n)?))).collect::<Option<_>>()?,
        })
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
