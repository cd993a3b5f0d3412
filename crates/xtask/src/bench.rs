//! Runs a benchmark by name.
//!
//! Each prints a table and writes `TARGET/bench/NAME.json`, a flat object of numbers; it finds TARGET in
//! `CARGO_TARGET_DIR`, which every task sets for the programs that it starts.

use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, USAGE_ERROR, plugins, usage_error};

struct Bench {
    name: &'static str,
    package: &'static str,
    needs_plugins: bool,
    about: &'static str,
}

/// Every benchmark of the workspace; a new one is a new row.
const BENCHES: &[Bench] = &[
    Bench {
        name: "book",
        package: "stratd-orderbook",
        needs_plugins: false,
        about: "order book: nanoseconds per add, cancel and match",
    },
    Bench {
        name: "call",
        package: "stratd-tests",
        needs_plugins: true,
        about: "a strategy through the plugin table: nanoseconds per event, against the same one linked statically",
    },
];

/// The task `bench [NAME]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let [name] = arguments else {
        if let Some(argument) = arguments.get(1) {
            return Ok(usage_error("bench", argument));
        }
        print!("{}", list());
        return Ok(ExitCode::SUCCESS);
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        eprint!("xtask bench: there is no benchmark '{name}'\n\n{}", list());
        return Ok(ExitCode::from(USAGE_ERROR));
    };
    measure(workspace, bench)?;
    Ok(ExitCode::SUCCESS)
}

fn measure(workspace: &Workspace, bench: &Bench) -> Result<()> {
    let numbers = workspace.bench_results().join(format!("{}.json", bench.name));
    // numbers of an earlier run must not pass for those of this one
    if numbers.exists() {
        fs::remove_file(&numbers).with_context(|| format!("removing {}", numbers.display()))?;
    }
    let mut cargo = workspace.cargo(&["bench", "-p", bench.package, "--bench", bench.name]);
    if bench.needs_plugins {
        cargo.env("STRATD_PLUGINS", plugins::build(workspace, false)?);
    }
    run_command(&mut cargo)?;
    if !numbers.is_file() {
        bail!("benchmark '{}' ended without writing {}", bench.name, numbers.display());
    }
    eprintln!("numbers in {}", numbers.display());
    Ok(())
}

fn list() -> String {
    let mut text = String::from("benchmarks:\n");
    for bench in BENCHES {
        // writing to a String cannot fail
        let _ = writeln!(text, "  {:<8} {}", bench.name, bench.about);
    }
    text
}
