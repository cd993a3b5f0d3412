//! `stratd run`.

use std::process::ExitCode;

use anyhow::Result;

use super::{RunArguments, checked, start::start};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    checked::with_stored(arguments, start)
}
