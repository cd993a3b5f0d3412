//! A handler in its place: with its level, filters, formatter and counters.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{handler::Handler, level::Level, record::Record};

/// Records that a memory handler without a target keeps at most; older ones are dropped and counted.
pub(crate) const MEMORY_RECORDS_MAX: usize = 65_536;

/// What a handler did so far.
///
/// ```
/// use stratd_logging::{Logging, NullHandler};
///
/// let logging = Logging::new();
/// logging.add_handler("nothing", Box::new(NullHandler))?;
/// let status = &logging.handlers()[0];
/// assert_eq!((status.name.as_str(), status.written), ("nothing", 0));
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerStatus {
    /// Its name.
    pub name: String,
    /// Its kind, as configuration calls it.
    pub kind: String,
    /// The lowest level it takes.
    pub level: Level,
    /// Records that wait in it.
    pub queued: u64,
    /// Records that it wrote, delivered or handed over.
    pub written: u64,
    /// Records it dropped.
    pub dropped: u64,
    /// Records, and later attempts, that failed.
    pub errors: u64,
    /// The last failure.
    pub last_error: Option<String>,
}

pub(crate) struct Slot {
    pub(crate) level: Level,
    pub(crate) filters: Arc<[u32]>,
    pub(crate) formatter: u32,
    /// whether the handler wants the text of a record
    pub(super) needs_text: bool,
    /// whether the handler says itself what it has written
    pub(super) counts_written: bool,
    pub(crate) sink: Sink,
    /// its place in the order in which handlers were made
    pub(crate) born: u64,
    pub(crate) status: HandlerStatus,
    /// kind and options it was configured with; None for one that the program added
    pub(crate) identity: Option<(String, toml::Table)>,
    /// it stays when a configuration is applied
    pub(crate) survives: bool,
    /// it keeps texts that are not written yet
    pub(crate) is_dirty: bool,
    /// how many dropped records were told of
    pub(crate) dropped_told: u64,
    /// how many of those that were not told of were refused
    pub(super) refused_untold: u64,
    /// second of the last report about it, and how many errors were not reported since
    pub(crate) reported: (Option<i64>, u64),
    /// what went wrong on its own thread and was not reported yet
    news: Option<String>,
}

pub(crate) enum Sink {
    Handler(Box<dyn Handler>),
    Memory(Memory),
}

/// Keeps records until there are many, or one is grave, then hands them to its target.
pub(crate) struct Memory {
    pub(crate) records: VecDeque<Record<'static>>,
    pub(crate) capacity: usize,
    pub(crate) flush_level: Level,
    pub(crate) target: Option<u32>,
    pub(crate) flush_on_close: bool,
}

impl Slot {
    pub(crate) fn new(name: &str, kind: &str, sink: Sink) -> Self {
        let status = HandlerStatus {
            name: name.to_owned(),
            kind: kind.to_owned(),
            level: Level::NOTSET,
            queued: 0,
            written: 0,
            dropped: 0,
            errors: 0,
            last_error: None,
        };
        let (needs_text, counts_written) = match &sink {
            Sink::Handler(handler) => (handler.needs_text(), handler.counts_written()),
            Sink::Memory(_) => (false, true),
        };
        Self {
            level: Level::NOTSET,
            filters: Arc::new([]),
            formatter: 0,
            needs_text,
            counts_written,
            sink,
            born: 0,
            status,
            identity: None,
            survives: false,
            is_dirty: false,
            dropped_told: 0,
            refused_untold: 0,
            reported: (None, 0),
            news: None,
        }
    }

    pub(crate) fn status(&mut self) -> HandlerStatus {
        self.absorb_progress();
        self.status.level = self.level;
        self.status.clone()
    }

    /// What went wrong on the handler's own thread since the last time.
    pub(crate) fn take_news(&mut self) -> Option<String> {
        self.absorb_progress();
        self.news.take()
    }

    /// Adds what a handler did on a thread of its own.
    pub(crate) fn absorb_progress(&mut self) {
        match &mut self.sink {
            Sink::Handler(handler) => {
                let progress = handler.take_progress();
                self.status.queued = progress.queued;
                self.status.written += progress.written;
                self.status.dropped += progress.dropped + progress.refused;
                self.refused_untold += progress.refused;
                self.status.errors += progress.errors;
                if let Some(error) = progress.last_error {
                    // what was dropped is told apart from that
                    self.news = Some(error.clone());
                    self.status.last_error = Some(error);
                }
            }
            Sink::Memory(memory) => {
                self.status.queued = u64::try_from(memory.records.len()).unwrap_or(u64::MAX);
            }
        }
    }
}
