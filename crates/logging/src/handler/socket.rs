//! The handlers that send whole records to another program: over a stream, or as datagrams.

use std::io::{self, Write};
use std::net::{ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use super::{
    Entry, Handler, Progress, QueueOptions,
    link::Link,
    tls::TlsClient,
    worker::{Transport, Undelivered, Worker, only},
};
use crate::{
    error::{Error, ErrorKind, Result},
    wire::{Codec, frame},
};

/// How long connecting and each write may take.
pub const PEER_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `host:port`
    Network(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Address {
    /// Reads `host:port`, or a path that begins with `/`.
    ///
    /// # Errors
    /// If it is neither.
    ///
    /// ```
    /// use stratd_logging::Address;
    ///
    /// assert_eq!(Address::parse("/dev/log")?, Address::Unix("/dev/log".into()));
    /// assert!(Address::parse("localhost").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(text)));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Network(text.to_owned()))
            }
            _ => Err(Error::new(
                ErrorKind::Handler,
                format!("address {text:?} (accepted: \"host:port\" or the path of a socket)"),
            )),
        }
    }
}

/// A stream to a peer, connected when it is needed.
pub(super) struct StreamPeer {
    address: Address,
    tls: Option<TlsClient>,
    link: Option<Link>,
}

impl StreamPeer {
    pub(super) fn new(address: Address, tls: Option<TlsClient>) -> Self {
        Self { address, tls, link: None }
    }

    fn connect(&self) -> io::Result<Link> {
        match &self.address {
            Address::Unix(path) => Link::connect_unix(path),
            Address::Network(host) => {
                let mut link = Link::connect_with(host, self.tls.as_ref())?;
                link.confirm()?;
                Ok(link)
            }
        }
    }
}

impl Transport for StreamPeer {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        if self.link.as_mut().is_some_and(Link::is_closed) {
            self.link = None;
        }
        let link = match &mut self.link {
            Some(link) => link,
            None => self.link.insert(self.connect().map_err(Undelivered::Later)?),
        };
        link.write_all(only(items)).and_then(|()| link.flush()).map_err(|error| {
            // what the peer got of it is unknown: a new connection begins with a whole item
            self.link = None;
            Undelivered::Later(error)
        })
    }
}

/// Datagrams to a peer.
pub(super) struct DatagramPeer {
    address: Address,
    socket: Option<DatagramSocket>,
}

enum DatagramSocket {
    Network(UdpSocket),
    Unix(UnixDatagram),
}

impl DatagramPeer {
    pub(super) fn new(address: Address) -> Self {
        Self { address, socket: None }
    }

    fn connect(&self) -> io::Result<DatagramSocket> {
        match &self.address {
            Address::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(PEER_TIMEOUT))?;
                Ok(DatagramSocket::Unix(socket))
            }
            Address::Network(address) => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{address} has no address"));
                for address in address.to_socket_addrs()? {
                    let local = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    match UdpSocket::bind(local).and_then(|socket| socket.connect(address).map(|()| socket)) {
                        Ok(socket) => return Ok(DatagramSocket::Network(socket)),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

impl Transport for DatagramPeer {
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered> {
        let item = only(items);
        let socket = match &self.socket {
            Some(socket) => socket,
            None => self.socket.insert(self.connect().map_err(Undelivered::Later)?),
        };
        let (sent, is_local) = match socket {
            DatagramSocket::Network(socket) => (socket.send(item), false),
            DatagramSocket::Unix(socket) => (socket.send(item), true),
        };
        sent.map(|_| ()).map_err(|error| {
            let is_too_long = error.raw_os_error() == Some(libc::EMSGSIZE);
            if !is_too_long {
                self.socket = None;
            }
            // over a network the error belongs to an earlier datagram, and nobody knows about this one
            if is_local && !is_too_long { Undelivered::Later(error) } else { Undelivered::Never(error) }
        })
    }
}

/// How records are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Where to.
    pub address: Address,
    /// How a record is written.
    pub codec: Codec,
    /// What waits while the peer is away.
    pub queue: QueueOptions,
}

/// Sends whole records over a stream, each after its length, as Python's `SocketHandler` does.
///
/// ```
/// use stratd_logging::{Address, Codec, QueueOptions, SocketHandler, SocketOptions};
///
/// let options = SocketOptions {
///     address: Address::parse("127.0.0.1:9020")?,
///     codec: Codec::Pickle,
///     queue: QueueOptions::default(),
/// };
/// let _ = SocketHandler::new(options)?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct SocketHandler {
    worker: Worker,
    codec: Codec,
}

impl SocketHandler {
    /// A handler that sends over a stream. It connects with the first record.
    ///
    /// # Errors
    /// If its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{Address, Codec, QueueOptions, SocketHandler, SocketOptions};
    /// # let (address, queue) = (Address::parse("/nonexistent")?, QueueOptions::default());
    /// let _ = SocketHandler::new(SocketOptions { address, codec: Codec::Json, queue })?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new(options: SocketOptions) -> Result<Self> {
        let worker = Worker::start("socket", StreamPeer::new(options.address, None), options.queue)?;
        Ok(Self { worker, codec: options.codec })
    }

    /// As [`SocketHandler::new`], but each record is a datagram, as Python's `DatagramHandler` sends it.
    ///
    /// # Errors
    /// If its thread cannot be started.
    ///
    /// ```
    /// # use stratd_logging::{Address, Codec, QueueOptions, SocketHandler, SocketOptions};
    /// # let (address, queue) = (Address::parse("127.0.0.1:9021")?, QueueOptions::default());
    /// let _ = SocketHandler::new_datagram(SocketOptions { address, codec: Codec::Pickle, queue })?;
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn new_datagram(options: SocketOptions) -> Result<Self> {
        let worker = Worker::start("datagram", DatagramPeer::new(options.address), options.queue)?;
        Ok(Self { worker, codec: options.codec })
    }
}

impl Handler for SocketHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.worker.push(Some(entry.record.level), frame(entry.record, self.codec)?)
    }

    fn close(&mut self, within: Duration) -> Result<()> {
        self.worker.close(within)
    }

    fn needs_text(&self) -> bool {
        false
    }

    fn take_waiting(&mut self) -> Vec<Vec<u8>> {
        self.worker.take_waiting()
    }

    fn put_waiting(&mut self, items: Vec<Vec<u8>>) {
        self.worker.put_waiting(items);
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        self.worker.take_progress()
    }
}
