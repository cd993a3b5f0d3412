//! `stratctl config rollback`.

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{
    cli::{desk::Desk, terms::Terms},
    view,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The generation, as `stratctl config history` lists it
    generation: u64,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { generation, terms }: &Arguments) -> Result<()> {
    let request = Request::config_rollback(*generation);
    desk.change(request, terms, |answer| Ok(view::config_done(&answer.read()?)))
}
