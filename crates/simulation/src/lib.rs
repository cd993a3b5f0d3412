//! Execution without an exchange: fill rules for backtests and simulation, and the reader of price files.
//!
//! [`SimulatedExchange`] takes the orders that risk approved and answers with the reports of an exchange, by the
//! rule that the configuration names ([`FillRule`]). It looks at the same market events as the strategies, one event
//! earlier: an order never trades at a price that its strategy saw before it decided, unless the rule says so.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod csv;
mod fill_rule;
mod simulated_exchange;
mod trigger;
mod working_order;

pub use fill_rule::FillRule;
pub use simulated_exchange::{OrderToFill, SimulatedExchange};
