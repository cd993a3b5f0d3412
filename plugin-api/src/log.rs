//! Log records of plugins.

use std::fmt;

/// Severity, with CPython's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Detail for the author.
    Debug,
    /// Normal events.
    Info,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
    /// The plugin cannot go on.
    Critical,
}

impl Level {
    /// CPython's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Debug => 10,
            Self::Info => 20,
            Self::Warning => 30,
            Self::Error => 40,
            Self::Critical => 50,
        }
    }
}

/// A log record, borrowed for the call.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// CPython's number of the level.
    pub level: u32,
    /// Logger name below the plugin instance's own; empty = the instance's.
    pub target: &'a str,
    /// Message.
    pub message: &'a str,
    /// Key-values.
    pub fields: &'a [(&'a str, &'a str)],
}

/// Formats `message` once and hands it to `sink`.
pub(crate) fn with_message(level: Level, message: impl fmt::Display, sink: impl FnOnce(&Log<'_>)) {
    let message = message.to_string();
    sink(&Log { level: level.number(), target: "", message: &message, fields: &[] });
}
