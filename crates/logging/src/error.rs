//! The one error of this crate.

use std::{error, fmt, io};

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A level that is neither a number nor a known name.
    Level,
    /// A format string, or an option of a formatter, that is refused when it is compiled.
    Format,
    /// A record that its formatter cannot print: a field is missing or of the wrong type.
    Record,
    /// A filter whose options are refused.
    Filter,
    /// A configuration that is refused; the text holds every problem with its key.
    Config,
    /// A handler that does not exist, or cannot do what was asked.
    Handler,
    /// A file, socket or program that failed.
    Io,
    /// A frame of the network that cannot be read.
    Wire,
    /// A limit that would be exceeded.
    Limit,
}

/// Why something was refused or failed: a [kind](Error::kind), a text, and the system's reason if there is one.
///
/// ```
/// use stratd_logging::{ErrorKind, LevelNames};
///
/// let error = LevelNames::default().parse("LOUD").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Level);
/// assert!(error.to_string().contains("LOUD"));
/// ```
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    source: Option<io::Error>,
    problems: Vec<(String, String)>,
}

impl Error {
    /// The error of a part that a program brings along: a filter, handler or formatter that cannot be made, or fails.
    ///
    /// ```
    /// # use stratd_logging::Error;
    /// assert_eq!(Error::refused("no such table").to_string(), "no such table");
    /// ```
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message.into())
    }

    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), source: None, problems: Vec::new() }
    }

    pub(crate) fn io(context: impl Into<String>, source: io::Error) -> Self {
        Self { kind: ErrorKind::Io, text: context.into(), source: Some(source), problems: Vec::new() }
    }

    /// A configuration that is refused: its text, and each problem apart.
    pub(crate) fn of_problems(text: impl Into<String>, problems: Vec<(String, String)>) -> Self {
        Self { problems, ..Self::new(ErrorKind::Config, text) }
    }

    pub(crate) fn format(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Format, text)
    }

    pub(crate) fn record(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Record, text)
    }

    /// What kind of thing went wrong.
    ///
    /// ```
    /// # use stratd_logging::{ErrorKind, LevelNames};
    /// assert_eq!(LevelNames::default().parse("").unwrap_err().kind(), ErrorKind::Level);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Of a configuration that is refused, each problem apart: its key, with dots, and what is wrong with it.
    ///
    /// ```
    /// # use stratd_logging::Config;
    /// let error = Config::parse("[root]\nlevel = \"LOUD\"").unwrap_err();
    /// assert_eq!(error.problems()[0].0, "root.level");
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[(String, String)] {
        &self.problems
    }

    /// The reason the system gave, if it was asked.
    ///
    /// ```
    /// # use stratd_logging::LevelNames;
    /// assert!(LevelNames::default().parse("").unwrap_err().io_error().is_none());
    /// ```
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.source.as_ref()
    }
}

impl From<io::Error> for Error {
    /// For handlers of a program's own.
    fn from(error: io::Error) -> Self {
        Self::io("the handler failed", error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
