//! An open log file: whole lines, appended with few calls, whatever others do to the file meanwhile.
//!
//! - It is opened for appending, so that several processes may write to it and a truncation leaves no hole.
//! - Texts are kept and written together; a write ends at the end of a line unless the system cuts it short, and then the
//!   rest of that line is the first thing that is written next, so that no line is torn.
//! - While nothing can be written (disk full, folder gone), at most [`BACKLOG_BYTES_MAX`] are kept; further records are
//!   errors. It is tried again with each flush, and by itself after pauses that double from one second to thirty.
//! - A pipe whose reader is slow holds nobody up: what does not fit waits in the same place. One without a reader is an
//!   error, not a wait for one.

use std::collections::VecDeque;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Group, User, fchown};

use super::{Backoff, Progress};
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
};

/// Bytes that are kept before they are written.
const BUFFER_BYTES: usize = 64 << 10;
/// Bytes that are kept while nothing can be written.
pub const BACKLOG_BYTES_MAX: usize = 4 << 20;

/// What of a mode is permissions.
const PERMISSION_BITS: u32 = 0o7777;

/// How a log file is opened.
///
/// ```
/// use stratd_logging::FileOptions;
///
/// let options = FileOptions::new("/var/log/stratd/stratd.log");
/// assert!(options.append && !options.delay);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// Its path.
    pub path: PathBuf,
    /// Keep what is there; else it is emptied when the handler comes into force.
    pub append: bool,
    /// Open it with the first record only.
    pub delay: bool,
    /// Look before each write whether the path still leads to this file, and open it anew if not.
    pub watch: bool,
    /// Make missing folders.
    pub create_folders: bool,
    /// Permissions of a file that is made, and of one that is there.
    pub mode: Option<u32>,
    /// Owner, by name or number.
    pub owner: Option<String>,
    /// Group, by name or number.
    pub group: Option<String>,
    /// What follows each text.
    pub terminator: String,
}

impl FileOptions {
    /// A file that is appended to.
    ///
    /// ```
    /// # use stratd_logging::FileOptions;
    /// assert_eq!(FileOptions::new("a.log").terminator, "\n");
    /// ```
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            append: true,
            delay: false,
            watch: false,
            create_folders: false,
            mode: None,
            owner: None,
            group: None,
            terminator: "\n".to_owned(),
        }
    }
}

pub(super) struct LogFile {
    pub(super) options: FileOptions,
    file: Option<File>,
    /// the file was made here, for a handler that has not come into force yet
    is_made_early: bool,
    is_active: bool,
    /// bytes in the file, as far as this handler knows
    size: u64,
    buffer: Vec<u8>,
    /// how much of the buffer belongs to each text in it, and how many texts were written since the last look
    lengths: VecDeque<usize>,
    written: u64,
    /// a file that is not appended to is not opened a second time: that would empty it
    is_closed: bool,
    /// since when nothing can be written, and when to try again
    failing: Option<(Instant, Backoff)>,
    /// the last write stopped at a pipe whose reader is slow
    is_full_pipe: bool,
}

impl Drop for LogFile {
    /// Removes an empty file that was made for a configuration that was refused then.
    fn drop(&mut self) {
        let about = std::fs::symlink_metadata(&self.options.path);
        if self.is_made_early && about.is_ok_and(|about| about.is_file() && about.len() == 0) {
            // what cannot be removed stays, and is empty
            let _ = std::fs::remove_file(&self.options.path);
        }
    }
}

impl LogFile {
    pub(super) fn new(options: FileOptions) -> Result<Self> {
        let mut file = Self {
            options,
            file: None,
            is_made_early: false,
            is_active: false,
            size: 0,
            buffer: Vec::new(),
            lengths: VecDeque::new(),
            written: 0,
            is_closed: false,
            failing: None,
            is_full_pipe: false,
        };
        if !file.options.delay {
            file.open()?;
        }
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.options.path
    }

    fn context(&self, what: &str) -> String {
        format!("{what} {}", self.options.path.display())
    }

    /// Opens the file if it is not open.
    pub(super) fn open(&mut self) -> Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        if self.options.create_folders
            && let Some(folder) = self.options.path.parent()
        {
            std::fs::create_dir_all(folder)
                .map_err(|error| Error::io(self.context("making the folders of"), error))?;
        }
        let mut open = OpenOptions::new();
        // a pipe must not hold up whoever opens or writes it; a file knows no such thing
        open.append(true).create(true).custom_flags(libc::O_NONBLOCK);
        if let Some(mode) = self.options.mode {
            open.mode(mode);
        }
        let was_there = std::fs::symlink_metadata(&self.options.path).is_ok();
        let file =
            open.open(&self.options.path).map_err(|error| Error::io(self.context("opening"), error))?;
        self.is_made_early = !was_there && !self.is_active;
        self.set_owner(&file)?;
        self.size =
            file.metadata().map_err(|error| Error::io(self.context("reading the size of"), error))?.len();
        self.file = Some(file);
        Ok(())
    }

    /// Changes nothing that is as it should be already: a service may be forbidden the calls, whatever they would do.
    fn set_owner(&self, file: &File) -> Result<()> {
        let about = file
            .metadata()
            .map_err(|error| Error::io(self.context("reading the owner and permissions of"), error))?;
        if let Some(mode) = self.options.mode
            && about.mode() & PERMISSION_BITS != mode
        {
            let permissions = std::fs::Permissions::from_mode(mode);
            file.set_permissions(permissions)
                .map_err(|error| Error::io(self.context("setting the permissions of"), error))?;
        }
        let unknown = |what: &str, name: &str| {
            Error::new(
                ErrorKind::Handler,
                format!("{}: no {what} {name:?}", self.context("setting the owner of")),
            )
        };
        let user = match &self.options.owner {
            None => None,
            Some(name) => Some(user_of(name).ok_or_else(|| unknown("user", name))?),
        };
        let group = match &self.options.group {
            None => None,
            Some(name) => Some(group_of(name).ok_or_else(|| unknown("group", name))?),
        };
        let (user_now, group_now) = (about.uid(), about.gid());
        let user = user.filter(|user| user.as_raw() != user_now);
        let group = group.filter(|group| group.as_raw() != group_now);
        if user.is_some() || group.is_some() {
            let doing = || {
                format!("{}, which belongs to {user_now}:{group_now}", self.context("setting the owner of"))
            };
            fchown(file, user, group).map_err(|error| Error::io(doing(), error.into()))?;
        }
        Ok(())
    }

    /// Empties the file if it is not to be appended to.
    pub(super) fn activate(&mut self) -> Result<()> {
        (self.is_active, self.is_made_early) = (true, false);
        if let Some(file) = self.file.as_ref().filter(|_| !self.options.append) {
            file.set_len(0).map_err(|error| Error::io(self.context("emptying"), error))?;
            self.size = 0;
        }
        Ok(())
    }

    /// Bytes in the file and on the way to it.
    pub(super) fn size(&self) -> u64 {
        self.size + u64::try_from(self.buffer.len()).unwrap_or(0)
    }

    /// Takes a text, and writes if many have come together.
    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        if self.is_closed && !self.options.append {
            return Ok(());
        }
        // whoever uses it without a configuration has it in force with its first text
        (self.is_active, self.is_made_early) = (true, false);
        if self.buffer.len() >= BACKLOG_BYTES_MAX {
            self.flush()?;
        }
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.extend_from_slice(self.options.terminator.as_bytes());
        self.lengths.push_back(text.len() + self.options.terminator.len());
        let is_due = self.buffer.len() >= BUFFER_BYTES;
        // a backlog is tried again by the flush of the back end, not by each record
        if is_due && self.buffer.len() < 2 * BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what there is, as far as it is taken at once.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let result = self.write_buffer();
        if result.is_ok() {
            self.failing = None;
        } else if self.failing.is_none() {
            let mut backoff = Backoff::default();
            backoff.fail(Duration::ZERO);
            self.failing = Some((clock::monotonic(), backoff));
        }
        result
    }

    fn write_buffer(&mut self) -> Result<()> {
        if self.options.watch && self.has_moved() {
            self.file = None;
        }
        self.open()?;
        let Some(file) = &mut self.file else { return Ok(()) };
        self.is_full_pipe = false;
        let mut written = 0;
        let result = loop {
            let rest = self.buffer.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match file.write(rest) {
                Ok(0) => break Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // a slow reader is no failure as long as there is room
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && self.buffer.len() - written < BACKLOG_BYTES_MAX =>
                {
                    self.is_full_pipe = true;
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
        };
        self.size += u64::try_from(written).unwrap_or(0);
        self.buffer.drain(..written.min(self.buffer.len()));
        self.count_written(written);
        result.map_err(|error| {
            Error::io(format!("{} ({} bytes wait)", self.context("writing to"), self.buffer.len()), error)
        })
    }

    /// Counts the texts of which the last byte was written just now.
    fn count_written(&mut self, mut bytes: usize) {
        while let Some(first) = self.lengths.front_mut() {
            if *first > bytes {
                *first -= bytes;
                return;
            }
            bytes -= *first;
            self.lengths.pop_front();
            self.written += 1;
        }
    }

    /// For [`Handler::take_progress`](super::Handler::take_progress), which is called a few times a second: tries again
    /// what could not be written.
    pub(super) fn take_progress(&mut self) -> Progress {
        let retried = self.retry();
        let queued = u64::try_from(self.lengths.len()).unwrap_or(u64::MAX);
        Progress { queued, written: std::mem::take(&mut self.written), ..retried }
    }

    fn retry(&mut self) -> Progress {
        let now = clock::monotonic();
        let since = |since: Instant| now.saturating_duration_since(since);
        let is_due = match &self.failing {
            // what was never tried is the flush's
            None => self.is_full_pipe,
            Some((begun, backoff)) => backoff.may_try(since(*begun)),
        };
        if self.buffer.is_empty() || !is_due {
            return Progress::default();
        }
        match self.flush() {
            Ok(()) => Progress::default(),
            Err(error) => {
                if let Some((begun, backoff)) = &mut self.failing {
                    backoff.fail(since(*begun));
                }
                Progress { errors: 1, last_error: Some(error.to_string()), ..Progress::default() }
            }
        }
    }

    /// True if the path leads to another file than the one that is open, or to none.
    fn has_moved(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
        match (std::fs::metadata(&self.options.path), file.metadata()) {
            (Ok(there), Ok(ours)) => id(there) != id(ours),
            (Err(_), _) => true,
            (Ok(_), Err(_)) => false,
        }
    }

    /// Writes what there is and opens the file anew.
    pub(super) fn reopen(&mut self) -> Result<()> {
        let written = self.flush();
        if self.file.take().is_some() {
            self.open()?;
        }
        written
    }

    /// Writes what there is, waiting so long for a slow reader, and closes the file.
    pub(super) fn close(&mut self, within: Duration) -> Result<()> {
        let start = clock::monotonic();
        let mut written = self.flush();
        while written.is_ok() && !self.buffer.is_empty() {
            let left = within.saturating_sub(clock::monotonic().saturating_duration_since(start));
            if left.is_zero() {
                written = Err(Error::new(
                    ErrorKind::Handler,
                    format!(
                        "{}: {} bytes were not taken in time",
                        self.context("writing to"),
                        self.buffer.len()
                    ),
                ));
                break;
            }
            self.wait_for_room(left);
            written = self.flush();
        }
        self.file = None;
        self.is_closed = true;
        written
    }

    fn wait_for_room(&self, within: Duration) {
        let Some(file) = &self.file else { return };
        let time = PollTimeout::try_from(within.max(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX);
        // an interruption is a look too early
        let _ = poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], time);
    }

    /// Closes the file and renames it.
    pub(super) fn move_to(&mut self, target: &Path) -> Result<()> {
        self.flush()?;
        self.file = None;
        match std::fs::rename(&self.options.path, target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io(format!("{} to {}", self.context("renaming"), target.display()), error))
            }
            _ => Ok(()),
        }
    }

    /// True if there is something at the path that is no regular file, which must not be renamed.
    pub(super) fn is_special(&self) -> bool {
        std::fs::metadata(&self.options.path).is_ok_and(|metadata| !metadata.is_file())
    }
}

pub(crate) fn user_of(name: &str) -> Option<nix::unistd::Uid> {
    let known = User::from_name(name).ok().flatten().map(|user| user.uid);
    known.or_else(|| name.parse().ok().map(nix::unistd::Uid::from_raw))
}

pub(crate) fn group_of(name: &str) -> Option<nix::unistd::Gid> {
    let known = Group::from_name(name).ok().flatten().map(|group| group.gid);
    known.or_else(|| name.parse().ok().map(nix::unistd::Gid::from_raw))
}
