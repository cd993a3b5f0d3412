//! What an author returns when something failed, and what the engine gets to hear of it.

use std::fmt;

use crate::Reason;

/// An error of a plugin: a message for people. Every `std::error::Error` converts into it, so `?` works.
///
/// ```
/// use stratd_plugin_api::{Error, Result};
/// fn parse(text: &str) -> Result<u32> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(Error::new("no price yet").to_string(), "no price yet");
/// ```
// Not `std::error::Error` itself: that would forbid the blanket conversion, as in anyhow.
pub struct Error {
    message: String,
}

/// Result of a handler.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// From a message: lower case, no full stop; what was attempted, on what, what would be accepted.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A call into a plugin failed. After a panic the instance is poisoned and every further call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `Panic` or `HandlerError`; of an isolated plugin also `Crashed` or `Deadline`.
    pub reason: Reason,
    /// The message for people.
    pub message: String,
    /// The index of the event that failed, in the slice that was given.
    pub index: usize,
}

impl Fault {
    /// A handler returned an error.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self { reason: Reason::HandlerError, message: message.into(), index: 0 }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl std::error::Error for Fault {}
