//! Connections: taken, bounded, and ended.

use std::{
    io,
    os::{fd::AsRawFd as _, unix::net::UnixListener as StdListener},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use nix::sys::socket::{MsgFlags, recv};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time,
};

use super::{
    limits::Limits,
    peer::{Gate, Peer},
    problem::ProblemKind,
    tcp::{TcpDoor, TcpGate},
};
use crate::metrics::{ControlMeters, ListenerMeters};

/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where connections come in. Each has its own places: those who use up the places of one keep nobody from another.
pub(super) enum Door {
    Unix { listener: StdListener, gate: Gate },
    Tcp(TcpDoor),
}

impl Door {
    pub(super) fn unix(listener: StdListener, gate: Gate) -> Self {
        Self::Unix { listener, gate }
    }
}

/// A door that connections are waited for at.
enum Listener {
    Unix(UnixListener, Gate),
    Tcp(TcpListener, TcpGate),
}

/// A connection of which nobody knows yet whose it is.
enum Incoming {
    Unix(UnixStream, Gate),
    Tcp(TcpStream, TcpGate),
}

impl Listener {
    /// Within the runtime.
    fn new(door: Door) -> io::Result<Self> {
        Ok(match door {
            Door::Unix { listener, gate } => Self::Unix(UnixListener::from_std(listener)?, gate),
            Door::Tcp(TcpDoor { listener, gate, .. }) => Self::Tcp(TcpListener::from_std(listener)?, gate),
        })
    }

    /// The key of `[control]` that it is of.
    fn name(&self) -> &'static str {
        match self {
            Self::Unix(_, gate) if gate.is_of_readers() => "read_only_socket",
            Self::Unix(..) => "socket",
            Self::Tcp(..) => "tcp",
        }
    }

    async fn accept(&self) -> io::Result<Incoming> {
        Ok(match self {
            Self::Unix(listener, gate) => Incoming::Unix(listener.accept().await?.0, gate.clone()),
            Self::Tcp(listener, gate) => Incoming::Tcp(listener.accept().await?.0, gate.clone()),
        })
    }
}

/// Serves all doors.
#[derive(Clone)]
pub(super) struct Server {
    router: Router,
    limits: Limits,
    stopped: watch::Receiver<bool>,
    meters: ControlMeters,
}

impl Server {
    pub(super) fn new(
        router: Router,
        limits: Limits,
        stopped: watch::Receiver<bool>,
        meters: ControlMeters,
    ) -> Self {
        Self { router, limits, stopped, meters }
    }

    /// Until it is told to stop. Then what is under way may end, for a moment.
    pub(super) async fn serve(self, doors: Vec<Door>) {
        let mut served = JoinSet::new();
        for door in doors {
            match Listener::new(door) {
                Ok(listener) => drop(served.spawn(self.clone().serve_one(listener))),
                Err(error) => {
                    tracing::error!(logger = "control", "cannot wait for connections: {error}");
                }
            }
        }
        while served.join_next().await.is_some() {}
    }

    async fn serve_one(self, listener: Listener) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let meters = self.meters.listener(listener.name());
        let mut stopped = self.stopped.clone();
        let mut connections = JoinSet::new();
        let mut is_failing = false;
        loop {
            let accepted = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                // keeps the set from growing with connections that have ended
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok(incoming) => {
                    is_failing = false;
                    match Arc::clone(&slots).try_acquire_owned() {
                        Ok(slot) => {
                            let server = self.clone();
                            let open = Open::new(&meters);
                            connections.spawn(async move {
                                server.take(incoming, &open).await;
                                drop((slot, open));
                            });
                        }
                        Err(_) => {
                            meters.refused.bump();
                            refuse(&incoming, self.limits.connections);
                        }
                    }
                }
                Err(error) => {
                    // once for each spell of it: it comes again with every attempt
                    if !is_failing {
                        tracing::error!(logger = "control", "taking a connection: {error}");
                    }
                    is_failing = true;
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        // each ends by itself within this time: one for the first words of who has come, one for the answer, and one more
        // because theirs start when they have seen the stop
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = time::timeout(self.limits.stop_time * 3, ended).await;
    }

    /// Finds out whose a connection is, and serves it.
    async fn take(self, incoming: Incoming, open: &Open) {
        match incoming {
            Incoming::Unix(stream, gate) => {
                let found = time::timeout(self.limits.read_time, gate.peer(&stream)).await;
                match found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                    Ok(peer) if self.is_spoken_to(&stream).await => {
                        self.talk(stream, (peer, open), None).await;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        open.broke();
                        tracing::warn!(logger = "control", "finding out who has connected: {error}");
                    }
                }
            }
            Incoming::Tcp(stream, gate) => {
                let met = time::timeout(self.limits.head_time, gate.meet(stream)).await;
                match met.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                    Ok((stream, peer)) => self.talk(stream, (peer, open), Some(gate)).await,
                    // whoever does not speak TLS, or has no certificate, is no matter of the daemon
                    Err(error) => {
                        open.broke();
                        tracing::debug!(logger = "control", "a connection over TCP: {error}");
                    }
                }
            }
        }
    }

    /// Whether somebody has said something, in the time that there is for it.
    ///
    /// The connection of hyper ends at once at a stop if nothing was read from it, though a request may be on its way: who
    /// connects at the last moment would be turned away, instead of being served or waiting for the next daemon.
    async fn is_spoken_to(&self, stream: &UnixStream) -> bool {
        let mut stopped = self.stopped.clone();
        let stop = async {
            let _ = stopped.wait_for(|stopped| *stopped).await;
            time::sleep(self.limits.stop_time).await;
        };
        // a stream may be taken for readable that is not, as one is that was just accepted: something must be there
        let said = stream.async_io(Interest::READABLE, || {
            recv(stream.as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK).map_err(io::Error::from)
        });
        tokio::select! {
            said = said => said.is_ok(),
            () = time::sleep(self.limits.head_time.min(self.limits.connection_time)) => false,
            () = stop => false,
        }
    }

    async fn talk<S>(self, stream: S, (peer, open): (Peer, &Open), gate: Option<TcpGate>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, limits, mut stopped, .. } = self;
        let router = match gate {
            Some(gate) => gate.demand_token(router),
            None => router,
        };
        let who = peer.who.clone();
        let service = TowerToHyperService::new(router.layer(Extension(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            // in this order: what was said is read before the stop is seen
            biased;
            ended = connection.as_mut() => Some(ended),
            () = time::sleep(limits.connection_time) => None,
            _ = stopped.wait_for(|stopped| *stopped) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                // what has not ended by then is cut off
                time::timeout(limits.stop_time, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            open.broke();
            // peers that go away or do not speak HTTP are no matter of the daemon
            tracing::debug!(logger = "control", "a connection of {who}: {error}");
        }
    }
}

/// A connection that has a place: counted as open until it is dropped, also when its task is cut off.
struct Open(Arc<ListenerMeters>);

impl Open {
    fn new(meters: &Arc<ListenerMeters>) -> Self {
        meters.taken.bump();
        Self(Arc::clone(meters))
    }

    /// It ends otherwise than HTTP says.
    fn broke(&self) {
        self.0.broken.bump();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.ended.bump();
    }
}

/// Tells a peer that there are too many, as far as the buffer of the socket takes it, and closes.
fn refuse(incoming: &Incoming, connections_max: usize) {
    let detail = format!("{connections_max} connections are open already (close one, or try again)");
    let problem = ProblemKind::Busy.with(detail);
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let written = match incoming {
        Incoming::Unix(stream, _) => stream.try_write(answer.as_bytes()),
        Incoming::Tcp(stream, gate) if !gate.has_tls() => stream.try_write(answer.as_bytes()),
        // there is no telling before a handshake, which is what there is no place for
        Incoming::Tcp(..) => Ok(0),
    };
    match written {
        Ok(_) => tracing::warn!(logger = "control", "a connection was refused: {}", problem.detail),
        // it has gone already
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => tracing::debug!(logger = "control", "refusing a connection: {error}"),
    }
}
