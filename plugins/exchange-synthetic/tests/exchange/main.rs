//! The connector against a host that only takes notes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backtest;
mod configuration;
mod host;
mod paced;
