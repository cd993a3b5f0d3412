//! Taking records out of the rings, the oldest first.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Backend, FLUSH_INTERVAL_MS, MERGE_GRACE_NS, Router, Staged};
use crate::{
    clock,
    encoding::with_decoded,
    head::Head,
    level::Level,
    ring::{Channel, lock},
    tree::{LoggerCell, Tree},
};

/// Records that one look takes at most, so that whoever waits for the lock gets it.
const BATCH_MAX: usize = 65_536;
/// Records that are taken from one ring before the others are looked at again.
const RUN_MAX: usize = 1024;
/// A record that is so much younger than now was logged before the clock was set back. Anything younger by less was
/// logged during a long look.
const CLOCK_BACK_NS: i64 = 100_000_000;
/// Bytes that are taken out of a ring at once.
const PULL_BYTES: usize = 64 << 10;

/// Up to which time records are routed.
#[derive(Clone, Copy)]
struct Limits {
    until: i64,
    /// and from this time on
    beyond: i64,
}

/// What one look at the rings did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    /// records that were routed
    pub(crate) routed: usize,
    /// records wait still: younger than the grace, or above the batch
    pub(crate) has_more: bool,
    /// the look ended early: at the batch, or for a thread that has just begun to log
    is_cut_short: bool,
}

impl Backend {
    /// Routes what is in the rings. The youngest records wait: an older one of another thread may still be under way.
    pub(crate) fn drain(&mut self) -> Drained {
        self.take_new_sources();
        let now = clock::now_ns();
        let is_alone = self.sources.len() <= 1;
        self.drain_until(Limits {
            // the order of a single ring is that of its records
            until: if is_alone { i64::MAX } else { now.saturating_sub(MERGE_GRACE_NS) },
            beyond: now.saturating_add(CLOCK_BACK_NS),
        })
    }

    /// Routes everything that was logged before the call. What is logged meanwhile waits: threads that log without end
    /// must not keep the caller for ever.
    pub(crate) fn drain_logged(&mut self) {
        let until = clock::now_ns();
        // `beyond` is of each look: what was logged since the call is not from before the clock was set back
        while self.drain_until(Limits { until, beyond: clock::now_ns() }).is_cut_short {}
    }

    /// Routes the records within the limits.
    fn drain_until(&mut self, limits: Limits) -> Drained {
        self.take_new_sources();
        let has_room = self.sources.iter_mut().fold(false, |has_room, source| source.pull() | has_room);
        if has_room {
            self.channel.announce_room();
        }
        self.refresh();
        let (mut routed, mut has_begun) = (0, false);
        while routed < BATCH_MAX
            && let Some((index, until)) = self.oldest(limits)
        {
            routed += self.route_from(index, until, RUN_MAX.min(BATCH_MAX - routed));
            // a thread that has just begun to log may have older records than those that wait
            has_begun = self.channel.has_new_sources.load(Ordering::Relaxed);
            if has_begun {
                break;
            }
        }
        self.routed += u64::try_from(routed).unwrap_or(u64::MAX);
        self.report_losses();
        self.report_failures(clock::now_ns());
        self.sources.retain(|source| !source.is_finished());
        let has_more = self.sources.iter().any(|source| source.next.is_some());
        Drained { routed, has_more, is_cut_short: has_begun || routed >= BATCH_MAX }
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
    /// A time far after now is one from before the clock was set back: such a record does not wait for the clock to come
    /// round again.
    fn oldest(&self, limits: Limits) -> Option<(usize, i64)> {
        let mut best: Option<(i64, usize)> = None;
        let mut second = limits.until;
        for (index, source) in self.sources.iter().enumerate() {
            let Some((at, _)) = source.next else { continue };
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
        best.filter(|&(at, _)| at <= limits.until || at > limits.beyond)
            .map(|(at, index)| (index, second.max(at)))
    }

    /// Routes the records of one ring up to a time, or `max` of them.
    fn route_from(&mut self, index: usize, until: i64, max: usize) -> usize {
        let Self { sources, router, channel, tree, .. } = self;
        let Some(staged) = sources.get_mut(index) else { return 0 };
        let mut count = 0;
        while count < max
            && let Some((_, total)) = staged.next.filter(|&(at_ns, _)| at_ns <= until)
        {
            let level = staged.route(router, tree, channel);
            count += 1;
            if staged.advance(total) {
                channel.announce_room();
            }
            if level.is_some_and(|level| level >= Level::ERROR) {
                // whoever looks for an error must find it
                router.flush_dirty();
            }
        }
        count
    }
}

/// Finds the logger of a number, which may be younger than the last look at the tree.
#[inline]
fn find_logger(known: &mut Option<Arc<LoggerCell>>, router: &mut Router, tree: &Mutex<Tree>, logger: u32) {
    if known.as_ref().is_some_and(|cell| cell.id == logger) {
        return;
    }
    if router.logger_name(logger).is_none() {
        router.refresh(&lock(tree));
    }
    *known = router.logger_name(logger);
}

impl Staged {
    /// What was taken out of the ring and not routed yet.
    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Routes the next record, or the one that it is the marker of, and says how grave it is.
    #[inline]
    fn route(&mut self, router: &mut Router, tree: &Mutex<Tree>, channel: &Channel) -> Option<Level> {
        let head = Head::read(self.bytes())?;
        match head.large_key(self.bytes()) {
            None => self.route_bytes(router, tree, &head, None),
            Some(key) => {
                let record = channel.take_large(key);
                self.route_bytes(router, tree, &Head::read(&record)?, Some(&record))
            }
        }
    }

    #[inline]
    fn route_bytes(
        &mut self,
        router: &mut Router,
        tree: &Mutex<Tree>,
        head: &Head,
        large: Option<&[u8]>,
    ) -> Option<Level> {
        find_logger(&mut self.logger, router, tree, head.logger);
        let cell = self.logger.as_ref()?;
        let bytes = large.unwrap_or_else(|| self.bytes());
        with_decoded(head, bytes, (&cell.name, &self.source.origin), |record| {
            // a filter may give it another level: what counts is the one it was logged with
            let level = record.level;
            router.route(head.logger, record, None);
            level
        })
    }

    /// Takes what is next out of the ring, until a whole record is there: a part at a time, so that the bytes are still in
    /// the cache when they are routed. True if the ring has room again.
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
        has_pulled && self.source.has_room()
    }

    /// Looks at the record at `at`, if all of it is there.
    #[inline]
    fn look(&mut self) {
        let rest = self.bytes();
        self.next = Head::peek(rest).filter(|&(_, total)| total <= rest.len());
    }

    /// Goes on to the next record; true if the ring has room again.
    #[inline]
    fn advance(&mut self, total: usize) -> bool {
        self.at += total;
        self.look();
        self.next.is_none() && self.pull()
    }

    /// True if its thread has ended and everything of it is routed.
    fn is_finished(&self) -> bool {
        self.next.is_none()
            && self.source.ring.is_abandoned()
            && self.source.ring.is_empty()
            && !self.source.has_losses.load(Ordering::Acquire)
    }
}
