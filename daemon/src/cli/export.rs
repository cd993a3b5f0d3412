//! `stratd export`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Args, ValueEnum};

#[derive(Args)]
pub(super) struct ExportArguments {
    /// Folder of a run
    run: PathBuf,

    /// What is written
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    format: Format,

    /// Where to; the folder of the run unless it is set
    #[arg(long, short)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// NAME.parquet, packed with Snappy
    Parquet,
    /// NAME.arrow, the file format of Arrow's IPC
    Arrow,
}

#[cfg(feature = "arrow")]
pub(super) fn main(arguments: &ExportArguments) -> Result<ExitCode> {
    use std::io::Write as _;

    use crate::results::export::{ExportFormat, export};

    let format = match arguments.format {
        Format::Parquet => ExportFormat::Parquet,
        Format::Arrow => ExportFormat::Arrow,
    };
    let output = arguments.output.as_deref().unwrap_or(&arguments.run);
    let mut out = std::io::stdout().lock();
    for (name, rows) in export(&arguments.run, output, format)? {
        writeln!(out, "{} ({rows} rows)", output.join(name).display())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "arrow"))]
pub(super) fn main(_: &ExportArguments) -> Result<ExitCode> {
    anyhow::bail!("this build has no Arrow (build it with: cargo build --release -p stratd --features arrow)")
}
