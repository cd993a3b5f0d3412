//! The filter by name.

use super::Filter;
use crate::record::Record;

/// Lets records of one logger and those below it pass; all records, if the name is empty.
///
/// ```
/// use stratd_logging::{Filter, Level, NameFilter, Record};
///
/// assert!(NameFilter::new("").accepts(&mut Record::new("x", Level::INFO, "")));
/// ```
#[derive(Clone, Debug)]
pub struct NameFilter {
    name: String,
}

impl NameFilter {
    /// A filter for the logger `name`.
    ///
    /// ```
    /// # use stratd_logging::NameFilter;
    /// let _ = NameFilter::new("strategy");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

impl Filter for NameFilter {
    fn accepts(&mut self, record: &mut Record<'_>) -> bool {
        match record.name.strip_prefix(&self.name) {
            Some(rest) => self.name.is_empty() || rest.is_empty() || rest.starts_with('.'),
            None => false,
        }
    }
}
