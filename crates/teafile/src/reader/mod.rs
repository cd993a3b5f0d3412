//! Reads a file by pread: rows whose type is known at run time, or items of a type of yours.
//!
//! Nothing that others do to the file meanwhile is more than an error or fewer items. No lock is taken, and a writer is
//! not disturbed. An item that is only partly in the file is not seen.

use std::fs::File;
use std::ops::{Range, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blocks::{Block, area_now};
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::header::{Area, Header, Strictness};
use crate::owned::Item;
use crate::row::Row;
use crate::search;

mod times;
mod typed;

pub use typed::ItemReader;

/// A file that is read from.
///
/// ```
/// use teafile::{Description, Reader};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("lab.tea");
/// let mut file = teafile::create(&path, &Description::new("A B", "qq")?)?;
/// for number in 0..40 {
///     file.write(&[number.into(), (number * 10).into()])?;
/// }
/// file.close()?;
///
/// let mut file = Reader::open(&path)?;
/// assert_eq!(file.item_count()?, 40);
/// let texts: Vec<String> = file.items(2..4)?.map(|item| item.map(|item| item.to_string())).collect::<Result<_, _>>()?;
/// assert_eq!(texts, ["AB(A=2, B=20)", "AB(A=3, B=30)"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    /// None after it was closed.
    file: Option<File>,
    path: PathBuf,
    header: Arc<Header>,
    /// As it was when it was last looked at.
    area: Option<Area>,
    position: u64,
    block: Block,
}

impl Reader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// If there is no such file, or its header is not well formed.
    ///
    /// ```
    /// use teafile::{ErrorKind, Reader};
    /// assert_eq!(Reader::open("/nowhere/x.tea").unwrap_err().kind(), ErrorKind::Io);
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_as(path, Strictness::Strict)
    }

    /// The same, as strict as is asked for.
    ///
    /// # Errors
    /// If there is no such file, or its header cannot be used.
    ///
    /// ```
    /// use teafile::{Reader, Strictness};
    /// assert!(Reader::open_as("/nowhere/x.tea", Strictness::Lenient).is_err());
    /// ```
    pub fn open_as(path: impl AsRef<Path>, strictness: Strictness) -> Result<Self, Error> {
        let path = path.as_ref();
        let open = || {
            let file = File::open(path).map_err(|source| Error::io("opening for reading", source))?;
            let (header, size) = Header::read(&file, strictness)?;
            Ok((file, header, size))
        };
        let (file, header, size) = open().map_err(|error: Error| error.with_path(path))?;
        let area = header.area(size).ok();
        Ok(Self {
            file: Some(file),
            path: path.to_owned(),
            header: Arc::new(header),
            area,
            position: 0,
            block: Block::default(),
        })
    }

    /// The path that it was opened by.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.path(), path);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The header.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.header().sections().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the file says about itself; also after it was closed.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// file.close();
    /// assert_eq!(file.description().fields()[0].name(), "A");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn description(&self) -> &Description {
        self.header.description()
    }

    /// The whole items that are in the file now; after it was closed, those that were last seen.
    ///
    /// # Errors
    /// If there is no item section, or the system does not tell.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut writer = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// writer.write(&[1.into()])?;
    /// assert_eq!(file.item_count()?, 0);
    /// writer.flush()?;
    /// assert_eq!(file.item_count()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn item_count(&mut self) -> Result<u64, Error> {
        Ok(self.area_now()?.count)
    }

    /// The bytes behind the last whole item: a part of one, which a writer is about to complete or never did.
    ///
    /// # Errors
    /// As [`item_count`](Self::item_count).
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.partial_tail_bytes()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn partial_tail_bytes(&mut self) -> Result<u64, Error> {
        Ok(self.area_now()?.rest)
    }

    fn area_now(&mut self) -> Result<Area, Error> {
        if let Some(file) = &self.file {
            self.area = Some(area_now(file, &self.header).map_err(|error| error.with_path(&self.path))?);
        }
        match self.area {
            Some(area) => Ok(area),
            None => Err(self.header.item_size().err().unwrap_or_else(closed).with_path(&self.path)),
        }
    }

    /// The item of that index, as a row.
    ///
    /// # Errors
    /// If there is no such item, or it cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let error = teafile::Reader::open(&path)?.row(0).unwrap_err();
    /// assert_eq!(error.kind(), teafile::ErrorKind::UnknownItem);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn row(&mut self, index: u64) -> Result<Row<'_>, Error> {
        let item_size = self.load(index)?;
        match self.block.get(index, item_size) {
            Some(bytes) => Ok(Row::new(&self.header, bytes)),
            None => {
                let count = self.area.map_or(0, |area| area.count);
                let what = format!("there is no item {index} among {count}");
                Err(Error::new(ErrorKind::UnknownItem, what).with_path(&self.path))
            }
        }
    }

    /// Brings an item into the block, if it is in the file; returns the size of an item.
    fn load(&mut self, index: u64) -> Result<usize, Error> {
        let item_size = usize::try_from(self.header.item_size()?).unwrap_or(usize::MAX);
        if self.file.is_none() {
            return Err(closed().with_path(&self.path));
        }
        if self.block.get(index, item_size).is_none() {
            let count = self.area_now()?.count;
            if let Some(file) = &self.file {
                let filled = self.block.fill(file, &self.header, index, count);
                filled.map_err(|error| error.with_path(&self.path))?;
            }
        }
        Ok(item_size)
    }

    /// The next item and the place behind it, or none at the end.
    ///
    /// # Errors
    /// If it cannot be read, or the file was closed.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// assert_eq!(file.read()?, None);
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(&mut self) -> Result<Option<Item>, Error> {
        let header = Arc::clone(&self.header);
        Ok(self.read_row()?.map(|row| Item::new(&header, row.bytes())))
    }

    /// The same without a copy: the row is good until the next call.
    ///
    /// # Errors
    /// If it cannot be read, or the file was closed.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// # file.write(&[7.into()])?;
    /// # file.close()?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// while let Some(row) = file.read_row()? {
    ///     assert_eq!(row.to_string(), "A(A=7)");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_row(&mut self) -> Result<Option<Row<'_>>, Error> {
        let item_size = self.load(self.position)?;
        let bytes = self.block.get(self.position, item_size);
        self.position += u64::from(bytes.is_some());
        Ok(bytes.map(|bytes| Row::new(&self.header, bytes)))
    }

    /// The bytes of the next item, without moving.
    pub(crate) fn peek(&mut self) -> Result<Option<&[u8]>, Error> {
        let item_size = self.load(self.position)?;
        Ok(self.block.get(self.position, item_size))
    }

    /// The bytes of the next items, as many as are read at once, and the place behind them; none at the end.
    pub(crate) fn read_block(&mut self) -> Result<&[u8], Error> {
        let item_size = self.load(self.position)?;
        let items = self.block.from(self.position, item_size);
        self.position += (items.len() / item_size) as u64;
        Ok(items)
    }

    /// Moves to an item; the next read gives that one, or none if there is no such item.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// file.seek_item(7);
    /// assert_eq!(file.position(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_item(&mut self, index: u64) {
        self.position = index;
    }

    /// Moves behind the last item that is in the file now.
    ///
    /// # Errors
    /// As [`item_count`](Self::item_count).
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// file.seek_end()?;
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_end(&mut self) -> Result<(), Error> {
        self.position = self.item_count()?;
        Ok(())
    }

    /// The index of the item that the next read gives.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.position(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The items of a range of indices, cut to those that there are. It moves along with them.
    ///
    /// # Errors
    /// As [`item_count`](Self::item_count); each item has an error of its own.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.items(..)?.count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn items(&mut self, range: impl RangeBounds<u64>) -> Result<Items<'_>, Error> {
        let count = self.item_count()?;
        Ok(self.items_in(search::indices(&range, count)))
    }

    /// So many items from `start` on, or as many as there are.
    ///
    /// # Errors
    /// As [`item_count`](Self::item_count); each item has an error of its own.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.items_n(2, 4)?.count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn items_n(&mut self, start: u64, count: u64) -> Result<Items<'_>, Error> {
        self.items(start..start.saturating_add(count))
    }

    pub(super) fn items_in(&mut self, range: Range<u64>) -> Items<'_> {
        self.position = range.start;
        Items { reader: self, end: range.end }
    }

    /// Gives the file back to the system. Counts and descriptions stay; reading is an error from now on.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut file = teafile::Reader::open(&path)?;
    /// file.close();
    /// file.close();
    /// assert_eq!(file.item_count()?, 0);
    /// assert!(file.read().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&mut self) {
        self.file = None;
        self.block.clear();
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the file was closed")
}

/// The items of a range, one after the other.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
/// let mut file = teafile::Reader::open(&path)?;
/// for item in file.items(..)? {
///     println!("{}", item?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Items<'a> {
    reader: &'a mut Reader,
    end: u64,
}

impl Iterator for Items<'_> {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.position >= self.end {
            return None;
        }
        let item = self.reader.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            // an error is told once, and a file that became shorter ends here
            self.end = 0;
        }
        item
    }
}
