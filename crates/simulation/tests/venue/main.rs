//! The synthetic venue, from outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod bench;
mod invariants;
mod own_orders;
mod reports;
