//! A writer that keeps the index of its file.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::sums::{Entry, Sums};
use super::{BLOCK_ITEMS, ENTRY_BYTES, Found, Head, Identity, Index, beside, differs, entry_offset, missing};
use crate::error::Error;
use crate::header::Header;

/// Blocks are written when there are so many, or with the head.
const PENDING_BYTES: usize = 4 << 10;

/// Adds what is written to an index.
#[derive(Debug)]
pub(crate) struct Keeper {
    file: File,
    identity: Identity,
    sums: Sums,
    /// Full blocks that are not written yet, up to the one that `sums` is at.
    pending: Vec<u8>,
    /// How many items the head says.
    sealed: u64,
}

impl Keeper {
    /// Goes on with the index of a file of so many items, or begins one, which reads them all.
    ///
    /// # Errors
    /// If the index knows more items than there are, or others at the end.
    pub(crate) fn new(path: &Path, file: &File, header: &Header, items: u64) -> Result<Self, Error> {
        let known = match Index::find(path, file, header, items)? {
            Found::Index(index) if index.items() > items => return Err(missing(index.items(), items)),
            Found::Index(index) => {
                let first = index.items() / BLOCK_ITEMS * BLOCK_ITEMS;
                if first < index.items() && !index.vouches(file, header, first)? {
                    return Err(differs(first, index.items()));
                }
                first
            }
            Found::Nothing | Found::Ignored(_) => 0,
        };
        let beside = beside(path);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&beside);
        let index = opened.map_err(|source| failed(&beside, source))?;
        let mut keeper = Self {
            file: index,
            identity: Identity::of(file, header, items)?,
            sums: Sums::new(header, known)?,
            pending: Vec::new(),
            sealed: 0,
        };
        let Self { file: index, sums, pending, .. } = &mut keeper;
        sums.read(file, header, items, |block, entry| add_entry(index, pending, block, entry))?;
        Ok(keeper)
    }

    /// Takes items that are in the file now.
    pub(crate) fn add(&mut self, items: &[u8]) -> Result<(), Error> {
        if self.sums.items() == 0 && !items.is_empty() {
            let size = usize::try_from(self.identity.item_size).unwrap_or_default();
            self.identity.first_item = super::crc32c::extend(0, items.get(..size).unwrap_or_default());
        }
        let Self { file, sums, pending, .. } = self;
        sums.add(items, |block, entry| add_entry(file, pending, block, entry))
    }

    /// All that was taken is on the disk.
    pub(crate) fn seal(&mut self) -> Result<(), Error> {
        if self.sealed == self.sums.items() && self.sealed > 0 {
            return Ok(());
        }
        let items = self.sums.items();
        write_pending(&self.file, &mut self.pending, items / BLOCK_ITEMS)?;
        let last = self.sums.last().map(|(_, entry)| entry).unwrap_or_default();
        let head = Head { identity: self.identity, items, last };
        let written = self.file.write_all_at(&head.bytes(), 0);
        written.map_err(|source| Error::io("writing the head of the index", source))?;
        self.sealed = items;
        Ok(())
    }

    /// Makes the index itself survive a loss of power.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|source| Error::io("syncing the index", source))
    }

    /// The items that it has taken.
    pub(crate) const fn items(&self) -> u64 {
        self.sums.items()
    }
}

fn failed(beside: &Path, source: std::io::Error) -> Error {
    Error::io(format!("opening the index {}", beside.display()), source)
}

fn add_entry(file: &File, pending: &mut Vec<u8>, block: u64, entry: Entry) -> Result<(), Error> {
    pending.extend(entry.bytes());
    if pending.len() >= PENDING_BYTES { write_pending(file, pending, block + 1) } else { Ok(()) }
}

/// Writes blocks; `end` is behind the last of them.
fn write_pending(file: &File, pending: &mut Vec<u8>, end: u64) -> Result<(), Error> {
    let first = end.saturating_sub((pending.len() / ENTRY_BYTES) as u64);
    let written = file.write_all_at(pending, entry_offset(first));
    written.map_err(|source| Error::io("writing blocks of the index", source))?;
    pending.clear();
    Ok(())
}
