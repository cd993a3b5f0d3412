//! The socket of a receiver, and the streams that it accepts.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, getsockopt, recvmsg, setsockopt, sockopt,
};

use super::{
    options::{Access, Place},
    unix_path::UnixPath,
};
use crate::error::{Error, Result};

/// What the kernel is asked to keep of datagrams that come faster than they are read; it may grant less.
const DATAGRAM_BUFFER_BYTES: usize = 4 << 20;

/// The socket of a receiver.
#[derive(Debug)]
pub(super) struct Endpoint {
    socket: Socket,
    path: Option<UnixPath>,
    place: Place,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
    Udp(UdpSocket),
    UnixDatagram(UnixDatagram),
}

/// A datagram, as far as it fits the room for it.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) length: usize,
    pub(super) is_cut: bool,
    pub(super) peer: String,
    /// datagrams that the kernel has dropped on this socket so far, if it says so
    pub(super) dropped: Option<u32>,
}

impl Endpoint {
    /// Opens the socket. One in the file system is not in its place yet.
    pub(super) fn open(place: &Place, access: &Access, is_ours: bool) -> Result<Self> {
        let listening = |error| Error::io(format!("listening on {place}"), error);
        let (socket, path) = match place {
            Place::Tcp(address) => (Socket::Tcp(TcpListener::bind(address).map_err(listening)?), None),
            Place::Udp(address) => {
                let socket = UdpSocket::bind(address).map_err(listening)?;
                setsockopt(&socket, sockopt::RxqOvfl, &1).map_err(|error| listening(error.into()))?;
                (Socket::Udp(socket), None)
            }
            Place::UnixStream(path) => {
                let (socket, path) = UnixPath::bind(path, access, is_ours, |path| UnixListener::bind(path))?;
                (Socket::Unix(socket), Some(path))
            }
            Place::UnixDatagram(path) => {
                let (socket, path) = UnixPath::bind(path, access, is_ours, |path| UnixDatagram::bind(path))?;
                (Socket::UnixDatagram(socket), Some(path))
            }
        };
        let endpoint = Self { socket, path, place: place.clone() };
        endpoint.prepare().map_err(listening)?;
        Ok(endpoint)
    }

    fn prepare(&self) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(socket) => socket.set_nonblocking(true),
            Socket::Unix(socket) => socket.set_nonblocking(true),
            Socket::Udp(socket) => {
                // less room than asked for is no reason to refuse
                let _ = setsockopt(socket, sockopt::RcvBuf, &DATAGRAM_BUFFER_BYTES);
                socket.set_nonblocking(true)
            }
            Socket::UnixDatagram(socket) => socket.set_nonblocking(true),
        }
    }

    /// Where it is, with the port that the kernel chose if it was asked to.
    pub(super) fn address(&self) -> String {
        let local = match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().ok().map(Place::Tcp),
            Socket::Udp(socket) => socket.local_addr().ok().map(Place::Udp),
            Socket::Unix(_) | Socket::UnixDatagram(_) => None,
        };
        local.unwrap_or_else(|| self.place.clone()).to_string()
    }

    /// Puts a socket of the file system into its place.
    pub(super) fn place(&mut self) -> Result<()> {
        self.path.as_mut().map_or(Ok(()), UnixPath::place)
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.socket, Socket::Tcp(_) | Socket::Unix(_))
    }

    /// The next connection that waits.
    pub(super) fn accept(&self) -> io::Result<(Stream, String)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                stream.set_nonblocking(true)?;
                // a peer that is gone without a word would keep its connection for ever
                setsockopt(&stream, sockopt::KeepAlive, &true)?;
                Ok((Stream::Tcp(stream), peer.to_string()))
            }
            Socket::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                let peer = match getsockopt(&stream, sockopt::PeerCredentials) {
                    Ok(peer) => format!("process {} of user {}", peer.pid(), peer.uid()),
                    Err(_) => "a local process".to_owned(),
                };
                Ok((Stream::Unix(stream), peer))
            }
            Socket::Udp(_) | Socket::UnixDatagram(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The next datagram that waits.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<Datagram> {
        let mut control = nix::cmsg_space!(u32);
        let mut slices = [io::IoSliceMut::new(room)];
        let fd = self.as_fd().as_raw_fd();
        let message =
            recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
        let dropped = message.cmsgs().ok().into_iter().flatten().find_map(|control| match control {
            ControlMessageOwned::RxqOvfl(count) => Some(count),
            _ => None,
        });
        let peer = message.address.as_ref().and_then(peer_of).unwrap_or_else(|| "a local process".to_owned());
        let is_cut = message.flags.contains(MsgFlags::MSG_TRUNC);
        Ok(Datagram { length: message.bytes, is_cut, peer, dropped })
    }
}

fn peer_of(address: &SockaddrStorage) -> Option<String> {
    if let Some(address) = address.as_sockaddr_in() {
        return Some(SocketAddr::V4((*address).into()).to_string());
    }
    if let Some(address) = address.as_sockaddr_in6() {
        return Some(SocketAddr::V6((*address).into()).to_string());
    }
    let path = address.as_unix_addr().and_then(|address| address.path())?;
    Some(path.display().to_string())
}

impl AsFd for Endpoint {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
            Socket::Udp(socket) => socket.as_fd(),
            Socket::UnixDatagram(socket) => socket.as_fd(),
        }
    }
}

/// A connection's socket.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(room),
            Self::Unix(stream) => stream.read(room),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
