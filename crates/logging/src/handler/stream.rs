//! The handler for standard output, standard error, or any file descriptor that the process was given.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use super::{Entry, Handler, Progress};
use crate::{
    error::{Error, ErrorKind, Result},
    stderr::StandardError,
    sys,
};

/// Bytes that are kept before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Where a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamTarget {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A descriptor that the process was started with. It is duplicated, so that closing it elsewhere does no harm.
    Descriptor(i32),
}

impl StreamTarget {
    /// Reads `stderr`, `stdout` or `fd:N`.
    ///
    /// # Errors
    /// If it is none of these.
    ///
    /// ```
    /// use stratd_logging::StreamTarget;
    ///
    /// assert_eq!(StreamTarget::parse("fd:3")?, StreamTarget::Descriptor(3));
    /// assert!(StreamTarget::parse("sys.stderr").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "stderr" => return Ok(Self::Stderr),
            "stdout" => return Ok(Self::Stdout),
            _ => {}
        }
        let number =
            text.strip_prefix("fd:").and_then(|number| number.parse().ok()).filter(|&number| number >= 0);
        number.map(Self::Descriptor).ok_or_else(|| {
            Error::new(ErrorKind::Handler, format!("stream target {text:?} (accepted: stderr, stdout, fd:N)"))
        })
    }

    /// True for a terminal that shows colours and whose user wants them: neither is `NO_COLOR` set nor `TERM` dumb.
    ///
    /// ```
    /// # use stratd_logging::StreamTarget;
    /// assert!(!StreamTarget::Descriptor(9999).wants_color());
    /// ```
    #[must_use]
    pub fn wants_color(self) -> bool {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_terminal = match self {
            Self::Stderr | Self::Descriptor(2) => StandardError.is_terminal(),
            Self::Stdout => io::stdout().is_terminal(),
            Self::Descriptor(number) => sys::duplicate(number).is_ok_and(|file| file.is_terminal()),
        };
        is_terminal && !is_set("NO_COLOR") && !is_dumb
    }
}

/// Writes each text and a terminator to a stream, many of them with one call.
///
/// ```
/// use stratd_logging::{StreamHandler, StreamTarget};
///
/// let _ = StreamHandler::new(StreamTarget::Stderr, "\n")?;
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct StreamHandler {
    writer: Box<dyn Write + Send>,
    name: String,
    terminator: String,
    buffer: Vec<u8>,
    /// records in the buffer, written since the last look, and lost with a write that failed
    kept: u64,
    written: u64,
    lost: u64,
}

impl StreamHandler {
    /// A handler for a stream of the process.
    ///
    /// # Errors
    /// If there is no such descriptor.
    ///
    /// ```
    /// # use stratd_logging::{StreamHandler, StreamTarget};
    /// assert!(StreamHandler::new(StreamTarget::Descriptor(9999), "\n").is_err());
    /// ```
    pub fn new(target: StreamTarget, terminator: &str) -> Result<Self> {
        let (writer, name): (Box<dyn Write + Send>, String) = match target {
            // descriptor 2 by its number is no way around a capture of it
            StreamTarget::Stderr | StreamTarget::Descriptor(2) => {
                (Box::new(StandardError), "stderr".to_owned())
            }
            StreamTarget::Stdout => (Box::new(io::stdout()), "stdout".to_owned()),
            StreamTarget::Descriptor(number) => {
                let file = sys::duplicate(number)
                    .map(File::from)
                    .map_err(|error| Error::io(format!("opening stream fd:{number}"), error))?;
                (Box::new(file), format!("fd:{number}"))
            }
        };
        Ok(Self::over(writer, name, terminator))
    }

    /// A handler for any writer.
    ///
    /// ```
    /// # use stratd_logging::StreamHandler;
    /// let _ = StreamHandler::from_writer(std::io::sink(), "sink", "\n");
    /// ```
    #[must_use]
    pub fn from_writer(writer: impl Write + Send + 'static, name: &str, terminator: &str) -> Self {
        Self::over(Box::new(writer), name.to_owned(), terminator)
    }

    fn over(writer: Box<dyn Write + Send>, name: String, terminator: &str) -> Self {
        let terminator = terminator.to_owned();
        Self { writer, name, terminator, buffer: Vec::new(), kept: 0, written: 0, lost: 0 }
    }
}

impl Handler for StreamHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.buffer.extend_from_slice(entry.text.as_bytes());
        self.buffer.extend_from_slice(self.terminator.as_bytes());
        self.kept += 1;
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let result = self.writer.write_all(&self.buffer).and_then(|()| self.writer.flush());
        self.buffer.clear();
        let kept = std::mem::take(&mut self.kept);
        match &result {
            Ok(()) => self.written += kept,
            Err(_) => self.lost += kept,
        }
        result.map_err(|error| Error::io(format!("writing to {}", self.name), error))
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        Progress {
            queued: self.kept,
            written: std::mem::take(&mut self.written),
            refused: std::mem::take(&mut self.lost),
            ..Progress::default()
        }
    }
}
