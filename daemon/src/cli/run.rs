//! `stratd run`.

use std::process::ExitCode;

use anyhow::Result;

use super::{RunArguments, checked, start::start};
use crate::runtime::{notify, start_times};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    start_times::begins();
    notify::begins();
    checked::with_stored(arguments, start)
}
