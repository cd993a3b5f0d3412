//! Sockets that outlive the process: whoever starts it again hands them to the next one, and nobody who sends to a
//! receiver meanwhile is refused.
//!
//! Order: a listening socket is kept from the moment when it listens, so that also a process that is killed leaves it
//! behind; a connection is kept at the end of a process only, and only between two frames, because the beginning of a
//! frame would be lost with the process that has read it. What is configured no longer is forgotten.
//!
//! A socket of the file system is known by its path and the number of its file: another program's socket at that path is
//! never taken for ours.

use std::fmt::Write;
use std::fs;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use super::options::Place;

/// The longest name of a kept socket: systemd takes no longer one.
pub const KEPT_NAME_MAX: usize = 255;

/// Keeps sockets of receivers from one process to the next, as the descriptor store of systemd does.
///
/// Names have printable ASCII without a colon, and at most [`KEPT_NAME_MAX`] bytes. Calls may come from any thread.
pub trait SocketKeeper: Send + Sync {
    /// Hands out the sockets that the process before left under a name. They are kept on.
    fn take(&self, name: &str) -> Vec<OwnedFd>;

    /// Keeps a socket, besides those that are kept under this name already. False if there is no room.
    fn keep(&self, name: &str, socket: BorrowedFd<'_>) -> bool;

    /// Keeps what has this name no longer.
    fn forget(&self, name: &str);
}

/// What a receiver's socket and connections are kept as.
#[derive(Clone)]
pub(super) struct Kept {
    keeper: Arc<dyn SocketKeeper>,
    place: String,
    /// the name of the listening socket, once it is known
    name: Option<String>,
}

impl Kept {
    /// None for what cannot be found again: a port that the kernel chooses, a path that is too long for a name.
    pub(super) fn new(keeper: Arc<dyn SocketKeeper>, place: &Place) -> Option<Self> {
        if let Place::Tcp(address) | Place::Udp(address) = place
            && address.port() == 0
        {
            return None;
        }
        let mut name = String::from("log-");
        for character in place.to_string().chars() {
            match character {
                ' ' => name.push('-'),
                ':' | '%' | '\u{7f}'.. | ..' ' => {
                    let mut bytes = [0; 4];
                    for byte in character.encode_utf8(&mut bytes).bytes() {
                        // writing to a String cannot fail
                        let _ = write!(name, "%{byte:02X}");
                    }
                }
                character => name.push(character),
            }
        }
        // with the longest number of a file, or the word for connections
        let is_short = name.len() + 1 + 20 <= KEPT_NAME_MAX;
        is_short.then_some(Self { keeper, place: name, name: None })
    }

    /// Looks at what is there now: the file of a socket has a number, by which it is known.
    fn listening_name(&self, place: &Place) -> Option<String> {
        match place {
            Place::Tcp(_) | Place::Udp(_) => Some(self.place.clone()),
            Place::UnixStream(path) | Place::UnixDatagram(path) => {
                let number = fs::symlink_metadata(path).ok()?.ino();
                Some(format!("{}@{number}", self.place))
            }
        }
    }

    fn connections_name(&self) -> String {
        format!("{}+", self.place)
    }

    /// The listening socket of the process before, if it is still the one that this place leads to.
    pub(super) fn take_listening(&mut self, place: &Place) -> Option<OwnedFd> {
        let name = self.listening_name(place)?;
        let socket = self.keeper.take(&name).pop()?;
        self.name = Some(name);
        Some(socket)
    }

    /// The socket that was taken is not what it should be.
    pub(super) fn refuse_listening(&mut self) {
        self.forget_listening();
    }

    /// The connections of the process before. Whoever has them ends them: they are kept no longer.
    pub(super) fn take_connections(&self) -> Vec<OwnedFd> {
        let name = self.connections_name();
        let connections = self.keeper.take(&name);
        if !connections.is_empty() {
            self.keeper.forget(&name);
        }
        connections
    }

    /// The socket is in its place and listens.
    pub(super) fn keep_listening(&mut self, place: &Place, socket: BorrowedFd<'_>) {
        if self.name.is_none()
            && let Some(name) = self.listening_name(place)
            && self.keeper.keep(&name, socket)
        {
            self.name = Some(name);
        }
    }

    pub(super) fn is_listening_kept(&self) -> bool {
        self.name.is_some()
    }

    /// At the end of the process: a connection between two frames.
    pub(super) fn keep_connection(&self, socket: BorrowedFd<'_>) -> bool {
        self.keeper.keep(&self.connections_name(), socket)
    }

    /// Nobody listens here any more.
    pub(super) fn forget_listening(&mut self) {
        if let Some(name) = self.name.take() {
            self.keeper.forget(&name);
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("place", &self.place).field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl SocketKeeper for Nobody {
        fn take(&self, _: &str) -> Vec<OwnedFd> {
            Vec::new()
        }
        fn keep(&self, _: &str, _: BorrowedFd<'_>) -> bool {
            false
        }
        fn forget(&self, _: &str) {}
    }

    #[test]
    fn names_are_such_as_systemd_takes() {
        let name = |place: Place| Kept::new(Arc::new(Nobody), &place).map(|kept| kept.place);
        let unix = |path: &str| name(Place::UnixStream(path.into()));
        assert_eq!(name(Place::Tcp("[::1]:9020".parse().unwrap())).unwrap(), "log-tcp-[%3A%3A1]%3A9020");
        assert_eq!(unix("/run/a b/ä:%\n.sock").unwrap(), "log-unix-stream-/run/a-b/%C3%A4%3A%25%0A.sock");
        assert_eq!(name(Place::Udp("127.0.0.1:0".parse().unwrap())), None, "found again it cannot be");
        assert_eq!(unix(&"ä".repeat(53)), None, "too long");
    }
}
