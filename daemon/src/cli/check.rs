//! `stratd check`.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;

use super::{RunArguments, checked};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    checked::with(arguments, |checked| {
        let config = &checked.config;
        let _ = writeln!(
            std::io::stdout(),
            "ok: {} with {} on {}",
            config.trading_type,
            names(config.strategy.iter().map(crate::config::StrategyEntry::name)),
            names(config.exchange.iter().map(crate::config::ExchangeEntry::name)),
        );
        Ok(ExitCode::SUCCESS)
    })
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
