//! The command line. One subcommand, one file.

mod backtest;
mod desk;
mod events;
mod log;
mod plugin;
mod status;
mod terms;
mod version;

use std::{env, io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::desk::Desk;

/// Where a daemon of systemd listens.
const SOCKET: &str = "/run/stratd/control.sock";
/// The variable that names another socket.
const SOCKET_VARIABLE: &str = "STRATD_SOCKET";

/// Looks at a running stratd, and changes what it runs.
#[derive(Parser)]
#[command(name = "stratctl", version, about, max_term_width = 100, after_help = EXIT_CODES)]
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

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the daemon
  2  the command line is wrong
  3  no daemon at the socket";

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
    /// Look at plugins, load them, and replace them while they run
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Look at the log: its loggers, levels and handlers, and the records as they come
    #[command(subcommand)]
    Log(log::LogCommand),
}

/// Runs the program; errors are printed here and nowhere else.
pub(crate) fn main() -> ExitCode {
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
        Command::Plugin(command) => plugin::main(&desk, command),
        Command::Log(command) => log::main(&desk, command),
    };
    result.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "stratctl: {}", crate::view::printable(&format!("{error:#}")));
        ExitCode::from(desk::exit_code(&error))
    })
}
