//! What benchmarks and soaks run: builds of the release profile, unless the environment names others, to measure an
//! earlier one.

use std::env;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{self, Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;
use crate::{deb, plugins};

/// `stratd`, or what `STRATD_BIN` names.
pub(crate) fn daemon(workspace: &Workspace) -> Result<PathBuf> {
    given("STRATD_BIN", || {
        deb::build_programs(workspace)?;
        Ok(workspace.release().join("stratd"))
    })
}

/// `stratd-synthetic`, or what `STRATD_SYNTHETIC_BIN` names.
pub(crate) fn venue(workspace: &Workspace) -> Result<PathBuf> {
    given("STRATD_SYNTHETIC_BIN", || {
        deb::build_programs(workspace)?;
        Ok(workspace.release().join("stratd-synthetic"))
    })
}

/// The folder of all plugins, or the one that `STRATD_PLUGINS` names.
pub(crate) fn libraries(workspace: &Workspace, with_faulty: bool) -> Result<PathBuf> {
    given("STRATD_PLUGINS", || plugins::build(workspace, with_faulty))
}

fn given(name: &str, build: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    match env::var_os(name).filter(|value| !value.is_empty()) {
        // they run in folders of their own
        Some(value) => path::absolute(value).with_context(|| format!("the path in {name}")),
        None => build(),
    }
}

/// Starts a venue in this folder, on a port of its choice, and waits until it says its address.
pub(crate) fn start_venue(program: &Path, folder: &Path, arguments: &[&str]) -> Result<(Child, String)> {
    let log = folder.join("venue.log");
    let mut child = Command::new(program)
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(File::create(&log).context("the venue's log")?)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let mut line = String::new();
    // a venue that says nothing has ended, or ends here
    let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
    match line.trim().strip_prefix("listening on ") {
        Some(url) if matches!(read, Some(Ok(_))) => Ok((child, url.to_owned())),
        _ => {
            // it may have ended by itself
            let _ = child.kill();
            let _ = child.wait();
            bail!("the venue does not listen (its log is {})", log.display())
        }
    }
}
