//! `stratctl top`.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Result, bail};
use clap::Args;

use super::desk::{self, Desk};
use crate::top;

/// The size of a picture where there is no terminal: what every terminal has at least.
const SIZE: (u16, u16) = (80, 24);

#[derive(Args)]
pub(super) struct Arguments {
    /// Seconds from one look to the next
    #[arg(long, default_value_t = 1, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// The lowest level of the lines of the log; loggers whose own level is higher stay as they are
    #[arg(long, default_value = "INFO")]
    level: String,
    /// Print the screen once, as text, and end
    #[arg(long)]
    once: bool,
}

pub(super) fn main(desk: &Desk, Arguments { every, level, once }: Arguments) -> Result<ExitCode> {
    if desk.as_json() {
        bail!("top is for people (for programs: stratctl --json status, strategy list, order list)");
    }
    if once {
        // where it goes to a file, the terminal behind it is another matter
        let size = if io::stdout().is_terminal() { crossterm::terminal::size().ok() } else { None };
        let (width, height) = size.unwrap_or(SIZE);
        desk::print(&top::once(desk.client(), width, height)?)?;
    } else {
        top::run(desk.client(), &top::Options { every: Duration::from_secs(every), level })?;
    }
    Ok(ExitCode::SUCCESS)
}
