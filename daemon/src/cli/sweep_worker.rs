//! `stratd sweep-worker`: runs combinations of a sweep, one after the other.

use std::{
    fs,
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{
    checked::Checked,
    start::backtest_into,
    sweep::{Plan, SweepArguments},
};
use crate::{
    check::check_whole,
    config::Flags,
    host::{crash, isolation::die_with},
    logging::{self, LogOptions, LogSource},
    plugins::Plugins,
    results::RunFolder,
    runtime::{Finished, Services},
    sweep::{
        crew::READY,
        measure::figures,
        row::{Row, RowState},
    },
};

/// What is told of the problems of a combination.
const ERROR_CHARS_MAX: usize = 500;

#[derive(Args, Clone, Debug)]
pub(super) struct WorkerArguments {
    /// The process that started this one
    parent: u32,

    /// Where runs put their folders
    work: PathBuf,

    #[command(flatten)]
    sweep: SweepArguments,
}

pub(super) fn main(arguments: &WorkerArguments) -> Result<ExitCode> {
    die_with(arguments.parent)?;
    logging::start(false);
    let plan = match Plan::read(&arguments.sweep)? {
        Ok(plan) => plan,
        Err(problems) => bail!("{}", in_words(problems.iter().map(ToString::to_string))),
    };
    // a sweep of thousands of runs is no place for what each of them has to say
    let level = logging::with_level("ERROR".into());
    let source = LogSource { file: None, flags: Flags::default() };
    let options = LogOptions { is_verbose: false, is_by_the_clock: false, source, left: Vec::new() };
    let _log = logging::begin(Some(&level), options)?;
    crash::install(None).context("preparing for a crash")?;
    let plugins = Arc::new(Plugins::new(plan.base().plugin_settings())?.keeping());
    logging::take_parts_from(&plugins);
    say(READY)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("reading the number of a combination")?;
        let number: u64 =
            line.trim().parse().with_context(|| format!("found {line} (accepted: a number)"))?;
        let row = run(&plan, number, &plugins, &arguments.work);
        say(&serde_json::to_string(&row).context("writing a row")?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn run(plan: &Plan, number: u64, plugins: &Arc<Plugins>, work: &Path) -> Row {
    let draft = plan.draft(number);
    let (config, whole) = match check_whole(&draft, &**plugins) {
        Ok(checked) => checked,
        Err(problems) => {
            let text = in_words(problems.iter().map(ToString::to_string));
            return Row::without_results(number, RowState::Refused, text);
        }
    };
    let log = LogSource { file: None, flags: Flags::default() };
    let checked = Checked { config, shown: draft.shown(), whole, plugins: Arc::clone(plugins), log };
    match backtest(&checked, number, work) {
        Ok((figures, has_faults)) => {
            let state = if has_faults { RowState::Faulted } else { RowState::Finished };
            Row { number, state, figures, error: None }
        }
        Err(error) => {
            // what it has written so far is of no use
            let _ = fs::remove_dir_all(work.join(number.to_string()));
            Row::without_results(number, RowState::Failed, in_words([format!("{error:#}")].into_iter()))
        }
    }
}

fn backtest(checked: &Checked, number: u64, work: &Path) -> Result<(Vec<serde_json::Value>, bool)> {
    let folder = RunFolder::create_one_of_many(work, &number.to_string())?;
    let services = Arc::new(Services::default());
    let Finished { summary, has_faults, .. } = backtest_into(checked, folder, &services)?;
    let summary = serde_json::to_value(&summary).context("reading the summary")?;
    Ok((figures(&summary), has_faults))
}

fn in_words(problems: impl Iterator<Item = String>) -> String {
    let text = problems.collect::<Vec<_>>().join("; ").replace('\n', " ");
    text.chars().take(ERROR_CHARS_MAX).collect()
}

/// Says a line to the process that started this one.
fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("answering")
}
