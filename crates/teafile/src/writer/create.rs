//! Making files.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Writer;
use super::locked_file::LockedFile;
use super::options::{Durability, TimeOrder, Writing};
use crate::byte_order::ByteOrder;
use crate::description::Description;
use crate::edit;
use crate::error::{Error, ErrorKind};
use crate::header::{Area, Header};
use crate::index;

/// Makes a file; one that is there already is an error.
///
/// The header is on the disk when it returns, and so is the name of the file in its folder.
///
/// # Errors
/// If the file exists or cannot be made, or the description cannot be written.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let description = teafile::Description::new("Time Price Volume", "qdq")?;
/// let mut file = teafile::create(&path, &description)?;
/// file.write(&[1_299_229_200_000_i64.into(), 45.11.into(), 4500.into()])?;
/// file.close()?;
/// assert_eq!(teafile::create(&path, &description).unwrap_err().kind(), teafile::ErrorKind::Exists);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn create(path: impl AsRef<Path>, description: &Description) -> Result<Writer, Error> {
    CreateOptions::default().create(path, description)
}

/// How a file is made.
///
/// ```
/// use teafile::{CreateOptions, Description, Durability};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = CreateOptions::default()
///     .overwrite(true)
///     .durability(Durability::Flushed)
///     .create(&path, &Description::new("A", "q")?)?;
/// file.write(&[7.into()])?;
/// assert_eq!(file.item_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CreateOptions {
    overwrite: bool,
    order: ByteOrder,
    header_room: u64,
    prepared: u64,
    writing: Writing,
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self {
            overwrite: false,
            order: ByteOrder::NATIVE,
            header_room: 0,
            prepared: 0,
            writing: Writing::default(),
        }
    }
}

impl CreateOptions {
    /// Empties a file that is there, as the original API does.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # let description = teafile::Description::new("A", "q")?;
    /// teafile::create(&path, &description)?;
    /// teafile::CreateOptions::default().overwrite(true).create(&path, &description)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Writes numbers in that order, which need not be that of this machine.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// use teafile::{ByteOrder, CreateOptions, Description};
    /// let file = CreateOptions::default().byte_order(ByteOrder::Big).create(&path, &Description::new("A", "q")?)?;
    /// assert_eq!(file.header().byte_order(), ByteOrder::Big);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn byte_order(mut self, order: ByteOrder) -> Self {
        self.order = order;
        self
    }

    /// Leaves so many bytes before the items, so that the header can grow later.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # use teafile::{CreateOptions, Description};
    /// let file = CreateOptions::default().header_room(104).create(&path, &Description::new("A", "q")?)?;
    /// assert!(file.header().item_start() >= 32 + 104);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn header_room(mut self, bytes: u64) -> Self {
        self.header_room = bytes;
        self
    }

    /// Takes room on the disk for so many items at once. The file then says where its items end, and
    /// [`trim`](Writer::trim) gives back what was not needed. The original Python API cannot append to such a file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # use teafile::{CreateOptions, Description};
    /// let mut file = CreateOptions::default().prepare(1_000).create(&path, &Description::new("A", "q")?)?;
    /// assert!(std::fs::metadata(&path)?.len() > 8_000);
    /// file.write(&[7.into()])?;
    /// file.flush()?;
    /// assert_eq!(teafile::Reader::open(&path)?.item_count()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn prepare(mut self, items: u64) -> Self {
        self.prepared = items;
        self
    }

    /// When items are in the file, and when they are synced.
    ///
    /// ```
    /// let options = teafile::CreateOptions::default().durability(teafile::Durability::Flushed);
    /// # let _ = options;
    /// ```
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.writing.durability = durability;
        self
    }

    /// What happens to event times that go backwards.
    ///
    /// ```
    /// let options = teafile::CreateOptions::default().time_order(teafile::TimeOrder::Refuse);
    /// # let _ = options;
    /// ```
    pub const fn time_order(mut self, order: TimeOrder) -> Self {
        self.writing.time_order = order;
        self
    }

    /// Keeps an index beside the file, `NAME.idx`: sums of every 4,096 items, by which [`verify`](crate::verify) tells
    /// whether they are what they were. It is brought up at each sync, and [`close`](Writer::close) is one. A sum takes half
    /// a nanosecond a byte. Whoever writes over items gives the index up.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # use teafile::{CreateOptions, Description};
    /// let mut file = CreateOptions::default().index(true).create(&path, &Description::new("A", "q")?)?;
    /// file.write(&[7.into()])?;
    /// file.close()?;
    /// assert!(folder.path().join("a.tea.idx").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn index(mut self, index: bool) -> Self {
        self.writing.is_indexed = index;
        self
    }

    /// Makes the file.
    ///
    /// # Errors
    /// As [`create`]; a file that is there and has a writer is never emptied.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::CreateOptions::default().create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(file.item_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create(self, path: impl AsRef<Path>, description: &Description) -> Result<Writer, Error> {
        let path = path.as_ref();
        self.create_at(path, description).map_err(|error| error.with_path(path))
    }

    fn create_at(self, path: &Path, description: &Description) -> Result<Writer, Error> {
        let bytes = description.to_header_with(self.order, self.header_room, self.prepared > 0)?;
        let item_size = description.item().map_or(1, |item| item.size() as u64);
        let prepared = self.prepared.checked_mul(item_size).filter(|bytes| i64::try_from(*bytes).is_ok());
        let Some(prepared) = prepared else {
            return Err(Error::new(ErrorKind::BadDescription, format!("room for {} items", self.prepared)));
        };
        let mut options = OpenOptions::new();
        // emptied only when the lock is held: it may be another's
        options.read(true).write(true).create(true).truncate(false).create_new(!self.overwrite);
        let file = options.open(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::new(
                ErrorKind::Exists,
                "there is such a file already (expected none, or the wish to overwrite)",
            ),
            _ => Error::io("making the file", source),
        })?;
        let file = LockedFile::new(file)?;
        // what is beside it was that of another file
        index::forget(path)?;
        edit::forget(path)?;
        if let Err(error) = write_header(&file, &bytes, prepared, path) {
            // half a file would be in the way of the next attempt; the first error is the one to tell
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        // what was written is read as any other: from here on there is one kind of header
        let header = Header::parse(&bytes, bytes.len() as u64 + prepared)?;
        let area = Area { count: 0, rest: 0, end: header.item_start() };
        Writer::new(file, path, header, area, self.writing, None)
    }
}

fn write_header(file: &File, bytes: &[u8], prepared: u64, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::io("writing the header", source);
    file.set_len(0).map_err(failed)?;
    file.write_all_at(bytes, 0).map_err(failed)?;
    if prepared > 0 {
        prepare(file, bytes.len() as u64, prepared)?;
    }
    file.sync_all().map_err(failed)?;
    sync_folder(path)
}

/// The name of a file, or that it is gone, is on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::io(format!("syncing the folder {}", folder.display()), source))
}

/// Takes room on the disk, or where the file system cannot, makes the file longer.
pub(super) fn prepare(file: &File, start: u64, bytes: u64) -> Result<(), Error> {
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
