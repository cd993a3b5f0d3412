//! The thread of a receiver: waits for its socket, its connections and orders together.
//!
//! Order of a round: bytes of each that has some, then orders, then what is due by the clock. Each connection is read once
//! a round, so that none keeps the others waiting.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{
    BUFFERED_BYTES_MAX, END_TIME,
    connection::{Connection, Pumped},
    endpoint::{Endpoint, Stream},
    link::{Link, Orders},
    options::Content,
    routing::Routing,
};
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
    logging::Shared,
    record::Record,
    wire::{Codec, decode_record, decode_syslog},
};

/// The numbers by which the kernel tells who has something; connections follow.
const WAKER: u64 = 0;
const ENDPOINT: u64 = 1;
/// Answers of one round.
const EVENTS_MAX: usize = 256;
/// Connections and datagrams that are taken in one round.
const BURST_MAX: usize = 64;
/// Bytes that are read of a connection at once.
const READ_BYTES: usize = 64 << 10;
/// The longest datagram: UDP has less, and Linux sends no longer one over a local socket unless it was told to.
const DATAGRAM_BYTES_MAX: usize = 256 << 10;
/// How often what is due by the clock is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How long no connection is accepted after the process had no descriptor for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Service {
    epoll: Epoll,
    endpoint: Endpoint,
    link: Arc<Link>,
    orders: Orders,
    routing: Routing,
    connections: HashMap<u64, Connection>,
    next: u64,
    /// bytes of unfinished frames
    buffered: usize,
    room: Vec<u8>,
    /// no connection is accepted until then
    paused: Option<Instant>,
    ending: Option<Instant>,
    ticked: Instant,
    kernel_dropped: u32,
}

/// Says that the thread has ended, also if it panics.
struct Ended(Arc<Link>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.set_ended();
    }
}

impl Service {
    pub(super) fn new(shared: Arc<Shared>, link: Arc<Link>, endpoint: Endpoint) -> Result<Self> {
        let failed = |error: Errno| Error::io("waiting for sockets", error.into());
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed)?;
        epoll.add(&link.waker, EpollEvent::new(EpollFlags::EPOLLIN, WAKER)).map_err(failed)?;
        let room = if endpoint.is_stream() { READ_BYTES } else { DATAGRAM_BYTES_MAX };
        Ok(Self {
            epoll,
            endpoint,
            orders: link.orders(),
            link,
            routing: Routing::new(shared),
            connections: HashMap::new(),
            next: ENDPOINT + 1,
            buffered: 0,
            room: vec![0; room],
            paused: None,
            ending: None,
            ticked: clock::monotonic(),
            kernel_dropped: 0,
        })
    }

    /// Works until the receiver is to end, and a moment longer for what has arrived already.
    pub(super) fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.link));
        let mut events = vec![EpollEvent::empty(); EVENTS_MAX];
        loop {
            let count = match self.epoll.wait(&mut events, self.timeout()) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return self.tell("the kernel", &format!("waiting for sockets: {error}")),
            };
            for event in events.iter().take(count) {
                match event.data() {
                    WAKER => self.link.take_wake(),
                    ENDPOINT if self.endpoint.is_stream() => self.accept(),
                    ENDPOINT => self.receive(),
                    connection => self.pump(connection),
                }
            }
            self.take_orders();
            let now = clock::monotonic();
            if self.ending.is_some_and(|deadline| count == 0 || now >= deadline) {
                return self.end();
            }
            self.tick(now);
        }
    }

    /// Leaves the sockets to the next process, or to nobody.
    fn end(mut self) {
        if !self.link.is_left() {
            // what nobody waits for must not stay open
            return self.endpoint.forget();
        }
        if !self.endpoint.leave() {
            return;
        }
        for connection in self.connections.values().filter(|connection| connection.waiting() == 0) {
            if !self.endpoint.leave_connection(&connection.stream) {
                return;
            }
        }
    }

    fn timeout(&self) -> EpollTimeout {
        let wait = if self.ending.is_some() {
            Duration::ZERO
        } else if self.paused.is_some() {
            ACCEPT_PAUSE
        } else if !self.connections.is_empty() || self.routing.has_report() {
            TICK
        } else {
            return EpollTimeout::NONE;
        };
        EpollTimeout::try_from(wait).unwrap_or(EpollTimeout::ZERO)
    }

    fn take_orders(&mut self) {
        if self.ending.is_none() && self.link.is_ending() {
            // the loop ends with the first round in which nothing has arrived
            let time = if self.orders.is_active { END_TIME } else { Duration::ZERO };
            self.ending = clock::monotonic().checked_add(time);
        }
        let Some(orders) = self.link.newer_orders(&self.orders) else { return };
        let was_active = std::mem::replace(&mut self.orders, orders).is_active;
        if !was_active {
            if let Err(error) = self.endpoint.place() {
                self.tell("the file system", &error.to_string());
            }
            self.listen();
            for (stream, peer) in self.endpoint.inherited_connections() {
                self.enter(stream, peer);
            }
        }
    }

    fn listen(&mut self) {
        let added = self.epoll.add(&self.endpoint, EpollEvent::new(EpollFlags::EPOLLIN, ENDPOINT));
        if let Err(error) = added {
            self.tell("the kernel", &format!("waiting for connections: {error}"));
        }
    }

    fn accept(&mut self) {
        for _ in 0..BURST_MAX {
            let (stream, peer) = match self.endpoint.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // the peer is gone already
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                    ) =>
                {
                    continue;
                }
                Err(error) => {
                    self.tell("the kernel", &format!("accepting a connection: {error}"));
                    // it would be told that one waits again and again
                    let is_out = self.epoll.delete(&self.endpoint).is_ok();
                    self.paused = clock::monotonic().checked_add(ACCEPT_PAUSE).filter(|_| is_out);
                    return;
                }
            };
            self.enter(stream, peer);
        }
    }

    /// Takes a connection in, if there is room for one more.
    fn enter(&mut self, stream: Stream, peer: String) {
        let max = self.orders.settings.connections;
        if self.connections.len() >= max {
            self.link.count(|tally| tally.connections_refused += 1);
            return self
                .tell(&peer, &format!("closed at once: {max} connections are open (max_connections)"));
        }
        let number = self.next;
        let added = self.epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, number));
        if let Err(error) = added {
            return self.tell(&peer, &format!("waiting for what it sends: {error}"));
        }
        self.next += 1;
        let content = self.orders.settings.content;
        self.connections.insert(number, Connection::new(stream, peer, content, clock::monotonic()));
        self.link.count(|tally| tally.connections += 1);
    }

    fn pump(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let before = connection.waiting();
        let (routing, link, settings) = (&mut self.routing, &self.link, &self.orders.settings);
        let (mut received, mut refused, mut reason) = (0, 0, None);
        let (content, now_ns) = (connection.content, clock::now_ns());
        let mut take = |frame: &[u8]| match decode(content, frame, now_ns) {
            Ok(record) => {
                routing.wait_for_room(link);
                routing.log(&record, settings.logger.as_deref());
                received += 1;
            }
            Err(error) => {
                refused += 1;
                reason = Some(error.to_string());
            }
        };
        let mut result = connection.pump(&mut self.room, settings.frame_bytes, clock::monotonic(), &mut take);
        self.buffered = self.buffered.saturating_sub(before) + connection.waiting();
        if self.buffered > BUFFERED_BYTES_MAX && connection.waiting() > 0 {
            let text = format!("unfinished frames of all connections have {} bytes", self.buffered);
            result = Pumped::Lost(format!("{text} (accepted: {BUFFERED_BYTES_MAX})"));
        }
        let peer = connection.peer.clone();
        self.link.count(|tally| {
            tally.received += received;
            tally.refused += refused;
        });
        if let Some(reason) = reason {
            self.tell_times(&peer, &reason, refused);
        }
        match result {
            Pumped::Open => {}
            Pumped::Ended => self.close(number),
            Pumped::Lost(why) => {
                self.link.count(|tally| tally.refused += 1);
                self.tell(&peer, &format!("{why}; its connection is closed"));
                self.close(number);
            }
        }
    }

    fn close(&mut self, number: u64) {
        if let Some(connection) = self.connections.remove(&number) {
            self.buffered = self.buffered.saturating_sub(connection.waiting());
            // closing it takes it out of the set, too, unless a child that was just forked holds it
            let _ = self.epoll.delete(&connection.stream);
            self.link.count(|tally| tally.connections = tally.connections.saturating_sub(1));
        }
    }

    fn receive(&mut self) {
        for _ in 0..BURST_MAX {
            let datagram = match self.endpoint.receive(&mut self.room) {
                Ok(datagram) => datagram,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // over a network it belongs to something that was sent, and we send nothing
                Err(_) => continue,
            };
            if let Some(total) = datagram.dropped {
                let new = u64::from(total.wrapping_sub(self.kernel_dropped));
                self.kernel_dropped = total;
                if new > 0 {
                    self.link.count(|tally| tally.dropped += new);
                    self.tell(
                        "the kernel",
                        &format!("{new} datagrams came faster than they were read, and are lost"),
                    );
                }
            }
            let settings = &self.orders.settings;
            let frame = self.room.get(..datagram.length).unwrap_or_default();
            let record = if datagram.is_cut || datagram.length > settings.frame_bytes.saturating_add(4) {
                let max = settings.frame_bytes.min(DATAGRAM_BYTES_MAX);
                Err(Error::new(
                    ErrorKind::Wire,
                    format!("a datagram that is too long (accepted: {max} bytes)"),
                ))
            } else {
                body(settings.content, frame)
                    .and_then(|frame| decode(settings.content, frame, clock::now_ns()))
            };
            match record {
                Ok(record) => {
                    self.routing.log(&record, settings.logger.as_deref());
                    self.link.count(|tally| tally.received += 1);
                }
                Err(error) => {
                    self.link.count(|tally| tally.refused += 1);
                    self.tell(&datagram.peer, &error.to_string());
                }
            }
        }
    }

    /// What is due by the clock.
    fn tick(&mut self, now: Instant) {
        if self.paused.is_some_and(|until| now >= until) {
            self.paused = None;
            self.listen();
        }
        if now.saturating_duration_since(self.ticked) < TICK {
            return;
        }
        self.ticked = now;
        self.routing.report_due(&self.orders.name, now);
        let idle = self.orders.settings.idle;
        let overdue = self.connections.iter();
        let overdue =
            overdue.filter_map(|(&number, connection)| Some((number, connection.overdue(idle, now)?)));
        for (number, why) in overdue.collect::<Vec<_>>() {
            let peer = self.connections.get(&number).map(|connection| connection.peer.clone());
            if self.connections.get(&number).is_some_and(|connection| connection.waiting() > 0) {
                self.link.count(|tally| tally.refused += 1);
                self.tell(&peer.unwrap_or_default(), &format!("{why}; its connection is closed"));
            }
            self.close(number);
        }
    }

    /// Keeps and reports what went wrong.
    fn tell(&mut self, peer: &str, what: &str) {
        self.tell_times(peer, what, 1);
    }

    /// As [`Service::tell`], of the last of several faults.
    fn tell_times(&mut self, peer: &str, what: &str, times: u64) {
        self.link.count(|tally| tally.last_error = Some(format!("{peer}: {what}")));
        self.routing.report(&self.orders.name, peer, (what, times), clock::monotonic());
    }
}

/// What a datagram holds: a record comes after its length, as in a stream.
fn body(content: Content, datagram: &[u8]) -> Result<&[u8]> {
    if !matches!(content, Content::Records(_)) {
        return Ok(datagram);
    }
    let bad = |what: String| Error::new(ErrorKind::Wire, format!("reading a datagram: {what}"));
    let (head, body) = datagram
        .split_first_chunk::<4>()
        .ok_or_else(|| bad(format!("{} bytes (accepted: four of length, and a record)", datagram.len())))?;
    let length = u32::from_be_bytes(*head);
    match usize::try_from(length) == Ok(body.len()) {
        true => Ok(body),
        false => Err(bad(format!("its length is {length}, and {} bytes follow", body.len()))),
    }
}

fn decode(content: Content, frame: &[u8], now_ns: i64) -> Result<Record<'static>> {
    // a fault of ours must not end the receiver: it is one frame
    catch_unwind(AssertUnwindSafe(|| match content {
        Content::Records(codec) => decode_record(frame, codec, now_ns),
        Content::JsonLines => decode_record(frame, Codec::Json, now_ns),
        Content::Syslog => decode_syslog(frame, now_ns),
    }))
    .unwrap_or_else(|_| Err(Error::new(ErrorKind::Wire, "reading a frame: the reader panicked")))
}
