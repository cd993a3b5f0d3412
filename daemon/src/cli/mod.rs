//! The command line. One subcommand, one file.

mod backtest;
mod backtest_child;
mod check;
mod checked;
mod compare;
mod config;
mod export;
mod limits;
mod plugin;
mod plugin_new;
mod recording;
mod replay;
mod run;
mod start;
mod stored;
mod sweep;
mod sweep_worker;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use self::limits::{planned_rates, planned_risk};
use crate::config::Flags;

/// Hosts trading strategies and exchange connectors as dynamic libraries.
#[derive(Parser)]
#[command(name = "stratd", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run strategies on historical data and write the results
    ///
    /// Without a file, the flags are the configuration:
    /// `stratd backtest --strategy ema-cross,fast=10 --exchange csv,file=prices.csv`
    Backtest(RunArguments),
    /// Run strategies as the trading type says, until SIGINT or SIGTERM
    ///
    /// Without a file, the flags are the configuration, as for `stratd backtest`.
    Run(RunArguments),
    /// Run a backtest with every combination of some values, on all cores
    ///
    /// Prints the best, and writes a table of all and a page with heat maps. A sweep that was interrupted goes on when the
    /// same command is given again.
    Sweep(sweep::SweepArguments),
    /// Put the results of several runs beside each other
    ///
    /// Prints a table, and writes a page with the curves and what differs in the configurations.
    Compare(compare::CompareArguments),
    /// Write the tables of a run as Parquet or Arrow files
    Export(export::ExportArguments),
    /// Run a recorded run again, through the same plugins, and compare what comes out
    ///
    /// Prints `match`, or the first difference with both sides, and then the exit code is 1.
    Replay(replay::ReplayArguments),
    /// List all problems of a configuration, without running anything
    Check(RunArguments),
    /// Show what a configuration comes to, or its schema, without running anything
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at plugins, begin one
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// What looks at plugins in a child process; the request comes through the standard input
    #[command(hide = true)]
    PluginProbe,
    /// What runs a backtest for a daemon; what to do comes through the standard input
    #[command(hide = true)]
    BacktestChild {
        /// The process that started this one
        parent: u32,
    },
    /// What runs combinations of a sweep; their numbers come through the standard input
    #[command(hide = true)]
    SweepWorker(sweep_worker::WorkerArguments),
    /// What runs an isolated plugin in a child process; the shared memory is the standard input
    #[command(hide = true)]
    PluginHost {
        /// Words of each ring
        capacity: usize,
        /// The process that started this one
        parent: u32,
    },
}

/// What the commands that take a configuration have in common.
#[derive(Args, Clone, Debug)]
struct RunArguments {
    /// The configuration file; flags override it
    config: Option<PathBuf>,

    #[command(flatten)]
    flags: Flags,
}

/// The command line; its help ends with the trading types, in the words of the flag.
#[must_use]
pub fn program() -> clap::Command {
    let program = Cli::command();
    let backtest = program.find_subcommand("backtest");
    let flag = backtest.and_then(|c| c.get_arguments().find(|flag| flag.get_id() == "trading_type"));
    let types = flag.map(clap::Arg::get_possible_values).unwrap_or_default();
    let mut help = String::from("Trading types:");
    for known in &types {
        let words = known.get_help().map(ToString::to_string).unwrap_or_default();
        help.push_str(&format!("\n  {:<11} {words}", known.get_name()));
    }
    program.after_help(help)
}

/// Runs the program; errors are printed here and nowhere else.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match program().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // help and version are no failures; usage errors are 2
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let result = match cli.command {
        Command::Backtest(arguments) => backtest::main(&arguments),
        Command::Run(arguments) => run::main(&arguments),
        Command::Sweep(arguments) => sweep::main(&arguments),
        Command::SweepWorker(arguments) => sweep_worker::main(&arguments),
        Command::Compare(arguments) => compare::main(&arguments),
        Command::Export(arguments) => export::main(&arguments),
        Command::Replay(arguments) => replay::main(&arguments),
        Command::Check(arguments) => check::main(&arguments),
        Command::Config(command) => config::main(&command),
        Command::Plugin(command) => plugin::main(&command),
        Command::BacktestChild { parent } => backtest_child::main(parent),
        Command::PluginProbe => crate::inspect::probe(),
        Command::PluginHost { capacity, parent } => crate::host::isolation::plugin_host(capacity, parent),
    };
    result.unwrap_or_else(|error| {
        crate::logging::complain(&format!("stratd: {error:#}"));
        ExitCode::FAILURE
    })
}
