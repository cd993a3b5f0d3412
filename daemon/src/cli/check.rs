//! `stratd check`.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;

use super::{RunArguments, checked};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    // where the secrets of the run are not known, their places are not looked at
    checked::with_secrets_assumed(arguments, |checked| {
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
