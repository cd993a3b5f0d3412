//! `stratctl backtest cancel`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::{Change, Desk};
use crate::view;

pub(super) fn main(desk: &Desk, Change { id, terms }: &Change) -> Result<ExitCode> {
    desk.change(Request::cancel_backtest(&id.id), terms, |answer| Ok(view::backtest_done(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
