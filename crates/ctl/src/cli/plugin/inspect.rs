//! `stratctl plugin inspect`. A file that would be refused is an answer, and a failure for the shell.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Args;
use stratd_control::{InspectRequest, Inspection, Request, Verdict};

use super::Desk;
use crate::{cli::desk::absolute, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The file
    file: PathBuf,
}

pub(super) fn main(desk: &Desk, arguments: &Arguments) -> Result<ExitCode> {
    let body = InspectRequest { file: absolute(&arguments.file)? };
    let answer = desk.ask(&Request::inspect(&body)?)?;
    let inspection: Inspection = answer.read()?;
    desk.print(&answer, |_| Ok(view::inspection(&inspection)))?;
    Ok(match inspection.verdict {
        Verdict::Accepted => ExitCode::SUCCESS,
        Verdict::Refused => ExitCode::FAILURE,
    })
}
