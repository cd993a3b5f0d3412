//! `stratctl plugin show`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::Desk;
use crate::view;

pub(super) fn main(desk: &Desk, name: &str) -> Result<ExitCode> {
    desk.show(&Request::plugin(name), |answer| Ok(view::plugin(&answer.read()?)))?;
    Ok(ExitCode::SUCCESS)
}
