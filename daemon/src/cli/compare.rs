//! `stratd compare`.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::results::compare::{ComparedRun, RUNS_MAX, page, print_comparison};

#[derive(Args)]
pub(super) struct CompareArguments {
    /// Folders of runs
    #[arg(required = true, num_args = 2..)]
    runs: Vec<PathBuf>,

    /// The page
    #[arg(long, short, default_value = "compare.html")]
    output: PathBuf,
}

pub(super) fn main(arguments: &CompareArguments) -> Result<ExitCode> {
    let count = arguments.runs.len();
    if count > RUNS_MAX {
        bail!("found {count} runs (accepted: at most {RUNS_MAX} side by side)");
    }
    let runs = arguments.runs.iter().map(|folder| ComparedRun::read(folder)).collect::<Result<Vec<_>>>()?;
    let output = &arguments.output;
    std::fs::write(output, page(&runs)).with_context(|| format!("writing {}", output.display()))?;
    let mut out = std::io::stdout().lock();
    print_comparison(&mut out, &runs)?;
    writeln!(out, "the page is {}", output.display())?;
    Ok(ExitCode::SUCCESS)
}
