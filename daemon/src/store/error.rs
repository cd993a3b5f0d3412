//! What can go wrong with the store.

use std::{fmt, io, path::Path};

use rusqlite::{ErrorCode, ffi};

/// Why something of the store failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

/// What a caller may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another process has the state directory.
    Locked,
    /// The file was written by a newer version.
    Newer,
    /// The file is damaged, or no database of ours.
    Corrupt,
    /// The disk is full.
    Full,
    /// The disk failed in a sync: nobody knows what it has.
    Sync,
    /// Too much waits to be written.
    Busy,
    /// What was to be written is beyond a limit.
    Invalid,
    /// The store is stopping.
    Closed,
    /// Anything else that the system or the database says.
    System,
}

/// Whether a failure of the disk was one of a sync, of a file or of a folder.
fn is_of_sync(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

impl Error {
    pub(super) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(super) fn io(what: &str, file: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Full,
            _ => ErrorKind::System,
        };
        Self::new(kind, format!("{what} {}: {error}", file.display()))
    }

    pub(super) fn database(what: &str, file: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::damaged(file, &format!("{what}: {error}"))
            }
            // a write that failed leaves the file as it was; after a failed sync nobody knows
            Some(ErrorCode::SystemIoFailure) if is_of_sync(error) => {
                Self::new(ErrorKind::Sync, format!("{what} {}: {error}", file.display()))
            }
            Some(ErrorCode::DiskFull) => {
                Self::new(ErrorKind::Full, format!("{what} {}: {error}", file.display()))
            }
            _ => Self::new(ErrorKind::System, format!("{what} {}: {error}", file.display())),
        }
    }

    pub(super) fn damaged(file: &Path, found: &str) -> Self {
        let accepted = "accepted: a state database of stratd; move this file and those beside it whose names begin \
                        like it to another place and start again with an empty one";
        Self::new(ErrorKind::Corrupt, format!("reading {}: {found} ({accepted})", file.display()))
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether asking again later may help without anyone's doing.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.kind == ErrorKind::Busy
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}
