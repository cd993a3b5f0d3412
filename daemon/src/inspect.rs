//! `stratd plugin inspect`: what a plugin is, or why it is refused.
//!
//! It takes the steps of the loader, but opens the library in a throw-away process only.

mod print;
mod probe;
mod trial_host;

use std::{path::Path, process::ExitCode};

use anyhow::Result;

use crate::host::{Accepted, Loader, Probe, Refusal, stage_base};

pub use probe::probe;

/// Inspects a plugin and prints the verdict; the exit code is 0 only if the plugin is accepted.
///
/// # Errors
/// The result could not be printed.
pub fn inspect(file: &Path, json: bool) -> Result<ExitCode> {
    let verdict = examine(file);
    print::print(&verdict, json)?;
    Ok(if verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(file: &Path) -> Result<Accepted, Refusal> {
    let loader = Loader::new(&stage_base())?;
    let verified = loader.verify(loader.read(file)?)?;
    Probe::default().examine(verified.copy(), verified.identity(), &[])
}
