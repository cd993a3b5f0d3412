//! `stratctl reload`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use stratd_control::{ConfigApplyRequest, Request};

use super::{desk::Desk, terms::Terms};
use crate::view;

#[derive(Args)]
pub(super) struct Arguments {
    /// Return when it is done or refused; it always does, and a unit that says so tells its reader
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { wait: _, terms }: &Arguments) -> Result<ExitCode> {
    let body = ConfigApplyRequest { files: true, ..ConfigApplyRequest::default() };
    let request = Request::config_apply(&body)?;
    desk.change(request, terms, |answer| Ok(view::config_done(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
