//! `stratctl status`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::desk::Desk;
use crate::view;

pub(super) fn main(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::status(), |answer| Ok(view::status(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
