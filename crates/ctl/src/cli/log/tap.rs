//! `stratctl log tap`.

use std::io::{self, Write as _};

use anyhow::Result;
use clap::Args;
use stratd_control::Request;

use crate::{cli::desk::Desk, view};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The logger whose records are printed, with those of the loggers below it
    #[arg(default_value = "root")]
    logger: String,
    /// The lowest level; loggers whose own level is higher stay as they are
    #[arg(long, default_value = "NOTSET")]
    level: String,
}

pub(super) fn main(desk: &Desk, Arguments { logger, level }: &Arguments) -> Result<()> {
    let request = Request::log_tap(logger, level, desk.as_json());
    desk.stream(&request, |line| {
        let mut out = io::stdout().lock();
        // whoever reads has seen enough, as `head` has
        writeln!(out, "{}", view::printable(line)).and_then(|()| out.flush()).is_ok()
    })
}
