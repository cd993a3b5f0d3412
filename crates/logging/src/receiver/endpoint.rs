//! The socket of a receiver, and the streams that it accepts.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockType, SockaddrStorage, getsockopt, recvmsg, setsockopt, sockopt,
};

use super::{
    keeper::Kept,
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
    kept: Option<Kept>,
    /// connections that the process before left, until the receiver is active
    inherited: Vec<(Stream, String)>,
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
    /// Takes the socket that the process before left, or opens one. One in the file system is not in its place yet.
    pub(super) fn open(
        place: &Place,
        access: &Access,
        is_ours: bool,
        mut kept: Option<Kept>,
    ) -> Result<Self> {
        if let Some(kept) = &mut kept
            && let Some((socket, path)) = inherit(place, access, kept)?
        {
            let mut endpoint =
                Self { socket, path, place: place.clone(), kept: Some(kept.clone()), inherited: Vec::new() };
            endpoint.prepare().map_err(|error| Error::io(format!("listening on {place}"), error))?;
            // at once, and not when it becomes active: what nobody has taken by then is forgotten
            if endpoint.is_stream() {
                let connections = kept.take_connections().into_iter();
                endpoint.inherited =
                    connections.filter_map(|socket| endpoint.connection(socket).ok()).collect();
            }
            return Ok(endpoint);
        }
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
        let endpoint = Self { socket, path, place: place.clone(), kept, inherited: Vec::new() };
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

    /// Puts a socket of the file system into its place. From now on it is kept.
    pub(super) fn place(&mut self) -> Result<()> {
        self.path.as_mut().map_or(Ok(()), UnixPath::place)?;
        let fd = self.socket.as_fd();
        if let Some(kept) = &mut self.kept {
            kept.keep_listening(&self.place, fd);
        }
        Ok(())
    }

    /// The connections that the process before left.
    pub(super) fn inherited_connections(&mut self) -> Vec<(Stream, String)> {
        std::mem::take(&mut self.inherited)
    }

    fn connection(&self, socket: OwnedFd) -> io::Result<(Stream, String)> {
        match self.socket {
            Socket::Tcp(_) => {
                let stream = TcpStream::from(socket);
                stream.set_nonblocking(true)?;
                let peer = stream.peer_addr()?.to_string();
                Ok((Stream::Tcp(stream), peer))
            }
            _ => {
                let stream = UnixStream::from(socket);
                stream.set_nonblocking(true)?;
                let peer = local_peer(&stream);
                Ok((Stream::Unix(stream), peer))
            }
        }
    }

    /// At the end of the process: leaves its socket to the next one, if it is kept. False if it is not.
    pub(super) fn leave(&mut self) -> bool {
        let is_kept = self.kept.as_ref().is_some_and(Kept::is_listening_kept);
        if is_kept && let Some(path) = &mut self.path {
            path.leave();
        }
        is_kept
    }

    /// At the end of the process: leaves a connection to the next one, if there is room.
    pub(super) fn leave_connection(&self, stream: &Stream) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.keep_connection(stream.as_fd()))
    }

    /// Nobody listens here any more: the socket is kept no longer.
    pub(super) fn forget(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.forget_listening();
        }
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
                let peer = local_peer(&stream);
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

fn local_peer(stream: &UnixStream) -> String {
    match getsockopt(stream, sockopt::PeerCredentials) {
        Ok(peer) => format!("process {} of user {}", peer.pid(), peer.uid()),
        Err(_) => "a local process".to_owned(),
    }
}

/// The socket that the process before left for this place. Anything else under its name is forgotten.
fn inherit(place: &Place, access: &Access, kept: &mut Kept) -> Result<Option<(Socket, Option<UnixPath>)>> {
    let Some(socket) = kept.take_listening(place) else { return Ok(None) };
    let socket = match adopt(place, socket) {
        Ok(Some(socket)) => socket,
        Ok(None) | Err(_) => {
            kept.refuse_listening();
            return Ok(None);
        }
    };
    let path = match place {
        Place::Tcp(_) | Place::Udp(_) => None,
        Place::UnixStream(path) | Place::UnixDatagram(path) => Some(UnixPath::inherit(path, access)?),
    };
    Ok(Some((socket, path)))
}

/// None if the socket is of another kind, or bound to another place.
fn adopt(place: &Place, socket: OwnedFd) -> io::Result<Option<Socket>> {
    let kind = getsockopt(&socket, sockopt::SockType)?;
    let is_listening = getsockopt(&socket, sockopt::AcceptConn)?;
    let is_bound_to = |bound: Option<&Path>, path: &Path| {
        // it was bound beside its place, and renamed
        bound.is_some_and(|bound| bound == path || bound == UnixPath::beside(path))
    };
    Ok(match place {
        Place::Tcp(address) if kind == SockType::Stream && is_listening => {
            let listener = TcpListener::from(socket);
            (listener.local_addr()? == *address).then_some(Socket::Tcp(listener))
        }
        Place::Udp(address) if kind == SockType::Datagram => {
            let socket = UdpSocket::from(socket);
            (socket.local_addr()? == *address).then_some(Socket::Udp(socket))
        }
        Place::UnixStream(path) if kind == SockType::Stream && is_listening => {
            let listener = UnixListener::from(socket);
            let is_ours = is_bound_to(listener.local_addr()?.as_pathname(), path);
            is_ours.then_some(Socket::Unix(listener))
        }
        Place::UnixDatagram(path) if kind == SockType::Datagram => {
            let socket = UnixDatagram::from(socket);
            let is_ours = is_bound_to(socket.local_addr()?.as_pathname(), path);
            is_ours.then_some(Socket::UnixDatagram(socket))
        }
        _ => None,
    })
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
        self.socket.as_fd()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
            Self::UnixDatagram(socket) => socket.as_fd(),
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
