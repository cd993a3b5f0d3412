//! The synthetic venue of `stratd-synthetic`, over WebSocket: market data and order entry.
//!
//! The protocol is docs/synthetic-venue.md; this crate is its client.
//!
//! - One thread (`synthetic-ws`) owns the socket and everything that depends on it (`session::Session`); the host's
//!   calls hand it a command through a bounded queue and return at once.
//! - The session reads no socket and no clock: frames, commands and the time go in, frames and events come out.
//! - An order is sent once. If its answer does not come (a time-out, a broken connection), its outcome is unknown; then
//!   the venue is asked by the client order id, and what it says counts. Nothing is ever sent again but cancels, which
//!   may be repeated without harm.
//! - Reports of own orders carry a number without gaps: one that is missing is fetched, one that comes twice is dropped.
//! - A book that missed an event says nothing until it is complete again, by the missing events or by a new snapshot.
//! - Nothing is dropped silently: see `tell` for what happens while the host's inbox is full.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod backoff;
mod config;
mod exchange;
mod link;
mod session;
mod socket;
mod tell;
mod tls;
mod wire;

pub use config::{Config, FeedName};
pub use exchange::SyntheticWsExchange;

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(SyntheticWsExchange);
