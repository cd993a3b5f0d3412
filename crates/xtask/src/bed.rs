//! Boots machines with a real systemd and runs the acceptance tests of the service inside: `tests/bed/accept-*.sh`.
//!
//! This task builds, and puts what a machine gets to see into one folder; `tests/bed/bed.sh` boots, runs and tears down,
//! several machines at a time. The division is deliberate: a shell that is interrupted still runs its trap and leaves no
//! machine behind.
//!
//! Needs root on Debian; what is missing of its programs is installed. The tree of a suite is built once and kept below
//! `TARGET/bed`, or where `STRATD_BED_ROOT` says. What failed leaves its log and the machine's journal in
//! `TARGET/bed/logs`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use crate::workspace::{Workspace, line, run as run_command, status};
use crate::{TaskResult, deb, plugins, tier::Tier, usage_error};

/// The suites of Debian, with the systemd that each has: 252 and 257.
const SUITES: [&str; 2] = ["bookworm", "trixie"];
/// Programs that a machine is made with, and the packages that have them.
const NEEDED: [(&str, &str); 2] = [("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container")];
/// Where the tests are.
const TESTS: &str = "tests/bed";
const ROOT_VARIABLE: &str = "STRATD_BED_ROOT";
/// Where `bed.sh` names the tests that passed in their second run only, below its logs.
const UNSTEADY: &str = "unsteady";

/// The task `bed [bookworm|trixie] [TEST…]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    let tests = tests(workspace)?;
    let mut suites = Vec::new();
    let mut chosen: Vec<&str> = Vec::new();
    for argument in arguments {
        if let Some(suite) = SUITES.iter().find(|suite| *suite == argument) {
            suites.push(*suite);
            continue;
        }
        let found = tests.iter().filter(|test| is_meant(test, argument));
        let before = chosen.len();
        chosen.extend(found.map(String::as_str));
        if chosen.len() == before {
            eprintln!("xtask bed: tests are {}", tests.join(", "));
            return Ok(usage_error("bed", argument));
        }
    }
    if suites.is_empty() {
        suites.push(SUITES[0]);
    }
    if chosen.is_empty() {
        chosen.extend(tests.iter().map(String::as_str));
    }
    let verdict = accept(workspace, &suites, &chosen)?;
    Ok(if verdict.has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The stage of the gate: every test, on both.
pub(crate) fn tier(workspace: &Workspace) -> Tier {
    if !geteuid().is_root() {
        return Tier::skipped("bed", "machines need root");
    }
    Tier::telling("bed", || {
        let tests = tests(workspace)?;
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        let verdict = accept(workspace, &SUITES, &tests)?;
        if !verdict.has_passed {
            bail!("it failed, see above");
        }
        let count = tests.len() * SUITES.len();
        Ok(match verdict.unsteady.as_slice() {
            [] => format!("{count} tests in machines with systemd 252 and 257"),
            names => format!("UNSTEADY, passed when run again alone: {}", names.join(", ")),
        })
    })
}

struct Verdict {
    has_passed: bool,
    /// Tests that failed, and passed when they were run again.
    unsteady: Vec<String>,
}

/// Runs these tests in machines of these suites.
fn accept(workspace: &Workspace, suites: &[&'static str], tests: &[&str]) -> Result<Verdict> {
    require(&[])?;
    // made while cargo builds: most of it is waiting for packages
    let trees = Trees::begin(workspace, suites)?;
    let bed = Bed::prepare(workspace);
    let has_trees = trees.finish();
    let bed = bed?;
    has_trees?;
    let mut script = bed.command(workspace, "tests/bed/bed.sh")?;
    script.arg(&bed.share).arg(&bed.logs);
    for test in tests {
        script.args(suites.iter().map(|suite| format!("{suite}/{test}")));
    }
    let has_passed = status(&mut script)?.success();
    let unsteady = fs::read_to_string(bed.logs.join(UNSTEADY)).unwrap_or_default();
    Ok(Verdict { has_passed, unsteady: unsteady.lines().map(str::to_owned).collect() })
}

/// The acceptance tests, by name, in the order of their numbers.
fn tests(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root().join(TESTS);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))? {
        let name = entry?.file_name().display().to_string();
        if name.starts_with("accept-") && name.ends_with(".sh") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A test is named by its number, or by a part of its name.
fn is_meant(test: &str, asked: &str) -> bool {
    let name = test.trim_start_matches("accept-").trim_end_matches(".sh");
    let number = name.split('-').next().unwrap_or_default();
    match asked.parse::<u32>() {
        Ok(asked) => number.parse() == Ok(asked),
        Err(_) => test.contains(asked),
    }
}

/// Installs what is missing, beyond what all machines need, and says what cannot be.
pub(crate) fn require(more: &[(&str, &str)]) -> Result<()> {
    if !geteuid().is_root() {
        bail!("making machines needs root (sudo -E cargo xtask bed)");
    }
    let needed: Vec<_> = NEEDED.iter().chain(more).copied().collect();
    install(&needed)
}

/// Installs those packages whose program is not there. Needs root.
pub(crate) fn install(needed: &[(&str, &str)]) -> Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&(&str, &str)| env::split_paths(&path).any(|dir| dir.join(program.0).is_file());
    let missing: Vec<&str> =
        needed.iter().filter(|program| !is_there(program)).map(|needed| needed.1).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let apt = || Command::new("apt-get");
    run_command(apt().args(["update", "-q"])).context("apt-get is needed, as on Debian")?;
    let mut install = apt();
    install.args(["install", "-q", "-y", "--no-install-recommends"]).args(missing);
    run_command(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// What the machines get to see, and where they are.
pub(crate) struct Bed {
    pub(crate) share: PathBuf,
    root: PathBuf,
    pub(crate) logs: PathBuf,
}

impl Bed {
    /// Builds daemon, client and plugins in the release profile, as a user installs them, and lays them out as the
    /// workspace has them: so that the commands of the pages can be run word by word.
    pub(crate) fn prepare(workspace: &Workspace) -> Result<Self> {
        deb::build_programs(workspace)?;
        let libraries = plugins::build(workspace, false)?;
        let folder = workspace.bed();
        let bed = Self { share: folder.join("share"), root: root(workspace), logs: folder.join("logs") };
        let share = |part: &str| bed.share.join(part);
        if bed.share.exists() {
            fs::remove_dir_all(&bed.share).with_context(|| format!("removing {}", bed.share.display()))?;
        }
        for program in ["stratd", "stratctl"] {
            copy(&workspace.release().join(program), &share("target/release"))?;
        }
        for library in files(&libraries, "so")? {
            copy(&library, &share("target/plugins"))?;
        }
        for part in ["systemd", TESTS] {
            copy_all(&workspace.root().join(part), &share(part))?;
        }
        copy(&deb::package(workspace, &libraries)?, &share("target/deb"))?;
        copy(&workspace.root().join("README.md"), &bed.share)?;
        copy(&workspace.root().join("docs/operations.md"), &share("docs"))?;
        copy(&bed.dips(workspace)?, &share("strategy-dips"))?;
        for source in files(&workspace.root().join(TESTS), "c")? {
            let name = source.file_stem().unwrap_or_default().display().to_string();
            let library = share("test-plugins").join(format!("lib{name}.so"));
            compile(workspace, &source, &["-fPIC"], &library)?;
        }
        // what the confinement refuses
        let herald = workspace.root().join(TESTS).join("strategy_herald.c");
        let bad = |name: &str| share("bad-plugins").join(name);
        compile(workspace, &herald, &["-fPIC", "-Wl,-z,execstack"], &bad("execstack.so"))?;
        let with_relocations = ["-fno-pic", "-mcmodel=large", "-Wl,-z,notext"];
        compile(workspace, &herald, &with_relocations, &bad("textrel.so"))?;
        Ok(bed)
    }

    /// The strategy that the README has its reader begin and build.
    fn dips(&self, workspace: &Workspace) -> Result<PathBuf> {
        const NAME: &str = "strategy-dips";
        let folder = self.share.with_file_name(NAME);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        let mut new = workspace.command(workspace.release().join("stratd"));
        new.args(["plugin", "new", "dips", "--sdk"]).arg(workspace.root());
        run_command(new.current_dir(self.share.parent().unwrap_or(&self.root)))?;
        let mut build = workspace.cargo(&["build", "--release", "--offline"]);
        run_command(build.current_dir(&folder))?;
        Ok(workspace.release().join("libstrategy_dips.so"))
    }

    /// A script that makes machines.
    pub(crate) fn command(&self, workspace: &Workspace, script: &str) -> Result<Command> {
        fs::create_dir_all(&self.logs).with_context(|| format!("making {}", self.logs.display()))?;
        let mut command = workspace.command(workspace.root().join(script));
        command.env(ROOT_VARIABLE, &self.root);
        Ok(command)
    }
}

/// Where trees and machines are.
fn root(workspace: &Workspace) -> PathBuf {
    let given = env::var_os(ROOT_VARIABLE).filter(|root| !root.is_empty());
    given.map_or_else(|| workspace.bed(), PathBuf::from)
}

/// The trees of the suites, which are being made or are there.
struct Trees(Vec<(&'static str, Child)>);

impl Trees {
    fn begin(workspace: &Workspace, suites: &[&'static str]) -> Result<Self> {
        let mut trees = Self(Vec::new());
        for suite in suites {
            let mut make = workspace.command(workspace.root().join(TESTS).join("machine.sh"));
            make.args(["prepare", suite]).env(ROOT_VARIABLE, root(workspace)).stdin(Stdio::null());
            let making = make.spawn().with_context(|| format!("starting '{}'", line(&make)))?;
            trees.0.push((suite, making));
        }
        Ok(trees)
    }

    /// Waits for all of them, also if one failed: none is left behind in the middle.
    fn finish(self) -> Result<()> {
        let mut failed = Vec::new();
        for (suite, mut making) in self.0 {
            let ended = making.wait().with_context(|| format!("waiting for the tree of {suite}"))?;
            if !ended.success() {
                failed.push(suite);
            }
        }
        if failed.is_empty() { Ok(()) } else { bail!("making the tree of {}: see above", failed.join(", ")) }
    }
}

/// Compiles a strategy in C.
fn compile(workspace: &Workspace, source: &Path, flags: &[&str], library: &Path) -> Result<()> {
    let folder = library.parent().with_context(|| format!("{} has no folder", library.display()))?;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut gcc = workspace.command("gcc");
    gcc.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared"]).args(flags);
    run_command(gcc.arg(format!("-I{}", plugins::C_HEADERS)).arg(source).arg("-o").arg(library))
}

/// The files of a folder with this ending, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let listing = || format!("listing {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.is_file() && path.extension() == Some(OsStr::new(extension)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let doing = || format!("copying {} to {}", file.display(), folder.display());
    fs::create_dir_all(folder).with_context(doing)?;
    fs::copy(file, folder.join(file.file_name().with_context(doing)?)).with_context(doing)?;
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            copy_all(&path, &to.join(path.file_name().unwrap_or_default()))?;
        } else {
            copy(&path, to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn a_test_is_found_by_its_number_and_by_its_name() {
        for (asked, expected) in
            [("9", true), ("09", true), ("journal", true), ("10", false), ("syslog", false)]
        {
            assert_eq!(is_meant("accept-09-journald.sh", asked), expected, "{asked}");
        }
    }
}
