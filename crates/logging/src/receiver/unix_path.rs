//! The path of a socket in the file system.
//!
//! The socket is made beside its place, gets its owner and permissions there, and is renamed into its place when the
//! configuration comes into force: nobody reaches it before, and whoever connects meanwhile reaches the old one. At the
//! end the path is removed, unless it leads to another socket by then.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::options::Access;
use crate::{
    error::{Error, ErrorKind, Result},
    handler::{group_of, user_of},
    ring::lock,
};

/// Held while a path is looked at and changed: between the look of a receiver that ends and its removing the path, another
/// one of this process would put its socket there, and lose it.
static PLACES: Mutex<()> = Mutex::new(());

/// Of a socket for which the configuration says none: its owner and its group may write.
const PERMISSIONS: u32 = 0o660;

/// A socket on its way to its place, or there.
#[derive(Debug)]
pub(super) struct UnixPath {
    path: PathBuf,
    /// where it is until it is put into its place
    beside: Option<PathBuf>,
    /// of the file that we made and remove; none if it is left to the next process
    identity: Option<(u64, u64)>,
}

impl UnixPath {
    /// Makes the socket with `bind`, beside its place. Another program that listens there is not pushed away.
    pub(super) fn bind<S>(
        path: &Path,
        access: &Access,
        is_ours: bool,
        bind: impl FnOnce(&Path) -> io::Result<S>,
    ) -> Result<(S, Self)> {
        if !is_ours {
            check_free(path)?;
        }
        let beside = Self::beside(path);
        let context = |what: &str| format!("{what} {}", beside.display());
        match fs::symlink_metadata(&beside) {
            Ok(found) if found.file_type().is_socket() => {
                // of a process that did not come to its end
                fs::remove_file(&beside).map_err(|error| Error::io(context("removing"), error))?;
            }
            Ok(_) => {
                return Err(Error::new(
                    ErrorKind::Handler,
                    format!("{} is there, and no socket", beside.display()),
                ));
            }
            Err(_) => {}
        }
        let socket = bind(&beside).map_err(|error| Error::io(context("making the socket"), error))?;
        let metadata =
            fs::symlink_metadata(&beside).map_err(|error| Error::io(context("looking at"), error))?;
        let made =
            Self { path: path.to_owned(), identity: Some(identity(&metadata)), beside: Some(beside.clone()) };
        let permissions = Permissions::from_mode(access.permissions.unwrap_or(PERMISSIONS));
        fs::set_permissions(&beside, permissions)
            .map_err(|error| Error::io(context("setting the permissions of"), error))?;
        set_owner(&beside, access)?;
        Ok((socket, made))
    }

    /// Where a socket is made.
    pub(super) fn beside(path: &Path) -> PathBuf {
        let mut beside = path.as_os_str().to_owned();
        beside.push("~");
        PathBuf::from(beside)
    }

    /// Takes over a socket that is in its place, and gives it the permissions that are configured now.
    pub(super) fn inherit(path: &Path, access: &Access) -> Result<Self> {
        let context = |what: &str| format!("{what} {}", path.display());
        let metadata = fs::symlink_metadata(path).map_err(|error| Error::io(context("looking at"), error))?;
        let permissions = Permissions::from_mode(access.permissions.unwrap_or(PERMISSIONS));
        fs::set_permissions(path, permissions)
            .map_err(|error| Error::io(context("setting the permissions of"), error))?;
        set_owner(path, access)?;
        Ok(Self { path: path.to_owned(), beside: None, identity: Some(identity(&metadata)) })
    }

    /// Leaves the path to whoever takes the socket over.
    pub(super) fn leave(&mut self) {
        self.identity = None;
    }

    /// Puts the socket into its place.
    pub(super) fn place(&mut self) -> Result<()> {
        let Some(beside) = &self.beside else { return Ok(()) };
        let _places = lock(&PLACES);
        fs::rename(beside, &self.path).map_err(|error| {
            Error::io(format!("renaming {} to {}", beside.display(), self.path.display()), error)
        })?;
        self.beside = None;
        Ok(())
    }
}

impl Drop for UnixPath {
    fn drop(&mut self) {
        let Some(made) = self.identity else { return };
        let path = self.beside.as_ref().unwrap_or(&self.path);
        let _places = lock(&PLACES);
        if fs::symlink_metadata(path).is_ok_and(|metadata| identity(&metadata) == made) {
            // who removed it meanwhile has done our work
            let _ = fs::remove_file(path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A socket that nobody listens on may be replaced; anything else may not.
fn check_free(path: &Path) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(Error::new(ErrorKind::Handler, format!("{} is there, and no socket", path.display())));
    }
    let probe = UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    let is_used = UnixStream::connect(path).is_ok() || probe.is_ok();
    match is_used {
        true => Err(Error::new(ErrorKind::Handler, format!("another program listens on {}", path.display()))),
        false => Ok(()),
    }
}

fn set_owner(path: &Path, access: &Access) -> Result<()> {
    let unknown =
        |what: &str, name: &str| Error::new(ErrorKind::Handler, format!("there is no {what} {name:?}"));
    let user = access.owner.as_deref().map(|name| user_of(name).ok_or_else(|| unknown("user", name)));
    let group = access.group.as_deref().map(|name| group_of(name).ok_or_else(|| unknown("group", name)));
    let (user, group) = (user.transpose()?, group.transpose()?);
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    nix::unistd::chown(path, user, group)
        .map_err(|error| Error::io(format!("setting the owner of {}", path.display()), error.into()))
}
