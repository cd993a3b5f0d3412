//! From arguments to a checked configuration.

use std::{process::ExitCode, sync::Arc};

use anyhow::Result;

use super::{RunArguments, stored};
use crate::{
    check::{EXIT_CONFIG, check_whole},
    config::{Draft, Problem, RunConfig},
    logging::{self, LogSource},
    plugins::Plugins,
    reload::config::{ConfigSource, StartConfig, Taken},
};

/// A configuration without problems, with the plugins that it was checked against.
pub(super) struct Checked {
    pub(super) config: RunConfig,
    /// What of the configuration bears on the results, as it was written.
    pub(super) shown: serde_json::Value,
    /// All of it, as values.
    pub(super) whole: serde_json::Value,
    pub(super) plugins: Arc<Plugins>,
    /// Where the configuration of the log is read again.
    pub(super) log: LogSource,
}

/// Reads and checks, then goes on with `body`; problems are printed, one a line, and end the command.
pub(super) fn with(
    arguments: &RunArguments,
    body: impl FnOnce(Checked, StartConfig) -> Result<ExitCode>,
) -> Result<ExitCode> {
    read_with(arguments, (false, false), body)
}

/// As [`with`]; a run by the clock takes what was in force last, rather than the files, if its state directory has it.
pub(super) fn with_stored(
    arguments: &RunArguments,
    body: impl FnOnce(Checked, StartConfig) -> Result<ExitCode>,
) -> Result<ExitCode> {
    read_with(arguments, (false, true), body)
}

/// As [`with`], where the secrets of the run need not be known.
pub(super) fn with_secrets_assumed(
    arguments: &RunArguments,
    body: impl FnOnce(Checked) -> Result<ExitCode>,
) -> Result<ExitCode> {
    read_with(arguments, (true, false), |checked, _| body(checked))
}

fn read_with(
    arguments: &RunArguments,
    how: (bool, bool),
    body: impl FnOnce(Checked, StartConfig) -> Result<ExitCode>,
) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match read(arguments, how)? {
        Ok((checked, start)) => body(checked, start),
        Err(problems) => {
            print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
    }
}

/// Reads and checks, and says where it all comes from; `Err` inside has the problems.
fn read(
    arguments: &RunArguments,
    (assumes_secrets, takes_stored): (bool, bool),
) -> Result<Result<(Checked, StartConfig), Vec<Problem>>> {
    let source = ConfigSource { file: arguments.config.clone(), flags: arguments.flags.clone() };
    let start = match stored::start_config(source, takes_stored)? {
        Ok(start) => start,
        Err(problems) => return Ok(Err(problems)),
    };
    let draft = Draft::new(start.written.clone(), &arguments.flags);
    let draft = if assumes_secrets { draft.assuming_secrets() } else { draft };
    let plugins = Arc::new(Plugins::new(draft.plugin_settings())?);
    logging::take_parts_from(&plugins);
    let checked = check_whole(&draft, &*plugins);
    if checked.is_err() && start.taken != Taken::Files {
        logging::complain(
            "the configuration that was in force last has problems (`stratd run --from-files` takes the files instead):",
        );
    }
    Ok(checked.map(|(config, whole)| {
        let log = LogSource { file: arguments.config.clone(), flags: arguments.flags.clone() };
        (Checked { config, shown: draft.shown(), whole, plugins, log }, start)
    }))
}

/// Prints problems, one a line.
fn print_problems(problems: &[Problem]) {
    for problem in problems {
        logging::complain(&problem.to_string());
    }
    let count = problems.len();
    logging::complain(&format!("{count} problem{}", if count == 1 { "" } else { "s" }));
}
