//! `stratctl log resolve`.

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The logger, as strategy.momentum
    logger: String,
    /// The level of the record
    #[arg(default_value = "INFO")]
    level: String,
}

pub(super) fn main(desk: &Desk, Arguments { logger, level }: &Arguments) -> Result<()> {
    desk.show(&Request::log_resolve(logger, level), |answer| Ok(view::log_resolution(&answer.read()?)))
}
