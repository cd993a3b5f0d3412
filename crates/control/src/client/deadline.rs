//! The time that is left of a request.
#![expect(clippy::disallowed_methods, reason = "a client of the socket has nobody to tell it the time")]

use std::time::{Duration, Instant};

/// When a request must be over.
///
/// A limit on each read alone would let a daemon that sends a byte now and then hold its client for ever.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self { start: Instant::now(), limit }
    }

    /// What is left; `None` if it has passed.
    pub(super) fn left(&self) -> Option<Duration> {
        self.limit.checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }
}
