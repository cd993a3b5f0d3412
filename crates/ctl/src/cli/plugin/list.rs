//! `stratctl plugin list`.

use std::process::ExitCode;

use anyhow::Result;
use stratd_control::{PluginList, Request};

use super::Desk;
use crate::view;

pub(super) fn main(desk: &Desk) -> Result<ExitCode> {
    desk.show(&Request::plugins(), |answer| Ok(view::plugins(&answer.read::<PluginList>()?.plugins)))?;
    Ok(ExitCode::SUCCESS)
}
