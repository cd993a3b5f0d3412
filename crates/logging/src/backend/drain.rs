//! Taking records out of the rings, the oldest first.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Backend, FLUSH_INTERVAL_MS, MERGE_GRACE_NS, Router, Staged};
use crate::{
    clock,
    encoding::{Head, decode},
    level::Level,
    ring::lock,
    tree::{LoggerCell, Tree},
};

/// Records that one look takes at most, so that whoever waits for the lock gets it.
const BATCH_MAX: usize = 65_536;
/// Bytes that are taken out of a ring at once.
const PULL_BYTES: usize = 64 << 10;

/// What one look at the rings did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    /// records that were routed
    pub(crate) routed: usize,
    /// records wait still: younger than the grace, or above the batch
    pub(crate) has_more: bool,
}

impl Backend {
    /// Routes what is in the rings. The youngest records wait: an older one of another thread may still be under way.
    pub(crate) fn drain(&mut self) -> Drained {
        self.take_new_sources();
        let is_alone = self.sources.len() <= 1;
        self.drain_until(clock::now_ns().saturating_sub(if is_alone { 0 } else { MERGE_GRACE_NS }))
    }

    /// Routes everything that was logged before the call. What is logged meanwhile waits: threads that log without end
    /// must not keep the caller for ever.
    pub(crate) fn drain_logged(&mut self) {
        let now = clock::now_ns();
        while self.drain_until(now).routed >= BATCH_MAX {}
    }

    /// Routes the records up to a time.
    fn drain_until(&mut self, cutoff: i64) -> Drained {
        self.take_new_sources();
        let now = clock::now_ns();
        let has_room = self.sources.iter_mut().fold(false, |has_room, source| source.pull() | has_room);
        if has_room {
            self.channel.announce_room();
        }
        self.refresh();
        let mut routed = 0;
        while routed < BATCH_MAX
            && let Some((index, until)) = self.oldest(cutoff, now)
        {
            routed += self.route_from(index, until, BATCH_MAX - routed);
        }
        self.routed += u64::try_from(routed).unwrap_or(u64::MAX);
        self.report_losses();
        self.report_failures(now);
        self.sources.retain(|source| !source.is_finished());
        Drained { routed, has_more: self.sources.iter().any(|source| source.next.is_some()) }
    }

    /// Routes everything that was logged before the call, and writes it.
    pub(crate) fn drain_all(&mut self) {
        self.drain_logged();
        self.router.flush_dirty();
        self.report_failures(clock::now_ns());
    }

    /// Writes what handlers keep, if it is time.
    pub(crate) fn flush_if_due(&mut self, is_idle: bool) {
        let now = clock::monotonic();
        let is_old = self.last_flush.is_none_or(|last| {
            now.saturating_duration_since(last) >= Duration::from_millis(FLUSH_INTERVAL_MS)
        });
        if is_idle || is_old {
            self.last_flush = Some(now);
            self.report_drops();
            self.router.flush_dirty();
        }
        self.take_news(now);
    }

    fn take_new_sources(&mut self) {
        if self.channel.has_new_sources.swap(false, Ordering::Acquire) {
            let sources = std::mem::take(&mut *lock(&self.channel.new_sources));
            let staged = sources.into_iter().map(|source| Staged {
                source,
                bytes: Vec::new(),
                at: 0,
                next: None,
                logger: None,
            });
            self.sources.extend(staged);
        }
    }

    /// The ring with the oldest record, and up to which time it may be emptied before another one's turn.
    ///
    /// A time after `now` is one from before the clock was set back: such a record does not wait for the clock to come
    /// round again.
    fn oldest(&self, cutoff: i64, now: i64) -> Option<(usize, i64)> {
        let mut best: Option<(i64, usize)> = None;
        let mut second = cutoff;
        for (index, source) in self.sources.iter().enumerate() {
            let Some(at) = source.next.map(|(head, _)| head.at_ns) else { continue };
            match best {
                Some((known, _)) if known <= at => second = second.min(at),
                _ => {
                    if let Some((known, _)) = best {
                        second = second.min(known);
                    }
                    best = Some((at, index));
                }
            }
        }
        best.filter(|&(at, _)| at <= cutoff || at > now).map(|(at, index)| (index, second.max(at)))
    }

    fn route_from(&mut self, index: usize, until: i64, max: usize) -> usize {
        let mut count = 0;
        while count < max {
            let Some(staged) = self.sources.get_mut(index) else { break };
            let Some((head, total)) = staged.next.filter(|(head, _)| head.at_ns <= until) else { break };
            let bytes = staged.bytes.get(staged.at..staged.at + total).unwrap_or_default();
            let level = match head.large_key(bytes) {
                None => {
                    find_logger(&mut staged.logger, &mut self.router, &self.tree, head.logger);
                    route_bytes(&mut self.router, (&head, bytes), staged)
                }
                Some(key) => {
                    let record = self.channel.take_large(key);
                    Head::read(&record).and_then(|(head, _)| {
                        find_logger(&mut staged.logger, &mut self.router, &self.tree, head.logger);
                        route_bytes(&mut self.router, (&head, &record), staged)
                    })
                }
            };
            count += 1;
            if staged.advance(total) {
                self.channel.announce_room();
            }
            if level.is_some_and(|level| level >= Level::ERROR) {
                // whoever looks for an error must find it
                self.router.flush_dirty();
            }
        }
        count
    }
}

/// Finds the logger of a number, which may be younger than the last look at the tree.
fn find_logger(known: &mut Option<Arc<LoggerCell>>, router: &mut Router, tree: &Mutex<Tree>, logger: u32) {
    if known.as_ref().is_some_and(|cell| cell.id == logger) {
        return;
    }
    if router.logger_name(logger).is_none() {
        router.refresh(&lock(tree));
    }
    *known = router.logger_name(logger);
}

fn route_bytes(router: &mut Router, (head, bytes): (&Head, &[u8]), staged: &Staged) -> Option<Level> {
    let cell = staged.logger.as_ref()?;
    let mut record = decode(head, bytes, &cell.name, &staged.source.origin)?;
    let level = record.level;
    router.route(head.logger, &mut record, None);
    Some(level)
}

impl Staged {
    /// Takes what is next out of the ring, until a whole record is there: a part at a time, so that the bytes are still in
    /// the cache when they are routed.
    fn pull(&mut self) -> bool {
        let mut has_pulled = false;
        while self.next.is_none() {
            let count = self.source.ring.slots().min(PULL_BYTES);
            if count == 0 {
                break;
            }
            if self.at > 0 {
                self.bytes.drain(..self.at);
                self.at = 0;
            }
            if let Ok(chunk) = self.source.ring.read_chunk(count) {
                let (first, second) = chunk.as_slices();
                self.bytes.extend_from_slice(first);
                self.bytes.extend_from_slice(second);
                chunk.commit_all();
            }
            has_pulled = true;
            self.look();
        }
        has_pulled
    }

    /// Reads the head of the record at `at`, if all of it is there.
    fn look(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.next = Head::read(rest).filter(|&(_, total)| total <= rest.len());
    }

    /// Goes on to the next record; true if the ring has room again.
    fn advance(&mut self, total: usize) -> bool {
        self.at += total;
        self.look();
        self.pull()
    }

    /// True if its thread has ended and everything of it is routed.
    fn is_finished(&self) -> bool {
        self.next.is_none()
            && self.source.ring.is_abandoned()
            && self.source.ring.is_empty()
            && !self.source.has_losses.load(Ordering::Acquire)
    }
}
