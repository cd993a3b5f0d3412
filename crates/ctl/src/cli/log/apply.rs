//! `stratctl log apply`.

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::Args;
use stratd_control::{LogConfigRequest, LogDone, Request};

use crate::cli::{
    desk::{Desk, absolute},
    terms::Terms,
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A TOML file with the table logging, or with what stands in that table; - for the standard input
    file: PathBuf,
    #[command(flatten)]
    terms: Terms,
}

pub(super) fn main(desk: &Desk, Arguments { file, terms }: Arguments) -> Result<()> {
    let (text, file) = if file.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("reading the standard input")?;
        (text, None)
    } else {
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        (text, Some(absolute(&file)?))
    };
    let request = Request::log_apply(&LogConfigRequest { text, file, incremental: false })?;
    desk.change(request, &terms, |answer| Ok(format!("{}\n", answer.read::<LogDone>()?.report)))
}
