//! Listening to a running system: a stream of records beside all handlers, for a while.
//!
//! A tap is a handler at one logger: it gets the records of that logger and of those below it that propagate, as far as
//! their levels are on. A configuration that is applied meanwhile does not end it; dropping what the caller holds does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::{
    backend::{Sink, Slot},
    error::Result,
    format::FormatterOptions,
    handler::{Entry, Handler, Progress},
    level::Level,
    logging::Logging,
    record::Record,
};

/// Records that a [`Tap`] holds until they are taken, if nobody says otherwise.
pub const TAP_RECORDS: usize = 1000;

static TAPS: AtomicU64 = AtomicU64::new(1);

/// What a tap hears.
///
/// ```
/// use stratd_logging::{Level, TapOptions};
///
/// let options = TapOptions { level: Level::WARNING, ..TapOptions::new("strategy") };
/// assert_eq!(options.logger, "strategy");
/// ```
#[derive(Clone, Debug)]
pub struct TapOptions {
    /// The logger whose records it gets, with those below it.
    pub logger: String,
    /// The lowest level that it gets; levels of loggers stay as they are.
    pub level: Level,
    /// How records become text for it; as Python's default if None.
    pub format: Option<FormatterOptions>,
}

impl TapOptions {
    /// Everything of a logger.
    ///
    /// ```
    /// # use stratd_logging::{Level, TapOptions};
    /// assert_eq!(TapOptions::new("a").level, Level::NOTSET);
    /// ```
    #[must_use]
    pub fn new(logger: &str) -> Self {
        Self { logger: logger.to_owned(), level: Level::NOTSET, format: None }
    }
}

/// Ends a tap when it is dropped.
#[derive(Debug)]
#[must_use = "the tap ends when this is dropped"]
pub struct TapGuard {
    logging: Logging,
    name: String,
}

impl Drop for TapGuard {
    fn drop(&mut self) {
        // a system that has ended has no handlers to take away
        let _ = self.logging.remove_handler(&self.name);
    }
}

impl Logging {
    /// Gives the records of a logger and those below it to `handler` as well, until the guard is dropped.
    ///
    /// # Errors
    /// If the logger cannot be made, the format is refused, or there are too many handlers.
    ///
    /// ```
    /// use stratd_logging::{Capture, Level, Logging, TapOptions};
    ///
    /// let logging = Logging::new();
    /// let (capture, captured) = Capture::new(10);
    /// let tap = logging.tap_into(&TapOptions::new("a"), Box::new(capture))?;
    /// logging.logger("a.b")?.log(Level::WARNING, "heard");
    /// logging.flush();
    /// drop(tap);
    /// logging.logger("a.b")?.log(Level::WARNING, "not heard");
    /// logging.flush();
    /// assert_eq!(captured.take(), ["heard"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn tap_into(&self, options: &TapOptions, handler: Box<dyn Handler>) -> Result<TapGuard> {
        let name = format!("tap-{}", TAPS.fetch_add(1, Ordering::Relaxed));
        let mut slot = Slot::new(&name, "tap", Sink::Handler(handler));
        slot.survives = true;
        slot.level = options.level;
        self.shared().change(|backend, tree| {
            let id = tree.get_or_insert(&options.logger)?;
            if let Some(format) = &options.format {
                slot.formatter = backend.router.add_formatter(format)?;
            }
            let handler = backend.router.add_slot(slot)?;
            tree.node_mut(id).handlers.push(handler);
            Ok(TapGuard { logging: self.clone(), name })
        })
    }

    /// A live stream of the records of a logger and those below it. A reader that is too slow loses the newest records,
    /// which are counted; the tap is taken away when the stream is dropped.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// use stratd_logging::{Level, Logging, TAP_RECORDS, log};
    ///
    /// let logging = Logging::new();
    /// let tap = logging.tap("a", TAP_RECORDS)?;
    /// log!(logging.logger("a.b")?, Level::WARNING, "hello");
    /// logging.flush();
    /// assert_eq!(tap.take().iter().map(|record| &*record.message).collect::<Vec<_>>(), ["hello"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn tap(&self, logger: &str, capacity: usize) -> Result<Tap> {
        let (sender, receiver) = sync_channel(capacity.max(1));
        let handler = Box::new(ToReceiver { sender, written: 0, dropped: 0 });
        Ok(Tap { receiver, _guard: self.tap_into(&TapOptions::new(logger), handler)? })
    }
}

struct ToReceiver {
    sender: SyncSender<Record<'static>>,
    written: u64,
    dropped: u64,
}

impl Handler for ToReceiver {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        match self.sender.try_send(entry.record.clone().into_owned()) {
            Ok(()) => self.written += 1,
            Err(TrySendError::Full(_)) => self.dropped += 1,
            // its reader has gone
            Err(TrySendError::Disconnected(_)) => {}
        }
        Ok(())
    }

    fn needs_text(&self) -> bool {
        false
    }

    fn counts_written(&self) -> bool {
        true
    }

    fn take_progress(&mut self) -> Progress {
        Progress {
            written: std::mem::take(&mut self.written),
            dropped: std::mem::take(&mut self.dropped),
            ..Progress::default()
        }
    }
}

/// A live stream of records.
#[derive(Debug)]
pub struct Tap {
    receiver: Receiver<Record<'static>>,
    _guard: TapGuard,
}

impl Tap {
    /// Takes the records that have come, without waiting.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().tap("root", 10)?.take().is_empty());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn take(&self) -> Vec<Record<'static>> {
        self.receiver.try_iter().collect()
    }

    /// Waits for the next record.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// # use std::time::Duration;
    /// assert!(Logging::new().tap("root", 10)?.next_within(Duration::ZERO).is_none());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn next_within(&self, within: Duration) -> Option<Record<'static>> {
        self.receiver.recv_timeout(within).ok()
    }
}
