//! The socket in the file system: made with the right owner and mode before anyone can connect, and removed by
//! whoever made it.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::{
            fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown},
            net::UnixListener,
        },
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket},
    unistd::Gid,
};

/// Connections that the kernel keeps for us while we are busy. One more waits within its `connect`.
const BACKLOG: i32 = 128;
/// The mode of a directory that is made for the socket: the mode of the socket decides who may connect.
const DIRECTORY_MODE: u32 = 0o755;

/// A socket in the file system.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Device and inode of the file that we made; `None` if somebody else made it.
    made: Option<(u64, u64)>,
}

impl Socket {
    /// Makes a socket that the group may connect to as far as the mode says.
    pub(super) fn bind(path: PathBuf, group: Option<Gid>, mode: u32) -> Result<(Self, UnixListener)> {
        let attempt = || format!("making the control socket {}", path.display());
        make_directory(&path).with_context(attempt)?;
        remove_stale(&path).with_context(attempt)?;
        let listener = bind_at(&path, group, mode).with_context(attempt)?;
        let about = fs::symlink_metadata(&path).with_context(attempt)?;
        Ok((Self { made: Some((about.dev(), about.ino())), path }, listener))
    }

    /// Takes over a socket that somebody else made and will remove.
    pub(super) fn adopt(path: PathBuf, listener: UnixListener) -> Result<(Self, UnixListener)> {
        listener
            .set_nonblocking(true)
            .with_context(|| format!("taking over the control socket {}", path.display()))?;
        Ok((Self { path, made: None }, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file if we made it and it is still there. A second call does nothing.
    pub(super) fn remove(&mut self) {
        let Some(made) = self.made.take() else { return };
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|about| (about.dev(), about.ino()) == made);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(logger = "control", "removing {}: {error}", self.path.display());
        }
    }
}

fn make_directory(path: &Path) -> Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(directory)
        .with_context(|| format!("making the directory {}", directory.display()))
}

/// Removes what a daemon that was killed has left behind. A socket that somebody answers at is not touched.
fn remove_stale(path: &Path) -> Result<()> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !about.file_type().is_socket() {
        bail!("there is something else at this path (accepted: nothing, or a socket that nobody answers at)");
    }
    // without waiting: a daemon whose backlog is full lives
    let probe = new_socket()?;
    match connect(probe.as_raw_fd(), &address(path)?) {
        Err(Errno::ECONNREFUSED) => fs::remove_file(path).context("removing a stale socket"),
        Err(Errno::ENOENT) => Ok(()),
        Ok(()) | Err(Errno::EAGAIN) => {
            bail!("another daemon answers at it (stop that one, or choose another path)")
        }
        Err(error) => Err(error).context("finding out whether anyone answers at it"),
    }
}

/// Nobody can connect before the last line, so that nobody sees the socket with another owner or mode.
fn bind_at(path: &Path, group: Option<Gid>, mode: u32) -> Result<UnixListener> {
    let socket = new_socket()?;
    bind(socket.as_raw_fd(), &address(path)?)?;
    if let Some(gid) = group
        && let Err(error) = chown(path, None, Some(gid.as_raw()))
    {
        // a daemon that was started by hand may not be a member of the group
        tracing::warn!(logger = "control", "giving {} to group {gid}: {error}", path.display());
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).context("setting its mode")?;
    listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(UnixListener::from(socket))
}

fn new_socket() -> Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socket(AddressFamily::Unix, SockType::Stream, flags, None)?)
}

fn address(path: &Path) -> Result<UnixAddr> {
    match UnixAddr::new(path) {
        Err(Errno::ENAMETOOLONG) => bail!("the path is too long for a socket (accepted: 107 bytes)"),
        address => Ok(address?),
    }
}
