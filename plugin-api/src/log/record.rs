//! A record on its way to the host.

use std::{error, fmt::Write as _, panic};

use super::{Level, LogValue};

/// Where in the source a record was logged; empty texts and 0 = unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location<'a> {
    /// Source file.
    pub file: &'a str,
    /// Line in it.
    pub line: u32,
    /// Function.
    pub function: &'a str,
    /// Module.
    pub module: &'a str,
}

impl Location<'static> {
    /// The line that calls.
    ///
    /// ```
    /// # use stratd_plugin_api::Location;
    /// assert!(Location::caller().line > 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn caller() -> Self {
        let caller = panic::Location::caller();
        Self { file: caller.file(), line: caller.line(), ..Self::default() }
    }
}

/// A log record, borrowed for the call.
///
/// ```
/// use stratd_plugin_api::{Level, Log};
///
/// let record = Log { target: "orders", fields: &[("quantity", 7_i64.into())], ..Log::new(Level::INFO, "sent") };
/// assert_eq!(record.message, "sent");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// Level.
    pub level: Level,
    /// Logger name below the plugin instance's own; empty = the instance's.
    pub target: &'a str,
    /// Message.
    pub message: &'a str,
    /// Key-values.
    pub fields: &'a [(&'a str, LogValue<'a>)],
    /// Where in the source.
    pub location: Location<'a>,
    /// The error that is reported, with its causes or its stack; empty = none.
    pub exception: &'a str,
    /// Which event of the slice in hand it is about; `None` = unknown, and clear if the slice is of one.
    pub event: Option<u32>,
    /// The level of its logger is not asked: a [`scoped`](crate::scoped) level lets it pass.
    pub is_forced: bool,
}

impl<'a> Log<'a> {
    /// A record with a level and a text, and nothing else.
    ///
    /// ```
    /// # use stratd_plugin_api::{Level, Log};
    /// assert!(Log::new(Level::DEBUG, "x").fields.is_empty());
    /// ```
    #[must_use]
    pub const fn new(level: Level, message: &'a str) -> Self {
        Self {
            level,
            target: "",
            message,
            fields: &[],
            location: Location { file: "", line: 0, function: "", module: "" },
            exception: "",
            event: None,
            is_forced: false,
        }
    }
}

/// An error with its causes, a line each, for [`Log::exception`].
///
/// ```
/// # use stratd_plugin_api::exception_text;
/// let error: Box<dyn std::error::Error> = "no such file".into();
/// assert_eq!(exception_text(&*error), "no such file");
/// ```
#[must_use]
pub fn exception_text(error: &dyn error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        // writing to a String cannot fail
        let _ = write!(text, "\ncaused by: {next}");
        cause = next.source();
    }
    text
}
