#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm
)]
//! placeholder

mod book;
mod config;
mod error;
mod event;
mod exact;
#[cfg(feature = "testing")]
mod naive;
mod order;
mod store;

pub use book::{Level, Levels, OrderBook, TopOfBook};
pub use config::{BookConfig, IDS_MAX, ORDERS_MAX, SLOTS_MAX, STOPS_MAX};
pub use error::Error;
pub use event::{Event, EventKind, Execution, TradeSummary};
#[cfg(feature = "testing")]
pub use naive::NaiveBook;
pub use order::{
    NewOrder, NewStop, Notional, Operation, Order, OrderId, OwnerId, SelfTrade, Stop, Terms,
};
