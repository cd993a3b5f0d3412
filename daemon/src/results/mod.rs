//! What a run leaves behind: `orders.csv`, `fills.csv`, `positions.csv`, `denials.csv`, `equity.csv`, `returns.csv`,
//! `config.json`, `summary.json`, `report.html`, and the table on the terminal.
//!
//! Everything here is a function of the inputs of the run: no clock, no path, no address gets into a file, so that
//! two runs of one backtest give byte-equal folders.

pub mod compare;
mod curve;
mod denials;
#[cfg(feature = "arrow")]
pub mod export;
mod exposure;
mod fill_totals;
mod finish;
mod folder;
mod instants;
mod late_orders;
mod marks;
mod positions;
mod printer;
mod ratios;
mod recorder;
mod report;
mod round_trips;
mod row;
mod row_file;
mod row_text;
mod row_writer;
mod rows;
mod summarize;
mod summary;
mod table;
mod timeline;
mod words;

pub(crate) use report::{
    config_rows,
    html::{Html, escape},
};
pub(crate) use words::{event_in_words, order_event_in_words};

pub use folder::RunFolder;
pub use ratios::Ratios;
pub use recorder::{Labels, Recorder};
pub use summary::{
    Assumptions, DrawdownSummary, InstrumentSummary, PluginLabel, StrategySummary, Summary, TripSummary,
};
pub use table::print_summary;
