//! A file in memory: typed slices, rows and columns without a copy.

mod column;
mod times;

use std::fs::File;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use column::{Column, ColumnIter};

use crate::blocks::area_now;
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::header::{Area, Header, Strictness};
use crate::item::{self, TeaField, TeaItem};
use crate::row::Row;
use crate::sys::Map;

/// A file that is mapped into memory. It is as long as it was when it was opened, or at the last
/// [`refresh`](Self::refresh).
///
/// # Contract
/// While it is open, nobody makes the file shorter or writes over its items. TeaFiles are appended to, and a writer of this
/// crate cuts off nothing but the bytes behind the last whole item, which are never looked at here; so files that are
/// written as usual keep it. If somebody breaks it, the process may end with SIGBUS, or a slice may change while it is
/// borrowed. Where that cannot be risked, as with files of others or in a daemon, take [`Reader`](crate::Reader), which
/// gets an error instead.
///
/// ```
/// use teafile::{Description, Mapped, TeaItem};
///
/// #[derive(Clone, Copy, TeaItem)]
/// #[repr(C)]
/// struct Tick { time: i64, price: f64 }
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut writer = teafile::create(&path, &Description::of::<Tick>()?)?.typed()?;
/// for time in 0..10 {
///     writer.write(&Tick { time, price: 0.5 })?;
/// }
/// writer.close()?;
///
/// let file = Mapped::open(&path)?;
/// let ticks: &[Tick] = file.items()?;
/// assert_eq!(ticks[2..4].iter().map(|tick| tick.time).collect::<Vec<_>>(), [2, 3]);
/// assert_eq!(file.between::<Tick>(5..)?.len(), 5);
/// assert_eq!(file.column::<f64>("price")?.iter().sum::<f64>(), 5.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Mapped {
    file: File,
    path: PathBuf,
    header: Header,
    /// None if there are no items.
    map: Option<Map>,
    area: Area,
}

impl Mapped {
    /// Opens a file and maps it.
    ///
    /// # Errors
    /// If there is no such file, its header is not well formed, or it has no item section.
    ///
    /// ```
    /// assert!(teafile::Mapped::open("/nowhere/x.tea").is_err());
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_as(path, Strictness::Strict)
    }

    /// The same, as strict as is asked for.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// ```
    /// assert!(teafile::Mapped::open_as("/nowhere/x.tea", teafile::Strictness::Lenient).is_err());
    /// ```
    pub fn open_as(path: impl AsRef<Path>, strictness: Strictness) -> Result<Self, Error> {
        let path = path.as_ref();
        let open = || {
            let file = File::open(path).map_err(|source| Error::io("opening for reading", source))?;
            let (header, _) = Header::read(&file, strictness)?;
            let area = area_now(&file, &header)?;
            let map = map(&file, &header, area)?;
            Ok(Self { file, path: path.to_owned(), header, map, area })
        };
        open().map_err(|error: Error| error.with_path(path))
    }

    /// Takes in the items that were added since, and returns how many there are. Slices that were borrowed before have to
    /// be given back first.
    ///
    /// # Errors
    /// If the file became shorter: what is mapped must not be looked at any more, so this is then empty.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut writer = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Mapped::open(&path)?;
    /// writer.write(&[7.into()])?;
    /// writer.flush()?;
    /// assert_eq!(file.len(), 0);
    /// assert_eq!(file.refresh()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refresh(&mut self) -> Result<usize, Error> {
        let area = area_now(&self.file, &self.header).map_err(|error| error.with_path(&self.path))?;
        if area.count < self.area.count {
            let known = self.area.count;
            self.map = None;
            self.area = Area { count: 0, rest: 0, end: self.header.item_start() };
            let what = format!("{} items are left of {known} (expected files that only grow)", area.count);
            return Err(Error::new(ErrorKind::Shrunk, what).with_path(&self.path));
        }
        if area.count > self.area.count {
            self.map = map(&self.file, &self.header, area).map_err(|error| error.with_path(&self.path))?;
            self.area = area;
        }
        Ok(self.len())
    }

    /// How many items are mapped.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        // no more than fit into memory, or the mapping would not have been made
        usize::try_from(self.area.count).unwrap_or(usize::MAX)
    }

    /// Whether no item is mapped.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Mapped::open(&path)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.area.count == 0
    }

    /// The header.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(!teafile::Mapped::open(&path)?.header().byte_order().is_foreign());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What the file says about itself.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.description().fields().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn description(&self) -> &Description {
        self.header.description()
    }

    /// The path that it was opened by.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.path(), path);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All items as bytes, one behind the other.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "h")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// assert_eq!(teafile::Mapped::open(&path)?.bytes(), 7_i16.to_ne_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        let Some(map) = &self.map else { return &[] };
        let start = usize::try_from(self.header.item_start()).unwrap_or(usize::MAX);
        let length = self.len().saturating_mul(self.item_size());
        map.bytes().get(start..).and_then(|items| items.get(..length)).unwrap_or_default()
    }

    /// 1 or more.
    fn item_size(&self) -> usize {
        self.description().item().map_or(1, crate::ItemDescription::size)
    }

    /// The item of that index, or none if there is none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "h")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// assert_eq!(file.row(0).unwrap().to_string(), "A(A=7)");
    /// assert!(file.row(1).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        let size = self.item_size();
        let item = self.bytes().get(index.checked_mul(size)?..)?.get(..size)?;
        Some(Row::new(&self.header, item))
    }

    /// All items as rows.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "h")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// assert_eq!(file.rows().map(|row| row.to_string()).collect::<Vec<_>>(), ["A(A=7)"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.bytes().chunks_exact(self.item_size()).map(|item| Row::new(&self.header, item))
    }

    /// All items, as what they are. Take a part of the slice for a range of indices.
    ///
    /// # Errors
    /// If the items of the file are others, are written in the other byte order, or are not aligned as the type must be;
    /// then [`column`](Self::column) and [`rows`](Self::rows) read them.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64, price: f64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert_eq!(teafile::Mapped::open(&path)?.items::<Tick>()?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn items<T: TeaItem>(&self) -> Result<&[T], Error> {
        let mismatch = |what: &str| {
            let what = format!("items of type {}: {what} (expected columns or rows to be read)", T::NAME);
            Error::new(ErrorKind::Layout, what).with_path(&self.path)
        };
        item::check::<T>(&self.header, false).map_err(|error| error.with_path(&self.path))?;
        if self.header.byte_order().is_foreign() {
            return Err(mismatch("the file was written in the other byte order"));
        }
        if self.is_empty() {
            return Ok(&[]);
        }
        bytemuck::try_cast_slice(self.bytes())
            .map_err(|_| mismatch(&format!("they are not aligned to {} bytes in the file", align_of::<T>())))
    }

    /// One field of all items, as numbers of its type.
    ///
    /// # Errors
    /// If there is no such field, or it has another type.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A B", "hd")?)?;
    /// # file.write(&[7.into(), 0.5.into()])?;
    /// # file.close()?;
    /// let file = teafile::Mapped::open(&path)?;
    /// assert_eq!(file.column::<f64>("B")?.to_vec(), [0.5]);
    /// assert!(file.column::<f32>("B").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn column<T: TeaField>(&self, name: &str) -> Result<Column<'_, T>, Error> {
        let no_items = || Error::new(ErrorKind::NoItems, "there is no item section");
        let column = self.description().item().ok_or_else(no_items).and_then(|item| {
            let field = item.expect_field(name)?;
            Column::new(self.bytes(), item, field, self.header.byte_order())
        });
        column.map_err(|error| error.with_path(&self.path))
    }

    /// Indices of a slice.
    fn range(range: Range<u64>) -> Range<usize> {
        let index = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        index(range.start)..index(range.end)
    }
}

/// The file up to the end of its last whole item; none if it has no items.
fn map(file: &File, header: &Header, area: Area) -> Result<Option<Map>, Error> {
    if area.count == 0 {
        return Ok(None);
    }
    let length = usize::try_from(area.end - area.rest).ok().and_then(NonZeroUsize::new);
    let Some(length) = length else {
        return Err(Error::new(ErrorKind::Io, format!("mapping {} bytes, more than memory has", area.end)));
    };
    debug_assert!(length.get() as u64 > header.item_start(), "there is an item behind the header");
    Map::new(file, length).map(Some).map_err(|source| Error::io(format!("mapping {length} bytes"), source))
}
