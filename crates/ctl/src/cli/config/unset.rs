//! `stratctl config unset`.

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{
    cli::{desk::Desk, terms::Terms},
    view,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Which value, or which part, as strategy/momentum
    path: String,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { path, terms }: &Arguments) -> Result<()> {
    desk.change(Request::config_delete(path), terms, |answer| Ok(view::config_done(&answer.read()?)))
}
