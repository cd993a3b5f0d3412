//! Bad rows that are left out: named, then only counted.

use stratd_plugin_api::{ExchangeHandle, Level};
use stratd_simulation::csv::Error;

/// Bad rows that are named one by one; a broken file must not fill the disk with its log.
const NAMED_MAX: u64 = 10;

/// Counts bad rows and names the first ones.
#[derive(Default)]
pub(crate) struct BadRows {
    count: u64,
}

impl BadRows {
    /// Takes a bad row.
    pub(crate) fn add(&mut self, error: &Error, host: &ExchangeHandle) {
        self.count += 1;
        if self.count <= NAMED_MAX {
            host.log(Level::WARNING, format_args!("bad row left out: {error}"));
        }
        if self.count == NAMED_MAX + 1 {
            host.log(Level::WARNING, "further bad rows are only counted; the total comes at the end");
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
