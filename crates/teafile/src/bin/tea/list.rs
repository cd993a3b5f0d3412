//! `tea cat`, `tea head` and `tea range`: items, one a line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use teafile::Reader;

use crate::columns::{Columns, Shown};
use crate::output::Output;
use crate::select::Selection;
use crate::table::Listing;

#[derive(Debug, Args)]
pub(crate) struct Cat {
    file: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Head {
    file: PathBuf,
    /// How many
    #[arg(short = 'n', long, default_value_t = 10)]
    count: u64,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Range {
    file: PathBuf,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    shown: Shown,
}

impl Cat {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        list(Reader::open(&self.file)?, &self.selection, &self.shown, output)
    }
}

impl Head {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let selection = Selection { items: Some(format!("0..{}", self.count)), ..Selection::default() };
        list(Reader::open(&self.file)?, &selection, &self.shown, output)
    }
}

impl Range {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let Selection { from, to, items } = &self.selection;
        if from.is_none() && to.is_none() && items.is_none() {
            bail!("range of what? (expected --from, --to, or --items)");
        }
        list(Reader::open(&self.file)?, &self.selection, &self.shown, output)
    }
}

fn list(mut file: Reader, selection: &Selection, shown: &Shown, output: &mut Output) -> Result<ExitCode> {
    let columns = Columns::new(file.description(), shown)?;
    let indices = selection.indices(&mut file)?;
    let mut listing = Listing::new(&columns);
    file.seek_item(indices.start);
    while file.position() < indices.end
        && let Some(row) = file.read_row()?
    {
        listing.row(&row, output)?;
    }
    listing.flush(output)?;
    Ok(ExitCode::SUCCESS)
}
