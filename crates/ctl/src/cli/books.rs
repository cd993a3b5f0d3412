//! `stratctl fill`, `position`, `portfolio`, `account` and `instrument`: lists that are only looked at.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use stratd_control::Request;

use super::{
    desk::Desk,
    filter::{Page, Rows},
};
use crate::view;

#[derive(Subcommand)]
pub(super) enum FillCommand {
    /// List own executions, the last one first
    List(Rows),
}

#[derive(Args)]
pub(super) struct Positions {
    /// Also those that are closed, which have a realized PnL
    #[arg(long)]
    flat: bool,
    #[command(flatten)]
    rows: Rows,
}

pub(super) fn fill(desk: &Desk, FillCommand::List(rows): FillCommand) -> Result<ExitCode> {
    desk.show(&Request::fills(&rows.filter()), |answer| Ok(view::fills(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn position(desk: &Desk, Positions { flat, rows }: Positions) -> Result<ExitCode> {
    let request = Request::positions(flat, &rows.filter());
    desk.show(&request, |answer| Ok(view::positions(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn portfolio(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::portfolio(), |answer| Ok(view::portfolio(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn account(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::accounts(), |answer| Ok(view::accounts(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn instrument(desk: &Desk, page: Page) -> Result<ExitCode> {
    desk.show(&Request::instruments(&page.filter()), |answer| Ok(view::instruments(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
