//! `stratd run`.

use std::process::ExitCode;

use anyhow::Result;

use super::{RunArguments, checked, start::start};
use crate::{check::EXIT_CONFIG, logging};

pub(super) fn main(arguments: &RunArguments) -> Result<ExitCode> {
    logging::start(arguments.flags.verbose);
    match checked::read(arguments)? {
        Err(problems) => {
            checked::print_problems(&problems);
            Ok(ExitCode::from(EXIT_CONFIG))
        }
        Ok(checked) => start(&checked),
    }
}
