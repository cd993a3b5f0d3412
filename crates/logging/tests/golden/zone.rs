//! The zone of the process, which golden rows choose by `TZ`.
//!
//! A process cannot change it safely while it runs, so each zone has a process of its own: this program again, with `TZ`
//! set, which runs the rows of that zone.

use std::{
    env,
    process::{Command, Stdio},
};

use serde_json::Value;

/// Says to the program that it is the process of one zone, and of which.
const VARIABLE: &str = "STRATD_GOLDEN_ZONE";
/// What a row has that names none.
const DEFAULT: &str = "UTC";

/// The zone that this process is of; `None` in the one that starts the others.
pub(crate) fn own() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// The zone of a row: a formatter names it beside its input, a rotation in it.
pub(crate) fn of(row: &Value) -> &str {
    row["tz"].as_str().or(row["input"]["tz"].as_str()).unwrap_or(DEFAULT)
}

/// What the process of a zone writes to its standard output. What it writes to the other one is seen at once.
pub(crate) fn process(zone: &str) -> std::io::Result<String> {
    let mut program = Command::new(env::current_exe()?);
    program.env("TZ", zone).env(VARIABLE, zone).stderr(Stdio::inherit());
    Ok(String::from_utf8_lossy(&program.output()?.stdout).into_owned())
}
