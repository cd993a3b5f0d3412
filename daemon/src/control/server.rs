//! Connections: taken, bounded, and ended.

use std::{io, os::unix::net::UnixListener as StdListener, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time,
};

use super::{limits::Limits, peer::Gate, problem::ProblemKind};

/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a socket.
pub(super) struct Server {
    router: Router,
    gate: Gate,
    limits: Limits,
    stopped: watch::Receiver<bool>,
}

impl Server {
    pub(super) fn new(router: Router, gate: Gate, limits: Limits, stopped: watch::Receiver<bool>) -> Self {
        Self { router, gate, limits, stopped }
    }

    /// Until it is told to stop. Then what is under way may end, for a moment.
    pub(super) async fn serve(self, listener: StdListener) {
        let listener = match UnixListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(logger = "control", "cannot wait for connections: {error}");
                return;
            }
        };
        let slots = Arc::new(Semaphore::new(self.limits.connections));
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
                Ok((stream, _)) => {
                    is_failing = false;
                    match Arc::clone(&slots).try_acquire_owned() {
                        Ok(slot) => {
                            let connection = self.connection();
                            connections.spawn(async move {
                                connection.serve(stream).await;
                                drop(slot);
                            });
                        }
                        Err(_) => refuse(&stream, self.limits.connections),
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
        // each ends by itself within this time; twice, because theirs starts when they have seen the stop
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = time::timeout(self.limits.stop_time * 2, ended).await;
    }

    fn connection(&self) -> Connection {
        Connection {
            router: self.router.clone(),
            gate: self.gate.clone(),
            limits: self.limits,
            stopped: self.stopped.clone(),
        }
    }
}

/// One connection.
struct Connection {
    router: Router,
    gate: Gate,
    limits: Limits,
    stopped: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: UnixStream) {
        let Self { router, gate, limits, mut stopped } = self;
        let found = time::timeout(limits.read_time, gate.peer(&stream)).await;
        let peer = match found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::warn!(logger = "control", "finding out who has connected: {error}");
                return;
            }
        };
        let service = TowerToHyperService::new(router.layer(Extension(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_time)
            .max_buf_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
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
            // peers that go away or do not speak HTTP are no matter of the daemon
            tracing::debug!(logger = "control", "a connection of uid {}: {error}", peer.uid);
        }
    }
}

/// Tells a peer that there are too many, as far as the buffer of the socket takes it, and closes.
fn refuse(stream: &UnixStream, connections_max: usize) {
    let detail = format!("{connections_max} connections are open already (close one, or try again)");
    let problem = ProblemKind::Busy.with(detail);
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    match stream.try_write(answer.as_bytes()) {
        Ok(_) => tracing::warn!(logger = "control", "a connection was refused: {}", problem.detail),
        // it has gone already
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => tracing::debug!(logger = "control", "refusing a connection: {error}"),
    }
}
