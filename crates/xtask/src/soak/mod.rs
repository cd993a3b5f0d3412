//! Runs a long proof by name: bounded in count and time, with its numbers in `TARGET/soak/NAME.json`.

mod kill;
mod record;
mod reload;
mod sim;

use std::fmt::Write;
use std::process::ExitCode;

use crate::workspace::Workspace;
use crate::{TaskResult, USAGE_ERROR};

struct Soak {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> TaskResult,
}

/// Every soak of the workspace; a new one is a new row and a file of its own.
const SOAKS: &[Soak] = &[
    Soak {
        name: "kill",
        arguments: "[--count N] [--seed S] [--out FILE]",
        about: "kill the daemon N times (1,000) with -9 while it trades at a venue of its own: nothing lost, sent twice or different",
        run: kill::run,
    },
    Soak {
        name: "record",
        arguments: "[--events N] [--rate N] [--out FILE]",
        about: "record a trading run of N market events (10,000,000) at full speed and replay it: nothing lost, no difference",
        run: record::run,
    },
    Soak {
        name: "reload",
        arguments: "[--count N] [--rate N] [--out FILE]",
        about: "replace a strategy N times (1,000) at full speed: nothing lost, duplicated or reordered; pauses, memory",
        run: reload::run,
    },
    Soak {
        name: "sim",
        arguments: "[--steps N] [--seed S] [--out FILE]",
        about: "the engine against adversarial exchanges for N steps (1,000,000): books, limits and orders hold after each",
        run: sim::run,
    },
];

/// The task `soak NAME`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", list());
        return Ok(ExitCode::SUCCESS);
    };
    let Some(soak) = SOAKS.iter().find(|soak| soak.name == name) else {
        eprint!("xtask soak: there is no soak '{name}'\n\n{}", list());
        return Ok(ExitCode::from(USAGE_ERROR));
    };
    (soak.run)(workspace, rest)
}

fn list() -> String {
    let mut text = String::from("soaks:\n");
    for soak in SOAKS {
        // writing to a String cannot fail
        let _ = writeln!(text, "  {} {}\n      {}", soak.name, soak.arguments, soak.about);
    }
    text
}
