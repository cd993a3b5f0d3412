//! What happens in the run.

use super::ActionError;
use crate::feed::Feed;

/// What is asked about events.
pub trait EventOperations {
    /// Where to listen.
    ///
    /// # Errors
    /// This daemon tells no events.
    fn feed(&self) -> Result<Feed, ActionError>;
}
