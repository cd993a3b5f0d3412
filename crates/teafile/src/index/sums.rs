//! Sums of blocks, item by item as they come.

use std::fs::File;

use super::{BLOCK_ITEMS, ENTRY_BYTES, crc32c};
use crate::blocks::Block;
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::header::Header;

/// What an index says of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Of its first item; 0 without event time.
    pub(super) time: i64,
    pub(super) sum: u32,
}

impl Entry {
    pub(super) fn bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.sum.to_le_bytes());
        let check = crc32c::extend(0, &bytes[..12]);
        bytes[12..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// None if the bytes are not whole.
    pub(super) fn read(bytes: [u8; ENTRY_BYTES]) -> Option<Self> {
        let (time, rest) = bytes.split_first_chunk()?;
        let entry = Self { time: i64::from_le_bytes(*time), sum: u32::from_le_bytes(*rest.first_chunk()?) };
        (entry.bytes() == bytes).then_some(entry)
    }
}

/// Of items one behind the other, from the first of a block on.
#[derive(Debug)]
pub(super) struct Sums {
    item_size: usize,
    times: Option<EventTime>,
    items: u64,
    /// Of the block that is not full.
    last: Entry,
}

impl Sums {
    /// Begins at an item, the first of its block.
    pub(super) fn new(header: &Header, first: u64) -> Result<Self, Error> {
        let item_size = usize::try_from(header.item_size()?).unwrap_or(usize::MAX);
        Ok(Self { item_size, times: EventTime::find(header), items: first, last: Entry::default() })
    }

    /// Which item is next.
    pub(super) const fn items(&self) -> u64 {
        self.items
    }

    /// The block that is not full, if one was begun.
    pub(super) fn last(&self) -> Option<(u64, Entry)> {
        (!self.items.is_multiple_of(BLOCK_ITEMS)).then_some((self.items / BLOCK_ITEMS, self.last))
    }

    /// Takes whole items; tells of each block that is full.
    pub(super) fn add(
        &mut self,
        mut items: &[u8],
        mut is_full: impl FnMut(u64, Entry) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while !items.is_empty() {
            let place = self.items % BLOCK_ITEMS;
            if place == 0 {
                let time = self.times.as_ref().map_or(0, |times| times.of_item(items));
                self.last = Entry { time, sum: 0 };
            }
            let left = usize::try_from(BLOCK_ITEMS - place).unwrap_or(usize::MAX);
            let length = items.len().min(left.saturating_mul(self.item_size));
            let (now, later) = items.split_at(length);
            self.last.sum = crc32c::extend(self.last.sum, now);
            self.items += (now.len() / self.item_size) as u64;
            items = later;
            if self.items.is_multiple_of(BLOCK_ITEMS) {
                is_full(self.items / BLOCK_ITEMS - 1, self.last)?;
            }
        }
        Ok(())
    }

    /// Takes the items of a file up to `end`.
    pub(super) fn read(
        &mut self,
        file: &File,
        header: &Header,
        end: u64,
        mut is_full: impl FnMut(u64, Entry) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut block = Block::default();
        while self.items < end {
            block.fill(file, header, self.items, end)?;
            let items = block.from(self.items, self.item_size);
            if items.is_empty() {
                let what = format!("the file ends before item {} while it is read", self.items);
                return Err(Error::new(ErrorKind::Shrunk, what));
            }
            self.add(items, &mut is_full)?;
        }
        Ok(())
    }
}
