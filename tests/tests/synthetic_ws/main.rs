//! The daemon and the synthetic venue, two programs with a WebSocket between them: whatever happens on the way, both
//! know the same orders, fills, positions and cash at the end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod desk;
mod holdings;
mod terminator;
mod tls;
mod trading;
mod venue;
