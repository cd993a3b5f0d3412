//! The command-line flags that make or override a configuration.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};
use stratd_plugin_api::TradingType;

/// Flags of `stratd backtest`, `run` and `check`. They override the file; each flag that names strategies or
/// exchanges replaces the file's whole list of them. Without a file they are the configuration.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// What the run is
    #[arg(long, value_name = "TYPE", value_parser = trading_types())]
    pub trading_type: Option<String>,

    /// A strategy plugin with its configuration; repeat for more
    ///
    /// `ema-cross`, or with keys of the plugin's configuration: `ema-cross,fast=10,slow=50`.
    /// Values are TOML (`10`, `true`, `["a", "b"]`); what is not TOML is text (`AAPL`). Dotted keys make tables.
    /// `NAME=` in front names the instance: `slow-one=ema-cross,slow=200`.
    /// Replaces the strategies of the file.
    #[arg(long = "strategy", value_name = "[NAME=]PLUGIN[,KEY=VALUE]…")]
    pub strategies: Vec<String>,

    /// An exchange plugin with its configuration; repeat for more
    ///
    /// As `--strategy`: `csv,file=prices.csv`. Relative paths start in the current folder.
    /// Replaces the exchanges of the file.
    #[arg(long = "exchange", value_name = "[NAME=]PLUGIN[,KEY=VALUE]…")]
    pub exchanges: Vec<String>,

    /// A folder to search for plugins before those of the file; repeat for more
    #[arg(long = "plugin-dir", value_name = "DIR")]
    pub plugin_dirs: Vec<PathBuf>,

    /// A folder of files `*.toml` that are layered over the file; repeat for more
    ///
    /// In the order of their names, whatever folder they are in; of two files with one name, that of the later folder
    /// counts. Without this flag, a file that is named `stratd.toml` takes `/usr/lib/stratd/conf.d` and `conf.d` beside
    /// it, and others take none.
    #[arg(long = "conf-dir", value_name = "DIR")]
    pub conf_dirs: Vec<PathBuf>,

    /// Begin with the files, whatever configuration was in force when the last run ended
    ///
    /// A run that keeps its state begins with the configuration that was in force last: changes through the control
    /// socket outlive a restart, and files that were edited meanwhile wait for `stratctl reload`.
    #[arg(long)]
    pub from_files: bool,

    /// The folder in which the run makes its own folder of results
    #[arg(long, value_name = "DIR")]
    pub results: Option<PathBuf>,

    /// The folder in which the run keeps its state for the next start
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,

    /// The control socket, through which `stratctl` commands the run
    #[arg(long, value_name = "PATH")]
    pub control_socket: Option<PathBuf>,

    /// The lowest level that is logged, as DEBUG or 10
    ///
    /// Of the root of `[logging]`, or of the lines on standard error of a run without that table.
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,

    /// A file for the log, beside the handlers of `[logging]`; without that table, in place of standard error
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Print market events and order events, one a line
    #[arg(short, long)]
    pub verbose: bool,
}

/// Tells the trading types in `--help`. A value that is none of them is a usage error of the command line.
fn trading_types() -> PossibleValuesParser {
    let explained = TradingType::ALL.map(|trading_type| {
        PossibleValue::new(trading_type.name()).help(match trading_type {
            TradingType::Backtest => "offline, on historical data",
            TradingType::Simulation => {
                "live data; orders are filled by our own model, none reaches an exchange"
            }
            TradingType::Sandbox => "the paper endpoint of the exchange",
            TradingType::Live => "real orders, real money",
        })
    });
    PossibleValuesParser::new(explained)
}
