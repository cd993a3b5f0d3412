//! Runs in a whole emulated machine what a container cannot show: limits of memory and tasks, core files, filters of
//! addresses (`tests/bed/vm-16-limits.sh`). Minutes, and no part of the gate.

use std::process::ExitCode;

use crate::workspace::{Workspace, status};
use crate::{
    TaskResult,
    bed::{self, Bed},
    usage_error,
};

const SCRIPT: &str = "tests/bed/vm.sh";
const TEST: &str = "vm-16-limits.sh";
const LOG: &str = "vm-16-limits.log";
/// Programs beyond those of the other machines, and the packages that have them.
const NEEDED: [(&str, &str); 2] = [("qemu-system-x86_64", "qemu-system-x86"), ("mke2fs", "e2fsprogs")];

/// The task `vm`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("vm", argument));
    }
    bed::require(&NEEDED)?;
    let bed = Bed::prepare(workspace)?;
    let mut vm = bed.command(workspace, SCRIPT)?;
    let has_passed = status(vm.arg(&bed.share).arg(bed.logs.join(LOG)).arg(TEST))?.success();
    Ok(if has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
