//! Room behind the items: taken before it is needed, given back when it is not.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Writer;
use crate::error::{Error, ErrorKind};
use crate::header::ITEM_END_OFFSET;

impl Writer {
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
        take(file, end, bytes).map_err(|error| error.with_path(&self.path))
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
}

/// Takes room on the disk, or where the file system cannot, makes the file longer.
pub(super) fn take(file: &File, start: u64, bytes: u64) -> Result<(), Error> {
    let failed = |source| Error::io(format!("preparing {bytes} bytes"), source);
    let (Ok(from), Ok(length)) = (i64::try_from(start), i64::try_from(bytes)) else {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    };
    match nix::fcntl::fallocate(file, nix::fcntl::FallocateFlags::empty(), from, length) {
        Ok(()) => Ok(()),
        Err(nix::errno::Errno::EOPNOTSUPP) => file.set_len(start.saturating_add(bytes)).map_err(failed),
        Err(errno) => Err(failed(errno.into())),
    }
}
