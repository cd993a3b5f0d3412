//! What of a file tells one content from the next without reading it.

use std::{ffi::OsString, fs, os::unix::fs::MetadataExt, path::Path};

/// The files beside a plugin that decide about it, too.
pub(super) const SIDECARS: [&str; 2] = [".sha256", ".minisig"];

/// The stamps of a plugin's file and of what lies beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    file: FileStamp,
    sidecars: [Option<FileStamp>; SIDECARS.len()],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the regular file that a path leads to; `None` if there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = FileStamp::of(path)?;
        let sidecars = SIDECARS.map(|extension| {
            let mut sidecar = OsString::from(path);
            sidecar.push(extension);
            FileStamp::of(Path::new(&sidecar))
        });
        Some(Self { file, sidecars })
    }
}

impl FileStamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}
