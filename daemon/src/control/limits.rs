//! Every limit of the control server, and what happens at it.

use std::time::Duration;

use super::keys::KeyLimits;

/// The limits. Tests make them small; nobody else changes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at once. One more is told so with status 503 and closed.
    pub(super) connections: usize,
    /// Reads at once. One more waits for a place, as long as `read_time`, and is told then with status 503 that there
    /// was none; so no more wait than there are connections.
    pub(super) reads: usize,
    /// Writes at once. One more is told so with status 503.
    pub(super) writes: usize,
    /// As many more that stop trading: `kill`, `halt`, `cancel-all`, and a state that is not `active`. However slow the
    /// others are, these find a place.
    pub(super) stops: usize,
    /// Users looked up in the user database at once; that database may be far away. Who has connected besides waits,
    /// as long as `read_time`, and is closed then.
    pub(super) lookups: usize,
    /// How long a connection may be idle, or take to send the head of a request. Then it is closed.
    pub(super) head_time: Duration,
    /// How much of the head of a request is buffered while its end is awaited; one that comes in one piece may be
    /// somewhat longer. A longer one is answered with status 431.
    pub(super) head_bytes: usize,
    /// How long the body of a request may take. Then it is answered with status 408.
    pub(super) body_time: Duration,
    /// The largest body of a request. A larger one is answered with status 413.
    pub(super) body_bytes: usize,
    /// How long a read is waited for. Then it is answered with status 503.
    pub(super) read_time: Duration,
    /// How long a write is waited for: a probe, a creation and a swap, each with a limit of its own, fit in. Then it
    /// is answered with status 503, and goes on.
    pub(super) write_time: Duration,
    /// How old a connection may become; it ends after the request under way. Also bounds how long an answer may wait
    /// for a peer that does not read it.
    pub(super) connection_time: Duration,
    /// How long requests under way may take when the server stops or the connection is too old.
    pub(super) stop_time: Duration,
    /// Keys of orders by hand that are remembered.
    pub(super) keys: KeyLimits,
}

impl Limits {
    /// Threads that operations run on: one for each that may run at once.
    pub(super) fn operation_threads(&self) -> usize {
        self.reads + self.writes + self.stops + self.lookups
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            reads: 4,
            writes: 4,
            stops: 2,
            lookups: 2,
            head_time: Duration::from_secs(30),
            head_bytes: 32 << 10,
            body_time: Duration::from_secs(10),
            body_bytes: 1 << 20,
            read_time: Duration::from_secs(10),
            write_time: Duration::from_secs(120),
            connection_time: Duration::from_secs(600),
            stop_time: Duration::from_secs(2),
            keys: KeyLimits { count: 10_000, age: Duration::from_secs(24 * 3600) },
        }
    }
}
