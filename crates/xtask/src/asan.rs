//! Runs what loads, calls, replaces and unmaps plugins under AddressSanitizer.
//!
//! The daemon's library, plugins and tests are all instrumented; the standard library is not, because it comes compiled.
//! The flags of the sanitizer are not stable, so the compiler is told to take them (`RUSTC_BOOTSTRAP`). The libraries find
//! the sanitizer in the program that opens them, which therefore exports its symbols.
//!
//! Nearly all of its time is compilation, so nothing is compiled twice: one profile, the unoptimized one, plugins
//! included, and one set of packages, because cargo builds what they depend on once more for each other set. The tests
//! themselves take half a minute; optimizing for them took a quarter of an hour.
//!
//! Leaks are not reported: bridges to plugins, and libraries that stay mapped, are leaked by design, and a library that
//! was unmapped takes the names out of the stack that would tell the two apart.
//!
//! Signals are left to the daemon: its own handlers name the instance that crashed, and have tests that crash.
//!
//! A few tests cannot run under the sanitizer; `RUNS` names them with their reasons.

use std::process::ExitCode;

use crate::workspace::Workspace;
use crate::{TaskResult, plugins, retry, usage_error};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Below the usual target folder.
const FOLDER: &str = "asan";
const FLAGS: &str = "-Zsanitizer=address -Clink-arg=-Wl,--export-dynamic -Cforce-frame-pointers=yes";
const SUPPRESSIONS: &str = "crates/xtask/asan-suppressions.txt";

/// Named in every call of cargo, whichever of them a run is about.
const PACKAGES: [&str; 4] = ["-p", "stratd", "-p", "stratd-tests"];

/// What is run of the packages.
struct Run {
    target: &'static [&'static str],
    /// Only tests with this in their name; empty = all.
    only: &'static str,
    /// Tests that cannot run under the sanitizer, by what their names have in common, with the reason.
    skipped: &'static [(&'static str, &'static str)],
}

const RUNS: &[Run] = &[
    Run { target: &["--lib"], only: "host::", skipped: &[] },
    Run {
        target: &["--test", "load"],
        only: "",
        skipped: &[
            ("probe::", "the probe limits the address space of its child, and the sanitizer maps terabytes"),
            ("inspect::", "it goes through the probe"),
            ("a_changed_layout_of_a_rust_plugin", BUILDS_OTHERWISE),
            ("a_panic_that_would_end_the_process", BUILDS_OTHERWISE),
            ("what_a_call_does_not_survive", "frames with red zones may jump over the guard page of a stack"),
        ],
    },
    Run { target: &["--test", "unload"], only: "", skipped: &[] },
];

const BUILDS_OTHERWISE: &str =
    "it builds a plugin with flags of its own, and looks for it in the usual folder";

/// The task `asan`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("asan", argument));
    }
    let asan = instrumented(workspace);
    let plugins = plugins::build(&asan, true)?;
    let cargo = |arguments: &[&str]| {
        let mut cargo = asan.cargo(arguments);
        cargo.env("STRATD_PLUGINS", &plugins);
        cargo
    };
    let mut has_failed = false;
    for Run { target, only, skipped } in RUNS {
        let mut tests = cargo(&["test", "--no-fail-fast"]);
        tests.args(PACKAGES).args(*target).arg("--").arg(only);
        for (name, reason) in *skipped {
            eprintln!("without {name}: {reason}");
            tests.args(["--skip", name]);
        }
        // every run tells what it finds; a death, which a finding is, is not tried again
        let again = || {
            let mut again = cargo(&["test"]);
            again.args(PACKAGES);
            again
        };
        match retry::run(&mut tests, again) {
            Ok(text) => eprintln!("{text}"),
            Err(error) => {
                has_failed = true;
                eprintln!("{error:#}");
            }
        }
    }
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn instrumented(workspace: &Workspace) -> Workspace {
    let suppressions = workspace.root().join(SUPPRESSIONS);
    // two globals of one name: SQLite has statics of that kind, and every generation of a plugin has those of the others
    let options = format!(
        "detect_leaks=0:halt_on_error=1:handle_segv=0:handle_sigbus=0:use_sigaltstack=0:detect_odr_violation=0:suppressions={}",
        suppressions.display()
    );
    let environment =
        vec![("RUSTC_BOOTSTRAP", "1".into()), ("RUSTFLAGS", FLAGS.into()), ("ASAN_OPTIONS", options.into())];
    workspace.special(FOLDER, TRIPLE, environment)
}
