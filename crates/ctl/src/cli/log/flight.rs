//! `stratctl log flight`.

use anyhow::Result;
use clap::Args;
use stratd_control::{LogDone, Request};

use crate::{cli::desk::Desk, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The instance with its kind, as strategy.momentum
    logger: String,
    /// Hand what the handlers do not have to them, in place of printing
    #[arg(long)]
    dump: bool,
}

pub(super) fn main(desk: &Desk, Arguments { logger, dump }: &Arguments) -> Result<()> {
    if *dump {
        let request = Request::log_flight_dump(logger);
        return desk.show(&request, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)));
    }
    desk.show(&Request::log_flight(logger), |answer| Ok(view::log_flight(&answer.read()?)))
}
