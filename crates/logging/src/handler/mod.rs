//! Handlers: where records go. One file each.

mod backoff;
mod capture;
mod command;
mod command_run;
mod delivery;
mod file;
mod http;
mod http_body;
mod journald;
mod link;
mod log_file;
mod null;
mod rotating;
mod rotation;
mod smtp;
mod smtp_talk;
mod socket;
mod stream;
mod syslog;
mod syslog_names;
mod timed;
mod tls;
mod worker;

pub use backoff::Backoff;
pub use capture::{Capture, Captured};
pub use command::{COMMAND_TIMEOUT, CommandHandler, CommandOptions};
pub use delivery::{
    BATCH_RECORDS_MAX, BatchOptions, QUEUE_RECORDS, QUEUE_WAIT_MAX, QueueOptions, QueueOverflow,
    RATE_COUNT_MAX, RateLimit,
};
pub use file::FileHandler;
pub use http::{HttpHandler, HttpMethod, HttpOptions};
pub use journald::{JournaldHandler, JournaldOptions};
pub use log_file::{BACKLOG_BYTES_MAX, FileOptions};
pub(crate) use log_file::{group_of, user_of};
pub use null::NullHandler;
pub use rotating::{RotateBySize, RotatingFileHandler};
pub use rotation::Compression;
pub use smtp::{SmtpHandler, SmtpOptions};
pub use smtp_talk::{SmtpConnect, SmtpLink};
pub use socket::{Address, PEER_TIMEOUT, SocketHandler, SocketOptions};
pub use stream::{StreamHandler, StreamTarget};
pub use syslog::{SyslogFormat, SyslogFraming, SyslogHandler, SyslogOptions, SyslogTransport};
pub(crate) use syslog_names::facility_name;
pub use timed::{Clock, RotateByTime, TimedFileHandler, When};
pub use tls::TlsOptions;
pub use worker::QUEUE_BYTES_MAX;

use std::time::Duration;

use crate::{
    error::{Error, Result},
    record::Record,
};

/// A record on its way to a handler, with the text that the handler's formatter made of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The record.
    pub record: &'a Record<'a>,
    /// Its text; empty for a handler that needs none.
    pub text: &'a str,
}

impl<'a> Entry<'a> {
    /// An entry of a record and its text; for tests of handlers.
    ///
    /// ```
    /// use stratd_logging::{Entry, Level, Record};
    ///
    /// let record = Record::new("a", Level::INFO, "x");
    /// assert_eq!(Entry::new(&record, "INFO x").text, "INFO x");
    /// ```
    #[must_use]
    pub fn new(record: &'a Record<'a>, text: &'a str) -> Self {
        Self { record, text }
    }
}

/// Takes records. Every call comes from one thread at a time, the back end's as a rule; a handler that may have to wait
/// for its peer has a thread of its own.
///
/// A panic of a handler is caught and counted as an error.
///
/// ```
/// use stratd_logging::{Entry, Handler, Result};
///
/// #[derive(Default)]
/// struct Count(u64);
///
/// impl Handler for Count {
///     fn emit(&mut self, _: &Entry<'_>) -> Result<()> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
/// ```
pub trait Handler: Send {
    /// Called once, when the handler is about to get its first record: what cannot be undone belongs here, not into the
    /// making of a handler.
    ///
    /// # Errors
    /// If it cannot work.
    fn activate(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes one record. It may keep it until [`Handler::flush`].
    ///
    /// # Errors
    /// If the record is lost; it is counted and reported.
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()>;

    /// Hands over what it kept.
    ///
    /// # Errors
    /// If something of it is lost.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// Opens its file anew, after somebody else renamed it.
    ///
    /// # Errors
    /// If it cannot be opened.
    fn reopen(&mut self) -> Result<()> {
        Ok(())
    }

    /// Hands over what it kept and gives up what it holds, within the time given. A later record may open it again.
    ///
    /// # Errors
    /// If something is lost.
    fn close(&mut self, within: Duration) -> Result<()> {
        let _ = within;
        self.flush()
    }

    /// True if it wants the text of a record.
    fn needs_text(&self) -> bool {
        true
    }

    /// True if it keeps records and says with [`Progress::written`] how many came to their end; else a record counts as
    /// written once it was taken.
    fn counts_written(&self) -> bool {
        false
    }

    /// Told of each error of its own, its formatter's included, after it was counted.
    fn on_error(&mut self, error: &Error) {
        let _ = error;
    }

    /// Takes out what waits for a peer, for the handler that takes its place. It can only be handed to one that sends the
    /// same bytes.
    fn take_waiting(&mut self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Sends what waited at its predecessor, before any record of its own.
    fn put_waiting(&mut self, items: Vec<Vec<u8>>) {
        drop(items);
    }

    /// What happened since the last time it was asked, for handlers that work on a thread of their own. It is asked a few
    /// times a second, which a handler may use to try again what failed.
    fn take_progress(&mut self) -> Progress {
        Progress::default()
    }
}

/// What a handler did on a thread of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Records that wait.
    pub queued: u64,
    /// Records that were written or delivered since the last time; for a handler with [`Handler::counts_written`].
    pub written: u64,
    /// Records that were dropped since the last time because there was no room for them.
    pub dropped: u64,
    /// Records that were given up since the last time because they will never be taken.
    pub refused: u64,
    /// Errors since the last time.
    pub errors: u64,
    /// The last of them.
    pub last_error: Option<String>,
}
