//! `stratctl backtest list`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::{BacktestList, Request};

use super::Desk;
use crate::view;

pub(super) fn main(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::backtests(), |answer| {
        let BacktestList { backtests } = answer.read()?;
        Ok(view::backtests(&backtests))
    })?;
    Ok(ExitCode::SUCCESS)
}
