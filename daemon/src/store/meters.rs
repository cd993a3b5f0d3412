//! What is counted of the writes, for `/v1/metrics`.

use crate::metrics::{Counter, Durations};

/// Figures of a store. Those of commits are written by the thread that writes.
#[derive(Debug, Default)]
pub(crate) struct StoreMeters {
    /// Time of a transaction, until it is on the disk or failed.
    pub(crate) commits: Durations,
    /// Writes that were committed.
    pub(crate) written: Counter,
    /// Writes that the disk or the database refused.
    pub(crate) failed: Counter,
    /// Writes that found no room among those that wait.
    pub(crate) refused: Counter,
}

/// What waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Writes.
    pub(crate) writes: u64,
    /// Bytes of states in them.
    pub(crate) bytes: u64,
}
