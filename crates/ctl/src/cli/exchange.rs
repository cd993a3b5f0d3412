//! `stratctl exchange …`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use stratd_control::{ExchangeList, Request};

use super::{
    confirm::Confirm,
    desk::Desk,
    halt::{Halt, trade},
    strategy::{config, done},
    terms::Terms,
};
use crate::view;

#[derive(Subcommand)]
pub(super) enum ExchangeCommand {
    /// List all exchanges
    List,
    /// Show one exchange
    Show(Name),
    /// Show the parameters of the connector of an exchange
    Config(Name),
    /// Connect an exchange that was stopped, and find out how our orders are
    Start(Change),
    /// Disconnect an exchange; its instruments are halted, cancels wait
    Stop(Break),
    /// Disconnect an exchange, and connect it again
    Restart(Break),
    /// Let nothing be traded at an exchange; its data goes on
    Halt(HaltArguments),
    /// Let trading go on at an exchange
    Continue(Change),
}

#[derive(Args)]
pub(super) struct Name {
    /// The exchange
    name: String,
}

#[derive(Args)]
pub(super) struct Change {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Args)]
pub(super) struct Break {
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Args)]
pub(super) struct HaltArguments {
    #[command(flatten)]
    name: Name,
    #[command(flatten)]
    halt: Halt,
}

pub(super) fn main(desk: &Desk, command: ExchangeCommand) -> Result<ExitCode> {
    let verb = |Change { name, terms }: &Change, verb: &str| {
        desk.change(Request::exchange_verb(&name.name, verb), terms, |answer| done(answer.read()?))
    };
    let broken = |Break { change, confirm }: &Break, word: &str| {
        let name = &change.name.name;
        confirm.ask(&change.terms, &format!("{word} exchange {name}? its market data stops meanwhile"))?;
        verb(change, word)
    };
    match command {
        ExchangeCommand::List => desk.show(&Request::exchanges(), |answer| {
            Ok(view::exchanges(&answer.read::<ExchangeList>()?.exchanges))
        }),
        ExchangeCommand::Show(Name { name }) => {
            desk.show(&Request::exchange(&name), |answer| Ok(view::exchange(&answer.read()?)))
        }
        ExchangeCommand::Config(Name { name }) => {
            desk.show(&Request::exchange_config(&name), |answer| config(&answer.read()?))
        }
        ExchangeCommand::Start(change) => verb(&change, "start"),
        ExchangeCommand::Stop(arguments) => broken(&arguments, "stop"),
        ExchangeCommand::Restart(arguments) => broken(&arguments, "restart"),
        ExchangeCommand::Halt(HaltArguments { name: Name { name }, halt }) => {
            let body = halt.request(&format!("exchange {name}"))?;
            trade(desk, Request::exchange_halt(&name, &body)?, &halt.terms.at_once())
        }
        ExchangeCommand::Continue(Change { name, terms }) => {
            trade(desk, Request::exchange_verb(&name.name, "continue"), &terms)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}
