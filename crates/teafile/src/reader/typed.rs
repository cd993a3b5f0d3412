//! Reads items of a type of yours by pread: from any file, also in the other byte order or not aligned.

use super::Reader;
use crate::error::Error;
use crate::item::{self, TeaItem};

/// A [`Reader`] whose items are of one type, checked once. A block of them is in memory.
///
/// ```
/// use teafile::{Description, Reader, TeaItem};
/// #[derive(Clone, Copy, Debug, PartialEq, TeaItem)]
/// #[repr(C)]
/// struct Tick { time: i64, price: f64 }
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut writer = teafile::create(&path, &Description::of::<Tick>()?)?.typed()?;
/// writer.write(&Tick { time: 1, price: 45.11 })?;
/// writer.close()?;
/// let mut file = Reader::open(&path)?.typed::<Tick>()?;
/// assert_eq!(file.next_item()?, Some(Tick { time: 1, price: 45.11 }));
/// assert_eq!(file.next_item()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ItemReader<T> {
    reader: Reader,
    items: Vec<T>,
    /// The first of `items` that was not handed out.
    next: usize,
}

impl Reader {
    /// This reader for items of a type, from where it is.
    ///
    /// # Errors
    /// If the items of the file are others.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64, price: f64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Reader::open(&path)?.typed::<Tick>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typed<T: TeaItem>(self) -> Result<ItemReader<T>, Error> {
        item::check::<T>(self.header(), false).map_err(|error| error.with_path(self.path()))?;
        Ok(ItemReader { reader: self, items: Vec::new(), next: 0 })
    }
}

impl<T: TeaItem> ItemReader<T> {
    /// The next item, or none at the end. If the file grew, it goes on.
    ///
    /// # Errors
    /// If the file cannot be read.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert!(teafile::Reader::open(&path)?.typed::<Tick>()?.next_item()?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn next_item(&mut self) -> Result<Option<T>, Error> {
        if let Some(item) = self.items.get(self.next) {
            self.next += 1;
            return Ok(Some(*item));
        }
        self.fill()?;
        let item = self.items.first().copied();
        self.next = usize::from(item.is_some());
        Ok(item)
    }

    /// The next items, as many as are read at once; none at the end.
    ///
    /// # Errors
    /// If the file cannot be read.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert!(teafile::Reader::open(&path)?.typed::<Tick>()?.next_block()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_block(&mut self) -> Result<&[T], Error> {
        if self.next == self.items.len() {
            self.fill()?;
        }
        let block = self.items.get(self.next..).unwrap_or_default();
        self.next = self.items.len();
        Ok(block)
    }

    #[cold]
    fn fill(&mut self) -> Result<(), Error> {
        let order = self.reader.header().byte_order();
        self.items.clear();
        self.next = 0;
        let items = self.reader.read_block()?.chunks_exact(size_of::<T>());
        self.items.extend(items.filter_map(|item| item::read::<T>(item, order)));
        Ok(())
    }

    /// Moves to an item.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// let mut file = teafile::Reader::open(&path)?.typed::<Tick>()?;
    /// file.seek_item(7);
    /// assert_eq!(file.position(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_item(&mut self, index: u64) {
        self.items.clear();
        self.next = 0;
        self.reader.seek_item(index);
    }

    /// Moves to the first item at or after a time, and returns its index.
    ///
    /// # Errors
    /// If there is no event time, or items cannot be read.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.typed::<Tick>()?.seek_time(5)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_time(&mut self, ticks: i64) -> Result<u64, Error> {
        let index = self.reader.lower_bound(ticks)?;
        self.seek_item(index);
        Ok(index)
    }

    /// The index of the next item.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert_eq!(teafile::Reader::open(&path)?.typed::<Tick>()?.position(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn position(&self) -> u64 {
        self.reader.position() - (self.items.len() - self.next) as u64
    }

    /// The reader below, for descriptions and counts.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// let file = teafile::Reader::open(&path)?.typed::<Tick>()?;
    /// assert!(file.reader().description().event_time().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }
}
