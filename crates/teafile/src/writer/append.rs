//! Opening files for appending.

use std::path::Path;

use super::locked_file::open_to_change;
use super::options::{Durability, TimeOrder, TornTail, Writing, ZeroTail};
use super::{Writer, tail};
use crate::error::Error;
use crate::header::{Header, Strictness};

/// Opens a file for appending. A part of an item at its end is saved beside it and cut off.
///
/// # Errors
/// If there is no such file, it is not well formed, another writer has it, or it ends in items of zeros that a loss of
/// power may have left.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let mut file = teafile::append(&path)?;
/// file.write(&[7.into()])?;
/// file.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append(path: impl AsRef<Path>) -> Result<Writer, Error> {
    AppendOptions::default().append(path)
}

/// How a file is opened for appending.
///
/// ```
/// use teafile::{AppendOptions, TornTail, ZeroTail};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// # teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let file = AppendOptions::default().torn_tail(TornTail::Refuse).zero_tail(ZeroTail::Accept).append(&path)?;
/// assert!(file.repaired().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AppendOptions {
    torn_tail: TornTail,
    zero_tail: ZeroTail,
    writing: Writing,
}

impl AppendOptions {
    /// What happens to a part of an item at the end.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().torn_tail(teafile::TornTail::Refuse);
    /// # let _ = options;
    /// ```
    pub const fn torn_tail(mut self, torn_tail: TornTail) -> Self {
        self.torn_tail = torn_tail;
        self
    }

    /// What happens if the file ends in items of zeros though there were times before.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().zero_tail(teafile::ZeroTail::Accept);
    /// # let _ = options;
    /// ```
    pub const fn zero_tail(mut self, zero_tail: ZeroTail) -> Self {
        self.zero_tail = zero_tail;
        self
    }

    /// When items are in the file, and when they are synced.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().durability(teafile::Durability::Flushed);
    /// # let _ = options;
    /// ```
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.writing.durability = durability;
        self
    }

    /// What happens to event times that go backwards.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().time_order(teafile::TimeOrder::Clamp);
    /// # let _ = options;
    /// ```
    pub const fn time_order(mut self, order: TimeOrder) -> Self {
        self.writing.time_order = order;
        self
    }

    /// Keeps the index beside the file, as [`CreateOptions::index`](crate::CreateOptions::index): goes on with one that is
    /// there, or reads all items and begins one.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
    /// let mut file = teafile::AppendOptions::default().index(true).append(&path)?;
    /// file.write(&[7.into()])?;
    /// file.close()?;
    /// assert_eq!(teafile::index(&path, false)?.items, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn index(mut self, index: bool) -> Self {
        self.writing.is_indexed = index;
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    /// As [`append`]; with an index that knows other items than there are, that, too.
    ///
    /// ```
    /// assert!(teafile::AppendOptions::default().append("/nowhere/x.tea").is_err());
    /// ```
    pub fn append(self, path: impl AsRef<Path>) -> Result<Writer, Error> {
        let path = path.as_ref();
        self.append_at(path).map_err(|error| error.with_path(path))
    }

    fn append_at(self, path: &Path) -> Result<Writer, Error> {
        let file = open_to_change(path, "opening for appending")?;
        let (header, size) = Header::read(&file, Strictness::Strict)?;
        let mut area = header.area(size)?;
        let repaired = tail::mend(&file, path, &header, &mut area, (self.torn_tail, self.zero_tail))?;
        Writer::new(file, path, header, area, self.writing, repaired)
    }
}
