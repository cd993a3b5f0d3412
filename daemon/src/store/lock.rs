//! One daemon per state directory.
//!
//! The lock is the kernel's (`flock`), so it goes with the process, however that ends. The file stays, and tells who
//! holds the lock or held it last.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::error::{Error, ErrorKind};

const FILE_NAME: &str = "lock";
/// A process number has at most ten digits.
const CONTENT_BYTES_MAX: u64 = 32;

/// The right to use a state directory, until dropped.
#[derive(Debug)]
pub(super) struct DirectoryLock(#[expect(dead_code, reason = "dropping it unlocks")] File);

impl DirectoryLock {
    pub(super) fn take(directory: &Path) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|e| Error::io("creating the state directory", directory, &e))?;
        let path = directory.join(FILE_NAME);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(|e| Error::io("opening", &path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(directory, &mut file)),
            Err(TryLockError::Error(e)) => return Err(Error::io("locking", &path, &e)),
        }
        // for people, so a full disk is no reason not to go on
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self(file))
    }
}

fn held(directory: &Path, file: &mut File) -> Error {
    let mut content = String::new();
    let _ = file.take(CONTENT_BYTES_MAX).read_to_string(&mut content);
    let holder = match content.trim().parse::<u32>() {
        Ok(pid) => format!("process {pid}"),
        Err(_) => "another process".to_owned(),
    };
    Error::new(
        ErrorKind::Locked,
        format!(
            "using the state directory {}: {holder} uses it (accepted: one stratd per state directory)",
            directory.display()
        ),
    )
}
