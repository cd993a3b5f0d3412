//! Replays TeaFiles: recordings of this daemon, and any file with times and prices, as market data of a backtest.
//!
//! It takes no orders (the host's fill model executes them) and serves no other trading type: a file is not live.
//!
//! - A file holds trades, quotes, bars or book updates of one instrument. What it holds, and which fields they are, is
//!   told by the file (the name-values of a recording), by the names of its fields, or by the configuration: see
//!   [`Config`].
//! - All files are merged by time. Of equal times, events of recordings come in the order of the engine that recorded
//!   them, others in the order of the files.
//! - Memory is constant in the length of the files: a block of each file that is open is in memory, and a file is open
//!   from its first event to its last. At most 256 are open at once, whatever the number of files.
//! - Files are read by `pread`: one that shrinks meanwhile ends the run with an error. A partial item at the end is not
//!   read, and told.
//! - Whole numbers of recordings are in units of their decimals and go through as they are. Other numbers must be on the
//!   grid of the decimals, unless `round` is set; see [`Config::round`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod columns;
mod config;
mod exchange;
mod feed;
mod files;
mod grid;
mod layout;
mod source;

pub use columns::{Columns, Kind};
pub use config::Config;
pub use exchange::TeaExchange;

#[cfg(feature = "export")]
stratd_plugin_api::export_exchange!(TeaExchange);
