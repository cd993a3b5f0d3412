//! `stratctl log flight`.

use anyhow::Result;
use clap::Args;
use stratd_control::{LogDone, Request};

use crate::{
    cli::{desk::Desk, terms::Terms},
    view,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The instance with its kind, as strategy.momentum
    logger: String,
    /// Hand what the handlers do not have to them, in place of printing
    #[arg(long)]
    dump: bool,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { logger, dump, terms }: &Arguments) -> Result<()> {
    if *dump {
        let request = Request::log_flight_dump(logger);
        return desk.change(request, terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)));
    }
    desk.show(&Request::log_flight(logger), |answer| Ok(view::log_flight(&answer.read()?)))
}
