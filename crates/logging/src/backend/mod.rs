//! The back end: takes records out of the rings in the order of their times and brings them to the handlers.
//!
//! It is a value behind one lock, and whoever holds the lock may work: its own thread as a rule, and whoever flushes,
//! changes the configuration or stops. A change first drains the rings under the same lock, so that every record is
//! routed by the configuration in which it was logged, and none is lost or doubled.

mod drain;
mod duties;
mod losses;
mod places;
mod report;
mod router;
mod slot;
mod texts;

pub(crate) use duties::MEMORY_DEPTH_MAX;
pub(crate) use report::OWN_LOGGER;
pub(crate) use router::Router;
pub use slot::HandlerStatus;
pub(crate) use slot::{Memory, Sink, Slot};

use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::{
    encoding::Origin,
    ring::{Channel, Overflow, Source, lock},
    tree::{LoggerCell, Tree},
};

/// How old kept texts may grow under steady load before they are written.
pub const FLUSH_INTERVAL_MS: u64 = 200;
/// How long a record may be overtaken by an older one of another thread, in nanoseconds.
pub(crate) const MERGE_GRACE_NS: i64 = 100_000;

pub(crate) struct Backend {
    pub(crate) router: Router,
    sources: Vec<Staged>,
    channel: Arc<Channel>,
    tree: Arc<Mutex<Tree>>,
    last_flush: Option<Instant>,
    /// when handlers with threads of their own were asked for news
    last_news: Option<Instant>,
    /// when losses of handlers were told last
    drops_told_ns: Option<i64>,
    pub(crate) routed: u64,
    /// who reports about the system itself
    origin: Origin,
    pub(crate) reports_failures: bool,
}

/// A ring, with the bytes that were taken out of it and not routed yet.
struct Staged {
    source: Source,
    bytes: Vec<u8>,
    at: usize,
    /// time and length of the record at `at`, if it is there whole
    next: Option<(i64, usize)>,
    /// the logger of the last record, which is most often that of the next
    logger: Option<Arc<LoggerCell>>,
}

impl Backend {
    pub(crate) fn new(channel: Arc<Channel>, tree: Arc<Mutex<Tree>>, origin: Origin) -> Self {
        Self {
            router: Router::new(),
            sources: Vec::new(),
            channel,
            tree,
            last_flush: None,
            last_news: None,
            drops_told_ns: None,
            routed: 0,
            origin,
            reports_failures: true,
        }
    }

    pub(crate) fn set_overflow(&self, overflow: Overflow) {
        *lock(&self.channel.overflow) = overflow;
    }

    /// Looks at the tree again if it has changed.
    pub(crate) fn refresh(&mut self) {
        let tree = lock(&self.tree);
        self.router.refresh(&tree);
    }
}
