//! `stratd backtest`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use stratd_plugin_api::TradingType;

use super::{RunArguments, checked, start::start};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    checked::with(arguments, |checked, from| match checked.config.trading_type {
        TradingType::Backtest => start(checked, from),
        other => {
            bail!("stratd backtest runs trading type backtest (found {other}; `stratd run` runs the others)")
        }
    })
}
