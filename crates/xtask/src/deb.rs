//! Makes the Debian package: `TARGET/deb/stratd_VERSION_ARCH.deb`.
//!
//! This task builds; `systemd/debian/build.sh` lays out the files and calls dpkg-deb. A script, because a package is a
//! list of copies, and whoever builds packages reads those; cargo-deb would be minutes of compilation for the same.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run as run_command, stdout};
use crate::{TaskResult, man, plugins, usage_error};

const SCRIPT: &str = "systemd/debian/build.sh";

/// The task `deb`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some(argument) = arguments.first() {
        return Ok(usage_error("deb", argument));
    }
    build_programs(workspace)?;
    let libraries = plugins::build(workspace, false)?;
    let package = package(workspace, &libraries)?;
    check(workspace, &package)?;
    println!("{}", workspace.short(&package));
    Ok(ExitCode::SUCCESS)
}

/// Debian's own check of packages, where it is installed. What it may find and is so on purpose stands in
/// `systemd/debian/lintian-overrides`.
fn check(workspace: &Workspace, package: &Path) -> Result<()> {
    if workspace.command("lintian").arg("--version").output().is_err() {
        eprintln!("not checked: lintian is not installed");
        return Ok(());
    }
    let mut lintian = workspace.command("lintian");
    lintian.args(["--allow-root", "--fail-on", "error,warning"]).arg(package);
    run_command(&mut lintian).context("the package has faults, see above")
}

/// Builds daemon, client, the synthetic venue and `tea` in the release profile, as a user installs them.
///
/// Whoever needs one of them builds all by this: another set of packages has other features in common, and cargo would
/// build the daemon and half of what it depends on once more.
pub(crate) fn build_programs(workspace: &Workspace) -> Result<()> {
    run_command(&mut workspace.cargo(&[
        "build",
        "--release",
        "-p",
        "stratd",
        "-p",
        "stratctl",
        "-p",
        "stratd-synthetic",
        "-p",
        "teafile",
        "--features",
        "teafile/cli",
    ]))
}

/// Makes the package of what is built, and says where it is.
pub(crate) fn package(workspace: &Workspace, libraries: &Path) -> Result<PathBuf> {
    let mut script = workspace.command(workspace.root().join(SCRIPT));
    let pages = man::make(workspace)?;
    script.arg(workspace.release()).arg(libraries).arg(pages);
    script.arg(workspace.packages()).arg(env!("CARGO_PKG_VERSION"));
    let told = stdout(&mut script)?.with_context(|| format!("{SCRIPT} failed, see above"))?;
    Ok(PathBuf::from(told.trim_end()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What differs is mended with `systemd/template.sh systemd/NAME.KIND >systemd/NAME@.KIND`.
    #[test]
    fn units_for_several_instances_follow_from_those_for_one() {
        let workspace = Workspace::find().unwrap();
        for (one, several) in [
            ("stratd.service", "stratd@.service"),
            ("stratd.socket", "stratd@.socket"),
            ("stratd-ro.socket", "stratd-ro@.socket"),
        ] {
            let mut template = workspace.command(workspace.root().join("systemd/template.sh"));
            let made = stdout(template.arg(workspace.root().join("systemd").join(one))).unwrap();
            let found = fs::read_to_string(workspace.root().join("systemd").join(several)).unwrap();
            assert_eq!(made.as_deref(), Some(found.as_str()), "{several}");
        }
    }
}
