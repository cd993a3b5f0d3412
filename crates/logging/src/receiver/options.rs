//! What a receiver is: where it listens, who may reach it, and what it takes.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::framing::Framing;
use crate::wire::Codec;

/// A receiver as configured.
#[derive(Clone, Debug)]
pub(crate) struct ReceiverSpec {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) place: Place,
    pub(crate) access: Access,
    pub(crate) settings: Settings,
}

/// Where a receiver listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Udp(SocketAddr),
    UnixStream(PathBuf),
    UnixDatagram(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp {address}"),
            Self::Udp(address) => write!(f, "udp {address}"),
            Self::UnixStream(path) => write!(f, "unix stream {}", path.display()),
            Self::UnixDatagram(path) => write!(f, "unix datagram {}", path.display()),
        }
    }
}

/// Whose a socket in the file system is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) owner: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) permissions: Option<u32>,
}

/// What a receiver takes, and what becomes of it. All of it may change while its socket stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) content: Content,
    /// who gets the records, whatever they say; else the logger that each names
    pub(crate) logger: Option<String>,
    pub(crate) frame_bytes: usize,
    pub(crate) connections: usize,
    /// how long a connection may rest between two frames
    pub(crate) idle: Option<Duration>,
}

/// What frames hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Records after their lengths.
    Records(Codec),
    /// JSON objects, one a line.
    JsonLines,
    /// Messages of syslog.
    Syslog,
}

impl Content {
    /// How a stream of it is taken apart.
    pub(super) fn framing(self) -> Framing {
        match self {
            Self::Records(_) => Framing::length(),
            Self::JsonLines => Framing::line(),
            Self::Syslog => Framing::syslog(),
        }
    }
}
