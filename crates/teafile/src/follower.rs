//! Follows a file that grows: whole items only, as soon as they are there.

use std::any::TypeId;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::description::Description;
use crate::error::{Error, ErrorKind};
use crate::header::Header;
use crate::item::{self, TeaItem};
use crate::reader::Reader;
use crate::row::Row;

/// Reads items as they are written by somebody else. An item that is only partly in the file waits until it is whole.
///
/// ```
/// use teafile::{Description, Follower};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("a.tea");
/// let mut writer = teafile::create(&path, &Description::new("A", "q")?)?;
/// let mut follower = Follower::open(&path)?;
/// assert!(follower.next_row()?.is_none());
/// writer.write(&[7.into()])?;
/// writer.flush()?;
/// while follower.next_row()?.is_none() {
///     follower.wait(std::time::Duration::from_millis(100))?;
/// }
/// assert_eq!(follower.position(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    /// Items that were there when it last looked. There are never fewer, or somebody cut the file.
    count: u64,
    notices: Inotify,
    /// The type whose layout was compared with the file.
    checked: Option<TypeId>,
}

impl Follower {
    /// Follows a file from its first item on.
    ///
    /// # Errors
    /// If there is no such file, its header is not well formed, or it cannot be watched.
    ///
    /// ```
    /// assert!(teafile::Follower::open("/nowhere/x.tea").is_err());
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut reader = Reader::open(path)?;
        let watch = || {
            let notices = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            let changes = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB | AddWatchFlags::IN_MOVE_SELF;
            notices.add_watch(path, changes)?;
            Ok(notices)
        };
        let notices = watch()
            .map_err(|errno: Errno| Error::io("watching for changes", errno.into()).with_path(path))?;
        let count = reader.item_count()?;
        Ok(Self { reader, count, notices, checked: None })
    }

    /// The next item, or none if it is not there yet.
    ///
    /// # Errors
    /// If the file became shorter than it was, or cannot be read. Afterwards it goes on with what is there then.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(teafile::Follower::open(&path)?.next_row()?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, Error> {
        if self.reader.position() >= self.count {
            self.look()?;
        }
        self.reader.read_row()
    }

    /// The same as an item of a type of yours, also from a file in the other byte order.
    ///
    /// # Errors
    /// As [`next_row`](Self::next_row), and if the items of the file are others.
    ///
    /// ```
    /// # #[derive(Clone, Copy, teafile::TeaItem)]
    /// # #[repr(C)]
    /// # struct Tick { time: i64 }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::of::<Tick>()?)?;
    /// assert!(teafile::Follower::open(&path)?.next_item::<Tick>()?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_item<T: TeaItem>(&mut self) -> Result<Option<T>, Error> {
        if self.checked != Some(TypeId::of::<T>()) {
            item::check::<T>(self.reader.header(), false)
                .map_err(|error| error.with_path(self.reader.path()))?;
            self.checked = Some(TypeId::of::<T>());
        }
        let order = self.reader.header().byte_order();
        Ok(self.next_row()?.and_then(|row| item::read(row.bytes(), order)))
    }

    /// Counts anew.
    fn look(&mut self) -> Result<(), Error> {
        let count = self.reader.item_count()?;
        let known = std::mem::replace(&mut self.count, count);
        if count >= known {
            return Ok(());
        }
        self.reader.seek_item(self.reader.position().min(count));
        let what = format!("{count} items are left of {known} (expected files that only grow)");
        Err(Error::new(ErrorKind::Shrunk, what).with_path(self.reader.path()))
    }

    /// Waits until something happens to the file, for so long at most, and returns whether there is a whole item now. It may
    /// return earlier than that with none; call it again.
    ///
    /// # Errors
    /// If the system refuses to wait, or the file became shorter.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert!(!teafile::Follower::open(&path)?.wait(std::time::Duration::from_millis(1))?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait(&mut self, at_most: Duration) -> Result<bool, Error> {
        let failed = |errno: Errno| Error::io("waiting for a change", errno.into());
        // notices are taken before it is looked, so that a change between the two is noticed next time
        match self.notices.read_events() {
            Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(errno) => return Err(failed(errno).with_path(self.reader.path())),
        }
        self.look()?;
        if self.reader.position() < self.count {
            return Ok(true);
        }
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        let mut descriptors = [PollFd::new(self.notices.as_fd(), PollFlags::POLLIN)];
        match poll(&mut descriptors, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(failed(errno).with_path(self.reader.path())),
        }
        self.look()?;
        Ok(self.reader.position() < self.count)
    }

    /// Moves to an item, or to the one that will have that index.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut follower = teafile::Follower::open(&path)?;
    /// follower.seek_item(17);
    /// assert_eq!(follower.position(), 17);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_item(&mut self, index: u64) {
        self.reader.seek_item(index);
    }

    /// Moves behind the last item that is there now.
    ///
    /// # Errors
    /// If the file cannot be read, or became shorter.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// let mut follower = teafile::Follower::open(&path)?;
    /// follower.seek_end()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seek_end(&mut self) -> Result<(), Error> {
        self.look()?;
        self.reader.seek_item(self.count);
        Ok(())
    }

    /// The index of the next item.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Follower::open(&path)?.position(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.reader.position()
    }

    /// What the file says about itself.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Follower::open(&path)?.description().fields().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn description(&self) -> &Description {
        self.reader.description()
    }

    /// The header.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.tea");
    /// # teafile::create(&path, &teafile::Description::new("A", "q")?)?;
    /// assert_eq!(teafile::Follower::open(&path)?.header().item_end(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn header(&self) -> &Header {
        self.reader.header()
    }
}
