//! What the rotating handlers share: names of old files, and packing them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crate::error::{Error, Result};

/// How old files are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// They stay as they are.
    #[default]
    None,
    /// gzip; the file gets `.gz` behind its name.
    #[cfg(feature = "gzip")]
    Gzip,
    /// zstd; the file gets `.zst` behind its name.
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            #[cfg(feature = "gzip")]
            Self::Gzip => ".gz",
            #[cfg(feature = "zstd")]
            Self::Zstd => ".zst",
        }
    }
}

/// `path` with `text` behind its last name.
pub(super) fn with_suffix(path: &Path, text: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(text);
    PathBuf::from(name)
}

/// Packs one old file at a time, on a thread of its own: a large file must not keep records waiting.
#[derive(Debug, Default)]
pub(super) struct Packer {
    running: Option<JoinHandle<std::io::Result<()>>>,
}

impl Packer {
    /// Waits for the file that is being packed: before the next rotation renames it.
    pub(super) fn finish(&mut self) -> Result<()> {
        match self.running.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(Error::io("packing an old log file", error)),
            Some(Err(_)) => Err(Error::io("packing an old log file", std::io::Error::other("it panicked"))),
        }
    }

    /// Begins to pack `from` into `to`.
    pub(super) fn start(&mut self, from: &Path, to: &Path, compression: Compression) -> Result<()> {
        self.finish()?;
        let (from, to) = (from.to_owned(), to.to_owned());
        let work = move || pack(&from, &to, compression);
        let thread = std::thread::Builder::new().name("logging-pack".to_owned()).spawn(work);
        self.running = Some(thread.map_err(|error| Error::io("starting to pack an old log file", error))?);
        Ok(())
    }
}

/// Packs into a file beside and renames it: nobody sees half a file, and a crash leaves the old one.
fn pack(from: &Path, to: &Path, compression: Compression) -> std::io::Result<()> {
    let partial = with_suffix(to, ".partial");
    match compression {
        Compression::None => return Ok(()),
        #[cfg(feature = "gzip")]
        Compression::Gzip => {
            let mut source = std::fs::File::open(from)?;
            let target = std::fs::File::create(&partial)?;
            let mut encoder = flate2::write::GzEncoder::new(target, flate2::Compression::default());
            std::io::copy(&mut source, &mut encoder)?;
            encoder.finish()?;
        }
        #[cfg(feature = "zstd")]
        Compression::Zstd => {
            let source = std::fs::File::open(from)?;
            let target = std::fs::File::create(&partial)?;
            zstd::stream::copy_encode(source, target, zstd::DEFAULT_COMPRESSION_LEVEL)?;
        }
    }
    let metadata = std::fs::metadata(from)?;
    std::fs::set_permissions(&partial, metadata.permissions())?;
    std::fs::rename(&partial, to)?;
    std::fs::remove_file(from)
}
