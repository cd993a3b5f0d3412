//! `stratctl config …`. Paths are those of the daemon: `strategy/momentum/config/fast`, entries by name.

mod apply;
mod check;
mod confirm;
mod diff;
mod history;
mod rollback;
mod set;
mod show;
mod unset;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{desk::Desk, terms::Terms};

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Show the configuration in force, with the file and line of every value
    Show(show::Arguments),
    /// List all problems of a configuration, without a daemon as far as its schema goes
    Check(check::Arguments),
    /// Show what differs: the one in force from the files, or two generations
    Diff(diff::Arguments),
    /// Put a file in force, whole or not at all
    Apply(apply::Arguments),
    /// Set one value, as `strategy/momentum/config/fast 12`
    Set(set::Arguments),
    /// Take one value away
    Unset(unset::Arguments),
    /// Go back to an earlier generation
    Rollback(rollback::Arguments),
    /// Keep the generation in force, which would go back otherwise
    Confirm(Terms),
    /// List the generations
    History,
}

pub(super) fn main(desk: &Desk, command: ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Show(arguments) => show::main(desk, &arguments),
        ConfigCommand::Check(arguments) => return check::main(desk, &arguments),
        ConfigCommand::Diff(arguments) => diff::main(desk, &arguments),
        ConfigCommand::Apply(arguments) => apply::main(desk, arguments),
        ConfigCommand::Set(arguments) => set::main(desk, &arguments),
        ConfigCommand::Unset(arguments) => unset::main(desk, &arguments),
        ConfigCommand::Rollback(arguments) => rollback::main(desk, &arguments),
        ConfigCommand::Confirm(terms) => confirm::main(desk, &terms),
        ConfigCommand::History => history::main(desk),
    }?;
    Ok(ExitCode::SUCCESS)
}
