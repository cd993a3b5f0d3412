//! Filters: what decides about single records, or adds to them.

mod name;
mod predicate;

pub use name::NameFilter;
pub use predicate::{Operand, Predicate};

use crate::record::Record;

/// Decides whether a record goes on, and may change it.
///
/// A change made by a logger's filter is seen by every handler; one made by a handler's filter by that handler alone.
///
/// ```
/// use stratd_logging::{Filter, Level, NameFilter, Record};
///
/// let mut filter = NameFilter::new("a.b");
/// assert!(filter.accepts(&mut Record::new("a.b.c", Level::INFO, "")));
/// assert!(!filter.accepts(&mut Record::new("a.bb", Level::INFO, "")));
/// ```
pub trait Filter: Send {
    /// True if the record goes on.
    fn accepts(&mut self, record: &mut Record<'_>) -> bool;

    /// True if it may change records. Only then does a handler with it work on a copy.
    fn changes_records(&self) -> bool {
        false
    }
}
