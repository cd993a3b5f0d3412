//! Rows of CSV files as market data: bars and trades on an instrument's grid.
//!
//! [`RowReader`] reads one file, [`MergedRows`] several in the order of their times. A file looks like this:
//!
//! ```
//! use stratd_simulation::csv::{InstrumentTable, RowData, RowOptions, RowReader};
//!
//! let file = "date,symbol,open,high,low,close,volume\n\
//!             2000-03-01,AAPL-EQUITY,118.56,132.06,118.5,130.31,9616100\n";
//! let mut instruments = InstrumentTable::default();
//! let mut rows = RowReader::new("prices.csv", file.as_bytes(), &RowOptions::default())?;
//! let row = rows.next_row(&mut instruments)?.expect("the file has one row");
//! assert_eq!(row.ts.to_string(), "2000-03-01T00:00:00Z");
//! assert_eq!(instruments.get(row.instrument).symbol, "AAPL");
//! assert!(matches!(row.data, RowData::Bar { close, .. } if close.get() == 13_031));
//! assert_eq!(rows.next_row(&mut instruments)?, None);
//! # Ok::<(), stratd_simulation::csv::Error>(())
//! ```
//!
//! # Columns
//! The first row names them. Case, spaces and punctuation do not count (`Adj. Close` is `adj_close`), the order is
//! free, and columns that are not listed here are passed over.
//! - Time: `date`, `datetime`, `time` or `timestamp`; see [`parse_time`].
//! - `symbol`, for example `AAPL-EQUITY`: the part after the last `-` is the instrument type if it names one, else it
//!   belongs to the symbol (`BRK-B`). Without the column every row is of [`RowOptions::symbol`].
//! - `instrument_type`, optional; a row without a type is of the table's default type.
//! - One of three forms:
//!   - bars: `open`, `high`, `low`, `close`, `volume`; a row is a Bar and a Trade at its close
//!   - closes, aat's form: `close`, `volume`; a row is a Trade at the close
//!   - trades: `price` and `volume`, `quantity` or `size`; optional `side` (of the aggressor: buy, sell, b, s) and `id`
//! - `adj_close` or `adjusted_close` beside a close, for [`Adjust::AdjClose`].
//!
//! # Rules
//! - A number that has more digits than the grid is a bad row. Nothing is ever rounded, except by
//!   [`Adjust::AdjClose`], once and exactly (integers only), halves away from zero.
//! - Every bad row is an [`Error`] with file, line, column, found and accepted. The reader goes on behind it, so the
//!   caller decides: stop, or count and call again ([`OnBadRow`]).
//! - Time must not go backwards within a file; equal times are fine. A row that goes backwards is a bad row, and the
//!   rows behind it are measured against the latest good one.
//! - Quotes, CRLF, a byte order mark and blank lines are understood. A quoted field with a line break is a bad row:
//!   no market data has one, and a quote that was never closed would swallow good rows without a word.
//! - The time of a row is what the file says; a date is its midnight UTC. A file whose bars carry the time of their
//!   beginning shows each close too early, which matters as soon as it is merged with finer data.
//!
//! # Memory
//! Constant in the number of rows: per file a buffer of 64 KiB and one row of at most [`ROW_BYTES_MAX`]; per run one
//! entry for every symbol, at most [`SYMBOLS_MAX`].

mod adjust;
mod columns;
mod error;
mod line_reader;
mod merge;
mod options;
mod parse;
mod reader;
mod row;
mod symbol;
#[cfg(test)]
mod tests;
mod time;

pub use adjust::Adjust;
pub use error::{Error, ErrorKind};
pub use merge::MergedRows;
pub use options::{OnBadRow, RowOptions};
pub use reader::{ROW_BYTES_MAX, RowCounts, RowReader};
pub use row::{Row, RowData};
pub use symbol::{InstrumentTable, RowInstrument, SYMBOLS_MAX, instrument_type_named};
pub use time::{TimeUnit, parse_time};
