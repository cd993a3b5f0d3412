//! Changing a running system for a time, and listening to it: levels that go back by themselves, and a live stream of
//! records.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::{
    backend::{Sink, Slot},
    clock,
    error::Result,
    handler::{Entry, Handler, Progress},
    level::Level,
    logging::Logging,
    record::Record,
    ring::lock,
};

/// Records that a [`Tap`] holds until they are taken, if nobody says otherwise.
pub const TAP_RECORDS: usize = 1000;

static TAPS: AtomicU64 = AtomicU64::new(1);

impl Logging {
    /// Sets the level of a logger for a time; then it goes back to what it was before the first such change.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// use std::time::Duration;
    /// use stratd_logging::{Level, Logging};
    ///
    /// let logging = Logging::new();
    /// logging.set_level_for("a", Level::DEBUG, Duration::from_secs(600))?;
    /// assert_eq!(logging.level("a")?, Level::DEBUG);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_level_for(&self, logger: &str, level: Level, within: Duration) -> Result<()> {
        let id = self.logger(logger)?.id();
        let before = self.level(logger)?;
        let now = clock::monotonic();
        // a time beyond the end of the clock never comes
        let Some(at) = now.checked_add(within) else { return self.set_level(logger, level) };
        let mut reverts = lock(&self.shared().reverts);
        match reverts.iter_mut().find(|(_, known, _)| *known == id) {
            Some(revert) => revert.0 = at,
            None => reverts.push((at, id, before)),
        }
        drop(reverts);
        self.set_level(logger, level)
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
        let handler = TapHandler { sender, dropped: 0 };
        self.shared().change(|backend, tree| {
            let id = tree.get_or_insert(logger)?;
            let name = format!("tap-{}", TAPS.fetch_add(1, Ordering::Relaxed));
            let mut slot = Slot::new(&name, "tap", Sink::Handler(Box::new(handler)));
            slot.survives = true;
            let handler = backend.router.add_slot(slot)?;
            tree.node_mut(id).handlers.push(handler);
            Ok(Tap { logging: self.clone(), name, receiver })
        })
    }
}

struct TapHandler {
    sender: SyncSender<Record<'static>>,
    dropped: u64,
}

impl Handler for TapHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(entry.record.clone().into_owned()) {
            self.dropped += 1;
        }
        Ok(())
    }

    fn needs_text(&self) -> bool {
        false
    }

    fn take_progress(&mut self) -> Progress {
        Progress { dropped: std::mem::take(&mut self.dropped), ..Progress::default() }
    }
}

/// A live stream of records.
#[derive(Debug)]
pub struct Tap {
    logging: Logging,
    name: String,
    receiver: Receiver<Record<'static>>,
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

impl Drop for Tap {
    fn drop(&mut self) {
        // a system that has ended has no handlers to take away
        let _ = self.logging.remove_handler(&self.name);
    }
}
