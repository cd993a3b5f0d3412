//! `tea index`: sums beside a file, by which `tea verify` tells whether its items are what they were.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Index {
    file: PathBuf,
    /// Reads all items and believes nothing that an index said before
    #[arg(long)]
    force: bool,
}

impl Index {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let made = teafile::index(&self.file, self.force)?;
        if output.json {
            output.object(&json!({
                "file": self.file.to_string_lossy(),
                "index": made.path.to_string_lossy(),
                "items": made.items,
            }))?;
        } else {
            writeln!(output, "{} knows {} items", made.path.display(), made.items)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
