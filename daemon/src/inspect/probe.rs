//! The child's side of `plugin inspect`.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, Result};
use nix::{
    sys::{
        prctl,
        resource::{Resource, setrlimit},
        signal::Signal,
    },
    unistd::dup2_stdout,
};
use serde::{Deserialize, Serialize};

use crate::host::{Identity, Loader, Manifest, Refusal, Step, stage_base};

/// What the child tells, one line of JSON each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Report {
    /// A step is about to be taken.
    Step { step: Step, plugin: Identity },
    /// The plugin is accepted.
    // boxed: by far the largest
    Accepted(Box<Accepted>),
    /// The plugin is refused.
    Refused(Refusal),
}

/// A plugin that passed all steps but `create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accepted {
    pub(super) plugin: Identity,
    pub(super) manifest: Manifest,
    pub(super) is_layout_checked: bool,
}

/// Loads a plugin and reports on the standard output.
///
/// # Errors
/// The report cannot be written.
pub fn probe(file: &Path) -> Result<ExitCode> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("tying the life of the probe to its parent's")?;
    // a crash of the library is an expected outcome, not one to keep a core dump of
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("switching core dumps off")?;
    let mut output = private_output()?;
    let mut failed = Ok(());
    let mut observe = |step: Step, plugin: &Identity| {
        let written = write(&mut output, &Report::Step { step, plugin: plugin.clone() });
        if failed.is_ok() {
            failed = written;
        }
    };
    let loaded = Loader::new(&stage_base()).and_then(|loader| {
        let plugin = loader.load_observed(file, &mut observe)?;
        Ok(Accepted {
            plugin: plugin.identity().clone(),
            manifest: plugin.manifest().clone(),
            is_layout_checked: plugin.is_layout_checked(),
        })
    });
    failed?;
    let report = match loaded {
        Ok(accepted) => Report::Accepted(Box::new(accepted)),
        Err(refusal) => Report::Refused(refusal),
    };
    write(&mut output, &report)?;
    Ok(ExitCode::SUCCESS)
}

/// The standard output for the report alone: what the library prints goes to standard error.
fn private_output() -> Result<File> {
    let output = io::stdout().as_fd().try_clone_to_owned().context("duplicating the standard output")?;
    dup2_stdout(io::stderr().as_fd()).context("redirecting the standard output")?;
    Ok(File::from(output))
}

fn write(output: &mut File, report: &Report) -> Result<()> {
    let mut line = serde_json::to_vec(report).context("writing a report as JSON")?;
    line.push(b'\n');
    // one call: the line is complete or not there, whatever the library does next
    output.write_all(&line).context("writing to the parent")
}
