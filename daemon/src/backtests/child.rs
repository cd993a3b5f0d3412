//! The child: `stratd backtest-child`, which reads what to do from its standard input, and says how far it is on its
//! standard output, one JSON object a line.

use std::{
    env,
    fs::{self, File},
    io::{self, BufReader, Read as _, Seek as _, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stratd_control::BacktestProgress;
use stratd_plugin_api::TradingType;

use super::{
    BacktestError, BacktestOptions,
    order::{DECIDED, Order, OrderError},
};
use crate::{
    check::{EXIT_CONFIG, check as check_draft},
    config::{Draft, Flags, TrustConfig},
    host,
};

/// The name of the hidden subcommand.
const SUBCOMMAND: &str = "backtest-child";
/// How long the look at a configuration may take.
const CHECK_TIME_MAX: Duration = Duration::from_secs(30);
/// So much of what a check says is passed on.
const CHECK_BYTES_MAX: u64 = 16 << 10;
/// What a child keeps of the daemon's environment: nothing that a secret is in.
const ENVIRONMENT: [&str; 6] = ["PATH", "HOME", "LANG", "TMPDIR", "STRATD_PLUGINS", "STRATD_STAGE_DIR"];
/// How much nicer a child is than the daemon.
const NICE: i32 = 10;
/// The kernel takes memory from it first.
const OOM_SCORE: &str = "1000";

/// What a child is told.
#[derive(Debug, Serialize, Deserialize)]
struct Task {
    order: Order,
    results: PathBuf,
    plugin_dirs: Vec<PathBuf>,
    /// The table `plugins.trust` of the daemon.
    trust: Value,
    is_check: bool,
}

/// What a child says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// It runs, and writes here.
    Folder(String),
    /// How far it is.
    Progress(BacktestProgress),
    /// It has ended with results; whether a strategy failed, or an order was left open.
    End { has_faults: bool },
}

/// Starts a child. It ends with the thread that calls this.
pub(super) fn start(order: &Order, options: &BacktestOptions, id: &str) -> io::Result<Child> {
    spawn(&task(order, options, options.results.join(id), false))
}

/// Looks at the configuration in a child, as the child that would run it does.
///
/// # Errors
/// It has problems, or the look failed.
pub(super) fn check(order: &Order, options: &BacktestOptions) -> Result<(), BacktestError> {
    let failed =
        |error: io::Error| BacktestError::Failed(format!("looking at the configuration in a child: {error}"));
    let mut child = spawn(&task(order, options, options.results.clone(), true)).map_err(failed)?;
    let said = tail_of_check(&mut child);
    let status = child.wait().map_err(failed)?;
    let said = said.map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    if status.code() == Some(i32::from(EXIT_CONFIG)) {
        let pointer = if order.file.is_some() { "/file" } else { "/config" };
        let error = OrderError { is_configuration: true, ..OrderError::new(pointer, said.trim_end()) };
        return Err(BacktestError::Refused(error));
    }
    Err(BacktestError::Failed(format!(
        "the look at the configuration ended with {status}: {}",
        said.trim_end()
    )))
}

/// What a check says, until it ends or is killed because its time is up.
fn tail_of_check(child: &mut Child) -> io::Result<String> {
    let errors = child.stderr.take().ok_or_else(|| io::Error::other("a child without a pipe"))?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let read = move || {
        let mut said = Vec::new();
        let read = errors.take(CHECK_BYTES_MAX).read_to_end(&mut said);
        // nobody listens any more if the time was up
        let _ = sender.send(read.map(|_| String::from_utf8_lossy(&said).into_owned()));
    };
    let reading = thread::Builder::new().name("backtest-check".to_owned()).spawn(read);
    let said = match reading {
        Ok(_) => receiver
            .recv_timeout(CHECK_TIME_MAX)
            .unwrap_or_else(|_| Err(io::Error::other(format!("it has not ended within {CHECK_TIME_MAX:?}")))),
        Err(error) => Err(error),
    };
    if said.is_err() {
        // not waited for yet, so the number is still its own
        let _ = child.kill();
    }
    said
}

fn task(order: &Order, options: &BacktestOptions, results: PathBuf, is_check: bool) -> Task {
    let TrustConfig { groups, require_signature, keys } = &options.trust;
    Task {
        order: order.clone(),
        results,
        plugin_dirs: options.plugin_dirs.clone(),
        trust: json!({ "groups": groups, "require_signature": require_signature, "keys": keys }),
        is_check,
    }
}

fn spawn(task: &Task) -> io::Result<Child> {
    let mut input = File::from(memfd_create("stratd-backtest", MFdFlags::MFD_CLOEXEC)?);
    input.write_all(&serde_json::to_vec(task)?)?;
    input.rewind()?;
    let kept = ENVIRONMENT.iter().filter_map(|name| Some((*name, env::var_os(name)?)));
    let kept: Vec<_> = kept.collect();
    Command::new("/proc/self/exe")
        .arg0("stratd")
        .arg(SUBCOMMAND)
        .arg(std::process::id().to_string())
        .env_clear()
        .envs(kept)
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// The program of the child. `run` runs what was checked.
///
/// # Errors
/// It was not started by the daemon, or the run broke off.
pub(crate) fn backtest_child(parent: u32, run: impl FnOnce(Draft) -> Result<ExitCode>) -> Result<ExitCode> {
    host::isolation::die_with(parent)?;
    // both are courtesies to the daemon: where they are not allowed, the backtest runs all the same
    let _ = rustix::process::nice(NICE);
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    let task: Task = serde_json::from_reader(BufReader::new(io::stdin().lock()))
        .context("reading what to do from the standard input")?;
    let Task { order, results, plugin_dirs, trust, is_check } = task;
    crate::logging::start(false);
    let flags = Flags { plugin_dirs, results: Some(results), ..Flags::default() };
    let mut draft = match Draft::parse(&order.path, order.text.as_bytes(), &flags) {
        Ok(draft) => draft,
        Err(problems) => return Ok(refuse(&problems)),
    };
    draft.decide(&DECIDED, "plugins", json!({ "trust": trust }));
    if is_check {
        let plugins = crate::plugins::Plugins::new(draft.plugin_settings())?;
        return Ok(match check_draft(&draft, &plugins) {
            Ok(config) if config.trading_type == TradingType::Backtest => ExitCode::SUCCESS,
            Ok(config) => {
                crate::logging::complain(&format!(
                    "trading_type: found {} (accepted: backtest)",
                    config.trading_type
                ));
                ExitCode::from(EXIT_CONFIG)
            }
            Err(problems) => refuse(&problems),
        });
    }
    if draft.value.get("trading_type").is_some_and(|found| found != "backtest") {
        bail!("the configuration is not that of a backtest any more");
    }
    run(draft)
}

fn refuse(problems: &[crate::config::Problem]) -> ExitCode {
    for problem in problems {
        crate::logging::complain(&problem.to_string());
    }
    ExitCode::from(EXIT_CONFIG)
}

/// Says something to the daemon. One that does not listen any more is about to end this process.
pub(crate) fn say(said: &Said) {
    if let Ok(mut line) = serde_json::to_vec(said) {
        line.push(b'\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}
