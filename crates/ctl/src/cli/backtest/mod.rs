//! `stratctl backtest …`.

mod cancel;
mod list;
mod show;
mod submit;
mod wait;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{desk::Desk, terms::Terms};

#[derive(Subcommand)]
pub(super) enum BacktestCommand {
    /// Have the daemon run a backtest in a process of its own
    Submit(submit::Arguments),
    /// List the backtests since the start of the daemon
    List,
    /// Show one backtest: how far it is, or what came out
    Show(Id),
    /// Wait until a backtest has ended; fails unless it has finished without faults
    Wait(wait::Arguments),
    /// End a backtest that waits or runs
    Cancel(Change),
}

#[derive(Args)]
pub(super) struct Id {
    /// The backtest, as submit and list print it
    id: String,
}

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    id: Id,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, command: BacktestCommand) -> Result<ExitCode> {
    match command {
        BacktestCommand::Submit(arguments) => submit::main(desk, arguments),
        BacktestCommand::List => list::main(desk),
        BacktestCommand::Show(Id { id }) => show::main(desk, &id),
        BacktestCommand::Wait(arguments) => wait::main(desk, &arguments),
        BacktestCommand::Cancel(change) => cancel::main(desk, &change),
    }
}
