//! The connector against a venue that follows a script, over a real socket.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod configuration;
mod gaps;
mod orders;
mod protocol;
mod reconnect;
mod venue;
