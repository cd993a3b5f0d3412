//! Looking at a running system, and changing it for a time: the tree, where a record would go, levels that go back by
//! themselves, and a live stream of records.

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

/// A logger, as the tree has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggerStatus {
    /// Its name.
    pub name: String,
    /// The level that was set for it.
    pub level: Level,
    /// The level that is in force.
    pub effective_level: Level,
    /// Its records go on to the handlers above.
    pub propagate: bool,
    /// It is silenced.
    pub is_disabled: bool,
    /// The handlers attached to it.
    pub handlers: Vec<String>,
}

/// Where a record of some logger and level would go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution {
    /// Why it would go nowhere; None if it would be routed.
    pub refused: Option<String>,
    /// The handlers on its way, and why one of them would not take it. Filters decide about single records: they are not
    /// asked here, only counted.
    pub handlers: Vec<ResolvedHandler>,
}

/// A handler on the way of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResolvedHandler {
    /// Its name.
    pub name: String,
    /// The logger it is attached to.
    pub logger: String,
    /// Why it would not take the record.
    pub refused: Option<String>,
    /// Filters that would be asked.
    pub filters: usize,
}

/// Records that a [`Tap`] holds until they are taken, if nobody says otherwise.
pub const TAP_RECORDS: usize = 1000;

static TAPS: AtomicU64 = AtomicU64::new(1);

impl Logging {
    /// Every logger, the root first, then by age.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// let logging = Logging::new();
    /// logging.logger("a.b")?;
    /// let names: Vec<_> = logging.tree().into_iter().map(|logger| logger.name).collect();
    /// assert_eq!(names, ["root", "a.b"]);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn tree(&self) -> Vec<LoggerStatus> {
        let backend = self.shared().claim();
        let tree = lock(&self.shared().tree);
        let status = |id| {
            let node = tree.node(id);
            let handlers =
                node.handlers.iter().filter_map(|&id| backend.router.slots.get(id as usize)?.as_ref());
            LoggerStatus {
                name: node.cell.name.to_string(),
                level: node.level,
                effective_level: tree.effective_level(id),
                propagate: node.propagate,
                is_disabled: node.is_disabled,
                handlers: handlers.map(|slot| slot.status.name.clone()).collect(),
            }
        };
        tree.ids().map(status).collect()
    }

    /// Where a record of this logger and level would go, and why not elsewhere.
    ///
    /// # Errors
    /// If the logger cannot be made.
    ///
    /// ```
    /// use stratd_logging::{Level, Logging, NullHandler};
    ///
    /// let logging = Logging::new();
    /// logging.add_handler("errors", Box::new(NullHandler))?;
    /// logging.set_handler_level("errors", Level::ERROR)?;
    /// logging.attach("root", "errors")?;
    /// let way = logging.resolve("a", Level::WARNING)?;
    /// assert!(way.refused.is_none());
    /// assert_eq!(way.handlers[0].refused.as_deref(), Some("its level is ERROR"));
    /// assert!(logging.resolve("a", Level::INFO)?.refused.is_some());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn resolve(&self, logger: &str, level: Level) -> Result<Resolution> {
        let backend = self.shared().claim();
        let mut tree = lock(&self.shared().tree);
        let id = tree.get_or_insert(logger)?;
        let node = tree.node(id);
        let threshold = node.cell.threshold.load(Ordering::Relaxed);
        let effective = tree.effective_level(id);
        let refused = if node.is_disabled {
            Some("the logger is disabled".to_owned())
        } else if level < effective {
            Some(format!("the level in force is {}", tree.levels.name(effective)))
        } else if level.get() < threshold {
            Some(format!("everything below level {threshold} is disabled"))
        } else {
            None
        };
        let mut handlers = Vec::new();
        for ancestor in tree.ancestry(id) {
            let node = tree.node(ancestor);
            for &handler in &node.handlers {
                let Some(Some(slot)) = backend.router.slots.get(handler as usize) else { continue };
                let refused =
                    (level < slot.level).then(|| format!("its level is {}", tree.levels.name(slot.level)));
                handlers.push(ResolvedHandler {
                    name: slot.status.name.clone(),
                    logger: node.cell.name.to_string(),
                    refused,
                    filters: slot.filters.len(),
                });
            }
            if !node.propagate {
                break;
            }
        }
        Ok(Resolution { refused, handlers })
    }

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
