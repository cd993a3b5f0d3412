//! The golden files: each valid one read, written anew and appended to, each malformed one refused.
//!
//! A test without the usual harness, so that its last line is always seen:
//! `golden: N rows passed, M excluded (reason: count, …)`. A row that fails names itself.

#![expect(clippy::unwrap_used, reason = "a panic is a row that failed: it is caught and named")]

mod malformed;
mod sidecar;
mod valid;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use serde_json::Value as Json;

/// Why a row did not pass.
enum Failure {
    Wrong(String),
    Excluded(&'static str),
}

impl From<teafile::Error> for Failure {
    fn from(error: teafile::Error) -> Self {
        Self::Wrong(format!("{error:?}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}

type Outcome = Result<(), Failure>;

fn main() -> ExitCode {
    let rows = match read_rows() {
        Ok(rows) => rows,
        Err(error) => {
            println!("golden: reading the rows: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (mut passed, mut failed) = (0, 0);
    let mut excluded: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (path, row) in &rows {
        let outcome = catch_unwind(AssertUnwindSafe(|| run_row(path, row)))
            .unwrap_or_else(|_| Err(Failure::Wrong("it panicked, see above".to_owned())));
        match outcome {
            Ok(()) => passed += 1,
            Err(Failure::Excluded(reason)) => *excluded.entry(reason).or_default() += 1,
            Err(Failure::Wrong(difference)) => {
                failed += 1;
                println!("golden: row {} failed: {difference}", path.display());
            }
        }
    }
    if failed > 0 {
        println!("golden: {failed} rows failed");
    }
    let count: usize = excluded.values().sum();
    let reasons: Vec<String> = excluded.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    println!("golden: {passed} rows passed, {count} excluded{reasons}");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_row(path: &Path, row: &Json) -> Outcome {
    match row["expect"].as_str() {
        Some("ok") => valid::check(path, row),
        Some("error") => malformed::check(path, row),
        _ => Err(Failure::Excluded("it expects something that is not known here")),
    }
}

/// The path of every file and what is said about it.
fn read_rows() -> io::Result<Vec<(PathBuf, Json)>> {
    let root = std::env::var_os("STRATD_GOLDENS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden")),
        PathBuf::from,
    );
    let mut rows = Vec::new();
    for folder in ["valid", "malformed"] {
        for entry in fs::read_dir(root.join("teafile").join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                // Python writes these bare, which JSON does not know; elsewhere they are strings already
                let text = fs::read_to_string(&path)?;
                let text = text.replace(": Infinity", ": \"inf\"").replace(": -Infinity", ": \"-inf\"");
                let text = text.replace(": NaN", ": \"nan\"");
                let row = serde_json::from_str(&text).map_err(|error| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
                })?;
                rows.push((path.with_extension("tea"), row));
            }
        }
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(rows)
}

/// An error that says what differs.
fn same<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(what: &str, found: T, expected: U) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(Failure::Wrong(format!("{what} is\n{found:?}\n(expected\n{expected:?})")))
}
