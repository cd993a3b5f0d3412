//! Receivers: records of other programs, over streams and as datagrams.
//!
//! Each receiver has a socket and a thread. The thread waits for its socket and all its connections together, takes the
//! bytes apart into frames, reads a record out of each, and logs it by value on the logger that it names (or the one that
//! the configuration names instead). As with Python's `logger.handle(record)` the level of that logger is not asked; its
//! filters, `disabled`, and the levels and filters of handlers are.
//!
//! Invariants
//! - Nothing that a peer sends harms anything but its own connection. A frame that cannot be read is counted and told on
//!   `stratd.logging`; where the next frame begins is then known or the connection is closed.
//! - A stream is read only while there is room for its records, so that a peer waits and nothing of it is lost. Datagrams
//!   cannot wait: what the kernel dropped is counted.
//! - A change of configuration opens what is new before what is old is closed. A receiver whose socket stays the same
//!   keeps it, with its connections; other settings are taken over by it.
//!
//! Limits: [`CONNECTIONS_MAX`], [`FRAME_BYTES_MAX`], [`BUFFERED_BYTES_MAX`], [`RECEIVED_NAMES_MAX`], [`STALL_TIMEOUT`].

mod connection;
mod endpoint;
mod framing;
mod keeper;
mod link;
mod options;
mod routing;
mod service;
mod unix_path;

pub use keeper::{KEPT_NAME_MAX, SocketKeeper};
pub use link::ReceiverStatus;
pub(crate) use options::{Access, Content, Place, ReceiverSpec, Settings};

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{
    error::{Error, ErrorKind, Result},
    logging::{Logging, Shared},
    ring::lock,
};
use endpoint::Endpoint;
use keeper::Kept;
use link::Link;
use service::Service;

/// Receivers of one system; more are refused with the configuration.
pub const RECEIVERS_MAX: usize = 64;
/// Connections that one receiver may be allowed to have; a further one is closed at once, and counted.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Connections of a receiver that does not say how many.
pub(crate) const CONNECTIONS: usize = 1_000;
/// The longest frame that a receiver may be allowed to take; a connection with a longer one is closed, and counted.
pub const FRAME_BYTES_MAX: usize = crate::PICKLE_BYTES_MAX;
/// The longest frame of a receiver that does not say how long.
pub(crate) const FRAME_BYTES: usize = 1 << 20;
/// Bytes of unfinished frames that all connections of a receiver may have together; the one that exceeds it is closed.
pub const BUFFERED_BYTES_MAX: usize = 64 << 20;
/// Loggers that a receiver makes because a record names them; records of further names go to the nearest logger above
/// that exists.
pub const RECEIVED_NAMES_MAX: usize = 4096;
/// How long a connection may rest within a frame before it is closed.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a receiver that ends goes on with what has arrived already.
pub(crate) const END_TIME: Duration = Duration::from_millis(500);

/// A receiver that is there: its socket is open, and its thread runs.
struct Receiver {
    name: String,
    kind: String,
    place: Place,
    access: Access,
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Opens the socket and starts the thread, which touches nothing before it is activated.
    fn open(
        spec: &ReceiverSpec,
        shared: &Arc<Shared>,
        is_ours: bool,
        keeper: Option<Arc<dyn SocketKeeper>>,
    ) -> Result<Self> {
        let kept = keeper.and_then(|keeper| Kept::new(keeper, &spec.place));
        let endpoint = Endpoint::open(&spec.place, &spec.access, is_ours, kept)?;
        let link = Arc::new(Link::new(&spec.name, endpoint.address(), spec.settings.clone())?);
        let service = Service::new(Arc::clone(shared), Arc::clone(&link), endpoint)?;
        let thread = std::thread::Builder::new()
            .name(format!("log-{}", spec.name))
            .spawn(move || service.run())
            .map_err(|error| Error::io("starting its thread", error))?;
        Ok(Self {
            name: spec.name.clone(),
            kind: spec.kind.clone(),
            place: spec.place.clone(),
            access: spec.access.clone(),
            link,
            thread: Some(thread),
        })
    }

    fn has_socket_of(&self, spec: &ReceiverSpec) -> bool {
        self.place == spec.place && self.access == spec.access
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.link.end();
        if let Some(thread) = self.thread.take() {
            // a panic of its was reported where it happened
            let _ = thread.join();
        }
    }
}

/// The receivers of a system, in the order of its configuration.
#[derive(Default)]
pub(crate) struct Receivers {
    running: Vec<Receiver>,
    keeper: Option<Arc<dyn SocketKeeper>>,
}

/// The receivers of a configuration, and where each comes from.
pub(crate) struct Prepared(Vec<(ReceiverSpec, Source)>);

enum Source {
    New(Receiver),
    /// the running one of this number, which has the socket already
    Running(usize),
}

impl Receivers {
    /// Opens what is new. Nothing has changed if that fails, or if the result is dropped.
    pub(crate) fn prepare(&self, specs: Vec<ReceiverSpec>, shared: &Arc<Shared>) -> Result<Prepared> {
        let (mut prepared, mut problems) = (Vec::new(), Vec::new());
        let mut taken = vec![false; self.running.len()];
        for spec in specs {
            if let Some(at) = self.running_for(&spec, &taken) {
                taken.iter_mut().skip(at).take(1).for_each(|is_taken| *is_taken = true);
                prepared.push((spec, Source::Running(at)));
                continue;
            }
            let is_ours = self.running.iter().any(|receiver| receiver.place == spec.place);
            match Receiver::open(&spec, shared, is_ours, self.keeper.clone()) {
                Ok(receiver) => prepared.push((spec, Source::New(receiver))),
                Err(error) => problems.push(format!("receivers.{}: {error}", spec.name)),
            }
        }
        if problems.is_empty() {
            return Ok(Prepared(prepared));
        }
        let problems = problems.join("\n  ");
        Err(Error::new(ErrorKind::Config, format!("logging configuration refused\n  {problems}")))
    }

    /// The running receiver with the socket of this one, rather that of its name. Several may have let the kernel choose a
    /// port, so that each is taken once.
    fn running_for(&self, spec: &ReceiverSpec, taken: &[bool]) -> Option<usize> {
        let fits = |at: &usize| {
            let receiver = self.running.get(*at).filter(|receiver| receiver.has_socket_of(spec));
            receiver.is_some() && taken.get(*at) == Some(&false)
        };
        let is_namesake =
            |at: &usize| self.running.get(*at).is_some_and(|receiver| receiver.name == spec.name);
        let all = || (0..self.running.len()).filter(fits);
        all().find(is_namesake).or_else(|| all().next())
    }

    /// Brings into force what was prepared, then closes what is no longer configured.
    pub(crate) fn commit(&mut self, prepared: Prepared) {
        let mut old: Vec<Option<Receiver>> =
            std::mem::take(&mut self.running).into_iter().map(Some).collect();
        for (spec, source) in prepared.0 {
            let receiver = match source {
                Source::New(receiver) => Some(receiver),
                Source::Running(at) => old.get_mut(at).and_then(Option::take),
            };
            if let Some(mut receiver) = receiver {
                receiver.link.activate(&spec.name, spec.settings);
                (receiver.name, receiver.kind) = (spec.name, spec.kind);
                self.running.push(receiver);
            }
        }
        // all at once, then one after the other
        old.iter().flatten().for_each(|receiver| receiver.link.end());
        drop(old);
    }

    /// Asks every receiver to end, and waits for them so long. Sockets that are kept are for the next process.
    pub(crate) fn end(&self, deadline: Instant) {
        self.running.iter().for_each(|receiver| receiver.link.leave());
        self.running.iter().for_each(|receiver| receiver.link.wait_for_end(deadline));
    }

    /// Closes every receiver. None waits for room any more when this is called.
    pub(crate) fn close(&mut self) {
        self.running.clear();
    }

    fn status(&self) -> Vec<ReceiverStatus> {
        self.running.iter().map(|receiver| receiver.link.status(&receiver.name, &receiver.kind)).collect()
    }
}

impl Logging {
    /// Has the sockets of receivers kept from one process to the next. Those that were left by the process before are taken
    /// up when a configuration names their place; receivers that run already are not kept.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use std::os::fd::{BorrowedFd, OwnedFd};
    /// use std::sync::{Arc, Mutex};
    ///
    /// use stratd_logging::{Config, Logging, SocketKeeper};
    ///
    /// /// Keeps them within one process; a service would send them to systemd.
    /// #[derive(Default)]
    /// struct Drawer(Mutex<HashMap<String, Vec<OwnedFd>>>);
    ///
    /// impl SocketKeeper for Drawer {
    ///     fn take(&self, name: &str) -> Vec<OwnedFd> {
    ///         let drawer = self.0.lock().unwrap();
    ///         drawer.get(name).into_iter().flatten().filter_map(|fd| fd.try_clone().ok()).collect()
    ///     }
    ///     fn keep(&self, name: &str, socket: BorrowedFd<'_>) -> bool {
    ///         let Ok(socket) = socket.try_clone_to_owned() else { return false };
    ///         self.0.lock().unwrap().entry(name.to_owned()).or_default().push(socket);
    ///         true
    ///     }
    ///     fn forget(&self, name: &str) {
    ///         self.0.lock().unwrap().remove(name);
    ///     }
    /// }
    ///
    /// let path = std::env::temp_dir().join(format!("kept-{}.sock", std::process::id()));
    /// let config = format!("[receivers.fleet]\nkind = \"socket\"\naddress = {path:?}");
    /// let drawer = Arc::new(Drawer::default());
    /// let logging = Logging::new();
    /// logging.keep_sockets(drawer.clone());
    /// logging.apply(Config::parse(&config)?)?;
    /// drop(logging);
    /// // nobody reads, and nobody is refused: who connects now is served by the next process
    /// assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn keep_sockets(&self, keeper: Arc<dyn SocketKeeper>) {
        lock(self.receiver_set()).keeper = Some(keeper);
    }

    /// What each receiver did so far, in the order of the configuration.
    ///
    /// ```
    /// use stratd_logging::{Config, Logging};
    ///
    /// let logging = Logging::new();
    /// logging.apply(Config::parse("[receivers.fleet]\nkind = \"socket\"\nport = 0")?)?;
    /// let receivers = logging.receivers();
    /// assert_eq!((receivers[0].name.as_str(), receivers[0].received), ("fleet", 0));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn receivers(&self) -> Vec<ReceiverStatus> {
        lock(self.receiver_set()).status()
    }
}
