//! A question before what cannot be taken back: to people at a terminal only, so that scripts go on.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::terms::Terms;

/// Whether to ask.
#[derive(Args)]
pub(crate) struct Confirm {
    /// Do not ask for confirmation; without a terminal nobody is asked
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// Goes on if whoever is at the terminal says yes, or nobody is there to be asked.
    ///
    /// # Errors
    /// The answer was no.
    pub(super) fn ask(&self, terms: &Terms, what: &str) -> Result<()> {
        let (stdin, mut stderr) = (io::stdin(), io::stderr());
        if self.yes || terms.is_dry_run() || !stdin.is_terminal() || !stderr.is_terminal() {
            return Ok(());
        }
        write!(stderr, "{what} [y/N] ").context("asking")?;
        stderr.flush().context("asking")?;
        let mut answer = String::new();
        stdin.read_line(&mut answer).context("reading the answer")?;
        if !matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
            bail!("nothing was done (accepted: y, or --yes)");
        }
        Ok(())
    }
}
