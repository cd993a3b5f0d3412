//! From the buffer to the file, and from there to the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::options::{BUFFER_BYTES, BUFFER_BYTES_MAX, Durability};
use super::{Writer, create};
use crate::error::{Error, ErrorKind};
use crate::header::ITEM_END_OFFSET;
use crate::index::Keeper;

impl Writer {
    /// Makes all items visible to readers.
    ///
    /// # Errors
    /// If the disk is full or fails. [`Error::items_kept`] tells how many items reached the file; the others are still here.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[71.into()])?;
    /// file.flush()?;
    /// assert_eq!(teafile::Reader::open(&path)?.item_count()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.refuse_after_failed_sync()?;
        let Some(file) = &self.file else { return Err(Error::new(ErrorKind::Closed, "the file was closed")) };
        let start = self.header.item_offset(self.count)?;
        let (length, outcome) = write_whole(file, self.buffer.items(), start);
        // a part of an item at the end is given back, so that the file has whole items only; if that fails, too, readers
        // leave it out, and the next write begins where it begins
        let kept = length / self.item_size;
        let kept_bytes = kept * self.item_size;
        if !self.has_end && length > kept_bytes {
            let _ = file.set_len(start + kept_bytes as u64);
        }
        let published =
            if self.has_end && kept > 0 { self.publish(start + kept_bytes as u64) } else { Ok(()) };
        if published.is_ok() {
            self.count += kept as u64;
            self.unsynced += kept as u64;
            let taken = match (&mut self.keeper, self.buffer.items().get(..kept_bytes)) {
                (Some(keeper), Some(items)) => keeper.add(items),
                _ => Ok(()),
            };
            self.buffer.take(kept_bytes);
            self.give_up_index_if_failed(taken);
        }
        if self.buffer.is_empty() {
            self.waiting_since = self.waiting_since.filter(|_| self.unsynced > 0);
        }
        let kept = if published.is_ok() { kept as u64 } else { 0 };
        published
            .and(outcome)
            .map_err(|source| Error::io("writing items", source).with_items_kept(kept).with_path(&self.path))
    }

    /// Moves the end of the items behind what was written: only when that is on the disk, so that no loss of power leaves
    /// an end behind bytes that were never written.
    fn publish(&self, end: u64) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync_data()?;
        file.write_all_at(&self.header.byte_order().u64_bytes(end), ITEM_END_OFFSET)
    }

    /// Makes all items survive a loss of power.
    ///
    /// # Errors
    /// If the disk is full or fails. After a failed sync every call fails, because nobody knows what is on the disk.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[71.into()])?;
    /// file.sync()?;
    /// assert_eq!(file.item_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.refuse_after_failed_sync()?;
        let Some(file) = &self.file else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        if let Err(source) = file.sync_data() {
            self.has_failed_to_sync = true;
            return Err(Error::io("syncing items", source).with_path(&self.path));
        }
        self.unsynced = 0;
        self.waiting_since = None;
        let sealed = self.keeper.as_mut().map_or(Ok(()), Keeper::seal);
        self.give_up_index_if_failed(sealed);
        Ok(())
    }

    /// An index that could not be written stays behind its file, which harms nobody; no item is refused for it. `close`
    /// tells.
    fn give_up_index_if_failed(&mut self, kept: Result<(), Error>) {
        if let Err(error) = kept {
            self.keeper = None;
            self.index_failure = Some(error);
        }
    }

    fn refuse_after_failed_sync(&self) -> Result<(), Error> {
        if !self.has_failed_to_sync {
            return Ok(());
        }
        let what = "an earlier sync failed, so nobody knows what is on the disk (expected the file to be opened anew)";
        Err(Error::new(ErrorKind::Io, what).with_path(&self.path))
    }

    /// Writes or syncs what waited for as long as the durability allows. `now` is any clock that only goes forward; call it
    /// as often as you want the interval to be kept.
    ///
    /// # Errors
    /// As [`flush`](Self::flush) and [`sync`](Self::sync).
    ///
    /// ```
    /// use std::time::Duration;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[71.into()])?;
    /// file.tick(Duration::from_millis(10_000))?;
    /// assert_eq!(file.item_count(), 0);
    /// file.tick(Duration::from_millis(10_100))?;
    /// assert_eq!(file.item_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tick(&mut self, now: Duration) -> Result<(), Error> {
        let (interval, syncs) = match self.durability {
            Durability::Buffered { interval, .. } => (interval, false),
            Durability::Flushed => return Ok(()),
            Durability::Synced { interval, .. } => (interval, true),
        };
        let Some(interval) = interval else { return Ok(()) };
        if self.buffer.is_empty() && !(syncs && self.unsynced > 0) {
            self.waiting_since = None;
            return Ok(());
        }
        let since = *self.waiting_since.get_or_insert(now);
        if now.saturating_sub(since) < interval {
            return Ok(());
        }
        self.waiting_since = None;
        if syncs { self.sync() } else { self.flush() }
    }

    /// The buffer is full. If the last item does not get into the file, it is not taken.
    #[cold]
    #[inline(never)]
    pub(super) fn write_out(&mut self, time_before: i64) -> Result<(), Error> {
        let outcome = self.flush().and_then(|()| self.sync_if_due());
        if outcome.is_err() && self.buffer.len() >= self.item_size {
            self.buffer.pop(self.item_size);
            self.last_time = time_before;
        }
        outcome
    }

    /// Syncs if a group is together.
    pub(super) fn sync_if_due(&mut self) -> Result<(), Error> {
        match self.durability {
            Durability::Synced { items, .. } if self.unsynced >= items => self.sync(),
            _ => Ok(()),
        }
    }

    /// Changes when items are written, from the next one on.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.set_durability(teafile::Durability::Flushed);
    /// file.write(&[71.into()])?;
    /// assert_eq!(file.item_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_durability(&mut self, durability: Durability) {
        self.durability = durability;
        self.limit = match durability {
            Durability::Buffered { bytes, .. } => bytes.min(BUFFER_BYTES_MAX),
            Durability::Flushed => 0,
            Durability::Synced { items, .. } => {
                let group = usize::try_from(items).unwrap_or(usize::MAX).saturating_mul(self.item_size);
                group.min(BUFFER_BYTES)
            }
        };
        // it is written when it reaches the limit, so that it never becomes larger
        self.buffer.grow_to(self.limit.saturating_add(self.item_size));
        self.open_buffer();
    }

    /// Takes room on the disk for so many more items behind those that are there. The file then says where its items end,
    /// and [`trim`](Self::trim) gives back what was not needed. The original Python API cannot append to such a file.
    ///
    /// # Errors
    /// If the disk has no such room, or the file cannot be written.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[7.into()])?;
    /// file.prepare(1_000)?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), file.header().item_start() + 8 + 8_000);
    /// assert_eq!(teafile::Reader::open(&path)?.item_count()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prepare(&mut self, items: u64) -> Result<(), Error> {
        self.sync()?;
        self.header.item_size().map_err(|error| error.with_path(&self.path))?;
        let Some(file) = &self.file else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        let end = self.header.item_offset(self.count)?;
        let bytes = self.header.item_offset(self.count.saturating_add(items))?.saturating_sub(end);
        // in this order: room behind items that reach to the end of the file would be items
        if !self.has_end {
            let written = file.write_all_at(&self.header.byte_order().u64_bytes(end), ITEM_END_OFFSET);
            let written = written.and_then(|()| file.sync_data());
            written
                .map_err(|source| Error::io("writing the end of the items", source).with_path(&self.path))?;
            self.has_end = true;
        }
        if bytes == 0 {
            return Ok(());
        }
        create::prepare(file, end, bytes).map_err(|error| error.with_path(&self.path))
    }

    /// Gives back the room that was prepared behind the items and not used; the items then reach to the end of the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # use teafile::{CreateOptions, Description};
    /// let mut file = CreateOptions::default().prepare(1_000).create(&path, &Description::new("A", "q")?)?;
    /// file.write(&[7.into()])?;
    /// file.trim()?;
    /// assert_eq!(std::fs::metadata(&path)?.len(), file.header().item_start() + 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trim(&mut self) -> Result<(), Error> {
        self.sync()?;
        let Some(file) = self.file.as_ref().filter(|_| self.has_end) else { return Ok(()) };
        let end = self.header.item_offset(self.count)?;
        // in this order: an end of 0 with room behind the items would make items of that room
        let trimmed = file.set_len(end).and_then(|()| file.sync_all()).and_then(|()| {
            file.write_all_at(&[0; 8], ITEM_END_OFFSET)?;
            file.sync_data()
        });
        trimmed.map_err(|source| Error::io("giving back room", source).with_path(&self.path))?;
        self.has_end = false;
        Ok(())
    }

    /// Writes all items and gives the file back; where an index is kept, all are synced. Twice is as good as once.
    ///
    /// Without it the same happens when the writer goes out of scope, but nobody hears of an error.
    ///
    /// # Errors
    /// If items cannot be written; they are still here, and so is the file. Or if the index could not be written at some
    /// time: then the file is closed, and the index knows fewer items.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[1.into()])?;
    /// file.close()?;
    /// file.close()?;
    /// assert_eq!(file.item_count(), 1);
    /// assert!(file.write(&[2.into()]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&mut self) -> Result<(), Error> {
        if self.file.is_none() {
            return Ok(());
        }
        match self.durability {
            Durability::Synced { .. } => self.sync()?,
            // an index has what was synced
            Durability::Buffered { .. } | Durability::Flushed if self.keeper.is_some() => self.sync()?,
            Durability::Buffered { .. } | Durability::Flushed => self.flush()?,
        }
        self.file = None;
        self.open_buffer();
        self.keeper = None;
        self.index_failure.take().map_or(Ok(()), |error| Err(error.with_path(&self.path)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // whoever wants to know calls `close`
        let _ = self.close();
    }
}

/// Writes until all is written or an error ends it; returns how much was.
fn write_whole(file: &File, bytes: &[u8], offset: u64) -> (usize, io::Result<()>) {
    let mut length = 0;
    while let Some(rest) = bytes.get(length..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset + length as u64) {
            Ok(0) => return (length, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (length, Err(error)),
        }
    }
    (length, Ok(()))
}
