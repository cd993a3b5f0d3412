//! One column of a file, as TeaFile in ours, numpy and the original Python API, and as Parquet in pyarrow and polars:
//! `cargo xtask peers bench tea`.
//!
//! A run is a process of its own that opens a file and sums its prices; it tells how long that took, how many there were,
//! and the sum, which is exact and the same for all. Files are in the cache of the system. All take turns, in an order that
//! changes from round to round; a ratio is that of two runs of one round. The time of the processor, which is that of all
//! threads, says more where others work on the same machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::tools::{self, Tools};
use crate::TaskResult;
use crate::figures::{Numbers, Spread};
use crate::workspace::{Workspace, run as run_command, stdout};

/// The name of this comparison behind `bench`.
pub(super) const NAME: &str = "tea";

const SCRIPT: &str = "tests/peers/bench/tea_column.py";
const EXAMPLE: &str = "column";
/// 480 MB of TeaFile.
const ITEMS: u64 = 20_000_000;
/// Of the file for those that make an object of each item.
const ITEMS_SMALL: u64 = 200_000;
const ROUNDS: usize = 5;

/// A way to read the column.
struct Way {
    /// As the table shows it, before the version.
    name: &'static str,
    /// As the numbers are called.
    key: &'static str,
    reader: Reader,
}

enum Reader {
    /// Our example, with this word.
    Ours(&'static str),
    /// The script, with this word and a file.
    Script(&'static str, &'static str),
}

/// Ours, which the others are compared with, is the first.
const WAYS: [Way; 6] = [
    Way { name: "teafile, mapped slice", key: "mapped", reader: Reader::Ours("mapped") },
    Way { name: "teafile, compiled column", key: "compiled", reader: Reader::Ours("compiled") },
    Way { name: "numpy.memmap", key: "numpy", reader: Reader::Script("numpy_memmap", FILE) },
    Way { name: "pyarrow, Parquet", key: "pyarrow", reader: Reader::Script("pyarrow_parquet", PARQUET) },
    Way { name: "polars, Parquet", key: "polars", reader: Reader::Script("polars_parquet", PARQUET) },
    Way { name: "teafiles", key: "original", reader: Reader::Script("original_api", SMALL) },
];

const FILE: &str = "ticks.tea";
const SMALL: &str = "small.tea";
const PARQUET: &str = "ticks.parquet";
const SMALL_PARQUET: &str = "small.parquet";

/// What the runs of a way told.
#[derive(Default)]
struct Runs {
    version: String,
    /// Nanoseconds for an item, that passed and of the processor.
    wall_ns: Vec<f64>,
    processor_ns: Vec<f64>,
}

/// Programs and files that are ready.
struct Bench<'a> {
    workspace: &'a Workspace,
    python: PathBuf,
    folder: PathBuf,
    /// Of the large file and of the small one.
    sums: [f64; 2],
}

/// The task `peers bench tea`.
pub(super) fn run(workspace: &Workspace) -> TaskResult {
    let folder = workspace.peer_checks().join("bench-tea");
    super::empty(&folder)?;
    let tools = Tools::install(workspace, &workspace.peer_checks(), false)?;
    let build =
        ["build", "--release", "-p", "teafile", "--features", "arrow", "--bin", "tea", "--example", EXAMPLE];
    run_command(&mut workspace.cargo(&build))?;
    let mut bench = Bench { workspace, python: tools.python().to_owned(), folder, sums: [0.0; 2] };
    for (place, (file, parquet, items)) in
        [(FILE, PARQUET, ITEMS), (SMALL, SMALL_PARQUET, ITEMS_SMALL)].into_iter().enumerate()
    {
        run_command(bench.example("make", file).arg(items.to_string()))?;
        let mut tea = workspace.command(workspace.release().join("tea"));
        run_command(tea.arg("to-parquet").arg(bench.folder.join(file)).arg(bench.folder.join(parquet)))?;
        let told = told(&mut bench.example("mapped", file))?;
        let sum = told["sum"].as_f64().context("our side does not tell 'sum'")?;
        *bench.sums.get_mut(place).context("one of two files")? = sum;
    }
    let mut runs: [Runs; WAYS.len()] = Default::default();
    for round in 0..ROUNDS {
        for step in 0..WAYS.len() {
            let index = (round + step) % WAYS.len();
            let (way, runs) = WAYS.get(index).zip(runs.get_mut(index)).context("one of the ways")?;
            bench.take(way, runs)?;
        }
    }
    report(&runs, &workspace.peers().join("tea.json"))?;
    // half a gigabyte that can be made again
    fs::remove_dir_all(&bench.folder).with_context(|| format!("removing {}", bench.folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

impl Bench<'_> {
    fn example(&self, word: &str, file: &str) -> Command {
        let program = self.workspace.release().join("examples").join(EXAMPLE);
        let mut command = self.workspace.command(program);
        command.arg(word).arg(self.folder.join(file));
        command
    }

    /// One run of a way, checked against what is known.
    fn take(&self, way: &Way, runs: &mut Runs) -> Result<()> {
        let mut command = match way.reader {
            Reader::Ours(word) => self.example(word, FILE),
            Reader::Script(word, file) => {
                let small = if file == PARQUET { SMALL_PARQUET } else { SMALL };
                let mut command = self.workspace.command(&self.python);
                command.arg("-B").arg(self.workspace.root().join(SCRIPT)).arg(word);
                command.arg(self.folder.join(file)).arg(&self.folder).arg(self.folder.join(small));
                tools::forget_python(&mut command);
                command
            }
        };
        let (items, sum) = match way.reader {
            Reader::Script(_, SMALL) => (ITEMS_SMALL, self.sums[1]),
            Reader::Ours(_) | Reader::Script(..) => (ITEMS, self.sums[0]),
        };
        let told = told(&mut command).with_context(|| way.name)?;
        runs.take(way.name, &told, items, sum)
    }
}

/// The line that a run prints.
fn told(command: &mut Command) -> Result<Value> {
    let line = stdout(command)?.context("it failed")?;
    serde_json::from_str(line.trim())
        .with_context(|| format!("it told '{}' (expected a line of JSON)", line.trim()))
}

impl Runs {
    fn take(&mut self, name: &str, told: &Value, items: u64, sum: f64) -> Result<()> {
        let figure = |key: &str| told[key].as_f64().with_context(|| format!("{name} does not tell '{key}'"));
        let found = (told["items"].as_u64(), told["sum"].as_f64());
        if found != (Some(items), Some(sum)) {
            bail!("{name}: items and sum are {found:?}, expected {:?}", (items, sum));
        }
        told["version"].as_str().unwrap_or_default().clone_into(&mut self.version);
        let scale = 1e9 / count(items);
        self.wall_ns.push(figure("seconds")? * scale);
        self.processor_ns.push(figure("processor")? * scale);
        Ok(())
    }
}

/// Prints the table and writes the numbers.
fn report(runs: &[Runs], file: &Path) -> Result<()> {
    let Some(ours) = runs.first() else { bail!("there was no run") };
    println!(
        "\none column of {ITEMS} items ({ITEMS_SMALL} for teafiles), {ROUNDS} rounds: medians; over ours in the same round: \
         median [lowest to highest]\n"
    );
    println!("{:<32} {:>9} {:>28} {:>9} {:>28}", "", "ns/item", "time over ours", "cpu ns", "cpu over ours");
    let mut numbers = Numbers::default();
    for (way, runs) in WAYS.iter().zip(runs) {
        let (wall, processor) = (Spread::of(&runs.wall_ns)?, Spread::of(&runs.processor_ns)?);
        let over = Spread::over(&runs.wall_ns, &ours.wall_ns)?;
        let cpu_over = Spread::over(&runs.processor_ns, &ours.processor_ns)?;
        println!(
            "{:<32} {:>9.2} {:>28} {:>9.2} {:>28}",
            format!("{} {}", way.name, runs.version),
            wall.median,
            over.text(),
            processor.median,
            cpu_over.text(),
        );
        let key = format!("peers.tea_{}", way.key);
        numbers.add(format!("{key}_ns"), wall.median);
        numbers.add(format!("{key}_ratio"), over.median);
        numbers.add(format!("{key}_ratio_min"), over.min);
        numbers.add(format!("{key}_ratio_max"), over.max);
        numbers.add(format!("{key}_cpu_ns"), processor.median);
        numbers.add(format!("{key}_cpu_ratio"), cpu_over.median);
    }
    numbers.write(file)?;
    println!("\nnumbers in {}", file.display());
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(items: u64) -> f64 {
    items as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Runs;

    #[test]
    fn a_run_counts_if_it_read_what_is_there() {
        let mut runs = Runs::default();
        let told = json!({ "version": "1.2", "seconds": 0.5, "processor": 0.25, "items": 1000, "sum": 7.25 });
        runs.take("other", &told, 1_000, 7.25).expect("the answer is right");
        assert_eq!(
            (runs.version.as_str(), &runs.wall_ns, &runs.processor_ns),
            ("1.2", &vec![5e5], &vec![2.5e5])
        );
        let error = runs.take("other", &told, 1_000, 7.5).expect_err("another sum").to_string();
        assert_eq!(error, "other: items and sum are (Some(1000), Some(7.25)), expected (1000, 7.5)");
    }
}
