//! `stratctl log set`.

use anyhow::Result;
use clap::Args;
use stratd_control::{LogConfigRequest, LogDone, Request};

use crate::cli::desk::Desk;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Lines of TOML as in the table logging: levels of loggers and handlers, propagation, disable
    ///
    /// As `root.level = "INFO"`, `handlers.mail.level = "ERROR"`, or
    /// `loggers."strategy.momentum" = { level = "DEBUG", propagate = false }`.
    #[arg(required = true, value_name = "TOML")]
    lines: Vec<String>,
    /// Check it, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn main(desk: &Desk, Arguments { lines, dry_run }: &Arguments) -> Result<()> {
    let body = LogConfigRequest { text: lines.join("\n"), file: None, incremental: true, dry_run: *dry_run };
    let request = Request::log_apply(&body)?;
    desk.show(&request, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
