//! The run as a whole.

use stratd_control::Status;

use super::ActionError;

/// What is asked of the run.
pub trait RunOperations {
    /// How it stands.
    ///
    /// # Errors
    /// The run cannot be asked, as when it is busy.
    fn status(&self) -> Result<Status, ActionError>;
}
