//! `stratctl log set`.

use anyhow::Result;
use clap::Args;
use stratd_control::{LogConfigRequest, LogDone, Request};

use crate::cli::{desk::Desk, terms::Terms};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Lines of TOML as in the table logging: levels of loggers and handlers, propagation, disable
    ///
    /// As `root.level = "INFO"`, `handlers.mail.level = "ERROR"`, or
    /// `loggers."strategy.momentum" = { level = "DEBUG", propagate = false }`.
    #[arg(required = true, value_name = "TOML")]
    lines: Vec<String>,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { lines, terms }: &Arguments) -> Result<()> {
    let body = LogConfigRequest { text: lines.join("\n"), file: None, incremental: true };
    let request = Request::log_apply(&body)?;
    desk.change(request, terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
