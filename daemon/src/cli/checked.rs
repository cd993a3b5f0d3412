//! From arguments to a checked configuration.

use std::{process::ExitCode, sync::Arc};

use anyhow::Result;

use super::RunArguments;
use crate::{
    check::{EXIT_CONFIG, check},
    config::{Draft, Problem, RunConfig},
    logging::{self, LogSource},
    plugins::Plugins,
};

/// A configuration without problems, with the plugins that it was checked against.
pub(super) struct Checked {
    pub(super) config: RunConfig,
    /// What of the configuration bears on the results, as it was written.
    pub(super) shown: serde_json::Value,
    pub(super) plugins: Arc<Plugins>,
    /// Where the configuration of the log is read again.
    pub(super) log: LogSource,
}

/// Reads and checks, then goes on with `body`; problems are printed, one a line, and end the command.
pub(super) fn with(
    arguments: &RunArguments,
    body: impl FnOnce(Checked) -> Result<ExitCode>,
) -> Result<ExitCode> {
    read_with(arguments, |draft| draft, body)
}

/// As [`with`], where the secrets of the run need not be known.
pub(super) fn with_secrets_assumed(
    arguments: &RunArguments,
    body: impl FnOnce(Checked) -> Result<ExitCode>,
) -> Result<ExitCode> {
    read_with(arguments, Draft::assuming_secrets, body)
}

fn read_with(
    arguments: &RunArguments,
    prepare: impl FnOnce(Draft) -> Draft,
    body: impl FnOnce(Checked) -> Result<ExitCode>,
) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match read(arguments, prepare)? {
        Ok(checked) => body(checked),
        Err(problems) => {
            print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
    }
}

/// Reads and checks; `Err` inside has the problems.
fn read(
    arguments: &RunArguments,
    prepare: impl FnOnce(Draft) -> Draft,
) -> Result<Result<Checked, Vec<Problem>>> {
    let draft = match Draft::read(arguments.config.as_deref(), &arguments.flags) {
        Ok(draft) => prepare(draft),
        Err(problems) => return Ok(Err(problems)),
    };
    let plugins = Arc::new(Plugins::new(draft.plugin_settings())?);
    logging::take_parts_from(&plugins);
    Ok(check(&draft, &*plugins).map(|config| {
        let log = LogSource { file: arguments.config.clone(), flags: arguments.flags.clone() };
        Checked { config, shown: draft.shown(), plugins, log }
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
