//! Reads items by pread into a buffer: what a file that others change cannot harm.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::error::{Error, ErrorKind};
use crate::header::{Area, Header, ITEM_END_OFFSET};

/// How much is read at once, if items are not larger.
const BLOCK_BYTES: u64 = 256 << 10;
/// The largest item that is read into a buffer, and so the most that a buffer takes.
pub const ITEM_BYTES_MAX: u64 = 64 << 20;

/// Some items of a file, as they were when they were read.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    first: u64,
    count: u64,
}

impl Block {
    /// How many items of that size are read at once.
    pub(crate) const fn items(item_size: u64) -> u64 {
        let items = BLOCK_BYTES / item_size;
        if items == 0 { 1 } else { items }
    }

    /// The bytes of an item, if it is here.
    pub(crate) fn get(&self, index: u64, item_size: usize) -> Option<&[u8]> {
        let place = index.checked_sub(self.first).filter(|place| *place < self.count)?;
        let start = usize::try_from(place).ok()?.checked_mul(item_size)?;
        self.bytes.get(start..start.checked_add(item_size)?)
    }

    /// The bytes of an item and all behind it that are here.
    pub(crate) fn from(&self, index: u64, item_size: usize) -> &[u8] {
        let place = index.checked_sub(self.first).filter(|place| *place < self.count).unwrap_or(self.count);
        // both are within the block, which fits into memory
        let offset = |place: u64| usize::try_from(place).unwrap_or_default() * item_size;
        self.bytes.get(offset(place)..offset(self.count)).unwrap_or_default()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Reads items from `first` on, as many as fit, but none at or beyond `end`. Only whole items are kept: a file that
    /// became shorter has fewer.
    pub(crate) fn fill(&mut self, file: &File, header: &Header, first: u64, end: u64) -> Result<(), Error> {
        let item_size = header.item_size()?;
        if item_size > ITEM_BYTES_MAX {
            let what = format!("an item of {item_size} bytes (this reader takes {ITEM_BYTES_MAX})");
            return Err(Error::new(ErrorKind::BadItemSize, what));
        }
        let count = Self::items(item_size).min(end.saturating_sub(first));
        let offset = first.checked_mul(item_size).and_then(|offset| offset.checked_add(header.item_start()));
        let Some(offset) = offset.filter(|_| count > 0) else {
            self.count = 0;
            return Ok(());
        };
        // both factors are small: the product is at most ITEM_BYTES_MAX
        let wanted = usize::try_from(count * item_size).unwrap_or_default();
        self.count = 0;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        let room = self.bytes.get_mut(..wanted).unwrap_or_default();
        let length = read_at(file, room, offset)?;
        self.first = first;
        self.count = length as u64 / item_size;
        Ok(())
    }
}

/// Reads until the room is full or the file ends.
pub(crate) fn read_at(file: &File, room: &mut [u8], offset: u64) -> Result<usize, Error> {
    let mut length = 0;
    while let Some(rest) = room.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(format!("reading items at byte {offset}"), error)),
        }
    }
    Ok(length)
}

/// The items that are in the file now.
///
/// A writer that takes room behind the items says where they end before the file grows, and one that gives it back makes the
/// file shorter before it says that they reach to its end. So where the header says that, the smaller of a size from before
/// and one from after is right, whichever of the two goes on meanwhile.
pub(crate) fn area_now(file: &File, header: &Header) -> Result<Area, Error> {
    let size = || Ok(file.metadata().map_err(|source| Error::io("asking for the size", source))?.len());
    let before: u64 = size()?;
    let mut bytes = [0; 8];
    let length = read_at(file, &mut bytes, ITEM_END_OFFSET)?;
    match (length, header.byte_order().u64(bytes)) {
        (8, 0) => header.area_to(None, before.min(size()?)),
        (8, end) => header.area_to(Some(end), before),
        // a file that shrank below its header
        _ => header.area_to(header.item_end(), before),
    }
}
