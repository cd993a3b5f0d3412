//! `stratctl completions`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

use super::desk;

/// For a shell that asks for commands and flags while one types.
#[derive(Args)]
pub(super) struct Arguments {
    /// The shell: what is printed goes to a file where it looks for such
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn main(Arguments { shell }: &Arguments) -> Result<ExitCode> {
    let mut script = Vec::new();
    // into memory: it would panic if nobody read the output to its end
    clap_complete::generate(*shell, &mut super::program(), "stratctl", &mut script);
    desk::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
