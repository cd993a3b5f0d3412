//! Tasks of this workspace: `cargo xtask TASK`.
//!
//! One file per task, each with one `run`.
//! A task starts cargo and other programs, shows their output unchanged, and fails when one of them fails.
//! Nothing here needs root or a network beyond what cargo fetches, but for `peers`, `bed` and `fuzz`, which say so.
#![forbid(unsafe_code)]

mod abi;
mod asan;
mod bed;
mod bench;
mod ci;
mod deb;
mod figures;
mod fuzz;
mod live;
mod man;
mod peers;
mod plugins;
mod quickstart;
mod retry;
mod soak;
mod test;
mod tier;
mod vm;
mod workspace;

use std::env;
use std::fmt::Write;
use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;

/// Exit code for a command line that names no task or wrong arguments.
const USAGE_ERROR: u8 = 2;

/// What a task hands back: `Err` is a failure with a reason, `Ok` carries the exit code.
type TaskResult = Result<ExitCode>;

struct Task {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> TaskResult,
}

/// Every task, in the order in which a newcomer meets them.
const TASKS: &[Task] = &[
    Task {
        name: "quickstart",
        arguments: "",
        about: "build the daemon and the plugins, and run a backtest over thirteen years of daily prices",
        run: quickstart::run,
    },
    Task {
        name: "test",
        arguments: "",
        about: "build the plugins, then run every test of the workspace, doc tests included",
        run: test::run,
    },
    Task {
        name: "ci",
        arguments: "[--skip-test] [--skip-peers]",
        about: "the gate: test, fmt, clippy, doc, deny if cargo-deny is installed, a short soak, asan, peers; fails at the end",
        run: ci::run,
    },
    Task {
        name: "plugins",
        arguments: "[--faulty]",
        about: "build all plugins into TARGET/plugins; --faulty adds the misbehaving ones for tests",
        run: plugins::run,
    },
    Task {
        name: "bench",
        arguments: "[NAME]",
        about: "run the benchmark NAME, which writes TARGET/bench/NAME.json; without NAME, list them",
        run: bench::run,
    },
    Task {
        name: "man",
        arguments: "",
        about: "make the pages for man and the completions of shells, in TARGET/pages",
        run: man::run,
    },
    Task {
        name: "abi-archive",
        arguments: "[--again]",
        about: "keep plugins of this version of stratd-abi in tests/golden/abi, for every later daemon to load",
        run: abi::run,
    },
    Task {
        name: "soak",
        arguments: "[NAME …]",
        about: "run the long proof NAME, which writes TARGET/soak/NAME.json; without NAME, list them",
        run: soak::run,
    },
    Task {
        name: "fuzz",
        arguments: "[TARGET …] [--seconds N] [--input FILE]",
        about: "run the fuzz targets, 20 s each, or one with an input that was found; keeps corpus and finds in TARGET/fuzz",
        run: fuzz::run,
    },
    Task {
        name: "deb",
        arguments: "",
        about: "build the Debian package of daemon, client, plugins and SDK into TARGET/deb",
        run: deb::run,
    },
    Task {
        name: "bed",
        arguments: "[bookworm|trixie] [TEST…]",
        about: "run the acceptance tests of the service in machines with a real systemd (root on Debian)",
        run: bed::run,
    },
    Task {
        name: "vm",
        arguments: "",
        about: "run the acceptance test that needs a kernel of its own, in an emulated machine: minutes (root on Debian)",
        run: vm::run,
    },
    Task {
        name: "asan",
        arguments: "",
        about: "run the tests of loading and reloading under AddressSanitizer, daemon and plugins alike",
        run: asan::run,
    },
    Task {
        name: "peers",
        arguments: "[NAME …]",
        about: "let our logging talk to CPython, rsyslogd, journald and others, and compare; installs what is missing; \
                `peers bench` runs other backtests beside ours",
        run: peers::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", usage());
        return ExitCode::from(USAGE_ERROR);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("xtask: there is no task '{name}'\n\n{}", usage());
        return ExitCode::from(USAGE_ERROR);
    };
    if rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("usage: cargo xtask {} {}\n\n{}", task.name, task.arguments, task.about);
        return ExitCode::SUCCESS;
    }
    let result = Workspace::find().and_then(|workspace| (task.run)(&workspace, rest));
    result.unwrap_or_else(|error| {
        eprintln!("xtask {name}: {error:#}");
        ExitCode::FAILURE
    })
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask TASK\n\ntasks:\n");
    for task in TASKS {
        let call = format!("{} {}", task.name, task.arguments);
        // writing to a String cannot fail
        let _ = writeln!(text, "  {call:<18} {}", task.about);
    }
    text.push_str("\nTARGET is CARGO_TARGET_DIR, or else the folder 'target' of the workspace.\n");
    text
}

/// Says what a task does not understand; the caller returns this at once.
fn usage_error(task: &str, argument: &str) -> ExitCode {
    let arguments = TASKS.iter().find(|known| known.name == task).map_or("", |known| known.arguments);
    let accepted = if arguments.is_empty() { "no arguments" } else { arguments };
    eprintln!("xtask {task}: unexpected argument '{argument}' (expected {accepted})");
    ExitCode::from(USAGE_ERROR)
}
