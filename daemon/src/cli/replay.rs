//! `stratd replay`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    config::Flags,
    host::crash,
    logging::{self, LogOptions, LogSource, with_level},
    replay::{Difference, Ended, ReplayOptions, Replayed, replay},
};

#[derive(Args)]
pub(super) struct ReplayArguments {
    /// The recording: a folder NAME.recording, or one with several of them, of which the last is taken
    recording: PathBuf,

    /// A folder with plugins, searched before the places where they were and where they usually are
    #[arg(long = "plugin-dir", value_name = "DIR")]
    plugin_dirs: Vec<PathBuf>,

    /// A file with a build of a plugin, as in `strategy-x=old/libstrategy_x.so`; several for a plugin that was replaced
    #[arg(long = "plugin", value_name = "NAME=FILE", value_parser = named_file)]
    plugins: Vec<(String, PathBuf)>,

    /// Take a build of a plugin that is not the recorded one, to see what it would have done otherwise
    #[arg(long)]
    allow_other_build: bool,

    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,

    /// Show what the strategies log
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn main(arguments: &ReplayArguments) -> Result<ExitCode> {
    logging::start(arguments.verbose);
    let source = LogSource { file: None, flags: Flags::default() };
    let options =
        LogOptions { is_verbose: arguments.verbose, is_by_the_clock: false, source, left: Vec::new() };
    // what the strategies said was logged by the run
    let quiet = (!arguments.verbose).then(|| with_level("ERROR".into()));
    let _log = logging::begin(quiet.as_ref(), options)?;
    crash::install(None).context("preparing for a crash")?;
    let options = ReplayOptions {
        plugin_dirs: arguments.plugin_dirs.clone(),
        plugins: arguments.plugins.clone(),
        allow_other_build: arguments.allow_other_build,
    };
    let replayed = replay(&arguments.recording, &options)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&replayed)?)?;
    } else {
        print(&mut out, &replayed)?;
    }
    Ok(if replayed.matches { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("accepted: NAME=FILE, the name of a plugin and a file that has a build of it".to_owned()),
    }
}

fn print(out: &mut impl Write, replayed: &Replayed) -> Result<()> {
    let Replayed { inputs, market_events, outputs, states, changes, .. } = replayed;
    writeln!(out, "recording {} (stratd {})", replayed.recording, replayed.version)?;
    for other in &replayed.other_builds {
        writeln!(out, "another build than the recorded one: {other}")?;
    }
    writeln!(
        out,
        "{inputs} inputs ({market_events} market events), {outputs} outputs and {states} saved states compared"
    )?;
    if *changes > 0 {
        writeln!(out, "{changes} changes of strategies and limits carried out as in the run")?;
    }
    match (&replayed.difference, replayed.ended) {
        (Some(difference), _) => print_difference(out, difference)?,
        (None, Ended::Whole) => writeln!(out, "match")?,
        (None, Ended::Cut | Ended::Changed | Ended::Different) => {
            writeln!(out, "match as far as it goes: {}", replayed.why.as_deref().unwrap_or_default())?;
        }
    }
    Ok(())
}

fn print_difference(out: &mut impl Write, difference: &Difference) -> Result<()> {
    writeln!(out, "difference at input {} ({}): {}", difference.seq, difference.time, difference.input)?;
    writeln!(out, "  recorded: {}", difference.recorded)?;
    writeln!(out, "  replayed: {}", difference.replayed)?;
    for column in &difference.columns {
        writeln!(out, "  {}: {} recorded, {} replayed", column.column, column.recorded, column.replayed)?;
    }
    Ok(())
}
