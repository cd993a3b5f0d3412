//! The command line. One subcommand, one file.

mod advice;
mod backtest;
mod books;
mod completions;
mod config;
mod confirm;
mod desk;
mod events;
mod exchange;
mod filter;
mod halt;
mod log;
mod order;
mod plugin;
mod reload;
mod risk;
mod status;
mod strategy;
mod terms;
mod top;
mod version;

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Error;
use clap::{CommandFactory as _, Parser, Subcommand};

use self::desk::Desk;
use crate::view;

/// Where a daemon of systemd listens.
const SOCKET: &str = "/run/stratd/control.sock";
/// The variable that names another socket.
const SOCKET_VARIABLE: &str = "STRATD_SOCKET";

/// Looks at a running stratd, and changes what it runs.
#[derive(Parser)]
#[command(name = "stratctl", version, about, max_term_width = 100, after_help = advice::EXIT_CODES)]
struct Cli {
    /// The control socket of the daemon [default: $STRATD_SOCKET, else /run/stratd/control.sock]
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Print the answer of the daemon as it is
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show how the run stands
    Status,
    /// Show the versions of stratctl and of the daemon
    Version,
    /// Print what happens: orders, fills, denials, states, reloads, faults; market data on demand
    Events(events::Arguments),
    /// Run backtests in processes of the daemon's own
    #[command(subcommand)]
    Backtest(backtest::BacktestCommand),
    /// Look at strategies; start, stop and halt them
    #[command(subcommand)]
    Strategy(strategy::StrategyCommand),
    /// Look at exchanges; connect, disconnect and halt them
    #[command(subcommand)]
    Exchange(exchange::ExchangeCommand),
    /// Look at orders; send, change and cancel them by hand
    #[command(subcommand)]
    Order(order::OrderCommand),
    /// Look at own executions
    #[command(subcommand)]
    Fill(books::FillCommand),
    /// List positions by strategy and instrument
    Position(books::Positions),
    /// Show the books of the run and of each strategy
    Portfolio,
    /// List the accounts
    Account,
    /// List instruments with their last prices and trading states
    Instrument(filter::Page),
    /// Look at the limits; the kill switch, and what may be traded
    #[command(subcommand)]
    Risk(risk::RiskCommand),
    /// Look at the configuration in force, change it, and go back
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Take the configuration files as they are now, whole or not at all
    Reload(reload::Arguments),
    /// Look at plugins, load them, and replace them while they run
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Look at the log: its loggers, levels and handlers, and the records as they come
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Show strategies, orders and the log on a full screen, as they go
    Top(top::Arguments),
    /// Print what a shell needs to complete commands and flags of stratctl
    Completions(completions::Arguments),
}

/// The command line, for what is made of it.
#[must_use]
pub fn program() -> clap::Command {
    Cli::command()
}

/// Runs the program; errors are printed here and nowhere else.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // help and version are no failures; usage errors are 2
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let variable = env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let socket = cli.socket.or(variable).unwrap_or_else(|| PathBuf::from(SOCKET));
    let desk = Desk::new(socket, cli.json);
    let result = match cli.command {
        Command::Status => status::main(&desk),
        Command::Version => version::main(&desk),
        Command::Events(arguments) => events::main(&desk, arguments),
        Command::Backtest(command) => backtest::main(&desk, command),
        Command::Strategy(command) => strategy::main(&desk, command),
        Command::Exchange(command) => exchange::main(&desk, command),
        Command::Order(command) => order::main(&desk, command),
        Command::Fill(command) => books::fill(&desk, command),
        Command::Position(arguments) => books::position(&desk, arguments),
        Command::Portfolio => books::portfolio(&desk),
        Command::Account => books::account(&desk),
        Command::Instrument(page) => books::instrument(&desk, page),
        Command::Risk(command) => risk::main(&desk, command),
        Command::Config(command) => config::main(&desk, command),
        Command::Reload(arguments) => reload::main(&desk, &arguments),
        Command::Plugin(command) => plugin::main(&desk, command),
        Command::Log(command) => log::main(&desk, command),
        Command::Top(arguments) => top::main(&desk, arguments),
        Command::Completions(arguments) => completions::main(&arguments),
    };
    result.unwrap_or_else(|error| {
        tell(&error, desk.socket());
        ExitCode::from(advice::exit_code(&error))
    })
}

/// Says what went wrong, and below it what to do about it.
fn tell(error: &Error, socket: &Path) {
    let mut name = "stratctl:".to_owned();
    if view::has_colours(&io::stderr()) {
        name = view::alarming(&name);
    }
    let mut text = format!("{name} {}\n", view::printable(&advice::headline(error, socket)));
    for line in advice::advice(error, socket).iter().flat_map(|advice| advice.lines()) {
        text.push_str(&format!("  {}\n", view::printable(line)));
    }
    // there is nobody else to tell
    let _ = io::stderr().write_all(text.as_bytes());
}
