//! The header of a file: its fixed part, the sections, and where the items are.
//!
//! Reading is bounded whatever the bytes say: at most [`HEADER_BYTES_MAX`] of them are looked at, every count is checked
//! against the bytes that are left before room is made for it, and sums are made in 64 or 128 bits. Text and numbers of
//! any header take less than 1 MiB.

mod cursor;
mod parse;
mod sections;
mod write;

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::byte_order::ByteOrder;
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::row::Row;

/// The fixed part: magic, start and end of the items, number of sections.
pub(crate) const FIXED_BYTES: u64 = 32;
/// Where the end of the items is written.
pub(crate) const ITEM_END_OFFSET: u64 = 16;
/// The largest header that is read or written. The room up to the items may be larger, with nothing in it.
pub const HEADER_BYTES_MAX: u64 = 256 << 10;
/// What is read first; headers are nearly always shorter.
const FIRST_BYTES: u64 = 4 << 10;
/// The most sections that are read or written.
pub const SECTIONS_MAX: u64 = 1_024;
/// The most name-values that are read or written.
pub const NAME_VALUES_MAX: usize = 4_096;

const ITEM: i32 = 0x0a;
const TIME: i32 = 0x40;
const CONTENT: i32 = 0x80;
const NAME_VALUES: i32 = 0x81;

/// How much a reader puts up with.
///
/// ```
/// use teafile::Strictness;
/// assert_eq!(Strictness::default(), Strictness::Strict);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Whatever is wrong is an error.
    #[default]
    Strict,
    /// Sections that are not needed to read items may be wrong, and fields may share bytes: that is a warning.
    Lenient,
}

/// A section, where it is.
///
/// ```
/// let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
/// let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
/// assert_eq!((header.sections()[0].id, header.sections()[0].offset), (0x0a, 32));
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is: 0x0a items, 0x40 time, 0x80 content, 0x81 name-values; others are kept as they are.
    pub id: i32,
    /// The byte of the file that it starts at, with its id.
    pub offset: u64,
    /// What the file says how far the next one is. That of the last one means nothing.
    pub next: i32,
}

/// The header of a file.
///
/// ```
/// use teafile::{ByteOrder, Description, Header};
/// let bytes = Description::new("Time Price", "qd")?.to_header(ByteOrder::Big)?;
/// let header = Header::parse(&bytes, bytes.len() as u64)?;
/// assert_eq!((header.byte_order(), header.item_start()), (ByteOrder::Big, bytes.len() as u64));
/// assert_eq!(header.description().fields().len(), 2);
/// # Ok::<(), teafile::Error>(())
/// ```
#[derive(Debug)]
pub struct Header {
    byte_order: ByteOrder,
    item_start: u64,
    item_end: Option<u64>,
    sections: Vec<Section>,
    description: Description,
    warnings: Vec<Error>,
}

impl Header {
    /// Reads a header. `bytes` are the first of the file: all of it up to the items, or [`HEADER_BYTES_MAX`] of it.
    ///
    /// # Errors
    /// If it is not well formed; the kind says what is wrong, the offset where.
    ///
    /// ```
    /// use teafile::{ErrorKind, Header};
    /// assert_eq!(Header::parse(b"tea", 3).unwrap_err().kind(), ErrorKind::Truncated);
    /// ```
    pub fn parse(bytes: &[u8], file_size: u64) -> Result<Self, Error> {
        parse::parse(bytes, file_size, Strictness::Strict)
    }

    /// The same, as strict as is asked for.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); less in lenient mode, where [`warnings`](Self::warnings) tells the rest.
    ///
    /// ```
    /// use teafile::{ByteOrder, Description, Header, Strictness};
    /// let mut bytes = Description::new("A", "q")?.content("text").to_header(ByteOrder::NATIVE)?;
    /// let size = bytes.len() as u64;
    /// bytes[78] = 0xff; // no UTF-8 any more
    /// assert!(Header::parse(&bytes, size).is_err());
    /// assert_eq!(Header::parse_as(&bytes, size, Strictness::Lenient)?.warnings().len(), 1);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    pub fn parse_as(bytes: &[u8], file_size: u64, strictness: Strictness) -> Result<Self, Error> {
        parse::parse(bytes, file_size, strictness)
    }

    /// Reads the header of an open file with bounded reads.
    pub(crate) fn read(file: &File, strictness: Strictness) -> Result<(Self, u64), Error> {
        let size = file.metadata().map_err(|source| Error::io("asking for the size", source))?.len();
        let mut bytes = Vec::new();
        read_up_to(file, &mut bytes, size.min(FIRST_BYTES))?;
        let fixed = parse::parse_fixed(&bytes, size)?;
        // a file may shrink under us, and then the bytes are fewer than its size said: the parser says so
        read_up_to(file, &mut bytes, fixed.item_start.min(HEADER_BYTES_MAX))?;
        Ok((parse::parse(&bytes, size, strictness)?, size))
    }

    /// The order of every number in the file.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.byte_order(), teafile::ByteOrder::NATIVE);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.byte_order
    }

    /// The byte of the file that items start at.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.item_start(), bytes.len() as u64);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn item_start(&self) -> u64 {
        self.item_start
    }

    /// The byte of the file that items end before, if that is not the end of the file: then there is room prepared for more.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.item_end(), None);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn item_end(&self) -> Option<u64> {
        self.item_end
    }

    /// The sections, in the order of the file.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.sections().iter().map(|section| section.id).collect::<Vec<_>>(), [0x0a, 0x40]);
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// What the sections say.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.description().fields()[0].name(), "A");
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// What was wrong in a header that was read in lenient mode.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "q")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// # let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert!(header.warnings().is_empty());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Error] {
        &self.warnings
    }

    /// The bytes of an item as a row; none if they are not as many as an item has.
    ///
    /// ```
    /// # let bytes = teafile::Description::new("A", "B")?.to_header(teafile::ByteOrder::NATIVE)?;
    /// let header = teafile::Header::parse(&bytes, bytes.len() as u64)?;
    /// assert_eq!(header.row(&[7]).unwrap().to_string(), "A(A=7)");
    /// assert!(header.row(&[7, 8]).is_none());
    /// # Ok::<(), teafile::Error>(())
    /// ```
    #[must_use]
    pub fn row<'a>(&'a self, item: &'a [u8]) -> Option<Row<'a>> {
        let size = self.description.item.as_ref().map(|item| item.size as usize);
        (size == Some(item.len())).then(|| Row::new(self, item))
    }

    /// The size of an item; an error if there is no item section.
    pub(crate) fn item_size(&self) -> Result<u64, Error> {
        let no_items = || Error::new(ErrorKind::NoItems, "there is no item section, so there are no items");
        self.description.item.as_ref().map(|item| u64::from(item.size)).ok_or_else(no_items)
    }

    /// Where the items are in a file of that size, and what is left behind the last whole one.
    pub(crate) fn area(&self, file_size: u64) -> Result<Area, Error> {
        self.area_to(self.item_end, file_size)
    }

    /// The same for an end that was read anew.
    pub(crate) fn area_to(&self, item_end: Option<u64>, file_size: u64) -> Result<Area, Error> {
        let item_size = self.item_size()?;
        // a file that shrank below its header has no items; one that shrank below ItemEnd has fewer
        let end = item_end.map_or(file_size, |end| end.min(file_size)).max(self.item_start);
        let bytes = end - self.item_start;
        Ok(Area { count: bytes / item_size, rest: bytes % item_size, end })
    }

    /// Where an item is in the file.
    pub(crate) fn item_offset(&self, index: u64) -> Result<u64, Error> {
        let offset =
            index.checked_mul(self.item_size()?).and_then(|offset| offset.checked_add(self.item_start));
        offset.ok_or_else(|| Error::new(ErrorKind::UnknownItem, format!("item {index} is beyond any file")))
    }
}

/// The items of a file, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    /// Whole items.
    pub(crate) count: u64,
    /// Bytes behind the last whole item.
    pub(crate) rest: u64,
    /// Where items and rest end.
    pub(crate) end: u64,
}

/// Reads from the start until there are `size` bytes, or the file ends.
fn read_up_to(file: &File, bytes: &mut Vec<u8>, size: u64) -> Result<(), Error> {
    let Ok(size) = usize::try_from(size) else { return Ok(()) };
    let mut length = bytes.len();
    if size <= length {
        return Ok(());
    }
    bytes.resize(size, 0);
    while length < size {
        let Some(room) = bytes.get_mut(length..) else { break };
        match file.read_at(room, length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io("reading the header", error)),
        }
    }
    bytes.truncate(length);
    Ok(())
}
