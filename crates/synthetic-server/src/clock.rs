//! The only place of this program that reads a clock.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stratd_plugin_api::Timestamp;

/// The wall clock. A clock before 1970 or after 2262 reads as the nearest end.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::new(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
