//! What a halt does besides: the options that strategies, exchanges and the kill switch share.

use anyhow::Result;
use clap::{Args, ValueEnum};
use stratd_control::{ExitRoutine, HaltRequest, TradingDone};

use super::{confirm::Confirm, desk::Desk, terms::Terms};

/// What is done with orders and positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Exit {
    /// Orders work on, positions stay
    None,
    /// Working orders are canceled
    CancelAll,
    /// Working orders are canceled, and positions are closed at the market
    CloseAll,
}

impl Exit {
    pub(super) fn routine(self) -> ExitRoutine {
        match self {
            Self::None => ExitRoutine::None,
            Self::CancelAll => ExitRoutine::CancelAll,
            Self::CloseAll => ExitRoutine::CloseAll,
        }
    }
}

/// The options of a halt.
#[derive(Args)]
pub(crate) struct Halt {
    /// What becomes of orders and positions
    #[arg(long, value_enum)]
    exit: Option<Exit>,
    /// Why, for whoever finds it so
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    pub(super) terms: Terms,
}

impl Halt {
    /// The body, once whoever asks has said that positions are to be closed.
    pub(super) fn request(&self, what: &str) -> Result<HaltRequest> {
        if self.exit == Some(Exit::CloseAll) {
            self.confirm.ask(&self.terms, &format!("halt {what} and close its positions at the market?"))?;
        }
        Ok(HaltRequest { exit: self.exit.map(Exit::routine), note: self.note.clone() })
    }
}

/// Asks for a change of what may be traded, and prints what was done.
pub(super) fn trade(desk: &Desk, request: stratd_control::Request, terms: &Terms) -> Result<()> {
    desk.change(request, terms, |answer| {
        let TradingDone { report, warning, .. } = answer.read()?;
        let warning = warning.map(|warning| format!("warning: {warning}\n")).unwrap_or_default();
        Ok(format!("{report}\n{warning}"))
    })
}
