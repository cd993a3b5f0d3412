//! `stratd plugin …`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Subcommand;

/// Look at plugins
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
}

pub(super) fn main(command: &PluginCommand) -> Result<ExitCode> {
    match command {
        PluginCommand::Inspect { file, json } => crate::inspect::inspect(file, *json),
    }
}
