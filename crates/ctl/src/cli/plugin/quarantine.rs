//! `stratctl plugin quarantine`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use stratd_control::{QuarantineRequest, Request};

use super::{Desk, Name, Terms};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    name: Name,

    /// Why, for whoever finds it there
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, arguments: Arguments) -> Result<ExitCode> {
    let Arguments { name: Name { name }, reason, terms } = arguments;
    desk.act(Request::quarantine(&name, &QuarantineRequest { reason })?, &terms)?;
    Ok(ExitCode::SUCCESS)
}
