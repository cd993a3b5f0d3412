//! From a record to the logger that handles it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{RECEIVED_NAMES_MAX, link::Link};
use crate::{
    inspect::nearest,
    level::Level,
    logger::{Event, Logger},
    logging::Shared,
    record::Record,
    ring::lock,
    value::Value,
};

/// The logger of what receivers say about themselves.
const OWN_LOGGER: &str = "stratd.logging";
/// How often they say something at most.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Logs what a receiver takes, and what it refuses.
pub(super) struct Routing {
    shared: Arc<Shared>,
    known: HashMap<String, Logger>,
    made: usize,
    reported: Option<Instant>,
    /// what happened since then: how often, and the last of it with its peer
    silent: Option<(u64, String, String)>,
}

impl Routing {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, known: HashMap::new(), made: 0, reported: None, silent: None }
    }

    /// Logs a record on the logger given, or on the one that it names.
    pub(super) fn log(&mut self, record: &Record<'_>, logger: Option<&str>) {
        let name = logger.unwrap_or(&record.name);
        match self.known.get(name) {
            Some(logger) => logger.handle(record),
            None => self.logger(name).handle(record),
        }
    }

    /// Waits until there is room for more records, or the receiver ends.
    pub(super) fn wait_for_room(&self, link: &Link) {
        while !self.shared.channel.has_room() && !link.is_ending() {
            self.shared.channel.await_room();
        }
    }

    fn logger(&mut self, name: &str) -> Logger {
        let exists = lock(&self.shared.tree).find(name).is_some();
        if (exists || self.made < RECEIVED_NAMES_MAX)
            && let Ok(logger) = Shared::logger(&self.shared, name)
        {
            self.made += usize::from(!exists);
            if self.known.len() < 2 * RECEIVED_NAMES_MAX {
                self.known.insert(name.to_owned(), logger.clone());
            }
            return logger;
        }
        let tree = lock(&self.shared.tree);
        let (id, _) = nearest(&tree, name);
        let cell = Arc::clone(&tree.node(id).cell);
        drop(tree);
        Logger { shared: Arc::clone(&self.shared), cell }
    }

    /// Says what went wrong, and how often it did, or keeps it for the next time that something may be said.
    pub(super) fn report(&mut self, receiver: &str, peer: &str, (what, times): (&str, u64), now: Instant) {
        let count = self.silent.as_ref().map_or(0, |(count, ..)| *count);
        self.silent = Some((count + times, peer.to_owned(), what.to_owned()));
        self.report_due(receiver, now);
    }

    /// Says what was kept, if it is time.
    pub(super) fn report_due(&mut self, receiver: &str, now: Instant) {
        if self.reported.is_some_and(|last| now.saturating_duration_since(last) < REPORT_INTERVAL) {
            return;
        }
        let Some((count, peer, what)) = self.silent.take() else { return };
        self.reported = Some(now);
        let Ok(logger) = Shared::logger(&self.shared, OWN_LOGGER) else { return };
        let mut fields = vec![("receiver", Value::from(receiver)), ("peer", Value::from(peer.as_str()))];
        if count > 1 {
            fields.push(("not_reported", Value::from(count - 1)));
        }
        let message = format_args!("receiver {receiver:?}, {peer}: {what}");
        logger.emit(&Event { fields: &fields, ..Event::new(Level::WARNING, message) });
    }

    /// True if something waits to be said.
    pub(super) fn has_report(&self) -> bool {
        self.silent.is_some()
    }
}
