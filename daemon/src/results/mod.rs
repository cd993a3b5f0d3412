//! What a run leaves behind: `orders.csv`, `fills.csv`, `equity.csv`, `summary.json`, and the table on the terminal.
//!
//! Everything here is a function of the inputs of the run: no clock, no path, no address gets into a file, so that
//! two runs of one backtest give byte-equal folders.

mod curve;
mod fill_totals;
mod folder;
mod recorder;
mod summarize;
mod summary;
mod table;

pub use folder::RunFolder;
pub use recorder::{Labels, Recorder};
pub use summary::{Assumptions, InstrumentSummary, StrategySummary, Summary};
pub use table::print_summary;
