//! The only place of the crate that reads a clock.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::time::Instant;

use nix::time::{ClockId, clock_gettime};

/// The wall clock in nanoseconds since 1970. A clock after 2262 reads as the end of that time.
///
/// Every record reads it, and what it gives is two whole numbers: `SystemTime` would take a difference and 128 bits.
#[inline]
pub(crate) fn now_ns() -> i64 {
    // this clock exists wherever Linux runs
    let Ok(now) = clock_gettime(ClockId::CLOCK_REALTIME) else { return 0 };
    now.tv_sec().saturating_mul(1_000_000_000).saturating_add(now.tv_nsec())
}

/// The monotonic clock, for deadlines.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
