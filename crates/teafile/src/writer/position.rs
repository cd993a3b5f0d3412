//! Where a writer is: behind the last item, or at one that is read or written over.

use std::os::unix::fs::FileExt;

use super::Writer;
use super::options::Durability;
use crate::blocks::read_at;
use crate::error::{Error, ErrorKind};
use crate::header::Header;
use crate::index;
use crate::owned::Item;

impl Writer {
    /// Reads the item at the position and goes on behind it; none behind the last one. What is in the buffer is written
    /// before.
    ///
    /// # Errors
    /// If the file cannot be written or read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[7.into()])?;
    /// file.seek_item(0)?;
    /// assert_eq!(file.read()?.unwrap().to_string(), "A(A=7)");
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(&mut self) -> Result<Option<Item>, Error> {
        let Some(file) = &self.file else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        let Some(position) = self.position else { return Ok(None) };
        let mut bytes = vec![0; self.item_size];
        let offset = self.header.item_offset(position)?;
        if read_at(file, &mut bytes, offset)? < self.item_size {
            let what = format!("item {position} is not there any more");
            return Err(Error::at(ErrorKind::Shrunk, offset, what).with_path(&self.path));
        }
        self.move_to(position + 1);
        Ok(Some(Item::new(&self.header, &bytes)))
    }

    /// Moves to an item: the next read gives it, the next write writes over it. Behind the last one, writes append.
    ///
    /// # Errors
    /// If what is in the buffer cannot be written.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
    /// file.write(&[1.into(), 1.into()])?;
    /// file.seek_item(0)?;
    /// file.write(&[3.into(), 3.into()])?;
    /// file.seek_item(0)?;
    /// assert_eq!(file.read()?.unwrap().to_string(), "AB(A=3, B=3)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_item(&mut self, index: u64) -> Result<(), Error> {
        self.flush()?;
        self.move_to(index);
        Ok(())
    }

    pub(super) fn move_to(&mut self, index: u64) {
        self.position = Some(index).filter(|index| *index < self.count);
        self.open_buffer();
    }

    /// Looks whether writes append, and frees the room that they fill: up to the item that reaches the limit, which is the
    /// one that the buffer is written after.
    pub(super) fn open_buffer(&mut self) {
        self.appends = self.position.is_none() && self.item_size > 0 && self.file.is_some();
        self.buffer.free_until(if self.appends { self.limit.saturating_sub(1) } else { 0 });
    }

    /// Moves behind the last item.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[1.into()])?;
    /// file.seek_item(0)?;
    /// file.seek_end();
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_end(&mut self) {
        self.move_to(self.count);
    }

    /// Writes over the item at the position and goes on behind it, or says why not.
    #[cold]
    pub(super) fn overwrite(
        &mut self,
        fill: impl FnOnce(&Header, &mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.header.item_size().map_err(|error| error.with_path(&self.path))?;
        let mut item = vec![0; self.item_size];
        fill(&self.header, &mut item).map_err(|error| error.with_path(&self.path))?;
        let (Some(file), Some(position)) = (&self.file, self.position) else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        let offset = self.header.item_offset(position)?;
        // an index has sums of what was there; it is not kept any longer
        self.keeper = None;
        index::forget(&self.path)?;
        file.write_all_at(&item, offset)
            .map_err(|source| Error::io(format!("writing item {position}"), source).with_path(&self.path))?;
        self.unsynced += 1;
        if position + 1 == self.count
            && let Some(times) = &self.event_time
        {
            self.last_time = times.of_item(&item);
        }
        self.move_to(position + 1);
        if self.durability == Durability::Flushed { Ok(()) } else { self.sync_if_due() }
    }
}
