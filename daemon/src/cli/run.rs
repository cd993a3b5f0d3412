//! `stratd run`.

use std::process::ExitCode;

use anyhow::Result;

use super::{RunArguments, checked, start::start};
use crate::runtime::notify;

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    notify::begins();
    checked::with_stored(arguments, start)
}
