//! Replays prices from CSV files: market data of a backtest.
//!
//! It takes no orders (the host's fill model executes them) and serves no other trading type: a file is not live.
//! What a file may look like, and what a bad row is, stands in [`stratd_simulation::csv`].
//!
//! - The files are read twice: when the host asks for the instruments, to find all symbols, and then for the events.
//!   The first pass checks every row, so with `on_bad_row = "stop"` a bad row is named before the run starts.
//! - Memory is constant in the length of the files; see [`stratd_simulation::csv`].
//! - A row of bars gives two events, the Bar and then a Trade at its close with the flag FROM_BAR.
//! - With `adjust = "adj_close"` open, high, low and close are multiplied by adj_close/close and rounded once to the
//!   grid of `price_decimals`, halves away from zero, in integers; volumes stay as they are. The summary says so.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod bad_rows;
mod config;
mod exchange;
mod feed;
mod texts;

pub use config::Config;
pub use exchange::CsvExchange;

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(CsvExchange);
