//! Runs what loads, calls, replaces and unmaps plugins under AddressSanitizer.
//!
//! Daemon, plugins and tests are all instrumented; the standard library is not, because it comes compiled. The flags of
//! the sanitizer are not stable, so the compiler is told to take them (`RUSTC_BOOTSTRAP`). The libraries find the
//! sanitizer in the program that opens them, which therefore exports its symbols.
//!
//! Leaks are not reported: bridges to plugins, and libraries that stay mapped, are leaked by design, and a library that
//! was unmapped takes the names out of the stack that would tell the two apart.
//!
//! Signals are left to the daemon: its own handlers name the instance that crashed, and have tests that crash.
//!
//! Not run under the sanitizer, each for a reason: `SKIPPED`.

use std::process::ExitCode;

use crate::workspace::{Workspace, run as run_command, status};
use crate::{TaskResult, plugins, usage_error};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Below the usual target folder.
const FOLDER: &str = "asan";
const FLAGS: &str = "-Zsanitizer=address -Clink-arg=-Wl,--export-dynamic -Cforce-frame-pointers=yes";
const SUPPRESSIONS: &str = "crates/xtask/asan-suppressions.txt";

/// What is run: a package, and what cargo is told of its tests.
const RUNS: &[(&str, &[&str], &[&str])] = &[
    ("stratd", &["--lib"], &["host::"]),
    ("stratd-tests", &["--test", "load"], &[]),
    ("stratd-tests", &["--test", "unload"], &[]),
];

/// Tests that cannot run under the sanitizer, with the reason.
const SKIPPED: &[(&str, &str)] = &[];

/// The task `asan`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("asan", argument));
    }
    let asan = instrumented(workspace);
    run_command(&mut asan.cargo(&["build", "--release", "-p", "stratd"]))?;
    let plugins = plugins::build(&asan, true)?;
    let mut has_failed = false;
    for (package, targets, filter) in RUNS {
        let mut cargo = asan.cargo(&["test", "--no-fail-fast", "-p", package]);
        cargo.args(*targets).arg("--").args(*filter);
        for (name, reason) in SKIPPED {
            eprintln!("without {name}: {reason}");
            cargo.args(["--skip", name]);
        }
        cargo.env("STRATD_PLUGINS", &plugins).env("STRATD_BIN", asan.release().join("stratd"));
        // every run tells what it finds
        has_failed |= !status(&mut cargo)?.success();
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn instrumented(workspace: &Workspace) -> Workspace {
    let suppressions = workspace.root().join(SUPPRESSIONS);
    let options = format!(
        "detect_leaks=0:halt_on_error=1:handle_segv=0:handle_sigbus=0:use_sigaltstack=0:suppressions={}",
        suppressions.display()
    );
    let environment =
        vec![("RUSTC_BOOTSTRAP", "1".into()), ("RUSTFLAGS", FLAGS.into()), ("ASAN_OPTIONS", options.into())];
    workspace.special(FOLDER, TRIPLE, environment)
}
