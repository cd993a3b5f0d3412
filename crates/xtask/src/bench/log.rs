//! Other loggers at the work of our log, in rounds with ours: `cargo xtask bench log`.
//!
//! Every run is a process of its own that prints the nanoseconds from its first call to the last byte in its file; its
//! lines are counted here, and a logger that lost one fails the benchmark. All take turns in an order that changes from
//! round to round. A ratio is that of two runs of one round; median, smallest and largest of all rounds are told.
//! Processor time is that of the whole process, all threads together: it says how the loggers compare where every
//! processor is busy with something else.
//!
//! A logger that cannot be had here is left out, with a line that says why.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::with_numbers;
use crate::figures::Spread;
use crate::workspace::{Workspace, children_time, status, stdout};

const MANIFEST: &str = "crates/logging/peers/Cargo.toml";
/// As many as `benches/log/text.rs` says.
const LINES: usize = 300_000;
const ROUNDS: usize = 7;
/// Debian's package of spdlog, which the header is looked for in.
const SPDLOG_PACKAGE: &str = "libspdlog-dev";

/// A logger, and how a run of it is started.
struct Logger {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    /// nanoseconds per line of each round
    passed: Vec<f64>,
    processors: Vec<f64>,
}

impl Logger {
    fn new(name: &'static str, program: impl Into<PathBuf>, arguments: &[&OsStr]) -> Self {
        let arguments = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        Self { name, program: program.into(), arguments, passed: Vec::new(), processors: Vec::new() }
    }

    fn run(&mut self, folder: &Path) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stderr(Stdio::inherit());
        let before = children_time()?;
        let output = command.output().with_context(|| format!("starting {}", self.program.display()))?;
        let processors = children_time()?.saturating_sub(before);
        if !output.status.success() {
            bail!("{}: {}", self.name, output.status);
        }
        let printed = String::from_utf8_lossy(&output.stdout);
        let passed: f64 = printed
            .trim()
            .parse()
            .with_context(|| format!("{} printed {printed:?} (expected nanoseconds)", self.name))?;
        let path = folder.join(format!("{}.log", self.name));
        let written = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let lines = written.iter().filter(|&&byte| byte == b'\n').count();
        if lines != LINES {
            bail!("{} wrote {lines} of {LINES} lines", self.name);
        }
        fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        self.passed.push(passed / count(LINES));
        self.processors.push(processors.as_secs_f64() * 1e9 / count(LINES));
        Ok(())
    }
}

/// Measures all that can be had, prints a table, and adds `log.vs_NAME` to the numbers: how many times as long it takes.
pub(super) fn measure_peers(workspace: &Workspace, numbers: &Path) -> Result<()> {
    let folder = workspace.bench_results().join("log-peers");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let Some(mut loggers) = loggers(workspace, &folder)? else { return Ok(()) };
    for round in 0..ROUNDS {
        for index in order(loggers.len(), round) {
            if let Some(logger) = loggers.get_mut(index) {
                logger.run(&folder)?;
            }
        }
    }
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    let added = table(&loggers)?;
    let json = fs::read_to_string(numbers).with_context(|| format!("reading {}", numbers.display()))?;
    fs::write(numbers, with_numbers(&json, &added)).with_context(|| format!("writing {}", numbers.display()))
}

/// Every logger that can be had here, ours first; none if those in Rust cannot be built.
fn loggers(workspace: &Workspace, folder: &Path) -> Result<Option<Vec<Logger>>> {
    let mut cargo =
        workspace.cargo(&["build", "--release", "--locked", "--quiet", "--manifest-path", MANIFEST]);
    if !status(cargo.env("CARGO_TARGET_DIR", workspace.peers()))?.success() {
        println!("\nno peers beside it: {MANIFEST} does not build here (see above; no network?)");
        return Ok(None);
    }
    let (ours, rust) = (built_bench(workspace)?, workspace.peers().join("release/logging-peers"));
    let lines = LINES.to_string();
    let mut loggers: Vec<Logger> =
        [("ours", &ours), ("format", &ours), ("tracing-appender", &rust), ("log4rs", &rust)]
            .map(|(name, program)| Logger::new(name, program, &[name.as_ref(), folder.as_os_str()]))
            .into();
    match build_spdlog(workspace)? {
        Some(program) => {
            loggers.push(Logger::new("spdlog", program, &[folder.as_os_str(), lines.as_ref()]));
        }
        None => {
            println!("spdlog is left out: g++ and {SPDLOG_PACKAGE} are not here and could not be installed")
        }
    }
    let python = Command::new("python3").arg("--version").stdout(Stdio::null()).status();
    if python.is_ok_and(|status| status.success()) {
        let script = workspace.root().join("crates/logging/peers/cpython.py");
        let arguments = [script.as_os_str(), folder.as_os_str(), lines.as_ref()];
        loggers.push(Logger::new("cpython", "python3", &arguments));
    } else {
        println!("cpython is left out: there is no python3");
    }
    Ok(Some(loggers))
}

/// The program of our own benchmark, which was built for it just now.
fn built_bench(workspace: &Workspace) -> Result<PathBuf> {
    let arguments = ["bench", "-p", "stratd-logging", "--bench", "log", "--no-run", "--message-format=json"];
    let printed =
        stdout(&mut workspace.cargo(&arguments))?.context("building the benchmark of stratd-logging")?;
    let executable = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(PathBuf::from(message.get("executable")?.as_str()?))
    };
    printed.lines().rev().find_map(executable).context("cargo named no program of the benchmark it built")
}

/// Compiles the program for spdlog, and installs what it needs if that is not there and we may.
fn build_spdlog(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let program = workspace.peers().join("spdlog");
    let compile = || {
        let mut compiler = workspace.command("g++");
        compiler.args(["-std=c++17", "-O2", "-DSPDLOG_COMPILED_LIB", "-DSPDLOG_FMT_EXTERNAL", "-o"]);
        compiler.arg(&program).arg("crates/logging/peers/spdlog.cpp");
        compiler.args(["-lspdlog", "-lfmt", "-lpthread"]);
        // a compiler that is not there is one that does not compile
        status(&mut compiler).is_ok_and(|status| status.success())
    };
    if compile() {
        return Ok(Some(program));
    }
    if !nix::unistd::Uid::effective().is_root() {
        return Ok(None);
    }
    let mut install = workspace.command("apt-get");
    install.args(["install", "-y", "-q", "--no-install-recommends", "g++", SPDLOG_PACKAGE]);
    let is_installed =
        status(install.env("DEBIAN_FRONTEND", "noninteractive")).is_ok_and(|status| status.success());
    Ok((is_installed && compile()).then_some(program))
}

/// Prints a row for each logger and hands back the numbers.
fn table(loggers: &[Logger]) -> Result<Vec<(String, f64)>> {
    let Some((ours, others)) = loggers.split_first() else { return Ok(Vec::new()) };
    println!(
        "\n{LINES} lines each, none lost, {ROUNDS} rounds; ratios to ours in the same round: median [min to max]"
    );
    println!("{:<18}{:>9}{:>26}{:>14}{:>26}", "", "ns/line", "times ours", "processor ns", "times ours");
    let (passed, processors) = (Spread::of(&ours.passed)?, Spread::of(&ours.processors)?);
    println!("{:<18}{:>9.1}{:>26}{:>14.1}", ours.name, passed.median, "", processors.median);
    let mut numbers = Vec::new();
    for Logger { name, passed, processors, .. } in others {
        let (times, processor_times) =
            (Spread::over(passed, &ours.passed)?, Spread::over(processors, &ours.processors)?);
        println!(
            "{name:<18}{:>9.1}{:>26}{:>14.1}{:>26}",
            Spread::of(passed)?.median,
            times.text(),
            Spread::of(processors)?.median,
            processor_times.text()
        );
        let key = format!("log.vs_{}", name.replace('-', "_"));
        numbers.push((key.clone(), times.median));
        numbers.push((format!("{key}_min"), times.min));
        numbers.push((format!("{key}_max"), times.max));
        numbers.push((format!("{key}_processor"), processor_times.median));
    }
    Ok(numbers)
}

/// The numbers below `count` in an order of their own for each round, the same in every run of the benchmark.
fn order(count: usize, round: usize) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    let mut state = u64::try_from(round).unwrap_or(0).wrapping_add(1);
    for last in (1..count).rev() {
        // Knuth's multiplier; the high bits are the good ones
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
        indices.swap(last, at);
    }
    indices
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(value: usize) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn every_round_has_everybody_once_and_orders_differ() {
        let orders: Vec<Vec<usize>> = (0..7).map(|round| order(6, round)).collect();
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5]);
        }
        assert!(orders.windows(2).all(|pair| pair[0] != pair[1]), "{orders:?}");
        let mut firsts: Vec<usize> = orders.iter().filter_map(|order| order.first().copied()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert!(firsts.len() > 2, "{orders:?}");
    }
}
