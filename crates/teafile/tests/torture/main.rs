//! Files whose writers were killed, ran out of room, or met another one; and readers that look on meanwhile.
//!
//! Some tests need a process that may die: they start this program again for themselves alone, with [`ROLE`] set.
#![expect(clippy::unwrap_used, reason = "helpers of tests: what fails ends the test")]

mod cuts;
mod full;
mod killed;
mod sequence;
mod shrunk;
mod together;

use std::process::{Command, Stdio};

/// Tells a test that it is the process that may die, and which file it writes.
const ROLE: &str = "TEAFILE_TORTURE_FILE";

/// This program, running one test only, in that role.
fn again(test: &str, file: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads", "1"]).env(ROLE, file);
    command.stdin(Stdio::null());
    command
}

/// The file that this process is to write, if it is the one that may die.
fn role() -> Option<std::path::PathBuf> {
    std::env::var_os(ROLE).map(Into::into)
}
