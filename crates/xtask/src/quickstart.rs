//! Shows the whole thing once: compiled plugins, loaded from their files, trade thirteen years of real prices.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use crate::workspace::{Workspace, status};
use crate::{TaskResult, deb, plugins, usage_error};

const CONFIG: &str = "configs/quickstart.toml";

/// The task `quickstart`; its exit code is that of the backtest.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("quickstart", argument));
    }
    deb::build_programs(workspace)?;
    plugins::build(workspace, false)?;

    let daemon = workspace.release().join("stratd");
    let ended = status(workspace.command(&daemon).args(["backtest", CONFIG]))?;
    if ended.success() {
        print!("{}", what_next(workspace));
    }
    Ok(ExitCode::from(code_of(ended)))
}

/// Commands to be typed in the root of the workspace.
fn what_next(workspace: &Workspace) -> String {
    let release = workspace.short(&workspace.release());
    let plugins = workspace.short(&workspace.plugins());
    format!(
        "
What to try next:
  {release}/stratd check {CONFIG}
      what a config says, and everything that is wrong with it
  {release}/stratd plugin inspect {plugins}/libstrategy_ema_cross.so
      what a plugin says about itself, and whether it would be loaded
  {release}/stratd backtest --help
      the same run from flags instead of a file
  cargo xtask plugins
      after a change in plugins/strategy-ema-cross/src/lib.rs; then run the backtest again
"
    )
}

/// The exit code as a shell would report it; a signal counts from 128.
fn code_of(ended: ExitStatus) -> u8 {
    let code = ended.code().or_else(|| ended.signal().map(|signal| 128 + signal)).unwrap_or(1);
    // codes of a process are 0..=255 and signals below 65
    u8::try_from(code).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::code_of;

    #[test]
    fn the_exit_code_of_the_backtest_is_passed_through() {
        assert_eq!(code_of(ExitStatus::from_raw(0)), 0);
        assert_eq!(code_of(ExitStatus::from_raw(78 << 8)), 78);
    }

    #[test]
    fn a_signal_is_reported_as_a_shell_does() {
        assert_eq!(code_of(ExitStatus::from_raw(11)), 139);
    }
}
