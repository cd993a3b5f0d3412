//! `stratctl config diff`.

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The generation that is compared [default: the one in force]
    from: Option<u64>,
    /// The generation that it is compared with [default: the files as they are now]
    to: Option<u64>,
}

pub(super) fn main(desk: &Desk, Arguments { from, to }: &Arguments) -> Result<()> {
    desk.show(&Request::config_diff(*from, *to), |answer| Ok(view::config_diff(&answer.read()?)))
}
