//! The connector against a host that only takes notes, with files on disk.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod host;
mod refusals;
