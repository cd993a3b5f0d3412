//! `stratctl plugin reload`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::Desk;

pub(super) fn main(desk: &Desk, name: &str) -> Result<ExitCode> {
    desk.act(&Request::reload(name))?;
    Ok(ExitCode::SUCCESS)
}
