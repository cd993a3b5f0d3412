//! The facades that others log with: `tracing` and `log`. Their records go through a [`Front`](crate::Front).

#[cfg(feature = "log")]
mod log;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "log")]
pub use self::log::LogBridge;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingLayer;

use crate::level::Level;

/// The number of the level below DEBUG, which the facades have and Python's logging has not.
pub(crate) const TRACE: Level = Level::new(5);
