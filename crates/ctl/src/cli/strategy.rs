//! `stratctl strategy …`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use stratd_control::{InstanceConfig, InstanceDone, Request, StrategyList};

use super::{
    desk::Desk,
    halt::{Halt, trade},
    terms::Terms,
};
use crate::view;

#[derive(Subcommand)]
pub(super) enum StrategyCommand {
    /// List all strategies with their PnL, orders and trading states
    List,
    /// Show one strategy
    Show(Name),
    /// Show the parameters of a strategy
    Config(Name),
    /// Start a strategy that was stopped or has failed, from its last saved state
    Start(Change),
    /// Stop a strategy; its state is saved
    Stop(Change),
    /// Stop a strategy if it runs, and start it again
    Restart(Change),
    /// Let a strategy trade nothing; it goes on to get events
    Halt(HaltArguments),
    /// Let a strategy trade again
    Continue(Change),
}

#[derive(Args)]
pub(super) struct Name {
    /// The strategy
    pub(super) name: String,
}

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    pub(super) name: Name,
    #[command(flatten)]
    pub(super) terms: Terms,
}

#[derive(Args)]
pub(super) struct HaltArguments {
    #[command(flatten)]
    pub(super) name: Name,
    #[command(flatten)]
    pub(super) halt: Halt,
}

pub(super) fn main(desk: &Desk, command: StrategyCommand) -> Result<ExitCode> {
    let verb = |Change { name, terms }: &Change, verb: &str| {
        desk.change(Request::strategy_verb(&name.name, verb), terms, |answer| done(answer.read()?))
    };
    match command {
        StrategyCommand::List => desk.show(&Request::strategies(), |answer| {
            Ok(view::strategies(&answer.read::<StrategyList>()?.strategies))
        }),
        StrategyCommand::Show(Name { name }) => {
            desk.show(&Request::strategy(&name), |answer| Ok(view::strategy(&answer.read()?)))
        }
        StrategyCommand::Config(Name { name }) => {
            desk.show(&Request::strategy_config(&name), |answer| config(&answer.read()?))
        }
        StrategyCommand::Start(change) => verb(&change, "start"),
        StrategyCommand::Stop(change) => verb(&change, "stop"),
        StrategyCommand::Restart(change) => verb(&change, "restart"),
        StrategyCommand::Halt(HaltArguments { name: Name { name }, halt }) => {
            let body = halt.request(&format!("strategy {name}"))?;
            trade(desk, Request::strategy_halt(&name, &body)?, &halt.terms.at_once())
        }
        StrategyCommand::Continue(Change { name, terms }) => {
            trade(desk, Request::strategy_verb(&name.name, "continue"), &terms)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// What was done with an instance.
#[expect(clippy::unnecessary_wraps, reason = "as the printing of an answer wants it")]
pub(super) fn done(InstanceDone { report, state, .. }: InstanceDone) -> Result<String> {
    Ok(format!("{report}\nstate: {}\n", state.name()))
}

/// The parameters as JSON: they may be copied into a configuration.
pub(super) fn config(config: &InstanceConfig) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(&config.config)?))
}
