//! `stratctl log …`.

mod apply;
mod disable;
mod flight;
mod handlers;
mod level;
mod receivers;
mod reload;
mod resolve;
mod set;
mod tap;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::{desk::Desk, terms::Terms};

#[derive(Subcommand)]
pub(super) enum LogCommand {
    /// Show every logger with its level and its handlers
    Tree,
    /// Set the level of a logger, for good or for a while
    Level(level::Arguments),
    /// Say which handlers a record would reach, and why not the others
    Resolve(resolve::Arguments),
    /// Show what each handler did
    Handlers,
    /// Show what came in from other programs
    Receivers,
    /// Print the log as it is written, until Ctrl-C or for ten minutes
    Tap(tap::Arguments),
    /// Silence every logger up to a level; NOTSET ends it
    Disable(disable::Arguments),
    /// Print the last records of every level of an instance, also those whose level is off
    Flight(flight::Arguments),
    /// Put another configuration of the log in place, whole or not at all
    Apply(apply::Arguments),
    /// Change levels and propagation, and nothing else
    Set(set::Arguments),
    /// Read the table logging of the daemon's file again, and open log files anew
    Reload(Terms),
}

pub(super) fn main(desk: &Desk, command: LogCommand) -> Result<ExitCode> {
    match command {
        LogCommand::Tree => tree::main(desk),
        LogCommand::Level(arguments) => level::main(desk, arguments),
        LogCommand::Resolve(arguments) => resolve::main(desk, &arguments),
        LogCommand::Handlers => handlers::main(desk),
        LogCommand::Receivers => receivers::main(desk),
        LogCommand::Tap(arguments) => tap::main(desk, &arguments),
        LogCommand::Disable(arguments) => disable::main(desk, arguments),
        LogCommand::Flight(arguments) => flight::main(desk, &arguments),
        LogCommand::Apply(arguments) => apply::main(desk, arguments),
        LogCommand::Set(arguments) => set::main(desk, &arguments),
        LogCommand::Reload(terms) => reload::main(desk, &terms),
    }?;
    Ok(ExitCode::SUCCESS)
}
