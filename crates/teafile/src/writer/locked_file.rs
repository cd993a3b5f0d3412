//! One writer a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::ops::Deref;
use std::path::Path;

use crate::edit;
use crate::error::{Error, ErrorKind};

/// A file with its lock, which is that of the open file: it goes with the process however that ends.
///
/// It is given back by name and not by closing alone: a child that was forked and has not begun its program yet still
/// has the file, and would keep the lock for a moment.
#[derive(Debug)]
pub(crate) struct LockedFile(File);

impl LockedFile {
    /// Takes the lock.
    ///
    /// # Errors
    /// Another writer has it.
    pub(crate) fn new(file: File) -> Result<Self, Error> {
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorKind::Locked, "another writer has the file (expected one at a time)"))
            }
            Err(TryLockError::Error(source)) => Err(Error::io("locking", source)),
        }
    }
}

/// Opens a file to change it, as its only writer, and completes an edit of its header that was interrupted.
pub(crate) fn open_to_change(path: &Path, attempt: &str) -> Result<LockedFile, Error> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    let file = LockedFile::new(opened.map_err(|source| Error::io(attempt, source))?)?;
    edit::complete(&file, path)?;
    Ok(file)
}

impl Deref for LockedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // the lock goes with the file if this fails
        let _ = self.0.unlock();
    }
}
