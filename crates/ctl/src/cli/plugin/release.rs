//! `stratctl plugin release`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::Desk;

pub(super) fn main(desk: &Desk, name: &str) -> Result<ExitCode> {
    desk.act(&Request::release(name))?;
    Ok(ExitCode::SUCCESS)
}
