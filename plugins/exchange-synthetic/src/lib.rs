//! A complete synthetic exchange: seeded participants trade in order books, and so do the strategies.
//!
//! The venue itself is [`stratd_simulation::venue`]; this is its connector.
//!
//! - *backtest*: pulled. A call of `next_batch` does one step of the venue (more, until something happened), pushes the
//!   events in book order through the host's `emit` and `emit_orders`, writes nothing into the batch and returns how
//!   many it pushed; 0 = the end, after `steps` actions of participants. Orders act on the book at once and push their
//!   events during the call. Equal configurations and orders give equal runs.
//! - *simulation* (as data; orders are refused) and *sandbox*: paced by `rate` on a thread of its own, which alone
//!   delivers events. Orders act on the book at once; their events go the way of all others.
//! - Without deadlock: the lock of the venue is never held while the host takes events, so a host that sends orders
//!   from the thread that empties its inbox never waits for itself. The order of events is that of the book, because
//!   each change of a book appends to one queue under the lock and one thread delivers the queue.
//! - Nothing is dropped: while the host's inbox is full the venue stands still, and its market goes on from there.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod config;
mod deliver;
mod exchange;
mod floor;

pub use config::{Config, FeedName, SelfTradeName};
pub use exchange::SyntheticExchange;

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(SyntheticExchange);
