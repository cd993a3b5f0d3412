//! From arguments to a checked configuration.

use std::io::Write as _;

use anyhow::Result;

use super::RunArguments;
use crate::{
    check::check,
    config::{Draft, Problem, RunConfig},
    plugins::Plugins,
};

/// A configuration without problems, with the plugins that it was checked against.
pub(super) struct Checked {
    pub(super) config: RunConfig,
    pub(super) plugins: Plugins,
}

/// Reads and checks; `Err` inside has the problems.
pub(super) fn read(arguments: &RunArguments) -> Result<Result<Checked, Vec<Problem>>> {
    let draft = match Draft::read(arguments.config.as_deref(), &arguments.flags) {
        Ok(draft) => draft,
        Err(problems) => return Ok(Err(problems)),
    };
    let plugins = Plugins::new(draft.plugin_dirs())?;
    Ok(check(&draft, &plugins).map(|config| Checked { config, plugins }))
}

/// Prints problems, one a line.
pub(super) fn print_problems(problems: &[Problem]) {
    let mut err = std::io::stderr().lock();
    for problem in problems {
        let _ = writeln!(err, "{problem}");
    }
    let count = problems.len();
    let _ = writeln!(err, "{count} problem{}", if count == 1 { "" } else { "s" });
}
