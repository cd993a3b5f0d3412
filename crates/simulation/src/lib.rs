//! Execution without an exchange: fill models and costs for backtests and simulation, and the reader of price files.
//!
//! [`SimulatedExchange`] takes the orders that risk approved and answers with the reports of an exchange, as the
//! configuration says ([`FillModel`]): at which price ([`FillRule`]), how soon, how much ([`Liquidity`]) and for which
//! fees ([`Fees`]). It looks at the same market events as the strategies, one event earlier: an order never trades at
//! a price that its strategy saw before it decided, unless the rule says so.
//! [`CostModels`] are what executions cost beyond the fees.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod book;
mod budget;
mod by_book;
mod by_price;
mod costs;
pub mod csv;
mod fill_model;
mod fill_rule;
mod market;
mod reporter;
mod simulated_exchange;
mod splits;
#[cfg(test)]
mod tests;
mod trigger;
pub mod venue;
mod working_order;

pub use costs::{CostModel, CostModels, Fees};
pub use fill_model::{FillModel, Liquidity};
pub use fill_rule::FillRule;
pub use simulated_exchange::{OrderToFill, SimulatedExchange};
pub use splits::{SPLITS_MAX, SplitError, Splits, SymbolSplits};
