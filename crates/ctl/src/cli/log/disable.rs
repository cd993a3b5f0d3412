//! `stratctl log disable`.

use anyhow::Result;
use clap::Args;
use stratd_control::{DisableRequest, LogDone, Request};

use crate::cli::{desk::Desk, terms::Terms};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The name or the number of a level, as INFO or 20; NOTSET ends it
    level: String,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { level, terms }: Arguments) -> Result<()> {
    let request = Request::log_disable(&DisableRequest { level })?;
    desk.change(request, &terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
