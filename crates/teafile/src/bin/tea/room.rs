//! `tea prealloc` and `tea trim`: room behind the items.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use teafile::{Reader, Writer};

use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Prealloc {
    file: PathBuf,
    /// How many items there is to be room for behind those that are there
    items: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Trim {
    file: PathBuf,
}

impl Prealloc {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        change(&self.file, output, |file| file.prepare(self.items))
    }
}

impl Trim {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        change(&self.file, output, Writer::trim)
    }
}

fn change(
    path: &Path,
    output: &mut Output,
    change: impl FnOnce(&mut Writer) -> Result<(), teafile::Error>,
) -> Result<ExitCode> {
    let mut file = teafile::append(path)?;
    change(&mut file)?;
    file.close()?;
    let items = Reader::open(path)?.item_count()?;
    let bytes = fs::metadata(path).with_context(|| path.display().to_string())?.len();
    if output.json {
        output.object(&json!({ "file": path.to_string_lossy(), "items": items, "bytes": bytes }))?;
    } else {
        writeln!(output, "{}: {items} items in {bytes} bytes", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
