//! The only place of the crate that reads a clock.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The wall clock in nanoseconds since 1970. A clock before 1970 or after 2262 reads as the nearest end.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The monotonic clock, for deadlines.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}
