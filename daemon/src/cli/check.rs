//! `stratd check`.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;

use super::{RunArguments, checked};
use crate::{check::EXIT_CONFIG, logging};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match checked::read(arguments)? {
        Ok(checked) => {
            let config = &checked.config;
            let _ = writeln!(
                std::io::stdout(),
                "ok: {} with {} on {}",
                config.trading_type,
                names(config.strategy.iter().map(crate::config::StrategyEntry::name)),
                names(config.exchange.iter().map(crate::config::ExchangeEntry::name)),
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            checked::print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
