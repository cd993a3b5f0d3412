//! A stream to a peer: over TCP, a local socket, or TLS. Every call of it ends: connecting, reading and writing have
//! time-outs.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use super::{
    socket::PEER_TIMEOUT,
    tls::{TlsClient, TlsStream},
};

/// What a peer that has nothing to say sent nevertheless is thrown away in pieces of this size, so many of them.
const IGNORED_BYTES: usize = 4096;
const IGNORED_READS: usize = 16;

pub(super) enum Link {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream>),
}

impl Link {
    /// Connects to `host:port`, trying each of its addresses.
    pub(super) fn connect(host: &str) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
        for address in host.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PEER_TIMEOUT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PEER_TIMEOUT))?;
                    stream.set_write_timeout(Some(PEER_TIMEOUT))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects to `host:port`, encrypted if there is a client for that.
    pub(super) fn connect_with(host: &str, tls: Option<&TlsClient>) -> io::Result<Self> {
        let stream = Self::connect(host)?;
        match tls {
            None => Ok(Self::Tcp(stream)),
            Some(tls) => {
                let stream = say_late("did not finish the handshake", tls.start(stream, host_of(host)))?;
                Ok(Self::Tls(Box::new(stream)))
            }
        }
    }

    /// Connects to a local socket.
    pub(super) fn connect_unix(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PEER_TIMEOUT))?;
        stream.set_write_timeout(Some(PEER_TIMEOUT))?;
        Ok(Self::Unix(stream))
    }

    /// Waits until a server that asked for our certificate has had time to refuse it. For peers that answer nothing: what
    /// is written to one that refuses would be lost.
    pub(super) fn confirm(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(_) | Self::Unix(_) => Ok(()),
            Self::Tls(stream) => stream.confirm(),
        }
    }

    /// True if the peer has closed its end. The first write after that would succeed all the same, and be lost.
    ///
    /// For peers that only listen: what they said is thrown away.
    pub(super) fn is_closed(&mut self) -> bool {
        match self {
            Self::Tcp(stream) => is_closed(stream.as_fd()),
            Self::Unix(stream) => is_closed(stream.as_fd()),
            Self::Tls(stream) => stream.is_closed(),
        }
    }
}

fn is_closed(fd: BorrowedFd<'_>) -> bool {
    let mut ignored = [0; IGNORED_BYTES];
    for _ in 0..IGNORED_READS {
        match read_ready(fd, &mut ignored) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
    false
}

/// Reads what has come already.
pub(super) fn read_ready(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match recv(fd.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EINTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

/// What the system says of a time limit is that a resource is unavailable for now, which tells nobody anything.
fn say_late<T>(what: &str, result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => {
            io::Error::new(io::ErrorKind::TimedOut, format!("the peer {what} within {PEER_TIMEOUT:?}"))
        }
        _ => error,
    })
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        };
        say_late("did not answer", result)
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        };
        say_late("took nothing", result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Unix(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        };
        say_late("took nothing", result)
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
pub(super) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
