//! `stratctl risk …`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use stratd_control::{Request, ScopeKind, TradingRequest, TradingState};

use super::{
    desk::Desk,
    halt::{Exit, Halt, trade},
    terms::Terms,
};
use crate::view;

#[derive(Subcommand)]
pub(super) enum RiskCommand {
    /// Show what may be traded, and the limits with what is used of them
    Show,
    /// The kill switch: halt all trading, and do what risk.kill_switch says with orders and positions
    Kill(Halt),
    /// Let trading go on; losses are counted from here on
    Release(Terms),
    /// Say what may be traded by all, by one strategy or in one instrument
    State(State),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    /// Everything that the limits let pass
    Active,
    /// Orders that make the own position smaller, and cancels
    Reducing,
    /// Cancels
    Halted,
}

#[derive(Args)]
pub(super) struct State {
    /// How much
    state: Word,
    /// By one strategy; `manual` owns the orders by hand [default: by all]
    #[arg(long, value_name = "NAME", conflicts_with = "instrument")]
    strategy: Option<String>,
    /// In one instrument, by symbol
    #[arg(long, value_name = "SYMBOL")]
    instrument: Option<String>,
    /// The exchange of the instrument, if several have the symbol
    #[arg(long, value_name = "NAME", requires = "instrument")]
    exchange: Option<String>,
    /// What becomes of orders and positions
    #[arg(long, value_enum)]
    exit: Option<Exit>,
    /// Why, for whoever finds it so
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, command: RiskCommand) -> Result<ExitCode> {
    match command {
        RiskCommand::Show => desk.show(&Request::risk(), |answer| Ok(view::risk(&answer.read()?))),
        RiskCommand::Kill(halt) => {
            let body = halt.request("all strategies")?;
            trade(desk, Request::kill(&body)?, &halt.terms.at_once())
        }
        RiskCommand::Release(terms) => trade(desk, Request::release_trading(), &terms),
        RiskCommand::State(arguments) => state(desk, arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn state(desk: &Desk, arguments: State) -> Result<()> {
    let State { state, strategy, instrument, exchange, exit, note, terms } = arguments;
    let scope = match (&strategy, &instrument) {
        (Some(_), _) => ScopeKind::Strategy,
        (None, Some(_)) => ScopeKind::Instrument,
        (None, None) => ScopeKind::Run,
    };
    let state = match state {
        Word::Active => TradingState::Active,
        Word::Reducing => TradingState::Reducing,
        Word::Halted => TradingState::Halted,
    };
    let exit = exit.map(Exit::routine);
    let body = TradingRequest { scope, strategy, instrument, exchange, state, exit, note };
    trade(desk, Request::trading_state(&body)?, &terms)
}
