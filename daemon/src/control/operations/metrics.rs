//! The figures of the daemon.

use super::ActionError;
use crate::metrics::Page;

/// What is asked about figures.
pub trait MetricsOperations {
    /// The figures of now. Asks nobody who might not answer.
    ///
    /// # Errors
    /// There are none.
    fn metrics(&self) -> Result<Page, ActionError>;
}
