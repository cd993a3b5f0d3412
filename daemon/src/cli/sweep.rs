//! `stratd sweep`.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{IsTerminal as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use stratd_plugin_api::TradingType;

use super::RunArguments;
use crate::{
    check::{EXIT_CONFIG, check_whole},
    config::{Draft, PluginKind, Problem, RunConfig, Written},
    logging,
    plugins::Plugins,
    sweep::{
        JOBS_MAX, KEPT_MAX, Swept,
        crew::Crew,
        csv,
        grid::Grid,
        journal::{Head, Journal, write_whole},
        kept::{Kept, remove},
        measure::Measure,
        page,
        param::Param,
        print_best,
        row::{Row, RowState},
    },
};

/// Rows of the table on the terminal.
const BEST_SHOWN: usize = 10;
/// So many combinations are tried until one has no problems, before anything runs.
const TRIED_MAX: u64 = 64;
/// Data files that are looked at for changes.
const DATA_FILES_MAX: usize = 10_000;

#[derive(Args, Clone, Debug)]
pub(super) struct SweepArguments {
    #[command(flatten)]
    run: RunArguments,

    /// A key of a strategy's configuration with its values; repeat for more
    ///
    /// `fast=5..50` has every whole number with both ends, `fast=5..50/5` every fifth, `x=0.1..0.5/0.1` steps exactly, and
    /// `mode=a,b,c` has these. Of several strategies one is named: `ema-cross.fast=5..50`. A key that begins with a slash
    /// is a JSON pointer into the whole configuration: `/fill/rule=next_price,same_price`.
    #[arg(long = "param", value_name = "KEY=VALUES", required = true)]
    params: Vec<String>,

    /// What the best runs are the best of
    #[arg(long, value_name = "MEASURE", default_value = "sharpe")]
    measure: String,

    /// Processes at once; without it, one for each core
    #[arg(long, value_name = "COUNT")]
    jobs: Option<usize>,

    /// The folder of the sweep; without it, one in the folder of results that is named by what is swept
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// The folders of so many of the best runs are kept
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    keep: usize,

    /// A combination that takes longer is given up, in seconds
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<u32>,
}

/// What is swept: the configuration as written, and where the values of each combination go.
pub(super) struct Plan {
    arguments: SweepArguments,
    written: Written,
    pub(super) grid: Grid,
    pointers: Vec<String>,
}

impl Plan {
    /// Reads the configuration and the parameters; `Err` inside has the problems of the file.
    pub(super) fn read(arguments: &SweepArguments) -> Result<std::result::Result<Self, Vec<Problem>>> {
        let params = arguments.params.iter().map(|text| Param::parse(text)).collect::<Result<Vec<_>>>()?;
        let grid = Grid::new(params)?;
        let RunArguments { config, flags } = &arguments.run;
        let written = match config {
            Some(file) => match Written::read(file, &flags.conf_dirs) {
                Ok(written) => written,
                Err(problems) => return Ok(Err(problems)),
            },
            None => Written::default(),
        };
        let base = Draft::new(written.clone(), flags);
        let pointers =
            grid.params().iter().map(|param| param.pointer(&base.value)).collect::<Result<Vec<_>>>()?;
        Ok(Ok(Self { arguments: arguments.clone(), written, grid, pointers }))
    }

    /// The configuration without the values of a combination.
    pub(super) fn base(&self) -> Draft {
        Draft::new(self.written.clone(), &self.arguments.run.flags)
    }

    /// The configuration of a combination.
    pub(super) fn draft(&self, number: u64) -> Draft {
        let mut draft = self.base();
        let values = self.pointers.iter().zip(self.grid.params()).zip(self.grid.values(number));
        for ((pointer, param), value) in values {
            draft.assign(pointer, &format!("--param {}", param.key), value);
        }
        draft
    }
}

pub(super) fn main(arguments: &SweepArguments) -> Result<ExitCode> {
    logging::start(arguments.run.flags.verbose);
    let Some(by) = Measure::by_name(&arguments.measure) else {
        bail!("--measure: found {} (accepted: {})", arguments.measure, Measure::names().join(", "));
    };
    if arguments.keep > KEPT_MAX {
        bail!("--keep: found {} (accepted: at most {KEPT_MAX})", arguments.keep);
    }
    let jobs = arguments
        .jobs
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from).min(JOBS_MAX));
    if !(1..=JOBS_MAX).contains(&jobs) {
        bail!("--jobs: found {jobs} (accepted: 1 to {JOBS_MAX})");
    }
    let plan = match Plan::read(arguments)? {
        Ok(plan) => plan,
        Err(problems) => return Ok(refuse(&problems)),
    };
    let plugins = Arc::new(Plugins::new(plan.base().plugin_settings())?.keeping());
    let config = match usable(&plan, &plugins) {
        Ok(config) => config,
        Err(problems) => return Ok(refuse(&problems)),
    };
    if config.trading_type != TradingType::Backtest {
        bail!("stratd sweep runs trading type backtest (found {})", config.trading_type);
    }
    let head = head(&plan, &config, &plugins)?;
    let output = arguments.output.clone().unwrap_or_else(|| config.results.join(head.name()));
    let (journal, known) = Journal::open(&output, &head, &plan.grid)?;
    let rows = Sweeping { plan: &plan, output: &output, jobs, by }.run(journal, known)?;
    let swept = Swept { grid: &plan.grid, rows: &rows, by, config: &head.config };
    write_whole(&output.join("results.csv"), &csv(&swept)?)?;
    write_whole(&output.join("sweep.html"), page(&swept).as_bytes())?;
    let mut out = std::io::stdout().lock();
    print_best(&mut out, &swept, BEST_SHOWN)?;
    writeln!(out, "results in {} (results.csv, sweep.html, runs/)", output.display())?;
    let has_failed = rows.iter().any(|row| matches!(row.state, RowState::Failed | RowState::Faulted));
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Everything that runs combinations.
struct Sweeping<'a> {
    plan: &'a Plan,
    output: &'a Path,
    jobs: usize,
    by: (usize, Measure),
}

impl Sweeping<'_> {
    /// Runs what is not known yet; all rows, by number.
    fn run(&self, mut journal: Journal, known: Vec<Row>) -> Result<Vec<Row>> {
        let work = self.output.join("work");
        // of an interrupted sweep
        remove(&work)?;
        let mut kept = Kept::new(self.output, self.plan.arguments.keep, self.by, &known);
        let mut rows: BTreeMap<u64, Row> = known.into_iter().map(|row| (row.number, row)).collect();
        let pending: Vec<u64> =
            (0..self.plan.grid.len()).filter(|number| !rows.contains_key(number)).collect();
        if !rows.is_empty() {
            tracing::info!(
                logger = "sweep",
                "{} of {} combinations are known from before, in {}",
                rows.len(),
                self.plan.grid.len(),
                self.output.display()
            );
        }
        if !pending.is_empty() {
            fs::create_dir(&work).with_context(|| format!("creating {}", work.display()))?;
            let bar = bar(self.plan.grid.len(), rows.len() as u64);
            let crew = Crew {
                jobs: self.jobs,
                arguments: worker_arguments(&work)?,
                folder: work.clone(),
                time_max: self.plan.arguments.time_limit.map(|seconds| Duration::from_secs(seconds.into())),
            };
            let ended = crew.run(&pending, |row| {
                // the folder first: a row that is known is not run again
                kept.take(&row, &work.join(row.number.to_string()))?;
                journal.add(&row)?;
                rows.insert(row.number, row);
                bar.inc(1);
                Ok(())
            });
            bar.finish_and_clear();
            let cleared = remove(&work);
            ended.and(cleared)?;
        }
        kept.tidy()?;
        Ok(rows.into_values().collect())
    }
}

/// The arguments of this process, for the hidden command.
fn worker_arguments(work: &Path) -> Result<Vec<OsString>> {
    let work = std::path::absolute(work).context("finding the folder of the sweep")?;
    let own = ["sweep-worker".into(), std::process::id().to_string().into(), work.into_os_string()];
    Ok(own.into_iter().chain(std::env::args_os().skip(2)).collect())
}

fn bar(all: u64, known: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(all).with_position(known);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} combinations, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.reset_eta();
    bar
}

/// The configuration of a combination without problems; the problems of the first one if none has none.
fn usable(plan: &Plan, plugins: &Plugins) -> std::result::Result<RunConfig, Vec<Problem>> {
    let len = plan.grid.len();
    let tried = len.min(TRIED_MAX);
    let mut first = None;
    for index in 0..tried {
        // spread over all of them
        let number = if tried == len { index } else { index * (len - 1) / (tried - 1) };
        match check_whole(&plan.draft(number), plugins) {
            Ok((config, _)) => return Ok(config),
            Err(problems) => {
                first.get_or_insert(problems);
            }
        }
    }
    Err(first.unwrap_or_default())
}

fn refuse(problems: &[Problem]) -> ExitCode {
    for problem in problems {
        logging::complain(&problem.to_string());
    }
    ExitCode::from(EXIT_CONFIG)
}

/// What the sweep is of.
fn head(plan: &Plan, config: &RunConfig, plugins: &Plugins) -> Result<Head> {
    let params = plan.grid.params();
    let mut hashes = BTreeMap::new();
    let exchanges = config.exchange.iter().map(|entry| (PluginKind::Exchange, &entry.plugin));
    let strategies = config.strategy.iter().map(|entry| (PluginKind::Strategy, &entry.plugin));
    for (kind, name) in exchanges.chain(strategies) {
        hashes.insert(name.clone(), plugins.load(kind, name)?.hash().to_owned());
    }
    let mut data = BTreeMap::new();
    for entry in &config.exchange {
        collect(&Value::Object(entry.config.clone()), &mut data);
    }
    Ok(Head {
        params: params.iter().map(|param| (param.key.clone(), param.values.clone())).collect(),
        order: params.iter().map(|param| param.key.clone()).collect(),
        config: plan.base().shown(),
        plugins: hashes,
        data,
    })
}

/// Size and time of change of the files that a configuration names, and of those in folders that it names.
fn collect(value: &Value, data: &mut BTreeMap<String, (u64, i64)>) {
    match value {
        Value::String(text) => {
            let Ok(facts) = fs::metadata(text) else { return };
            if facts.is_file() && data.len() < DATA_FILES_MAX {
                let changed = facts.mtime().saturating_mul(1_000_000_000).saturating_add(facts.mtime_nsec());
                data.insert(text.clone(), (facts.len(), changed));
            } else if facts.is_dir() {
                for entry in fs::read_dir(text).into_iter().flatten().flatten() {
                    if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                        collect(&Value::String(entry.path().display().to_string()), data);
                    }
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, data)),
        Value::Object(table) => table.values().for_each(|item| collect(item, data)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
