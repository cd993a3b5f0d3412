//! `stratd sweep`: one backtest with every combination of some values, in as many processes as there are cores.
//!
//! The way of a combination: its number goes to a worker (`crew.rs`), which sets the values in the configuration, checks
//! it whole, runs the backtest and answers with a [`Row`]. The row is written to the journal (`journal.rs`) before the
//! next number is given out, so an interrupted sweep goes on where it was. When all have ended, `results.csv` and
//! `sweep.html` are made of all rows: equal inputs write equal bytes, whatever the number of processes.
//!
//! The folders of the best runs are kept, with everything that a backtest writes.
//!
//! Limits: [`grid::COMBINATIONS_MAX`], [`grid::PARAMS_MAX`], [`param::VALUES_MAX`], [`KEPT_MAX`], [`JOBS_MAX`].

pub(crate) mod crew;
pub(crate) mod grid;
mod heat;
pub(crate) mod journal;
pub(crate) mod kept;
pub(crate) mod measure;
mod page;
pub(crate) mod param;
pub(crate) mod row;
mod table;

pub(crate) use page::page;
pub(crate) use table::{csv, print_best};

use self::{grid::Grid, measure::Measure, row::Row};

/// Most folders of runs that are kept.
pub(crate) const KEPT_MAX: usize = 1_000;
/// Most processes.
pub(crate) const JOBS_MAX: usize = 256;

/// A sweep that has ended, for those who show it.
pub(crate) struct Swept<'a> {
    pub(crate) grid: &'a Grid,
    /// One for each combination, by number.
    pub(crate) rows: &'a [Row],
    /// What the best are the best of, and its place among the figures.
    pub(crate) by: (usize, Measure),
    /// The configuration without the values, as results show it.
    pub(crate) config: &'a serde_json::Value,
}
