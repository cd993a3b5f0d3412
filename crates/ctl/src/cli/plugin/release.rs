//! `stratctl plugin release`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::Request;

use super::{Change, Desk};

pub(super) fn main(desk: &Desk, Change { name, terms }: &Change) -> Result<ExitCode> {
    desk.act(Request::release(&name.name), terms)?;
    Ok(ExitCode::SUCCESS)
}
