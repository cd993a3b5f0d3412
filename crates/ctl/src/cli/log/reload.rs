//! `stratctl log reload`.

use anyhow::Result;
use stratd_control::{LogDone, Request};

use crate::cli::{desk::Desk, terms::Terms};

pub(super) fn main(desk: &Desk, terms: &Terms) -> Result<()> {
    desk.change(Request::log_reload(), terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
