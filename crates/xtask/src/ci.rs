//! The only gate: what passes here may be merged. It runs the same on every machine.

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use anyhow::{Result, bail};
use nix::unistd::geteuid;

use crate::tier::{Tier, summarize};
use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, asan, bed, peers, soak, test, usage_error};

/// The task `ci [--skip-test] [--skip-peers]`; every stage runs, and one that failed fails the whole at the end.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let (mut with_test, mut with_peers) = (true, true);
    for argument in arguments {
        match argument.as_str() {
            "--skip-test" => with_test = false,
            "--skip-peers" => with_peers = false,
            other => return Ok(usage_error("ci", other)),
        }
    }
    let mut tiers = Vec::new();
    if with_test {
        tiers.push(test::tier(workspace));
    }
    tiers.push(Tier::run("fmt", || format(workspace)));
    tiers.push(Tier::run("clippy", || clippy(workspace)));
    tiers.push(Tier::run("doc", || doc(workspace)));
    tiers.push(deny(workspace));
    tiers.push(header(workspace));
    tiers.push(Tier::run("sim", || passed(soak::run(workspace, &arguments_of(&["sim"])))));
    tiers.push(Tier::run("soak", || passed(soak::run(workspace, &arguments_of(SOAK)))));
    tiers.push(Tier::run("record", || passed(soak::run(workspace, &arguments_of(RECORD)))));
    tiers.push(Tier::run("kill", || {
        // another one each time; it is printed, with the command that kills at the same moments again
        let seed = UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs()).to_string();
        passed(soak::run(workspace, &arguments_of(&["kill", "--count", KILLS, "--seed", &seed])))
    }));
    tiers.push(bed::tier(workspace));
    tiers.push(Tier::run("asan", || passed(asan::run(workspace, &[]))));
    tiers.push(if with_peers {
        Tier::run("peers", || passed(peers::run(workspace, &[])))
    } else {
        Tier::skipped("peers", "--skip-peers")
    });
    if !summarize(&tiers) {
        bail!("a stage failed");
    }
    Ok(ExitCode::SUCCESS)
}

/// The short form of the long proof.
const SOAK: &[&str] = &["reload", "--count", "200"];
/// The same of recording and replaying.
const RECORD: &[&str] = &["record", "--events", "200000"];
/// A tenth of the thousand kills.
const KILLS: &str = "100";

fn arguments_of(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A task as a stage: its exit code is its verdict.
fn passed(result: TaskResult) -> Result<()> {
    if result? == ExitCode::SUCCESS { Ok(()) } else { bail!("it failed, see above") }
}

fn format(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn doc(workspace: &Workspace) -> Result<()> {
    run_command(workspace.cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The header under every compiler: the tests go without the ones that are not there, the gate does not. A user who cannot
/// install clang hears that this was not looked at.
fn header(workspace: &Workspace) -> Tier {
    let has_clang =
        workspace.command("clang").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_clang && !geteuid().is_root() {
        return Tier::skipped("header", "clang is not installed, and only root can (apt-get install clang)");
    }
    Tier::run("header", || {
        bed::install(&[("gcc", "gcc"), ("g++", "g++"), ("clang", "clang")])?;
        run_command(&mut workspace.cargo(&["test", "-q", "-p", "stratd-abi", "--test", "header"]))
    })
}

/// Bans, licences and sources are told by the crates themselves; advisories need a database from elsewhere, and are
/// therefore no part of the gate.
fn deny(workspace: &Workspace) -> Tier {
    let is_installed =
        workspace.cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if !is_installed {
        return Tier::skipped("deny", "cargo-deny is not installed");
    }
    Tier::run("deny", || run_command(&mut workspace.cargo(&["deny", "check", "bans", "licenses", "sources"])))
}
