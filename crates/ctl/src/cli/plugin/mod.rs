//! `stratctl plugin …`. Names may be short, as `ema-cross` for `strategy-ema-cross`: the daemon finds them.

mod inspect;
mod list;
mod load;
mod quarantine;
mod release;
mod reload;
mod rollback;
mod show;
mod start;
mod stop;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{desk::Desk, terms::Terms};

#[derive(Subcommand)]
pub(super) enum PluginCommand {
    /// List all plugins
    List,
    /// Show one plugin with its instances, generations and its last refusal
    Show(Name),
    /// Say what the daemon would make of a file, without loading it
    Inspect(inspect::Arguments),
    /// Load a file and start one more instance of its plugin
    Load(load::Arguments),
    /// Replace a plugin by its file as it is now; its state, orders and positions are carried over
    Reload(Change),
    /// Stop all instances of a plugin
    Stop(Change),
    /// Start the instances that were stopped or that failed
    Start(Change),
    /// Put the generation before back
    Rollback(Change),
    /// Stop all instances, and let none start until the plugin is released
    Quarantine(quarantine::Arguments),
    /// End a quarantine
    Release(Change),
}

#[derive(Args)]
pub(super) struct Name {
    /// The plugin, as strategy-ema-cross, or ema-cross for short
    name: String,
}

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, command: PluginCommand) -> Result<ExitCode> {
    match command {
        PluginCommand::List => list::main(desk),
        PluginCommand::Show(Name { name }) => show::main(desk, &name),
        PluginCommand::Inspect(arguments) => inspect::main(desk, &arguments),
        PluginCommand::Load(arguments) => load::main(desk, arguments),
        PluginCommand::Reload(change) => reload::main(desk, &change),
        PluginCommand::Stop(change) => stop::main(desk, &change),
        PluginCommand::Start(change) => start::main(desk, &change),
        PluginCommand::Rollback(change) => rollback::main(desk, &change),
        PluginCommand::Quarantine(arguments) => quarantine::main(desk, arguments),
        PluginCommand::Release(change) => release::main(desk, &change),
    }
}
