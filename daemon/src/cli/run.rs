//! `stratd run`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use stratd_plugin_api::TradingType;

use super::{RunArguments, backtest, checked};
use crate::{check::EXIT_CONFIG, logging};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match checked::read(arguments)? {
        Err(problems) => {
            checked::print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
        Ok(checked) => match checked.config.trading_type {
            TradingType::Backtest => backtest::run(&checked),
            other => bail!("this version runs trading type backtest only (found {other})"),
        },
    }
}
