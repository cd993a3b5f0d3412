//! `stratd backtest`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use stratd_plugin_api::TradingType;

use super::{RunArguments, checked, start::start};
use crate::{check::EXIT_CONFIG, logging};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match checked::read(arguments)? {
        Err(problems) => {
            checked::print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
        Ok(checked) if checked.config.trading_type == TradingType::Backtest => start(&checked),
        Ok(checked) => bail!(
            "stratd backtest runs trading type backtest (found {}; `stratd run` runs the others)",
            checked.config.trading_type
        ),
    }
}
