//! The private copy of a plugin that is given to `dlopen`.
//!
//! Measured facts that force the copy (spec/plugin-abi.md, traps 3 and 4):
//! - Overwriting or truncating a mapped library kills the process; nobody else writes to our copy.
//! - `dlopen` compares paths before it looks at files: a path that was used before returns the old library. So a
//!   path is never used twice in a process.
//!
//! The copies live in one directory per stage below a base directory. The stage holds a lock on its directory; a
//! new stage removes directories whose lock nobody holds, left behind by a process that was killed.
//!
//! A copy that was never opened goes with its last owner. One that was opened stays for profilers and debuggers as long
//! as it is mapped: removing it would free nothing.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use nix::{
    sys::statvfs::{FsFlags, statvfs},
    unistd::geteuid,
};
use sha2::{Digest, Sha256};

use super::{
    hexadecimal,
    refusal::{Problem, Step},
};

/// The largest library that is taken: ten times the largest one that links a WebSocket stack with debug information.
pub(super) const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Names of stage directories tried before giving up; each of them is held by another process.
const DIRECTORIES_MAX: u32 = 1000;
const DIRECTORY_PREFIX: &str = "stratd-stage-";
/// So many characters of a file's name are kept in the name of its copy: enough to recognize it in a stack trace.
const NAME_CHARACTERS_MAX: usize = 64;

/// Where private copies go unless something else is configured: `STRATD_STAGE_DIR`, or the folder for temporary files.
#[must_use]
pub fn stage_base() -> PathBuf {
    env::var_os("STRATD_STAGE_DIR").filter(|dir| !dir.is_empty()).map_or_else(env::temp_dir, PathBuf::from)
}

/// A file that was read once.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// SHA-256 in hexadecimal.
    pub(super) hash: String,
}

/// What must be the same before and after reading.
#[derive(PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Reads a file once. Everything later looks at these bytes: the file may change at any time.
pub(super) fn read(file: &Path) -> Result<Content, Problem> {
    let problem = |e: io::Error| Problem::new(Step::Read, e.to_string(), "a file that can be read");
    // opening a pipe without a writer would block for ever
    let mut open =
        OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(file).map_err(problem)?;
    let before = version(&open)?;
    let mut bytes = Vec::with_capacity(usize::try_from(before.size).unwrap_or(0));
    (&mut open).take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(problem)?;
    if version(&open)? != before || bytes.len() as u64 != before.size {
        return Err(Problem::new(Step::Read, "the file changed while it was read", "a file at rest"));
    }
    let hash = hexadecimal(&Sha256::digest(&bytes));
    Ok(Content { bytes, hash })
}

fn version(file: &File) -> Result<Version, Problem> {
    let meta =
        file.metadata().map_err(|e| Problem::new(Step::Read, e.to_string(), "a file that can be read"))?;
    if !meta.is_file() {
        return Err(Problem::new(Step::Read, "a directory or special file", "a regular file"));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(Problem::new(
            Step::Read,
            format!("{} bytes", meta.len()),
            format!("at most {FILE_BYTES_MAX}"),
        ));
    }
    Ok(Version {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

/// A directory of private copies; removed when dropped. Libraries that were opened from it stay mapped.
pub(super) struct Stage {
    directory: PathBuf,
    /// Keeps other processes from taking the directory for an abandoned one.
    _lock: File,
}

impl Stage {
    /// Makes a directory of its own below `base`, which is created if it is missing.
    pub(super) fn new(base: &Path) -> Result<Self, Problem> {
        let problem = |e: io::Error| {
            Problem::new(Step::Stage, e.to_string(), "a directory in which this user may create files")
        };
        DirBuilder::new().recursive(true).mode(0o700).create(base).map_err(problem)?;
        let flags = statvfs(base).map_err(|e| problem(e.into()))?.flags();
        if flags.contains(FsFlags::ST_NOEXEC) {
            return Err(Problem::new(
                Step::Stage,
                "a file system that is mounted noexec",
                "one from which libraries can be mapped",
            ));
        }
        remove_abandoned(base);
        let process = std::process::id();
        for number in 0..DIRECTORIES_MAX {
            let directory = base.join(format!("{DIRECTORY_PREFIX}{process}-{number}"));
            match DirBuilder::new().mode(0o700).create(&directory) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made.map_err(problem)?,
            }
            // between creating and locking, another process may have taken it for abandoned and removed it
            let Ok(lock) = File::open(&directory) else { continue };
            if lock.try_lock().is_ok() && directory.is_dir() {
                return Ok(Self { directory, _lock: lock });
            }
        }
        Err(Problem::new(
            Step::Stage,
            format!("{DIRECTORIES_MAX} stage directories of this process id"),
            "a free one",
        ))
    }

    /// Writes a private copy under a path that was never used before.
    pub(super) fn put(self: &Arc<Self>, original: &Path, content: &Content) -> Result<StagedCopy, Problem> {
        /// Counts the copies of the process, not of one stage: a directory's name may come again.
        static GENERATION: AtomicU64 = AtomicU64::new(1);
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        let name = staged_name(original, &content.hash, generation);
        let copy = self.directory.join(name);
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o500).open(&copy)?;
            file.write_all(&content.bytes)
        };
        match write() {
            Ok(()) => {
                Ok(StagedCopy { path: copy, is_kept: AtomicBool::new(false), stage: Some(Arc::clone(self)) })
            }
            Err(e) => {
                // half a copy is of no use; if removing it fails too, the directory goes at the end
                let _ = fs::remove_file(&copy);
                let found = format!("writing {}: {e}", copy.display());
                Err(Problem::new(Step::Stage, found, format!("room for {} bytes", content.bytes.len())))
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // what is left is removed by the next stage
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A private copy. It is removed with this value unless it was opened meanwhile.
pub(super) struct StagedCopy {
    path: PathBuf,
    is_kept: AtomicBool,
    /// Keeps the directory, so that a copy can be opened after its loader ended.
    stage: Option<Arc<Stage>>,
}

impl StagedCopy {
    /// A copy that another process owns.
    pub(super) fn of_another(path: &Path) -> Self {
        Self { path: path.to_owned(), is_kept: AtomicBool::new(true), stage: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on the file stays: it is about to be mapped.
    pub(super) fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }

    /// The file goes with this value again: it is no longer mapped. One of another process stays its owner's.
    pub(super) fn release(&self) {
        self.is_kept.store(self.stage.is_none(), Ordering::Relaxed);
    }
}

impl Drop for StagedCopy {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Relaxed) {
            // if that fails, it goes with the directory
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `NAME-HASH-GENERATION.so`, of characters that need no quoting anywhere.
fn staged_name(original: &Path, hash: &str, generation: u64) -> String {
    let stem = original.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .take(NAME_CHARACTERS_MAX)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' })
        .collect();
    format!("{name}-{}-{generation}.so", hash.get(..16).unwrap_or(hash))
}

/// Removes stage directories of processes of this user that ended without doing so. Failures are left to the next
/// start.
fn remove_abandoned(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    let user = geteuid().as_raw();
    for entry in entries.flatten() {
        // the base may be /tmp: what others put there is none of our business, whatever it is called
        let is_ours = entry.file_name().to_string_lossy().starts_with(DIRECTORY_PREFIX)
            && entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == user);
        if !is_ours {
            continue;
        }
        let Ok(directory) = File::open(entry.path()) else { continue };
        match directory.try_lock() {
            Ok(()) => {
                let _ = fs::remove_dir_all(entry.path());
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> Content {
        Content { bytes: bytes.to_vec(), hash: hexadecimal(&Sha256::digest(bytes)) }
    }

    #[test]
    fn a_copy_is_private_and_never_has_a_path_twice() {
        let base = tempfile::tempdir().unwrap();
        let stage = Arc::new(Stage::new(base.path()).unwrap());
        let copies = [(); 2].map(|()| stage.put(Path::new("lib x.so"), &content(b"one")).unwrap());
        let [first, second] = copies.each_ref().map(StagedCopy::path);
        assert_ne!(first, second);
        assert!(first.file_name().unwrap().to_str().unwrap().starts_with("lib_x-7692c3ad3540bb80-"));
        assert_eq!(fs::read(first).unwrap(), b"one");
        assert_eq!(fs::metadata(first).unwrap().mode() & 0o777, 0o500);
        assert_eq!(fs::metadata(first.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn the_directory_goes_with_the_stage() {
        let base = tempfile::tempdir().unwrap();
        let stage = Arc::new(Stage::new(&base.path().join("deep/base")).unwrap());
        let copy = stage.put(Path::new("x.so"), &content(b"one")).unwrap();
        drop(stage);
        assert!(copy.path().exists(), "a copy keeps its directory");
        drop(copy);
        assert_eq!(fs::read_dir(base.path().join("deep/base")).unwrap().count(), 0);
    }

    #[test]
    fn a_copy_goes_unless_it_was_opened() {
        let base = tempfile::tempdir().unwrap();
        let stage = Arc::new(Stage::new(base.path()).unwrap());
        let [unused, opened, closed] =
            [(); 3].map(|()| stage.put(Path::new("x.so"), &content(b"one")).unwrap());
        opened.keep();
        closed.keep();
        closed.release();
        let paths = [&unused, &opened, &closed].map(|copy| copy.path().to_owned());
        drop([unused, opened, closed]);
        assert_eq!(paths.map(|path| path.exists()), [false, true, false]);
    }

    #[test]
    fn an_abandoned_directory_is_removed_and_a_living_one_is_kept() {
        let base = tempfile::tempdir().unwrap();
        let abandoned = base.path().join("stratd-stage-1-0");
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join("x.so"), b"left behind").unwrap();
        let foreign = base.path().join("stage-of-a-theatre");
        fs::create_dir(&foreign).unwrap();
        let living = Stage::new(base.path()).unwrap();
        assert!(!abandoned.exists() && foreign.exists());
        let other = Stage::new(base.path()).unwrap();
        assert!(living.directory.exists() && other.directory.exists());
    }

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let base = tempfile::tempdir().unwrap();
        assert_eq!(read(base.path()).err().unwrap().found, "a directory or special file");
        let large = base.path().join("large");
        File::create(&large).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        assert_eq!(read(&large).err().unwrap().found, "268435457 bytes");
        let pipe = base.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read(&pipe).err().unwrap().found, "a directory or special file");
    }
}
