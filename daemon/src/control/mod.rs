//! The control server: HTTP/1.1 and JSON over a Unix socket, below `/v1`.
//!
//! One thread, `control`, runs all connections; what a request asks for is done by [`Operations`], on a few threads
//! beside it, because it may wait for the event loop. Nothing of this module runs on the event loop, and an answer to
//! a write is sent after the write was done.
//!
//! A resource is a file here with its handlers, a trait of [`Operations`] in a file of that name, its types in
//! `stratd_control`, and its rows in `routes.rs`. A handler is one line over `Desk` (`desk.rs`): `show`, `show_tagged`
//! for what can be changed, and `change`, which takes the [`Terms`] of the request (`If-Match`, `?dry_run=true`) as an
//! argument of the handler, answers with the tag afterwards and has the record tell what was before and after. The
//! operation itself calls `terms.check(&basis)` where changes come one after another, and does nothing if
//! `terms.is_dry_run`.
//!
//! Invariants: a write is done only for a peer whose role the kernel's word for its user allows (`peer.rs`), and is
//! logged whatever became of it, also if nobody waits for it any more (`guard.rs`, `work.rs`). No request waits for ever, and none takes more than its share: every
//! limit is in `limits.rs`, with what happens at it.

mod accounts;
mod backtests;
mod body;
mod condition;
mod config;
mod desk;
mod events;
mod exchanges;
mod fills;
mod guard;
mod health;
mod inherited;
mod inspect;
mod instruments;
mod keys;
mod limits;
mod logging;
mod logging_apply;
mod logging_flight;
mod logging_tap;
mod metrics;
mod name;
mod openapi;
mod operations;
mod orders;
mod peer;
mod plugins;
mod portfolio;
mod positions;
mod problem;
mod query;
mod risk;
mod routes;
mod row;
mod server;
mod socket;
mod status;
mod strategies;
mod tcp;
#[cfg(test)]
mod tests;
mod token;
mod version;
mod work;

use std::{
    net::SocketAddr,
    os::unix::net::UnixListener,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, Result};
use nix::unistd::Gid;
use tokio::{runtime, sync::watch};

pub(crate) use self::inherited::{InheritedSockets, inherited_sockets};
use self::{
    desk::Desk,
    guard::{Entry, Recorder},
    limits::Limits,
    peer::{Gate, group_of},
    server::{Door, Server},
    socket::Socket,
    tcp::TcpDoor,
    work::Work,
};
pub use self::{
    operations::{
        Action, ActionError, ActionErrorKind, Author, BacktestOperations, Basis, Condition, ConfigChange,
        ConfigOperations, Edit, EventOperations, InstanceName, MetricsOperations, Operations, OrdersAsked,
        Outcome, PageAsked, PluginOperations, Refused, RunOperations, Tag, Terms, TradingChange,
        TradingOperations, TradingScope, Verb, What,
    },
    peer::Role,
    tcp::TcpOptions,
};

/// The mode of the socket: its owner and its group may connect.
pub const SOCKET_MODE: u32 = 0o660;

/// Where the control server listens, and who may change something.
#[derive(Debug)]
pub struct ControlOptions {
    /// The socket on which members of its group are operators.
    pub socket: SocketOptions,
    /// A socket on which nobody may change anything.
    pub read_only: Option<SocketOptions>,
    /// A listener on TCP.
    pub tcp: Option<TcpOptions>,
}

/// A socket in the file system.
#[derive(Debug)]
pub struct SocketOptions {
    /// Where it is. Its directory is created with mode 0755 if it is not there.
    pub path: PathBuf,
    /// The socket is theirs. A group that does not exist is warned of and has no members.
    pub group: Option<String>,
    /// Its mode: [`SOCKET_MODE`], unless there is a reason.
    pub mode: u32,
    /// A socket that systemd made (`stratd.socket`, `stratd-ro.socket`): it is served as it is, and `path` is only what messages say.
    pub inherited: Option<UnixListener>,
}

/// A running control server. Ends when it is dropped.
#[derive(Debug)]
pub struct Control {
    sockets: Vec<Socket>,
    /// Where the listener on TCP is.
    address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Listens, and answers from a thread of its own from now on.
    ///
    /// # Errors
    /// A socket cannot be made, another daemon answers at it, or the listener on TCP would not be safe.
    pub fn start(options: ControlOptions, operations: Arc<dyn Operations>) -> Result<Self> {
        Self::start_with(options, operations, Limits::default())
    }

    fn start_with(options: ControlOptions, operations: Arc<dyn Operations>, limits: Limits) -> Result<Self> {
        let ControlOptions { socket, read_only, tcp } = options;
        // first what can be refused by what it says: nothing was made then
        let tcp = tcp.map(|options| TcpDoor::new(&options)).transpose()?;
        let operators = socket.group.as_deref().and_then(|group| group_of(group, &socket.path));
        let gate = Gate::new(operators, limits.lookups);
        let (socket, listener) = socket.open(operators)?;
        let (mut sockets, mut doors) = (vec![socket], vec![Door::unix(listener, gate.clone())]);
        if let Some(options) = read_only {
            let readers = options.group.as_deref().and_then(|group| group_of(group, &options.path));
            let (socket, listener) = options.open(readers)?;
            sockets.push(socket);
            doors.push(Door::unix(listener, gate.of_readers()));
        }
        let address = tcp.as_ref().map(TcpDoor::address);
        doors.extend(tcp.map(Door::Tcp));
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(limits.operation_threads())
            .thread_name("control-op")
            .build()
            .context("starting the control server")?;
        let (stop, stopped) = watch::channel(false);
        let grace = limits.stop_time;
        let record: Recorder = Arc::new(Entry::log);
        let (work, work_end) = Work::new();
        let desk = Desk::new(operations, limits);
        let meters = desk.meters();
        let router = routes::router(desk, &record, &work);
        // the routes have it, and with them the server
        drop(work);
        let server = Server::new(router, limits, stopped, meters);
        let thread = thread::Builder::new().name("control".to_owned()).spawn(move || {
            runtime.block_on(async {
                server.serve(doors).await;
                work_end.wait(grace).await;
            });
            // an operation that still waits for the event loop must not keep the daemon from its end
            runtime.shutdown_timeout(grace);
        });
        let thread = thread.context("starting the thread of the control server")?;
        for socket in &sockets {
            tracing::info!(logger = "control", "listens at {}", socket.path().display());
        }
        if let Some(address) = address {
            tracing::info!(logger = "control", "listens at tcp {address}");
        }
        Ok(Self { sockets, address, stop, thread: Some(thread) })
    }

    /// The listener on TCP.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Takes no more requests, lets those under way end within a moment, and removes the sockets that it made.
    pub fn stop(self) {
        drop(self);
    }
}

impl SocketOptions {
    fn open(self, group: Option<Gid>) -> Result<(Socket, UnixListener)> {
        let Self { path, group: _, mode, inherited } = self;
        match inherited {
            Some(listener) => Socket::adopt(path, listener),
            None => Socket::bind(path, group, mode),
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // before the connections end: who comes now is told that there is no daemon, and does not wait for an answer
        for socket in &mut self.sockets {
            socket.remove();
        }
        // nobody listens if the thread has ended already
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(logger = "control", "the control server has panicked");
        }
    }
}
