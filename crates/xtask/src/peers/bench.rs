//! Other backtests on the ticks of `cargo xtask bench engine`, in rounds with ours: `cargo xtask peers bench engine`.
//!
//! The same strategies on the same ticks in each, as `tests/peers/bench` says them; a run is a process of its own, and
//! tells seconds of its event loop, orders, result and memory. Orders and result are known, and a program that gives others
//! fails the comparison. All take turns, in an order that changes from round to round. A ratio is that of two runs of one
//! round; the median of all rounds is told. Where others work on the same machine, the time of a processor says more than
//! the time that passed: it is told besides, and its ratio as well.
//!
//! The others come from `PyPI`, each into an environment of its own. One whose Python is not on this machine is left out,
//! with a line that says so. It takes minutes and hundreds of megabytes, so the gate leaves it out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::tools::{self, Package};
use crate::figures::{Numbers, Sample, Spread};
use crate::workspace::{Workspace, stdout};
use crate::{TaskResult, deb, plugins};

#[path = "../../../../tests/benches/engine/ticks.rs"]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the generator takes parts of its bits; a file has fewer ticks"
)]
mod ticks;

/// The name of this comparison among the checks.
pub(super) const NAME: &str = "bench";
pub(super) const ABOUT: &str = "engine: ticks per second of backtests beside hftbacktest and NautilusTrader; tea: a column \
    beside numpy, pyarrow, polars and the original API; only by name, it takes minutes";
/// The name of this half of it.
pub(super) const ENGINE: &str = "engine";

const SCRIPTS: &str = "tests/peers/bench";
const TICKS: usize = 1_000_000;
const ROUNDS: usize = 5;

/// A strategy, with orders and result that everybody finds on these ticks who fills at the price of the tick.
struct Strategy {
    name: &'static str,
    orders: u64,
    pnl: &'static str,
}

const STRATEGIES: [Strategy; 3] = [
    Strategy { name: "noop", orders: 0, pnl: "0.00" },
    Strategy { name: "every-1000", orders: 1_000, pnl: "-13.08" },
    Strategy { name: "ema", orders: 45_296, pnl: "-0.33" },
];

/// Whoever is compared, beside ours.
struct Peer {
    name: &'static str,
    script: &'static str,
    package: Package,
    /// What is another thing than with us.
    differs: &'static str,
}

const PEERS: [Peer; 2] = [
    Peer {
        name: "hftbacktest",
        script: "with_hftbacktest.py",
        package: Package { requirement: "hftbacktest==2.4.4", module: "hftbacktest", python: (3, 11) },
        differs: "the ticks are an array in memory, the strategy is compiled into one loop with the engine, and nothing is \
                  checked or recorded of an order; it fills from a book only, so it gets half a cent of spread around each \
                  price, with more rows to read, and the result is told without it",
    },
    Peer {
        name: "nautilus",
        script: "with_nautilus.py",
        package: Package {
            requirement: "nautilus_trader==2.0.0rc7",
            module: "nautilus_trader",
            python: (3, 13),
        },
        differs: "the ticks are objects in memory, the engine is Rust, the strategy is Python; risk, portfolio and a cache of \
                  all orders are on, and no results are written",
    },
];

/// The name that our runs have.
const OURS: &str = "stratd";
const OURS_SCRIPT: &str = "with_stratd.py";

/// A program that is ready to run, and what its runs told, by strategy.
struct Contestant {
    name: &'static str,
    python: PathBuf,
    script: &'static str,
    version: String,
    runs: [Runs; STRATEGIES.len()],
}

#[derive(Default)]
struct Runs {
    seconds: Vec<f64>,
    /// Of a processor.
    processor: Vec<f64>,
    rss_kib: Sample,
}

/// The task `peers bench engine`.
pub(super) fn run(workspace: &Workspace) -> TaskResult {
    let work = workspace.peer_checks().join(NAME);
    super::empty(&work)?;
    let folder = workspace.bench_results();
    let ticks =
        ticks::file(&folder, TICKS).with_context(|| format!("making ticks in {}", folder.display()))?;
    deb::build_programs(workspace)?;
    let plugins = plugins::build(workspace, true)?;
    let mut contestants = contestants(workspace)?;
    for round in 0..ROUNDS {
        for (index, strategy) in STRATEGIES.iter().enumerate() {
            let count = contestants.len();
            contestants.rotate_left(round % count);
            for contestant in &mut contestants {
                let mut command = workspace.command(&contestant.python);
                command.arg("-B").arg(workspace.root().join(SCRIPTS).join(contestant.script));
                command.arg(&ticks).arg(strategy.name).current_dir(&work);
                tools::forget_python(&mut command);
                command.env("STRATD", workspace.release().join("stratd")).env("STRATD_PLUGINS", &plugins);
                let line = stdout(&mut command)?
                    .with_context(|| format!("{} did not run {}", contestant.name, strategy.name))?;
                contestant.take(index, strategy, &line)?;
            }
        }
    }
    report(&mut contestants, &workspace.peers().join("bench.json"))?;
    Ok(ExitCode::SUCCESS)
}

/// Ours, and of the others those that this machine has a Python for.
fn contestants(workspace: &Workspace) -> Result<Vec<Contestant>> {
    let python = tools::find_python((3, 11)).context("no Python of 3.11 or later with the module venv")?;
    let contestant = |name, python, script| Contestant {
        name,
        python,
        script,
        version: String::new(),
        runs: Default::default(),
    };
    let mut found = vec![contestant(OURS, python, OURS_SCRIPT)];
    for peer in &PEERS {
        let Package { requirement, python: (major, minor), .. } = peer.package;
        let Some(python) = tools::find_python(peer.package.python) else {
            println!(
                "left out: {requirement} needs Python {major}.{minor} or later, and there is none in PATH or of pyenv"
            );
            continue;
        };
        let folder = workspace.peer_environment().with_file_name(format!("peers-venv-{}", peer.name));
        let inside = tools::environment(workspace, &python, &folder, &peer.package)?;
        found.push(contestant(peer.name, inside, peer.script));
    }
    Ok(found)
}

impl Contestant {
    /// Reads what a run told, and checks it against what is known.
    fn take(&mut self, index: usize, strategy: &Strategy, line: &str) -> Result<()> {
        let who = format!("{} with {}", self.name, strategy.name);
        let told: Value = serde_json::from_str(line.trim())
            .with_context(|| format!("{who} told '{}' (expected a line of JSON)", line.trim()))?;
        let text = |key: &str| told[key].as_str().with_context(|| format!("{who} does not tell '{key}'"));
        let count = |key: &str| told[key].as_u64().with_context(|| format!("{who} does not tell '{key}'"));
        let figure = |key: &str| told[key].as_f64().with_context(|| format!("{who} does not tell '{key}'"));
        let found = (count("ticks")?, count("orders")?, text("pnl")?);
        let expected = (u64::try_from(TICKS)?, strategy.orders, strategy.pnl);
        if found != expected {
            bail!("{who}: (ticks, orders, result) are {found:?}, expected {expected:?}");
        }
        text("version")?.clone_into(&mut self.version);
        let runs = self.runs.get_mut(index).context("one of the strategies")?;
        runs.seconds.push(figure("seconds")?);
        runs.processor.push(figure("processor")?);
        runs.rss_kib.add(figure("rss_kib")?);
        Ok(())
    }
}

/// Prints the table and writes the numbers.
fn report(contestants: &mut [Contestant], file: &Path) -> Result<()> {
    // ours first, then as they are listed above
    let place = |name: &str| PEERS.iter().position(|peer| peer.name == name);
    contestants.sort_by_key(|contestant| place(contestant.name));
    println!(
        "\n{TICKS} ticks, {ROUNDS} rounds: medians; times over ours in the same round: median [lowest to highest]\n"
    );
    println!(
        "{:<11} {:<22} {:>11} {:>24} {:>9} {:>24} {:>7} {:>8} {:>8}",
        "strategy", "", "ticks/s", "time over ours", "cpu ns", "over ours", "orders", "result", "RSS MiB"
    );
    let mut numbers = Numbers::default();
    for (index, strategy) in STRATEGIES.iter().enumerate() {
        report_strategy(contestants, index, strategy, &mut numbers)?;
    }
    println!("\nOrders and results are the same everywhere. What is not the same:");
    println!(
        "- {OURS}: the ticks are a mapped file, the strategy is a library behind the plugin table, all of the engine is on, \
         and orders, fills and equity are written to files"
    );
    for peer in PEERS.iter().filter(|peer| contestants.iter().any(|known| known.name == peer.name)) {
        println!("- {}: {}", peer.name, peer.differs);
    }
    numbers.write(file)?;
    println!("\nnumbers in {}", file.display());
    Ok(())
}

/// The rows of one strategy.
fn report_strategy(
    contestants: &[Contestant],
    index: usize,
    strategy: &Strategy,
    numbers: &mut Numbers,
) -> Result<()> {
    let Some(ours) = contestants.first().and_then(|ours| ours.runs.get(index)) else { return Ok(()) };
    for Contestant { name, version, runs, .. } in contestants {
        let runs = runs.get(index).context("one of the strategies")?;
        let per_second = figure(TICKS) / Spread::of(&runs.seconds)?.median;
        let cpu_ns = Spread::of(&runs.processor)?.median * 1e9 / figure(TICKS);
        let (time, cpu) =
            (Spread::over(&runs.seconds, &ours.seconds)?, Spread::over(&runs.processor, &ours.processor)?);
        let rss_mib = runs.rss_kib.percentile(50).context("there was no round")? / 1_024.0;
        let shown = |ratio: &Spread| if *name == OURS { String::new() } else { ratio.text() };
        println!(
            "{:<11} {:<22} {per_second:>11.0} {:>24} {cpu_ns:>9.0} {:>24} {:>7} {:>8} {rss_mib:>8.0}",
            strategy.name,
            format!("{name} {version}"),
            shown(&time),
            shown(&cpu),
            strategy.orders,
            strategy.pnl,
        );
        let key = format!("peers.{}_{name}", strategy.name.replace('-', "_"));
        numbers.add(format!("{key}_ticks_per_s"), per_second);
        numbers.add(format!("{key}_ratio"), time.median);
        numbers.add(format!("{key}_ratio_min"), time.min);
        numbers.add(format!("{key}_ratio_max"), time.max);
        numbers.add(format!("{key}_cpu_ns"), cpu_ns);
        numbers.add(format!("{key}_cpu_ratio"), cpu.median);
        numbers.add(format!("{key}_rss_mib"), rss_mib);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn figure(value: usize) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::{Contestant, STRATEGIES};

    fn contestant() -> Contestant {
        Contestant {
            name: "other",
            python: "python3".into(),
            script: "with_other.py",
            version: String::new(),
            runs: Default::default(),
        }
    }

    #[test]
    fn a_run_with_the_known_answer_counts() {
        let line = r#"{"version": "1.2", "seconds": 0.5, "processor": 0.4, "ticks": 1000000, "orders": 1000, "pnl": "-13.08", "rss_kib": 2048}"#;
        let mut other = contestant();
        other.take(1, &STRATEGIES[1], line).expect("the answer is right");
        assert_eq!((other.version.as_str(), other.runs[1].seconds.as_slice()), ("1.2", [0.5].as_slice()));
        assert_eq!(other.runs[1].rss_kib.max(), Some(2048.0));
    }

    #[test]
    fn another_answer_fails_and_says_which() {
        let line = r#"{"version": "1.2", "seconds": 0.5, "processor": 0.4, "ticks": 1000000, "orders": 999, "pnl": "-13.08", "rss_kib": 1}"#;
        let error = contestant().take(1, &STRATEGIES[1], line).expect_err("one order less").to_string();
        assert_eq!(
            error,
            "other with every-1000: (ticks, orders, result) are (1000000, 999, \"-13.08\"), expected (1000000, 1000, \"-13.08\")"
        );
        let error = contestant().take(0, &STRATEGIES[0], "{}").expect_err("nothing told").to_string();
        assert_eq!(error, "other with noop does not tell 'ticks'");
    }
}
