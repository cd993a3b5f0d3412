//! `stratctl backtest submit`.

use std::{
    io::{self, Read as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Map, Value};
use stratd_control::{BacktestDone, BacktestRequest, Request};

use super::{Desk, Terms, wait};
use crate::{cli::desk::absolute, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The configuration file, as the daemon finds it; `-` = a JSON object with its keys on the standard input
    config: PathBuf,

    /// A word for lists
    #[arg(long)]
    name: Option<String>,

    /// Wait until it has ended, and show what came out
    #[arg(long)]
    wait: bool,

    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, arguments: Arguments) -> Result<ExitCode> {
    let Arguments { config, name, wait, terms } = arguments;
    let body = if config.as_os_str() == "-" {
        BacktestRequest { config: Some(read()?), file: None, name }
    } else {
        BacktestRequest { file: Some(absolute(&config)?), config: None, name }
    };
    let request = Request::submit_backtest(&body)?;
    if !wait {
        desk.change(request, &terms, |answer| Ok(view::backtest_done(&answer.read()?)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = desk.ask_change(request, &terms)?;
    let done: BacktestDone = answer.read()?;
    match &done.backtest {
        Some(backtest) => wait::until_ended(desk, &backtest.id, None),
        // a rehearsal
        None => {
            desk.print(&answer, |_| Ok(view::backtest_done(&done)))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn read() -> Result<Map<String, Value>> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).context("reading the standard input")?;
    serde_json::from_str(&text).context("the standard input is no JSON object")
}
