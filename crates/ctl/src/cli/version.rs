//! `stratctl version`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::{Request, Version};

use super::desk::Desk;

pub(super) fn main(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::version(), |answer| {
        let Version { name, version, api } = answer.read()?;
        Ok(format!("stratctl {}\n{name} {version}, protocol {api}\n", env!("CARGO_PKG_VERSION")))
    })?;
    Ok(ExitCode::SUCCESS)
}
