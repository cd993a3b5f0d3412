//! Making files, and opening them for appending.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::buffer::Buffer;
use super::locked_file::LockedFile;
use super::options::{Durability, TimeOrder, TornTail, ZeroTail};
use super::{Writer, tail};
use crate::blocks::ITEM_BYTES_MAX;
use crate::byte_order::ByteOrder;
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::header::{Area, Header, Strictness};

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

/// Opens a file for appending. A part of an item at its end is saved beside it and cut off.
///
/// # Errors
/// If there is no such file, it is not well formed, another writer has it, or it ends in items of zeros that a loss of
/// power may have left.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let mut file = teafile::append(&path)?;
/// file.write(&[7.into()])?;
/// file.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn append(path: impl AsRef<Path>) -> Result<Writer, Error> {
    AppendOptions::default().append(path)
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
    durability: Durability,
    time_order: TimeOrder,
    is_synced: bool,
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self {
            overwrite: false,
            order: ByteOrder::NATIVE,
            header_room: 0,
            prepared: 0,
            durability: Durability::default(),
            time_order: TimeOrder::default(),
            is_synced: true,
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
        self.durability = durability;
        self
    }

    /// What happens to event times that go backwards.
    ///
    /// ```
    /// let options = teafile::CreateOptions::default().time_order(teafile::TimeOrder::Refuse);
    /// # let _ = options;
    /// ```
    pub const fn time_order(mut self, order: TimeOrder) -> Self {
        self.time_order = order;
        self
    }

    /// Leaves it to the caller that the header and the name of the file survive a loss of power: whoever makes many files at
    /// once syncs them together, before items follow. Otherwise both are synced one by one, which takes milliseconds.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let options = teafile::CreateOptions::default().synced_by_caller();
    /// let description = teafile::Description::new("A", "q")?;
    /// for name in ["a.tea", "b.tea"] {
    ///     let path = folder.path().join(name);
    ///     options.clone().create(&path, &description)?;
    ///     std::fs::File::open(&path)?.sync_all()?;
    /// }
    /// std::fs::File::open(folder.path())?.sync_all()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn synced_by_caller(mut self) -> Self {
        self.is_synced = false;
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
        if let Err(error) = write_header(&file, &bytes, prepared, self.is_synced.then_some(path)) {
            // half a file would be in the way of the next attempt; the first error is the one to tell
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        // what was written is read as any other: from here on there is one kind of header
        let header = Header::parse(&bytes, bytes.len() as u64 + prepared)?;
        let area = Area { count: 0, rest: 0, end: header.item_start() };
        Writer::new(file, path, header, area, (self.durability, self.time_order, None))
    }
}

/// With a path, the header and the name are synced.
fn write_header(file: &File, bytes: &[u8], prepared: u64, path: Option<&Path>) -> Result<(), Error> {
    let failed = |source| Error::io("writing the header", source);
    file.set_len(0).map_err(failed)?;
    file.write_all_at(bytes, 0).map_err(failed)?;
    if prepared > 0 {
        prepare(file, bytes.len() as u64, prepared)?;
    }
    let Some(path) = path else { return Ok(()) };
    file.sync_all().map_err(failed)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::io(format!("syncing the folder {}", folder.display()), source))
}

/// Takes room on the disk, or where the file system cannot, makes the file longer.
fn prepare(file: &File, start: u64, bytes: u64) -> Result<(), Error> {
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

/// How a file is opened for appending.
///
/// ```
/// use teafile::{AppendOptions, TornTail, ZeroTail};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// # teafile::create(&path, &teafile::Description::new("A", "q")?)?.close()?;
/// let file = AppendOptions::default().torn_tail(TornTail::Refuse).zero_tail(ZeroTail::Accept).append(&path)?;
/// assert!(file.repaired().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AppendOptions {
    torn_tail: TornTail,
    zero_tail: ZeroTail,
    durability: Durability,
    time_order: TimeOrder,
}

impl AppendOptions {
    /// What happens to a part of an item at the end.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().torn_tail(teafile::TornTail::Refuse);
    /// # let _ = options;
    /// ```
    pub const fn torn_tail(mut self, torn_tail: TornTail) -> Self {
        self.torn_tail = torn_tail;
        self
    }

    /// What happens if the file ends in items of zeros though there were times before.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().zero_tail(teafile::ZeroTail::Accept);
    /// # let _ = options;
    /// ```
    pub const fn zero_tail(mut self, zero_tail: ZeroTail) -> Self {
        self.zero_tail = zero_tail;
        self
    }

    /// When items are in the file, and when they are synced.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().durability(teafile::Durability::Flushed);
    /// # let _ = options;
    /// ```
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// What happens to event times that go backwards.
    ///
    /// ```
    /// let options = teafile::AppendOptions::default().time_order(teafile::TimeOrder::Clamp);
    /// # let _ = options;
    /// ```
    pub const fn time_order(mut self, order: TimeOrder) -> Self {
        self.time_order = order;
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    /// As [`append`].
    ///
    /// ```
    /// assert!(teafile::AppendOptions::default().append("/nowhere/x.tea").is_err());
    /// ```
    pub fn append(self, path: impl AsRef<Path>) -> Result<Writer, Error> {
        let path = path.as_ref();
        self.append_at(path).map_err(|error| error.with_path(path))
    }

    fn append_at(self, path: &Path) -> Result<Writer, Error> {
        let opened = OpenOptions::new().read(true).write(true).open(path);
        let file = LockedFile::new(opened.map_err(|source| Error::io("opening for appending", source))?)?;
        let (header, size) = Header::read(&file, Strictness::Strict)?;
        let mut area = header.area(size)?;
        let repaired = tail::mend(&file, path, &header, &mut area, (self.torn_tail, self.zero_tail))?;
        Writer::new(file, path, header, area, (self.durability, self.time_order, repaired))
    }
}

impl Writer {
    /// A writer at the end of an area of whole items.
    fn new(
        file: LockedFile,
        path: &Path,
        header: Header,
        area: Area,
        (durability, time_order, repaired): (Durability, TimeOrder, Option<tail::Repaired>),
    ) -> Result<Self, Error> {
        let item_size = match header.item_size() {
            Ok(size) if size <= ITEM_BYTES_MAX => usize::try_from(size).unwrap_or(usize::MAX),
            Ok(size) => {
                let what = format!("an item of {size} bytes (this writer takes {ITEM_BYTES_MAX})");
                return Err(Error::new(ErrorKind::BadItemSize, what));
            }
            // such a file can be made, but nothing can be written to it
            Err(_) => 0,
        };
        let event_time = EventTime::find(&header);
        let last_time = match (&event_time, area.count.checked_sub(1)) {
            (Some(times), Some(last)) => times.read(&file, &header, last)?,
            _ => i64::MIN,
        };
        let mut writer = Self {
            file: Some(file),
            path: path.to_owned(),
            has_end: header.item_end().is_some(),
            header: Arc::new(header),
            item_size,
            durability,
            time_order,
            event_time,
            last_time,
            time_violations: 0,
            limit: 0,
            buffer: Buffer::default(),
            count: area.count,
            position: None,
            appends: false,
            unsynced: 0,
            waiting_since: None,
            has_failed_to_sync: false,
            repaired,
        };
        writer.set_durability(durability);
        Ok(writer)
    }
}
