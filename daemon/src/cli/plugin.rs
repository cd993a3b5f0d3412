//! `stratd plugin …`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Subcommand;

use super::plugin_new;

/// Look at plugins, begin one
#[derive(Subcommand)]
pub(super) enum PluginCommand {
    /// Load a plugin in a child process, and tell what it is or why it is refused
    Inspect {
        /// The plugin
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Begin a strategy: a folder with a crate that builds and passes its test
    New {
        /// Its name, of a-z 0-9 -; the folder and the package are called strategy-NAME
        name: String,
        /// The folder with the source of stratd; without it, the crate takes the SDK of the package, in
        /// /usr/share/stratd/sdk, or else of the project's repository
        #[arg(long, value_name = "PATH")]
        sdk: Option<PathBuf>,
    },
}

pub(super) fn main(command: &PluginCommand) -> Result<ExitCode> {
    match command {
        PluginCommand::Inspect { file, json } => crate::inspect::inspect(file, *json),
        PluginCommand::New { name, sdk } => plugin_new::main(name, sdk.as_deref()),
    }
}
