//! Our logging beside the programs that it is made to work with: CPython, rsyslogd, journald, logrotate, mail and web
//! servers; our results and TeaFiles beside what other programs make of them; the synthetic venue as a client in Python
//! sees it; and, by name only, our backtests and the reading of a column beside theirs (`bench`).
//!
//! A check is a program in Python below `tests/peers`. It starts the other program for itself alone, with configuration,
//! ports, sockets and files of its own, lets ours talk to it, and compares what arrived field by field. It prints one
//! line with what was compared and fails if anything differs. Nothing of the machine is read or changed, but for packages
//! that are missing ([`tools`]).

mod bench;
mod column;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail};

use crate::tier::{Tier, summarize};
use crate::workspace::{Workspace, run as run_command};
use crate::{TaskResult, USAGE_ERROR, plugins, usage_error};
use tools::Tools;

/// Where the checks are.
const SCRIPTS: &str = "tests/peers";
/// What the checks log with.
const EXAMPLE: &str = "send";
/// What they write TeaFiles with.
const TEA_EXAMPLE: &str = "batch";

struct Check {
    name: &'static str,
    /// It changes what is mounted where, for itself alone; only root may.
    needs_root: bool,
    ours: Ours,
    about: &'static str,
}

/// What of ours a check is about: nothing else is built for it, and no other programs are installed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ours {
    /// The daemon, or its logging alone.
    Daemon,
    /// TeaFiles.
    Tea,
    /// The synthetic venue.
    Synthetic,
}

/// Every check; a new one is a new row, and a file of its name.
const CHECKS: &[Check] = &[
    Check {
        name: "formats",
        needs_root: false,
        ours: Ours::Daemon,
        about: "random formatters print what this Python's logging.Formatter prints",
    },
    Check {
        name: "cookbook",
        needs_root: false,
        ours: Ours::Daemon,
        about: "the cookbook's receivers unpickle what the socket and datagram handlers send",
    },
    Check {
        name: "fleet",
        needs_root: false,
        ours: Ours::Daemon,
        about: "the daemon receives what CPython's handlers send, hands it on unchanged, and writes one file for several processes",
    },
    Check {
        name: "web",
        needs_root: false,
        ours: Ours::Daemon,
        about: "a web server gets from the http handler what CPython's sends; refusals, wrong certificates",
    },
    Check {
        name: "mail",
        needs_root: false,
        ours: Ours::Daemon,
        about: "a mail server gets from the smtp handler what CPython's sends; STARTTLS, login",
    },
    Check {
        name: "rsyslog",
        needs_root: false,
        ours: Ours::Daemon,
        about: "rsyslogd reads what the syslog handler sends, over every transport and in every format, and restarts",
    },
    Check {
        name: "journald",
        needs_root: true,
        ours: Ours::Daemon,
        about: "systemd-journald stores what the journald handler and the daemon send, and restarts",
    },
    Check {
        name: "logrotate",
        needs_root: false,
        ours: Ours::Daemon,
        about: "logrotate rotates a file that is written to, with create and copytruncate",
    },
    Check {
        name: "schemathesis",
        needs_root: false,
        ours: Ours::Daemon,
        about: "schemathesis finds no answer of the control socket that docs/openapi.json does not describe",
    },
    Check {
        name: "results",
        needs_root: false,
        ours: Ours::Daemon,
        about: "quantstats, empyrical and pyfolio agree on the ratios of a run, pyarrow reads its exports",
    },
    Check {
        name: "tea",
        needs_root: false,
        ours: Ours::Tea,
        about: "the original Python API, numpy, pandas, pyarrow and polars read our TeaFiles, and we read theirs",
    },
    Check {
        name: "promtool",
        needs_root: false,
        ours: Ours::Daemon,
        about: "Debian's promtool reads /v1/metrics in both formats, and has no complaint",
    },
    Check {
        name: "synthetic",
        needs_root: false,
        ours: Ours::Synthetic,
        about: "websockets trades on stratd-synthetic, and follows its books without a gap",
    },
];

/// The task `peers [NAME …]`.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> TaskResult {
    if let Some((name, which)) = arguments.split_first()
        && name == bench::NAME
    {
        return run_bench(workspace, which);
    }
    let mut wanted = Vec::new();
    for name in arguments {
        match CHECKS.iter().find(|check| check.name == name) {
            Some(check) => wanted.push(check),
            None => {
                let code = usage_error("peers", name);
                eprint!("\nchecks:\n{}", list());
                return Ok(code);
            }
        }
    }
    if wanted.is_empty() {
        wanted.extend(CHECKS);
    }
    let programs = Programs::prepare(workspace, &wanted)?;
    let mut tiers = Vec::new();
    for check in &wanted {
        tiers.push(Tier::telling(check.name, || programs.run(workspace, check)));
    }
    Ok(if summarize(&tiers) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The task `peers bench [engine|tea]`; without a name, both.
fn run_bench(workspace: &Workspace, which: &[String]) -> TaskResult {
    let names: Vec<&str> = which.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => {
            bench::run(workspace)?;
            column::run(workspace)
        }
        [bench::ENGINE] => bench::run(workspace),
        [column::NAME] => column::run(workspace),
        [.., other] => {
            eprintln!(
                "xtask peers bench: unexpected argument '{other}' (expected {} or {})",
                bench::ENGINE,
                column::NAME
            );
            Ok(ExitCode::from(USAGE_ERROR))
        }
    }
}

/// One line for each check.
fn list() -> String {
    let checks = CHECKS.iter().map(|check| (check.name, check.about));
    let all = checks.chain([(bench::NAME, bench::ABOUT)]);
    all.map(|(name, about)| format!("  {name:<12} {about}\n")).collect()
}

/// What every check is told of.
struct Programs {
    tools: Tools,
    send: PathBuf,
    daemon: PathBuf,
    synthetic: PathBuf,
    tea: PathBuf,
    tea_batch: PathBuf,
    plugins: PathBuf,
    work: PathBuf,
}

impl Programs {
    /// Installs what is missing and builds what is ours.
    fn prepare(workspace: &Workspace, wanted: &[&Check]) -> Result<Self> {
        let work = workspace.peer_checks();
        let for_root: Vec<&str> =
            wanted.iter().filter(|check| check.needs_root).map(|check| check.name).collect();
        if !for_root.is_empty() && !tools::is_root() {
            bail!(
                "{} must be run by root, who alone may mount; the others can be named: cargo xtask peers NAME …",
                for_root.join(", ")
            );
        }
        let needs = |ours| wanted.iter().any(|check| check.ours == ours);
        let tools = Tools::install(workspace, &work, needs(Ours::Daemon))?;
        if needs(Ours::Daemon) {
            let example = ["build", "-p", "stratd-logging", "--features", "tls", "--example", EXAMPLE];
            run_command(&mut workspace.cargo(&example))?;
            run_command(&mut workspace.cargo(&["build", "-p", "stratd", "--features", "arrow"]))?;
            plugins::build(workspace, false)?;
        }
        if needs(Ours::Tea) {
            let tea =
                ["build", "-p", "teafile", "--features", "arrow", "--bin", "tea", "--example", TEA_EXAMPLE];
            run_command(&mut workspace.cargo(&tea))?;
        }
        if needs(Ours::Synthetic) {
            run_command(&mut workspace.cargo(&["build", "-p", "stratd-synthetic"]))?;
        }
        let debug = workspace.debug();
        Ok(Self {
            tools,
            send: debug.join("examples").join(EXAMPLE),
            daemon: debug.join("stratd"),
            synthetic: debug.join("stratd-synthetic"),
            tea: debug.join("tea"),
            tea_batch: debug.join("examples").join(TEA_EXAMPLE),
            plugins: workspace.plugins(),
            work,
        })
    }

    /// Runs one check and returns its last line, which says what was compared.
    fn run(&self, workspace: &Workspace, check: &Check) -> Result<String> {
        let work = self.work.join(check.name);
        empty(&work)?;
        let script = workspace.root().join(SCRIPTS).join(check.name).with_extension("py");
        let mut command = workspace.command(self.tools.python());
        // compiled files would lie about in the sources
        command.arg("-B").arg(script).arg(&work).stdin(Stdio::null()).stderr(Stdio::inherit());
        self.tools.environment(&mut command);
        command.env("STRATD_SEND", &self.send).env("STRATD", &self.daemon);
        command.env("STRATD_PLUGINS", &self.plugins);
        command.env("TEA", &self.tea).env("TEA_BATCH", &self.tea_batch);
        command.env("STRATD_SYNTHETIC", &self.synthetic);
        let output = command.output().with_context(|| format!("starting the check {}", check.name))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().last().unwrap_or("it printed nothing").to_owned();
        if output.status.success() {
            return Ok(line);
        }
        Err(anyhow!("{line} ({}; its files are in {})", output.status, workspace.short(&work)))
    }
}

/// Makes a folder that has nothing in it.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}
