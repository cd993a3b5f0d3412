//! `stratctl config show`.

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A part of it, as strategy/momentum/config [default: the whole]
    path: Option<String>,
}

pub(super) fn main(desk: &Desk, Arguments { path }: &Arguments) -> Result<()> {
    match path {
        None => desk.show(&Request::config(), |answer| Ok(view::config(&answer.read()?))),
        Some(path) => desk.show(&Request::config_part(path), |answer| Ok(view::config_part(&answer.read()?))),
    }
}
