//! The handler that does nothing: it keeps a library's records from the last resort.

use super::{Entry, Handler};
use crate::error::Result;

/// Takes every record and does nothing with it.
///
/// ```
/// use stratd_logging::{Entry, Handler, Level, NullHandler, Record};
///
/// let record = Record::new("a", Level::INFO, "x");
/// assert!(NullHandler.emit(&Entry::new(&record, "x")).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NullHandler;

impl Handler for NullHandler {
    fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
        Ok(())
    }

    fn needs_text(&self) -> bool {
        false
    }
}
