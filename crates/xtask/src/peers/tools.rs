//! The programs that the checks need, and how those that are missing come.
//!
//! What a Debian has anyway, or runs nothing by itself, is installed with apt. What would start a service of the machine
//! (rsyslogd, prometheus) or change its timers (logrotate) is unpacked below the target folder instead and runs from there. The mail
//! server comes from `PyPI` into an environment of its own.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run as run_command};

/// What is installed if the program is not there. None of these starts anything where no systemd runs already.
const INSTALLED: &[(&str, &str)] = &[
    ("openssl", "openssl"),
    ("unshare", "util-linux"),
    ("mount", "mount"),
    ("socat", "socat"),
    ("journalctl", "systemd"),
    ("/lib/systemd/systemd-journald", "systemd"),
];
/// What is unpacked, with the libraries that are on no Debian by themselves.
const UNPACKED: &[&str] = &[
    "rsyslog",
    "rsyslog-gnutls",
    "libestr0",
    "libfastjson4",
    "liblognorm5",
    "logrotate",
    "libpopt0",
    "prometheus",
];
/// Files that show that everything was unpacked.
const UNPACKED_PROGRAMS: &[&str] = &["usr/sbin/rsyslogd", "usr/sbin/logrotate", "usr/bin/promtool"];
/// The mail server of a check; what other programs make of our results and of TeaFiles; what attacks the control socket;
/// what talks to the synthetic venue.
const PYTHON_PACKAGES: &[&str] = &[
    "aiosmtpd==1.4.6",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
    "pyfolio-reloaded==0.10.1",
    "quantstats==0.0.86",
    "schemathesis==4.32.5",
    "teafiles==0.7.4",
    "websockets==17.4",
];
/// Whether they are there. The original API of TeaFiles is for Python 2: it is looked for, and not imported.
const PYTHON_TEST: &str = "import aiosmtpd, numpy, pandas, polars, pyarrow, pyfolio, quantstats, schemathesis\n\
    import websockets\nfrom importlib.util import find_spec\nassert find_spec('teafiles')";
/// The oldest Python that the checks are written for.
const PYTHON_OLDEST: (u8, u8) = (3, 11);
/// How many minor versions are looked for by name, from the oldest that will do.
const PYTHON_MINORS: u8 = 6;

/// What an environment of its own is made for.
pub(super) struct Package {
    /// As pip takes it.
    pub(super) requirement: &'static str,
    pub(super) module: &'static str,
    /// The oldest Python that it runs on.
    pub(super) python: (u8, u8),
}

/// Where everything is.
pub(super) struct Tools {
    python: PathBuf,
    unpacked: PathBuf,
}

impl Tools {
    /// Looks for everything and gets what is missing; without the programs of the system, for Python only.
    pub(super) fn install(workspace: &Workspace, work: &Path, with_programs: bool) -> Result<Self> {
        let mut packages: Vec<&str> = INSTALLED
            .iter()
            .filter(|(program, _)| with_programs && find(program).is_none())
            .map(|&(_, package)| package)
            .collect();
        let mut python = find_python(PYTHON_OLDEST);
        if python.is_none() {
            packages.extend(["python3", "python3-venv"]);
        }
        packages.dedup();
        let unpacked = work.join("unpacked");
        let is_unpacked = UNPACKED_PROGRAMS.iter().all(|program| unpacked.join(program).exists());
        if !packages.is_empty() {
            apt_install(workspace, &packages)?;
            python = find_python(PYTHON_OLDEST);
        }
        if with_programs && !is_unpacked {
            unpack(workspace, &unpacked)?;
        }
        let python =
            python.context("no python3 of 3.11 or later with the module venv (Debian 12: python3-venv)")?;
        Ok(Self { python: environment_of(workspace, &python)?, unpacked })
    }

    pub(super) fn python(&self) -> &Path {
        &self.python
    }

    /// Tells a check where things are.
    pub(super) fn environment(&self, command: &mut Command) {
        command.env("PEERS_UNPACKED", &self.unpacked);
        forget_python(command);
    }
}

/// Nothing that a user's Python is told may change what is compared.
pub(super) fn forget_python(command: &mut Command) {
    for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS"] {
        command.env_remove(name);
    }
}

pub(super) fn is_root() -> bool {
    // a process' folder belongs to who runs it
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn apt_install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if !is_root() || find("apt-get").is_none() {
        bail!("not installed: {}; as root on a Debian this task installs them", packages.join(", "));
    }
    let install = || {
        let mut command = workspace.command("apt-get");
        command.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        command
    };
    if run_command(&mut install()).is_err() {
        run_command(workspace.command("apt-get").args(["update", "-q"]))?;
        run_command(&mut install())?;
    }
    Ok(())
}

/// Gets packages without installing them.
fn unpack(workspace: &Workspace, folder: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg-deb"] {
        if find(program).is_none() {
            bail!(
                "rsyslogd, logrotate and promtool are taken from Debian's packages, and there is no {program} on this machine \
                 (a container of debian:12 has it)"
            );
        }
    }
    let archives = folder.with_extension("archives");
    super::empty(&archives)?;
    let download = || {
        let mut command = workspace.command("apt-get");
        command.args(["download", "-q"]).args(UNPACKED).current_dir(&archives);
        command
    };
    if run_command(&mut download()).is_err() {
        if !is_root() {
            bail!("apt-get download failed, and only root may bring its lists up to date: apt-get update");
        }
        run_command(workspace.command("apt-get").args(["update", "-q"]))?;
        run_command(&mut download())?;
    }
    super::empty(folder)?;
    for entry in fs::read_dir(&archives).with_context(|| format!("reading {}", archives.display()))? {
        run_command(workspace.command("dpkg-deb").arg("--extract").arg(entry?.path()).arg(folder))?;
    }
    Ok(())
}

/// The environment with the packages of the checks.
fn environment_of(workspace: &Workspace, python: &Path) -> Result<PathBuf> {
    make_environment(workspace, python, &workspace.peer_environment(), PYTHON_TEST, PYTHON_PACKAGES)
}

/// An environment with one package and what it needs.
pub(super) fn environment(
    workspace: &Workspace,
    python: &Path,
    folder: &Path,
    package: &Package,
) -> Result<PathBuf> {
    let test = format!("import {}", package.module);
    make_environment(workspace, python, folder, &test, &[package.requirement])
}

/// An environment with packages from `PyPI`, made once, and its interpreter.
fn make_environment(
    workspace: &Workspace,
    python: &Path,
    folder: &Path,
    test: &str,
    packages: &[&str],
) -> Result<PathBuf> {
    let inside = folder.join("bin/python");
    if answers(&inside, test) {
        return Ok(inside);
    }
    run_command(workspace.command(python).args(["-m", "venv", "--clear"]).arg(folder))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run_command(workspace.command(&inside).args(pip).args(packages))?;
    Ok(inside)
}

/// The first Python that is new enough: the one that the user sees, those that say their version in their names, that of
/// the system, and those of pyenv.
pub(super) fn find_python((major, minor): (u8, u8)) -> Option<PathBuf> {
    let test = format!("import sys, venv, ensurepip; sys.exit(sys.version_info < ({major}, {minor}))");
    let named = (minor..minor.saturating_add(PYTHON_MINORS)).map(|minor| format!("python{major}.{minor}"));
    let seen = ["python3".to_owned()].into_iter().chain(named).filter_map(|name| find(&name));
    let known = seen.chain([PathBuf::from("/usr/bin/python3")]).chain(pyenv());
    known.into_iter().find(|python| answers(python, &test))
}

/// The interpreters that pyenv keeps.
fn pyenv() -> Vec<PathBuf> {
    let root = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv")));
    let Some(Ok(versions)) = root.map(|root| fs::read_dir(root.join("versions"))) else { return Vec::new() };
    versions.flatten().map(|version| version.path().join("bin/python3")).collect()
}

fn answers(python: &Path, program: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", program]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where a program is: as a path, or in the folders of `PATH` and those where Debian has root's.
fn find(program: &str) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}
