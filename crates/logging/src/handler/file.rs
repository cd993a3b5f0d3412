//! The handler for a file: plain, or watched for somebody who renames it.

use std::time::Duration;

use super::{Entry, FileOptions, Handler, Progress, log_file::LogFile};
use crate::error::Result;

/// Writes each text as a line of a file.
///
/// ```
/// use stratd_logging::{Entry, FileHandler, FileOptions, Handler, Level, Record};
///
/// let path = std::env::temp_dir().join(format!("stratd-logging-{}.log", std::process::id()));
/// let mut handler = FileHandler::new(FileOptions::new(&path))?;
/// let record = Record::new("a", Level::INFO, "hello");
/// handler.emit(&Entry::new(&record, "hello"))?;
/// handler.flush()?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct FileHandler {
    file: LogFile,
}

impl FileHandler {
    /// A handler for a file, which is opened now unless it is to be opened later.
    /// A file that is made here goes again if the handler is dropped without having been activated or used.
    ///
    /// # Errors
    /// If it cannot be opened, or its owner cannot be set.
    ///
    /// ```
    /// # use stratd_logging::{FileHandler, FileOptions};
    /// assert!(FileHandler::new(FileOptions::new("/nonexistent-folder/a.log")).is_err());
    /// ```
    pub fn new(options: FileOptions) -> Result<Self> {
        Ok(Self { file: LogFile::new(options)? })
    }
}

impl Handler for FileHandler {
    fn activate(&mut self) -> Result<()> {
        self.file.activate()
    }

    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.file.push(entry.text)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        self.file.take_progress()
    }

    fn reopen(&mut self) -> Result<()> {
        self.file.reopen()
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.file.close(within)
    }
}
