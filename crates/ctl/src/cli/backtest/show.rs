//! `stratctl backtest show`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::Desk;
use crate::view;

pub(super) fn main(desk: &Desk, id: &str) -> Result<ExitCode> {
    desk.show(&Request::backtest(id), |answer| Ok(view::backtest(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
