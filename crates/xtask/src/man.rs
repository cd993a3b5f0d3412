//! Makes the pages for `man` and the completions of shells: `TARGET/pages/man1`, `man5` and `completions`.
//!
//! They are made of the command lines in the code, and `stratd.toml(5)` of `docs/configuration.md`. They are not kept with
//! the sources, so that they cannot be of another version than the programs; the package takes them from there.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, usage_error};

/// The task `man`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("man", argument));
    }
    let folder = make(workspace)?;
    println!(
        "pages and completions in {}; look at one: man {}/man1/stratctl.1",
        folder.display(),
        folder.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes them and returns the folder. What an earlier version had is gone.
pub(crate) fn make(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.pages();
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let example = ["run", "--quiet", "-p", "stratd-tests", "--example", "pages", "--"];
    run_command(workspace.cargo(&example).arg(&folder))?;
    // `tea` makes its own: it is a program of a crate that is used without the others
    let tea = ["run", "--quiet", "-p", "teafile", "--features", "cli", "--bin", "tea", "--", "pages"];
    run_command(workspace.cargo(&tea).arg(&folder))?;
    Ok(folder)
}
