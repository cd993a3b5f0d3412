//! Runs the fuzz targets of `tests/fuzz`.
//!
//! They are compiled into libFuzzer with the instrumentation that it needs; its flags are stable ones of the compiler, so
//! that no other toolchain is asked for. A C++ compiler is, for libFuzzer itself.
//!
//! Below `TARGET/fuzz` are `seeds` (made anew from golden files and examples), `corpus` (what the fuzzer found worth
//! keeping, which the next run goes on from), `logs` and `finds`: inputs that ended a target, each with the command that
//! runs it again.

mod seeds;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, USAGE_ERROR, usage_error};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const MANIFEST: &str = "tests/fuzz/Cargo.toml";
/// Coverage as libFuzzer reads it: a counter and an address for each edge, and what is compared with what.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Ccodegen-units=1 --cfg fuzzing";
/// How long each target runs if nobody says otherwise.
const SECONDS: u64 = 20;
/// The longest run of a target.
const SECONDS_MAX: u64 = 86_400;

/// A fuzz target.
struct Target {
    name: &'static str,
    /// The longest input that is tried.
    bytes_max: usize,
    about: &'static str,
}

/// Every target; a new one is a new row, a file in `tests/fuzz/src` and its seeds.
const TARGETS: &[Target] = &[
    Target { name: "format", bytes_max: 512, about: "format strings of all three styles, compiled and used" },
    Target { name: "pickle", bytes_max: 4096, about: "records as Python pickles them" },
    Target { name: "cbor", bytes_max: 4096, about: "records in CBOR" },
    Target { name: "json", bytes_max: 4096, about: "records in JSON" },
    Target { name: "syslog", bytes_max: 2048, about: "messages of RFC 5424, RFC 3164, and neither" },
    Target {
        name: "control",
        bytes_max: 4096,
        about: "the control socket: If-Match, bodies and paths of requests, answers, events",
    },
    Target { name: "config", bytes_max: 4096, about: "[logging] as a text, checked whole" },
    Target { name: "tea", bytes_max: 4096, about: "headers of TeaFiles and the items behind them" },
];

/// What one target did.
struct Outcome {
    executions: u64,
    finds: Vec<PathBuf>,
    has_failed: bool,
}

/// The task `fuzz [TARGET …] [--seconds N] [--input FILE]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let (mut targets, mut seconds, mut input) = (Vec::new(), SECONDS, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                let number = words.next().and_then(|number| number.parse().ok());
                let Some(number) = number.filter(|number| (1..=SECONDS_MAX).contains(number)) else {
                    eprintln!("xtask fuzz: --seconds takes a number from 1 to {SECONDS_MAX}");
                    return Ok(ExitCode::from(USAGE_ERROR));
                };
                seconds = number;
            }
            "--input" => match words.next() {
                Some(file) => input = Some(std::path::absolute(file)?),
                None => return Ok(usage_error("fuzz", word)),
            },
            name => match TARGETS.iter().find(|target| target.name == name) {
                Some(target) => targets.push(target),
                None => {
                    eprint!("xtask fuzz: there is no target '{name}'\n\n{}", list());
                    return Ok(ExitCode::from(USAGE_ERROR));
                }
            },
        }
    }
    if let Some(input) = input {
        let [target] = targets[..] else {
            eprintln!("xtask fuzz: --input goes with one target");
            return Ok(ExitCode::from(USAGE_ERROR));
        };
        let programs = build(workspace)?;
        run_command(workspace.command(programs.join(target.name)).arg(input))?;
        println!("{}: nothing found", target.name);
        return Ok(ExitCode::SUCCESS);
    }
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    fuzz(workspace, &targets, seconds)
}

fn list() -> String {
    let rows = TARGETS.iter().map(|target| format!("  {:<8} {}\n", target.name, target.about));
    format!("targets:\n{}", rows.collect::<String>())
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.fuzz_results()
}

/// Compiles the targets and returns the folder they are in.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = folder(workspace).join("build");
    let mut cargo = workspace.cargo(&["build", "--release", "--locked", "--manifest-path", MANIFEST]);
    // for a named triple, so that the flags do not reach build scripts and macros
    cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_BUILD_TARGET", TRIPLE).env("RUSTFLAGS", FLAGS);
    run_command(&mut cargo).context("building the fuzz targets (libFuzzer needs a C++ compiler, as g++)")?;
    Ok(target.join(TRIPLE).join("release"))
}

fn fuzz(workspace: &Workspace, targets: &[&Target], seconds: u64) -> TaskResult {
    let programs = build(workspace)?;
    let folder = folder(workspace);
    seeds::write(workspace.root(), &folder.join("seeds"))?;
    let mut has_failed = false;
    println!("{:<8}{:>10}{:>16}{:>8}", "target", "seconds", "executions", "finds");
    for target in targets {
        let outcome = fuzz_one(workspace, &programs, target, seconds)?;
        println!("{:<8}{seconds:>10}{:>16}{:>8}", target.name, outcome.executions, outcome.finds.len());
        for find in &outcome.finds {
            println!("  cargo xtask fuzz {} --input {}", target.name, find.display());
        }
        if outcome.has_failed && outcome.finds.is_empty() {
            println!("  it ended without an input: {}", log_of(&folder, target).display());
        }
        has_failed |= outcome.has_failed;
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn log_of(folder: &Path, target: &Target) -> PathBuf {
    folder.join("logs").join(target.name)
}

fn fuzz_one(workspace: &Workspace, programs: &Path, target: &Target, seconds: u64) -> Result<Outcome> {
    let folder = folder(workspace);
    let (corpus, finds) = (folder.join("corpus").join(target.name), folder.join("finds").join(target.name));
    for place in [&corpus, &finds, &folder.join("logs")] {
        fs::create_dir_all(place).with_context(|| format!("making {}", place.display()))?;
    }
    let known = files(&finds)?;
    let log = log_of(&folder, target);
    let log_file = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let mut command = workspace.command(programs.join(target.name));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={}", target.bytes_max));
    command.args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048"]);
    command.arg(format!("-artifact_prefix={}/", finds.display()));
    command.arg(&corpus).arg(folder.join("seeds").join(target.name));
    command.stdout(log_file.try_clone()?).stderr(log_file);
    let child: std::io::Result<Child> = command.spawn();
    let status = child.with_context(|| format!("starting {}", target.name))?.wait()?;
    let text = fs::read(&log).with_context(|| format!("reading {}", log.display()))?;
    let mut new = files(&finds)?;
    new.retain(|find| !known.contains(find));
    Ok(Outcome {
        executions: executions(&String::from_utf8_lossy(&text)),
        finds: new,
        has_failed: !status.success(),
    })
}

/// How many inputs were tried, as libFuzzer says at its end.
fn executions(log: &str) -> u64 {
    let number = |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
    log.lines().find_map(number).unwrap_or(0)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        files.push(entry?.path());
    }
    files.sort();
    if files.len() > 100_000 {
        bail!("{} holds more than 100,000 files", folder.display());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::executions;

    #[test]
    fn the_number_of_executions_is_that_of_the_final_lines() {
        let log =
            "#2\tINITED cov: 1\nstat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     12\n";
        assert_eq!(executions(log), 1234);
        assert_eq!(executions("it crashed"), 0);
    }
}
