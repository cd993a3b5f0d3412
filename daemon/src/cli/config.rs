//! `stratd config`: what a configuration comes to, without running anything.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;
use clap::Subcommand;

use super::RunArguments;
use crate::{
    check::EXIT_CONFIG,
    config::{Draft, pointer, shown::without_secrets},
    logging,
    reload::config::leaves,
};

/// Where sources start, unless a value is longer.
const SOURCE_COLUMN: usize = 60;

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Show every value with the file and line, or the flag, that it comes from; nothing is checked
    Show(Box<RunArguments>),
    /// Print the JSON schema of a configuration file
    Schema,
}

pub(super) fn main(command: &ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Show(arguments) => show(arguments),
        ConfigCommand::Schema => {
            // whoever reads may have seen enough
            let _ = std::io::stdout().write_all(stratd_control::CONFIG_SCHEMA.as_bytes());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show(arguments: &RunArguments) -> Result<ExitCode> {
    let draft = match Draft::read(arguments.config.as_deref(), &arguments.flags) {
        Ok(draft) => draft,
        Err(problems) => {
            problems.iter().for_each(|problem| logging::complain(&problem.to_string()));
            return Ok(ExitCode::from(EXIT_CONFIG));
        }
    };
    let mut out = std::io::stdout().lock();
    for (path, at, value) in leaves(&draft.value) {
        let key = path.iter().map(|key| pointer::quoted_key(key)).collect::<Vec<_>>().join(".");
        let value = without_secrets(path.last().map_or("", String::as_str), &value);
        let source = draft.origins.words(&at).unwrap_or_default();
        let line = format!("{key} = {value}");
        if writeln!(out, "{line:<SOURCE_COLUMN$}  # {source}").is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}
