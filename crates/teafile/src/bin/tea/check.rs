//! `tea verify` and `tea repair`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;
use teafile::{IndexCheckup, State, TornTail, Verification, ZeroTail};

use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    file: PathBuf,
    /// What items of zeros at the end are, which a loss of power leaves behind
    #[arg(long, value_enum, default_value_t = Zeros::Refuse)]
    zeros: Zeros,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Zeros {
    /// That is for you to say: nothing is done
    Refuse,
    /// Items: they stay
    Accept,
    /// Nothing: they are cut off
    Truncate,
}

impl Verify {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let found = teafile::verify(&self.file)?;
        let (state, code) = match found.state() {
            State::Clean => ("clean", 0),
            State::Repairable => ("repairable", 1),
            State::Broken => ("broken", 2),
        };
        if output.json {
            output.object(&json!({
                "file": self.file.to_string_lossy(),
                "state": state,
                "items": found.items,
                "header": found.header.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "partial_tail_bytes": found.partial_tail_bytes,
                "zero_tail_items": found.zero_tail_items,
                "time_violations": found.time_violations,
                "first_time_violation": found.first_time_violation,
                "interrupted_edit": found.interrupted_edit,
                "index": index_as_json(found.index.as_ref()),
            }))?;
        } else {
            writeln!(output, "{}: {state}, {} items", self.file.display(), found.items)?;
            for line in findings(&found).into_iter().chain(index_lines(found.index.as_ref())) {
                writeln!(output, "  {line}")?;
            }
            if found.state() == State::Repairable {
                let zeros = if found.zero_tail_items > 0 { " --zeros truncate" } else { "" };
                writeln!(output, "  mend it: tea repair{zeros} {}", self.file.display())?;
            }
        }
        Ok(ExitCode::from(code))
    }
}

fn findings(found: &Verification) -> Vec<String> {
    let mut lines: Vec<String> = found.header.iter().map(|error| format!("header: {error}")).collect();
    if found.interrupted_edit {
        lines.push("an edit of the header was interrupted".to_owned());
    }
    if found.partial_tail_bytes > 0 {
        lines.push(format!("it ends in {} bytes of an item", found.partial_tail_bytes));
    }
    if found.zero_tail_items > 0 {
        lines.push(format!(
            "the last {} items are zeros, as a loss of power leaves them behind",
            found.zero_tail_items
        ));
    }
    if let Some(first) = found.first_time_violation {
        lines.push(format!("times go backwards {} times, first at item {first}", found.time_violations));
    }
    lines
}

fn index_as_json(index: Option<&IndexCheckup>) -> serde_json::Value {
    match index {
        None => serde_json::Value::Null,
        Some(IndexCheckup::Ignored(reason)) => json!({ "ignored": reason }),
        Some(IndexCheckup::Compared(check)) => json!({
            "items": check.items,
            "missing_items": check.missing_items,
            "bad_blocks": check.bad_blocks,
            "first_bad_items": check.first_bad_items.as_ref().map(|items| [items.start, items.end]),
        }),
    }
}

fn index_lines(index: Option<&IndexCheckup>) -> Vec<String> {
    let check = match index {
        None => return Vec::new(),
        Some(IndexCheckup::Ignored(reason)) => {
            return vec![format!(
                "warning: {reason}; it is ignored (expected to be made anew: tea index --force)"
            )];
        }
        Some(IndexCheckup::Compared(check)) => check,
    };
    let mut lines = Vec::new();
    if check.missing_items > 0 {
        lines.push(format!("index: {} items were synced that are not there", check.missing_items));
    }
    if let Some(items) = &check.first_bad_items {
        lines.push(format!(
            "index: blocks that are not what they were: {}, the first is items {}..{}",
            check.bad_blocks, items.start, items.end
        ));
    }
    if lines.is_empty() {
        lines.push(format!("index: {} items are what they were", check.items));
    }
    lines
}

impl Repair {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let zero_tail = match self.zeros {
            Zeros::Refuse => ZeroTail::Refuse,
            Zeros::Accept => ZeroTail::Accept,
            Zeros::Truncate => ZeroTail::Truncate,
        };
        let options = teafile::Repair { torn_tail: TornTail::Truncate, zero_tail };
        let done = teafile::repair(&self.file, options)?;
        if output.json {
            let done = done.map(|repaired| {
                json!({
                    "offset": repaired.offset,
                    "bytes": repaired.bytes,
                    "saved_in": repaired.saved_in.to_string_lossy(),
                })
            });
            output.object(&json!({ "file": self.file.to_string_lossy(), "cut_off": done }))?;
            return Ok(ExitCode::SUCCESS);
        }
        match done {
            None => writeln!(output, "{}: nothing to do", self.file.display())?,
            Some(repaired) => writeln!(
                output,
                "{}: cut off {} bytes, so that it ends at byte {}; they are in {}",
                self.file.display(),
                repaired.bytes,
                repaired.offset,
                repaired.saved_in.display()
            )?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
