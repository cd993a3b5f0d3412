//! The handler for a file that is renamed when it has grown.

use std::path::PathBuf;
use std::time::Duration;

use super::{
    Entry, FileOptions, Handler, Progress,
    log_file::LogFile,
    rotation::{Compression, Packer, with_suffix},
};
use crate::error::{Error, Result};

/// When a file is renamed, and how many old ones are kept.
///
/// ```
/// use stratd_logging::{Compression, RotateBySize};
///
/// let rotate = RotateBySize { max_bytes: 1 << 20, keep: 5, suffix: String::new(), compression: Compression::None };
/// assert_eq!(rotate.keep, 5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotateBySize {
    /// A record that would make the file this large, or larger, goes into a new one; 0 for never. An empty file is never
    /// renamed, so that a record larger than this has a file of its own.
    pub max_bytes: u64,
    /// Old files: `NAME.1` is the youngest. With none the file only grows.
    pub keep: u32,
    /// What old files have behind their number.
    pub suffix: String,
    /// How old files are packed.
    pub compression: Compression,
}

/// Writes each text as a line of a file, which is renamed to `NAME.1` when it has grown, `NAME.1` to `NAME.2` and so on.
/// The names are those of Python's `RotatingFileHandler`; sizes are bytes.
///
/// ```
/// use stratd_logging::{Compression, FileOptions, RotateBySize, RotatingFileHandler};
///
/// let path = std::env::temp_dir().join(format!("stratd-rotating-{}.log", std::process::id()));
/// let options = FileOptions { delay: true, ..FileOptions::new(path) };
/// let rotate = RotateBySize { max_bytes: 20, keep: 5, suffix: String::new(), compression: Compression::None };
/// let _ = RotatingFileHandler::new(options, rotate)?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct RotatingFileHandler {
    file: LogFile,
    rotate: RotateBySize,
    packer: Packer,
    is_special: bool,
}

impl RotatingFileHandler {
    /// A handler for a file. With a size to rotate at, what is in the file is kept, whatever `append` says.
    ///
    /// # Errors
    /// If it cannot be opened, or its owner cannot be set.
    ///
    /// ```
    /// # use stratd_logging::{Compression, FileOptions, RotateBySize, RotatingFileHandler};
    /// let rotate = RotateBySize { max_bytes: 20, keep: 5, suffix: String::new(), compression: Compression::None };
    /// assert!(RotatingFileHandler::new(FileOptions::new("/nonexistent-folder/a.log"), rotate).is_err());
    /// ```
    pub fn new(mut options: FileOptions, rotate: RotateBySize) -> Result<Self> {
        options.append |= rotate.max_bytes > 0;
        let file = LogFile::new(options)?;
        let is_special = file.is_special();
        Ok(Self { file, rotate, packer: Packer::default(), is_special })
    }

    /// True if a text of so many bytes, with its terminator, would go into a new file.
    ///
    /// ```
    /// # use stratd_logging::{Compression, FileOptions, RotateBySize, RotatingFileHandler};
    /// let rotate = RotateBySize { max_bytes: 1, keep: 1, suffix: String::new(), compression: Compression::None };
    /// let handler = RotatingFileHandler::new(FileOptions::new("/dev/null"), rotate)?;
    /// assert!(!handler.is_due(100), "a device is never renamed");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn is_due(&self, bytes: u64) -> bool {
        let size = self.file.size();
        self.rotate.max_bytes > 0
            && size > 0
            && size.saturating_add(bytes) >= self.rotate.max_bytes
            && !self.is_special
    }

    fn old_name(&self, number: u32, is_packed: bool) -> PathBuf {
        let packed = if is_packed { self.rotate.compression.suffix() } else { "" };
        with_suffix(self.file.path(), &format!(".{number}{}{packed}", self.rotate.suffix))
    }

    /// Removes what is left of an older file of this number, packed or not, which no rename has replaced.
    fn remove_old(&self, number: u32, is_packed: bool) -> Result<()> {
        let path = self.old_name(number, is_packed);
        if self.rotate.compression == Compression::None || !path.exists() {
            return Ok(());
        }
        std::fs::remove_file(&path).map_err(|error| Error::io(format!("removing {}", path.display()), error))
    }

    fn rotate(&mut self) -> Result<()> {
        self.file.flush()?;
        let packed = self.packer.finish();
        if self.rotate.keep > 0 {
            for number in (1..self.rotate.keep).rev() {
                // a file that was not packed in time moves on as it is
                for is_packed in [false, true] {
                    let from = self.old_name(number, is_packed);
                    if from.exists() {
                        let to = self.old_name(number + 1, is_packed);
                        std::fs::rename(&from, &to)
                            .map_err(|error| Error::io(format!("renaming {}", from.display()), error))?;
                        self.remove_old(number + 1, !is_packed)?;
                    }
                }
            }
            let youngest = self.old_name(1, false);
            self.file.move_to(&youngest)?;
            self.remove_old(1, true)?;
            if self.rotate.compression != Compression::None && youngest.exists() {
                let to = self.old_name(1, true);
                self.packer.start(&youngest, &to, self.rotate.compression)?;
            }
        }
        if !self.file.options.delay {
            self.file.open()?;
        }
        packed
    }
}

impl Handler for RotatingFileHandler {
    fn activate(&mut self) -> Result<()> {
        self.file.activate()
    }

    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let bytes = entry.text.len() + self.file.options.terminator.len();
        // a file that is opened late may hold something
        let is_unknown = self.file.size() == 0 && self.rotate.max_bytes > 0;
        let opened = if is_unknown { self.file.open() } else { Ok(()) };
        let is_due = self.is_due(u64::try_from(bytes).unwrap_or(u64::MAX));
        let rotated = if opened.is_ok() && is_due { self.rotate() } else { opened };
        // a file that cannot be renamed grows, one that cannot be opened waits: the record is not lost
        self.file.push(entry.text)?;
        rotated
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
        let packed = self.packer.finish();
        self.file.close(within)?;
        packed
    }
}
