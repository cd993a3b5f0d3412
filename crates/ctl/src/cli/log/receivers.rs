//! `stratctl log receivers`.

use anyhow::Result;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

pub(super) fn main(desk: &Desk) -> Result<()> {
    desk.show(&Request::log_tree(), |answer| Ok(view::log_receivers(&answer.read()?)))
}
