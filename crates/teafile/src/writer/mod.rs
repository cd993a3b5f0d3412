//! Writes items: one writer a file, whole items only, in the order in which they came.
//!
//! - A write is one `pwrite` of whole items behind those that are there. If the disk is full, the file ends after the last
//!   item that was written whole, and those that were not are still in the buffer: try again when there is room.
//! - An item is taken, or the call that brought it is an error and it is not.
//! - `flush` makes items visible to readers, `sync` makes them survive a loss of power ([`Durability`]).
//! - If room was prepared behind the items, data is synced before the end of the items is moved behind it.
//! - A sync that failed cannot be made good by another one, because the system forgets what it could not write; so every
//!   later call fails, too. Open the file anew and look what is there.

mod append;
mod buffer;
mod create;
mod flush;
mod locked_file;
mod options;
mod tail;
mod typed;

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use append::{AppendOptions, append};
pub(crate) use create::sync_folder;
pub use create::{CreateOptions, create};
pub(crate) use locked_file::{LockedFile, open_to_change};
use options::Writing;
pub use options::{Durability, TimeOrder, TornTail, ZeroTail};
pub use tail::Repaired;
pub(crate) use tail::{mend, unknown_zeros};
pub use typed::ItemWriter;

use buffer::Buffer;

use crate::blocks::{ITEM_BYTES_MAX, read_at};
use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::event_time::EventTime;
use crate::header::{Area, Header};
use crate::index::{self, Keeper};
use crate::owned::Item;
use crate::row;
use crate::value::Value;

/// A file that is written to.
///
/// ```
/// use teafile::Description;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut file = teafile::create(&path, &Description::new("A B", "qq")?)?;
/// file.write(&[0.into(), 0.into()])?;
/// file.write(&[1.into(), 10.into()])?;
/// assert_eq!(file.item_count(), 0); // they are in the buffer
/// file.flush()?;
/// assert_eq!(file.item_count(), 2);
/// file.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    /// None after it was closed.
    file: Option<LockedFile>,
    path: PathBuf,
    header: Arc<Header>,
    /// 0 if there is no item section.
    item_size: usize,
    /// The file says where its items end.
    has_end: bool,
    durability: Durability,
    time_order: TimeOrder,
    event_time: Option<EventTime>,
    /// Of the last item, in the buffer or the file; before everything if there is none.
    last_time: i64,
    time_violations: u64,
    /// The buffer is written when it has so many bytes.
    limit: usize,
    /// Whole items behind those in the file.
    buffer: Buffer,
    /// Whole items in the file.
    count: u64,
    /// Where reads and writes go; none behind the last item.
    position: Option<u64>,
    /// There is a file, it has items, and the position is behind the last one: what a write finds nearly always. The buffer
    /// has room that is free only then.
    appends: bool,
    /// Items written since the last sync.
    unsynced: u64,
    /// When `tick` first saw that something waits.
    waiting_since: Option<Duration>,
    has_failed_to_sync: bool,
    repaired: Option<Repaired>,
    /// Keeps the index beside the file, where that was asked for.
    keeper: Option<Keeper>,
    /// Why it is not kept any longer.
    index_failure: Option<Error>,
}

impl Writer {
    /// A writer at the end of an area of whole items.
    fn new(
        file: LockedFile,
        path: &Path,
        header: Header,
        area: Area,
        writing: Writing,
        repaired: Option<Repaired>,
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
        let keeper = match writing.is_indexed {
            true => Some(Keeper::new(path, &file, &header, area.count)?),
            false => None,
        };
        let mut writer = Self {
            file: Some(file),
            path: path.to_owned(),
            has_end: header.item_end().is_some(),
            header: Arc::new(header),
            item_size,
            durability: writing.durability,
            time_order: writing.time_order,
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
            keeper,
            index_failure: None,
        };
        writer.set_durability(writing.durability);
        Ok(writer)
    }

    /// Writes an item: a value for each field, in their order.
    ///
    /// # Errors
    /// If there are too few or too many, one does not fit its field, or the file cannot be written. Then the item is not
    /// taken.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A B", "qb")?)?;
    /// file.write(&[1.into(), (-1).into()])?;
    /// assert!(file.write(&[1.into()]).is_err());
    /// assert!(file.write(&[1.into(), 128.into()]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write(&mut self, values: &[Value<'_>]) -> Result<(), Error> {
        self.write_with(self.item_size, true, |header, bytes| row::encode(header, values, bytes))
    }

    /// The same by the names of the fields, in whatever order.
    ///
    /// # Errors
    /// As [`write`](Self::write), and if a name is that of no field, or occurs twice.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
    /// file.write_named(&[("B", 2.into()), ("A", 1.into())])?;
    /// assert!(file.write_named(&[("B", 2.into()), ("C", 1.into())]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_named(&mut self, values: &[(&str, Value<'_>)]) -> Result<(), Error> {
        let mut ordered = Vec::with_capacity(values.len());
        if let Some(item) = self.header.description().item() {
            for (name, _) in values {
                item.expect_field(name)?;
            }
            for field in item.fields() {
                let mut given = values.iter().filter(|(name, _)| *name == field.name());
                match (given.next(), given.next()) {
                    (Some((_, value)), None) => ordered.push(*value),
                    (None, _) => {
                        return Err(Error::new(
                            ErrorKind::BadValue,
                            format!("no value for field '{}'", field.name()),
                        ));
                    }
                    _ => {
                        let what = format!("two values for field '{}'", field.name());
                        return Err(Error::new(ErrorKind::BadValue, what));
                    }
                }
            }
        }
        self.write(&ordered)
    }

    /// Writes an item as the bytes that it has in this file.
    ///
    /// # Errors
    /// If they are not as many as an item has, or the file cannot be written. Then the item is not taken.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write_bytes(&7_i64.to_ne_bytes())?;
    /// assert!(file.write_bytes(&[7]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn write_bytes(&mut self, item: &[u8]) -> Result<(), Error> {
        if item.len() != self.item_size {
            let what = format!("{} bytes for an item of {}", item.len(), self.item_size);
            return Err(Error::new(ErrorKind::BadValue, what).with_path(&self.path));
        }
        self.write_with(item.len(), false, |_, bytes| {
            bytes.copy_from_slice(item);
            Ok(())
        })
    }

    /// Writes what `fill` makes of an item's room of `size` bytes, which is full of zeros where `has_gaps`, and otherwise of
    /// whatever was there.
    #[inline]
    pub(crate) fn write_with(
        &mut self,
        size: usize,
        has_gaps: bool,
        fill: impl FnOnce(&Header, &mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.appends {
            return self.overwrite(fill);
        }
        let room = self.buffer.room(size);
        if has_gaps {
            room.fill(0);
        }
        if let Err(error) = fill(&self.header, room) {
            return Err(error.with_path(&self.path));
        }
        let time_before = self.last_time;
        if let Some(times) = &self.event_time {
            let time = times.of_item(room);
            if time < time_before {
                self.goes_backwards(size, time)?;
            } else {
                self.last_time = time;
            }
        }
        self.buffer.push(size);
        if self.buffer.len() >= self.limit { self.write_out(time_before) } else { Ok(()) }
    }

    /// The item in the room is before the one before it, and treated as was asked for.
    #[cold]
    fn goes_backwards(&mut self, size: usize, time: i64) -> Result<(), Error> {
        let Some(times) = &self.event_time else { return Ok(()) };
        match self.time_order {
            TimeOrder::Count => self.last_time = time,
            TimeOrder::Refuse => {
                let scale = self.header.description().scale().unwrap_or(crate::TimeScale::JAVA);
                let (time, last) = (scale.text(time), scale.text(self.last_time));
                let what = format!("event time {time} goes backwards (expected {last} or later)");
                return Err(Error::new(ErrorKind::TimeOrder, what).with_path(&self.path));
            }
            TimeOrder::Clamp => times.put(self.last_time, self.buffer.room(size))?,
        }
        self.time_violations += 1;
        Ok(())
    }

    /// Writes over the item at the position and goes on behind it, or says why not.
    #[cold]
    fn overwrite(&mut self, fill: impl FnOnce(&Header, &mut [u8]) -> Result<(), Error>) -> Result<(), Error> {
        self.header.item_size().map_err(|error| error.with_path(&self.path))?;
        let mut item = vec![0; self.item_size];
        fill(&self.header, &mut item).map_err(|error| error.with_path(&self.path))?;
        let (Some(file), Some(position)) = (&self.file, self.position) else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        let offset = self.header.item_offset(position)?;
        // an index has sums of what was there; it is not kept any longer
        self.keeper = None;
        index::forget(&self.path)?;
        file.write_all_at(&item, offset)
            .map_err(|source| Error::io(format!("writing item {position}"), source).with_path(&self.path))?;
        self.unsynced += 1;
        if position + 1 == self.count
            && let Some(times) = &self.event_time
        {
            self.last_time = times.of_item(&item);
        }
        self.move_to(position + 1);
        if self.durability == Durability::Flushed { Ok(()) } else { self.sync_if_due() }
    }

    /// Reads the item at the position and goes on behind it; none behind the last one. What is in the buffer is written
    /// before.
    ///
    /// # Errors
    /// If the file cannot be written or read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[7.into()])?;
    /// file.seek_item(0)?;
    /// assert_eq!(file.read()?.unwrap().to_string(), "A(A=7)");
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(&mut self) -> Result<Option<Item>, Error> {
        let Some(file) = &self.file else {
            return Err(Error::new(ErrorKind::Closed, "the file was closed").with_path(&self.path));
        };
        let Some(position) = self.position else { return Ok(None) };
        let mut bytes = vec![0; self.item_size];
        let offset = self.header.item_offset(position)?;
        if read_at(file, &mut bytes, offset)? < self.item_size {
            let what = format!("item {position} is not there any more");
            return Err(Error::at(ErrorKind::Shrunk, offset, what).with_path(&self.path));
        }
        self.move_to(position + 1);
        Ok(Some(Item::new(&self.header, &bytes)))
    }

    /// Moves to an item: the next read gives it, the next write writes over it. Behind the last one, writes append.
    ///
    /// # Errors
    /// If what is in the buffer cannot be written.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A B", "qq")?)?;
    /// file.write(&[1.into(), 1.into()])?;
    /// file.seek_item(0)?;
    /// file.write(&[3.into(), 3.into()])?;
    /// file.seek_item(0)?;
    /// assert_eq!(file.read()?.unwrap().to_string(), "AB(A=3, B=3)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_item(&mut self, index: u64) -> Result<(), Error> {
        self.flush()?;
        self.move_to(index);
        Ok(())
    }

    fn move_to(&mut self, index: u64) {
        self.position = Some(index).filter(|index| *index < self.count);
        self.open_buffer();
    }

    /// Looks whether writes append, and frees the room that they fill: up to the item that reaches the limit, which is the
    /// one that the buffer is written after.
    fn open_buffer(&mut self) {
        self.appends = self.position.is_none() && self.item_size > 0 && self.file.is_some();
        self.buffer.free_until(if self.appends { self.limit.saturating_sub(1) } else { 0 });
    }

    /// Moves behind the last item.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// file.write(&[1.into()])?;
    /// file.seek_item(0)?;
    /// file.seek_end();
    /// assert_eq!(file.read()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_end(&mut self) {
        self.move_to(self.count);
    }

    /// The items in the file, without those that are in the buffer.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(file.item_count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn item_count(&self) -> u64 {
        self.count
    }

    /// How many items came with an event time before that of the one before them.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let mut file = teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// for time in [5, 5, 4, 9] {
    ///     file.write(&[time.into()])?;
    /// }
    /// assert_eq!(file.time_violations(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn time_violations(&self) -> u64 {
        self.time_violations
    }

    /// What was cut off when the file was opened.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(file.repaired(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn repaired(&self) -> Option<&Repaired> {
        self.repaired.as_ref()
    }

    /// The header as it was when the file was opened.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(file.header().item_start() % 8, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the file says about itself.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("Time", "q")?)?;
    /// assert!(file.description().event_time().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn description(&self) -> &Description {
        self.header.description()
    }

    /// The path that it was opened by.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// let file = teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(file.path(), path);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
