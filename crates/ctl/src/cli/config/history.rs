//! `stratctl config history`.

use anyhow::Result;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

pub(super) fn main(desk: &Desk) -> Result<()> {
    desk.show(&Request::config_history(), |answer| Ok(view::config_history(&answer.read()?)))
}
