//! The file beside a TeaFile that knows what its items were: `NAME.idx`.
//!
//! It has a sum (CRC32C) and the first event time of every 4,096 items, and how many items there were at the last sync. No
//! reader needs it; [`verify`](crate::verify) tells by it whether items changed or are missing, and a writer that items of
//! zeros at the end of a file were written and not left by a loss of power. It is beside the file and not in it because
//! other readers refuse sections that they do not know.
//!
//! All numbers are little endian, whatever the byte order of the file:
//!
//! | offset | type | what |
//! |---|---|---|
//! | 0 | 8 bytes | `teaidx\0\x01` |
//! | 8 | u64 | where the items start |
//! | 16 | u32 | size of an item |
//! | 20 | u32 | items of a block: 4,096 |
//! | 24 | u32 | sum of the header without the end of the items |
//! | 28 | u32 | sum of the first item; 0 if there is none |
//! | 32 | u64 | items at the last sync |
//! | 40 | i64 | first time of the last block, if it is not full |
//! | 48 | u32 | sum of the last block, if it is not full |
//! | 52 | 8 bytes | 0 |
//! | 60 | u32 | sum of the bytes before |
//! | 64 | | for each full block: i64 first time (0 without event time), u32 sum, u32 sum of those 12 bytes |
//!
//! Blocks are written before the head that counts them, and the head when the items are on the disk: whatever is left of
//! both after a crash is right, or seen not to be whole. An index that is not whole, or that of another file, is ignored,
//! and whoever asks is told so.

mod build;
mod check;
pub(crate) mod crc32c;
mod keep;
mod sums;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub use build::{Indexed, index};
pub(crate) use check::Checker;
pub use check::{IndexCheck, IndexCheckup};
pub(crate) use keep::Keeper;

use crate::blocks::read_at;
use crate::error::{Error, ErrorKind};
use crate::header::{HEADER_BYTES_MAX, Header, ITEM_END_OFFSET};
use sums::{Entry, Sums};

/// A sum is over so many items.
const BLOCK_ITEMS: u64 = 4_096;
const MAGIC: [u8; 8] = *b"teaidx\0\x01";
const HEAD_BYTES: usize = 64;
const ENTRY_BYTES: usize = 16;

/// What says which file it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    item_start: u64,
    item_size: u32,
    header: u32,
    first_item: u32,
}

/// The first bytes of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    identity: Identity,
    items: u64,
    /// Of the block that is not full; whatever if there is none.
    last: Entry,
}

/// What is beside a file.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    /// It cannot be used, for that reason.
    Ignored(String),
    Index(Index),
}

/// An index that is whole, and that of its file.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
    head: Head,
}

/// Where the index of a file is.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".idx");
    PathBuf::from(name)
}

/// Takes an index away that is about to be wrong. That there is none is as good.
pub(crate) fn forget(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(beside(path)) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("removing the index {}", beside(path).display()), source))
        }
        _ => Ok(()),
    }
}

/// Where a block is in an index.
fn entry_offset(block: u64) -> u64 {
    HEAD_BYTES as u64 + block.saturating_mul(ENTRY_BYTES as u64)
}

/// The header of a file changed and nothing else: its index stays that of the file.
pub(crate) fn reseal(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Error> {
    let beside = beside(path);
    let opened = std::fs::OpenOptions::new().read(true).write(true).open(&beside);
    // no index, or one that nobody can write: the latter is seen to be that of another header
    let Ok(index) = opened else { return Ok(()) };
    let mut bytes = [0; HEAD_BYTES];
    read_at(&index, &mut bytes, 0)?;
    let Some(mut head) = Head::read(&bytes).filter(|head| head.identity.header == header_sum(old)) else {
        return Ok(());
    };
    head.identity.header = header_sum(new);
    let written = index.write_all_at(&head.bytes(), 0);
    written.map_err(|source| Error::io(format!("writing the index {}", beside.display()), source))
}

/// Of the bytes before the items, but for the end of the items, which moves with them.
fn header_sum(bytes: &[u8]) -> u32 {
    let end = usize::try_from(ITEM_END_OFFSET).unwrap_or_default();
    let mut bytes = bytes.to_vec();
    if let Some(end) = bytes.get_mut(end..end + 8) {
        end.fill(0);
    }
    crc32c::extend(0, &bytes)
}

impl Identity {
    /// That of a file that has so many items.
    fn of(file: &File, header: &Header, items: u64) -> Result<Self, Error> {
        let item_size = header.item_size()?;
        let length = usize::try_from(header.item_start().min(HEADER_BYTES_MAX)).unwrap_or_default();
        let mut bytes = vec![0; length];
        read_at(file, &mut bytes, 0)?;
        let mut first = Vec::new();
        if items > 0 {
            first.resize(usize::try_from(item_size).unwrap_or_default(), 0);
            read_at(file, &mut first, header.item_start())?;
        }
        Ok(Self {
            item_start: header.item_start(),
            item_size: u32::try_from(item_size).unwrap_or(u32::MAX),
            header: header_sum(&bytes),
            first_item: crc32c::extend(0, &first),
        })
    }
}

impl Head {
    fn bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(self.identity.item_start.to_le_bytes());
        bytes.extend(self.identity.item_size.to_le_bytes());
        bytes.extend((BLOCK_ITEMS as u32).to_le_bytes());
        bytes.extend(self.identity.header.to_le_bytes());
        bytes.extend(self.identity.first_item.to_le_bytes());
        bytes.extend(self.items.to_le_bytes());
        bytes.extend(self.last.time.to_le_bytes());
        bytes.extend(self.last.sum.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(crc32c::extend(0, &bytes).to_le_bytes());
        bytes.try_into().unwrap_or([0; HEAD_BYTES])
    }

    /// None if the bytes are not those of an index.
    fn read(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let u32_at = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let is_whole = bytes.starts_with(&MAGIC)
            && u32_at(20)? == BLOCK_ITEMS as u32
            && u32_at(60)? == crc32c::extend(0, bytes.get(..60)?);
        is_whole.then_some(())?;
        Some(Self {
            identity: Identity {
                item_start: u64_at(8)?,
                item_size: u32_at(16)?,
                header: u32_at(24)?,
                first_item: u32_at(28)?,
            },
            items: u64_at(32)?,
            last: Entry { time: u64_at(40)?.cast_signed(), sum: u32_at(48)? },
        })
    }
}

impl Index {
    /// Looks for the index of a file that has so many items now.
    pub(crate) fn find(path: &Path, file: &File, header: &Header, items: u64) -> Result<Found, Error> {
        let beside = beside(path);
        let ignored = |reason: &str| Ok(Found::Ignored(format!("{} {reason}", beside.display())));
        let index = match File::open(&beside) {
            Ok(index) => index,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return ignored(&format!("cannot be opened: {error}")),
        };
        let size = match index.metadata() {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => return ignored("is no file"),
        };
        let mut bytes = [0; HEAD_BYTES];
        let head = match read_at(&index, &mut bytes, 0) {
            Ok(HEAD_BYTES) => Head::read(&bytes),
            _ => None,
        };
        let Some(head) = head else { return ignored("is not whole") };
        if size < entry_offset(head.items / BLOCK_ITEMS) {
            return ignored("ends before its last block");
        }
        let mut identity = Identity::of(file, header, items)?;
        if items == 0 || head.items == 0 {
            // there is no first item to compare
            identity.first_item = head.identity.first_item;
        }
        if head.identity != identity {
            return ignored("is that of another file: header or first item differ");
        }
        Ok(Found::Index(Self { file: index, head }))
    }

    /// The items that it knows.
    pub(crate) const fn items(&self) -> u64 {
        self.head.items
    }

    /// What it says of a block; none if that was not written whole.
    fn entry(&self, block: u64) -> Result<Option<Entry>, Error> {
        if block == self.head.items / BLOCK_ITEMS {
            return Ok(Some(self.head.last));
        }
        let mut bytes = [0; ENTRY_BYTES];
        let length = read_at(&self.file, &mut bytes, entry_offset(block))?;
        Ok(if length == ENTRY_BYTES { Entry::read(bytes) } else { None })
    }

    /// Whether it vouches for the items from `first` up to those that it knows: their blocks are what they were.
    pub(crate) fn vouches(&self, file: &File, header: &Header, first: u64) -> Result<bool, Error> {
        if first >= self.items() {
            return Ok(false);
        }
        let start = first / BLOCK_ITEMS * BLOCK_ITEMS;
        let mut sums = Sums::new(header, start)?;
        let mut is_good = true;
        sums.read(file, header, self.items(), |block, entry| {
            is_good &= self.entry(block)? == Some(entry);
            Ok(())
        })?;
        if let Some((block, entry)) = sums.last() {
            is_good &= self.entry(block)? == Some(entry);
        }
        Ok(is_good && sums.items() == self.items())
    }
}

/// An item of a file is not what its index says.
fn differs(first: u64, end: u64) -> Error {
    let what = format!(
        "items {first} to {} differ from those that were synced, says the index (expected them as they were, or the \
         index made anew: tea index --force)",
        end.saturating_sub(1)
    );
    Error::new(ErrorKind::Index, what)
}

/// Items are not there that an index knows.
fn missing(known: u64, found: u64) -> Error {
    let what = format!(
        "{found} items, but {known} were synced, says the index (expected as many, or the index made anew: \
         tea index --force)"
    );
    Error::new(ErrorKind::Index, what)
}
