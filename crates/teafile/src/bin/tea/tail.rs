//! `tea tail`: the last items, and those that a writer adds.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use teafile::{ErrorKind, Follower, Reader};

use crate::columns::{Columns, Shown};
use crate::output::Output;
use crate::table::Listing;

/// How long it waits for a notice before it looks by itself: some file systems give none.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Tail {
    file: PathBuf,
    /// How many
    #[arg(short = 'n', long, default_value_t = 10)]
    count: u64,
    /// Goes on with the items that come, whole ones only, until it is interrupted
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Tail {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitCode> {
        let mut file = Reader::open(&self.file)?;
        let columns = Columns::new(file.description(), &self.shown)?;
        let count = file.item_count()?;
        let mut listing = Listing::new(&columns);
        // beyond the count is what comes while it is listed: that is for those who follow
        file.seek_item(count.saturating_sub(self.count));
        while file.position() < count
            && let Some(row) = file.read_row()?
        {
            listing.row(&row, output)?;
        }
        listing.flush(output)?;
        if self.follow {
            output.flush()?;
            let mut follower = Follower::open(&self.file)?;
            follower.seek_item(file.position());
            follow(&mut follower, &mut listing, output)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Ends with an error only, that of a closed pipe among them.
fn follow(follower: &mut Follower, listing: &mut Listing<'_>, output: &mut Output) -> Result<()> {
    loop {
        match step(follower, listing, output) {
            Ok(()) => {}
            Err(error) => match error.downcast_ref::<teafile::Error>() {
                Some(shrunk) if shrunk.kind() == ErrorKind::Shrunk => {
                    eprintln!("tea: {shrunk}; going on at its end");
                }
                _ => return Err(error),
            },
        }
    }
}

fn step(follower: &mut Follower, listing: &mut Listing<'_>, output: &mut Output) -> Result<()> {
    while let Some(row) = follower.next_row()? {
        listing.row(&row, output)?;
    }
    output.flush()?;
    follower.wait(LOOK_AT_LEAST_EVERY)?;
    Ok(())
}
