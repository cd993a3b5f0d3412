//! `stratctl log reload`.

use anyhow::Result;
use stratd_control::{LogDone, Request};

use crate::cli::desk::Desk;

pub(super) fn main(desk: &Desk) -> Result<()> {
    desk.show(&Request::log_reload(), |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
