//! Why a request was not done.

use std::{error, fmt, io, path::Path};

use crate::Problem;

/// Why a request was not done.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    text: String,
    problem: Option<Box<Problem>>,
    body: Option<String>,
    source: Option<io::Error>,
}

/// What sort of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nobody listens at the socket.
    NoDaemon,
    /// This user may not connect to the socket.
    NotPermitted,
    /// The daemon understood the request and did not do it: [`Error::problem`] says why.
    Refused,
    /// No whole answer came in time. What was asked for may have been done.
    TimedOut,
    /// What came is no answer of this protocol, or only a part of one.
    Malformed,
    /// The answer is larger than the client takes.
    TooLarge,
    /// The daemon closed the connection before its answer was whole, as one that ends. What was asked for may have been
    /// done.
    Gone,
    /// The connection failed.
    Io,
}

impl Error {
    /// What sort of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether nobody listens at the socket.
    #[must_use]
    pub fn is_no_daemon(&self) -> bool {
        self.kind == ErrorKind::NoDaemon
    }

    /// Whether the daemon refused the request.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.kind == ErrorKind::Refused
    }

    /// What the daemon said.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_deref()
    }

    /// The body of the refusal as it came.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    pub(crate) fn malformed(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, text)
    }

    /// The other side closed the connection, at the place that `text` tells.
    pub(crate) fn gone(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Gone, text)
    }

    pub(crate) fn too_large(bytes_max: usize) -> Self {
        Self::new(ErrorKind::TooLarge, format!("the answer is larger than {bytes_max} bytes"))
    }

    pub(crate) fn timed_out() -> Self {
        Self::new(
            ErrorKind::TimedOut,
            "no whole answer came in time; what was asked for may have been done nevertheless",
        )
    }

    pub(crate) fn refused(problem: Problem, body: String) -> Self {
        let text = problem.to_string();
        Self { problem: Some(Box::new(problem)), body: Some(body), ..Self::new(ErrorKind::Refused, text) }
    }

    /// The socket could not be connected to.
    pub(crate) fn connecting(path: &Path, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ErrorKind::NoDaemon,
            io::ErrorKind::PermissionDenied => ErrorKind::NotPermitted,
            _ => ErrorKind::Io,
        };
        let text = format!("connecting to {}", path.display());
        Self { source: Some(source), ..Self::new(kind, text) }
    }

    /// The connection failed while `doing`.
    pub(crate) fn io(doing: &str, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
            return Self::timed_out();
        }
        let is_gone = matches!(source.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
        let kind = if is_gone { ErrorKind::Gone } else { ErrorKind::Io };
        Self { source: Some(source), ..Self::new(kind, doing.to_owned()) }
    }

    /// Adds which request it was.
    #[must_use]
    pub(crate) fn during(mut self, request: &str) -> Self {
        if self.kind != ErrorKind::Refused {
            self.text = format!("{request}: {}", self.text);
        }
        self
    }

    fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), problem: None, body: None, source: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn error::Error + 'static))
    }
}
