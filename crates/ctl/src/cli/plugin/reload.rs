//! `stratctl plugin reload`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::{Change, Desk};

pub(super) fn main(desk: &Desk, Change { name, terms }: &Change) -> Result<ExitCode> {
    desk.act(Request::reload(&name.name), terms)?;
    Ok(ExitCode::SUCCESS)
}
