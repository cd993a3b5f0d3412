//! The control server: HTTP/1.1 and JSON over a Unix socket, below `/v1`.
//!
//! One thread, `control`, runs all connections; what a request asks for is done by [`Operations`], on a few threads
//! beside it, because it may wait for the event loop. Nothing of this module runs on the event loop, and an answer to
//! a write is sent after the write was done.
//!
//! A resource is a file here with its handlers, a trait of [`Operations`] in a file of that name, its types in
//! `stratd_control`, and its rows in `routes.rs`. A handler is one line over [`Desk`](desk::Desk): `show`, `show_tagged`
//! for what can be changed, and `change`, which takes the [`Terms`] of the request (`If-Match`, `?dry_run=true`) as an
//! argument of the handler, answers with the tag afterwards and has the record tell what was before and after. The
//! operation itself calls `terms.check(&basis)` where changes come one after another, and does nothing if
//! `terms.is_dry_run`.
//!
//! Invariants: a write is done only for a peer whose role the kernel's word for its user allows (`peer.rs`), and is
//! logged whatever became of it (`guard.rs`). No request waits for ever, and none takes more than its share: every
//! limit is in `limits.rs`, with what happens at it.

mod backtests;
mod body;
mod condition;
mod desk;
mod events;
mod guard;
mod health;
mod inherited;
mod inspect;
mod limits;
mod logging;
mod logging_apply;
mod logging_flight;
mod logging_tap;
mod metrics;
mod name;
mod openapi;
mod operations;
mod peer;
mod plugins;
mod problem;
mod routes;
mod row;
mod server;
mod socket;
mod status;
#[cfg(test)]
mod tests;
mod version;

use std::{
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result};
use tokio::{runtime, sync::watch};

use self::{
    desk::Desk,
    guard::{Entry, Recorder},
    limits::Limits,
    peer::Gate,
    server::Server,
    socket::Socket,
};
pub use self::{
    inherited::inherited_socket,
    operations::{
        Action, ActionError, ActionErrorKind, BacktestOperations, Basis, Condition, EventOperations,
        MetricsOperations, Operations, Outcome, PluginOperations, RunOperations, Tag, Terms,
    },
    peer::Role,
};

/// The mode of the socket: its owner and its group may connect.
pub const SOCKET_MODE: u32 = 0o660;

/// Where the control server listens, and who may change something.
#[derive(Debug)]
pub struct ControlOptions {
    /// The socket. Its directory is created with mode 0755 if it is not there.
    pub path: PathBuf,
    /// Members are operators, and the socket is theirs. A group that does not exist is warned of and has no members.
    pub group: Option<String>,
    /// The mode of the socket: [`SOCKET_MODE`], unless there is a reason.
    pub mode: u32,
    /// A socket that systemd made ([`inherited_socket`]): it is served as it is, and `path` is only what messages say.
    pub inherited: Option<UnixListener>,
}

/// A running control server. Ends when it is dropped.
#[derive(Debug)]
pub struct Control {
    socket: Socket,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Listens, and answers from a thread of its own from now on.
    ///
    /// # Errors
    /// The socket cannot be made, or another daemon answers at it.
    pub fn start(options: ControlOptions, operations: Arc<dyn Operations>) -> Result<Self> {
        Self::start_with(options, operations, Limits::default())
    }

    fn start_with(options: ControlOptions, operations: Arc<dyn Operations>, limits: Limits) -> Result<Self> {
        let ControlOptions { path, group, mode, inherited } = options;
        let gate = Gate::new(group.as_deref(), limits.lookups);
        let (socket, listener) = match inherited {
            Some(listener) => Socket::adopt(path, listener)?,
            None => Socket::bind(path, gate.operators(), mode)?,
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(limits.operation_threads)
            .thread_name("control-op")
            .build()
            .context("starting the control server")?;
        let (stop, stopped) = watch::channel(false);
        let grace = limits.stop_time;
        let record: Recorder = Arc::new(Entry::log);
        let router = routes::router(Desk::new(operations, limits), &record);
        let server = Server::new(router, gate, limits, stopped);
        let thread = thread::Builder::new().name("control".to_owned()).spawn(move || {
            runtime.block_on(server.serve(listener));
            // an operation that still waits for the event loop must not keep the daemon from its end
            runtime.shutdown_timeout(grace);
        });
        let thread = thread.context("starting the thread of the control server")?;
        tracing::info!(logger = "control", "listens at {}", socket.path().display());
        Ok(Self { socket, stop, thread: Some(thread) })
    }

    /// The socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.socket.path()
    }

    /// Takes no more requests, lets those under way end within a moment, and removes the socket if it made it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // before the connections end: who comes now is told that there is no daemon, and does not wait for an answer
        self.socket.remove();
        // nobody listens if the thread has ended already
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(logger = "control", "the control server has panicked");
        }
    }
}
