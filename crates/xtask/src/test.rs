//! Runs every test of the workspace; needs neither root nor a network beyond what cargo fetches.

use std::process::ExitCode;

use anyhow::Result;

use crate::tier::Tier;
use crate::workspace::Workspace;
use crate::{TaskResult, plugins, retry, usage_error};

/// The task `test`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("test", argument));
    }
    let failed = tier(workspace).has_failed();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The tests as the first stage of the gate.
pub(crate) fn tier(workspace: &Workspace) -> Tier {
    Tier::telling("test", || test(workspace))
}

/// The plugins come first and by themselves: with their feature `export` in the same build, two of them could not be
/// linked into one test program.
fn test(workspace: &Workspace) -> Result<String> {
    let plugins = plugins::build(workspace, true)?;
    // all test programs run even if one fails, so that one run tells everything
    let cargo = |arguments: &[&str]| {
        let mut cargo = workspace.cargo(arguments);
        cargo.env("STRATD_PLUGINS", &plugins);
        cargo
    };
    retry::run(&mut cargo(&["test", "--workspace", "--no-fail-fast"]), || cargo(&["test", "--workspace"]))
}
