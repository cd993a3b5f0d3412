//! How long the calls of strategies take, by strategy.
//!
//! Measured where the event loop calls an instance (`runtime/timed_strategy.rs`), in runs by the clock only. Two reads of
//! the clock cost more than many a handler, so not every call of a busy round is measured: the first one of a strategy
//! in a round of the loop, and every 127th after it, which then stands for 127. A strategy whose events come one at a time
//! has each of its calls measured; one that works off thousands at once pays for a few, and sums and counts come out
//! right on average. What is missed is a long call among the others of a busy round: `stratd_loop_round_seconds` has it.
//!
//! Each strategy has one histogram since the start, for `/v1/metrics`, and two of recent calls, for people: one is written
//! and the one before it still counts. They change places after half a minute, if the newer one has a hundred calls by
//! then, so that what is told is of the last minute, or of the last hundred calls of a strategy that has few.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use super::{
    catalog::STRATEGY_CALLS,
    counter::{Counter, Durations},
    log_linear::{LogLinear, max_ns, percentile_ns},
    page::Page,
};

/// Of the calls after the first one of a round, every so many-th is measured. A prime, so that it does not walk in step
/// with a market that tells its instruments in turn.
const STRIDE: u32 = 127;
/// Looks, about a second apart, before recent calls become those before.
const LOOKS_MAX: u64 = 30;
/// Calls that a strategy must have had by then.
const CALLS_MIN: u64 = 100;

/// The times of all strategies.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallMeters {
    strategies: Arc<Mutex<BTreeMap<String, Arc<CallTimes>>>>,
    /// Changes with each round of the event loop.
    round: Arc<AtomicU32>,
}

/// The times of the calls of one strategy. Written by the thread of the event loop.
#[derive(Debug)]
struct CallTimes {
    all: Durations,
    recent: [LogLinear; 2],
    /// The second of them is written.
    writes_second: AtomicBool,
    /// Looks since they changed places.
    looks: Counter,
}

/// What people are told of recent calls, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallFigures {
    /// Half of the calls took no longer.
    pub(crate) p50_ns: u64,
    /// 99 of 100 took no longer.
    pub(crate) p99_ns: u64,
    /// The longest.
    pub(crate) max_ns: u64,
}

/// Says which calls of an instance are measured.
#[derive(Debug)]
pub(crate) struct Sampler {
    times: Arc<CallTimes>,
    round: Arc<AtomicU32>,
    /// The round of the last call.
    seen: u32,
    /// Calls since the last one that was measured.
    passed: u32,
    /// No call of the instance was measured yet.
    is_new: bool,
}

impl CallMeters {
    /// What measures the calls of a new instance of a strategy.
    pub(crate) fn sampler(&self, strategy: &str) -> Sampler {
        let mut strategies = self.lock();
        // instances that were never called, and of which nothing is left: a version that was refused
        strategies.retain(|_, times| Arc::strong_count(times) > 1 || times.all.count() > 0);
        let times = Arc::clone(strategies.entry(strategy.to_owned()).or_default());
        let round = Arc::clone(&self.round);
        Sampler { times, seen: round.load(Ordering::Relaxed).wrapping_sub(1), round, passed: 0, is_new: true }
    }

    /// A round of the event loop has ended.
    #[inline]
    pub(super) fn end_round(&self) {
        self.round.store(self.round.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// To be called about once a second by the thread of the event loop.
    pub(super) fn look(&self) {
        let strategies = match self.strategies.try_lock() {
            Ok(strategies) => strategies,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // read just now: the next second will do
            Err(TryLockError::WouldBlock) => return,
        };
        strategies.values().for_each(|times| times.look());
    }

    /// The recent calls of a strategy; nothing before the first.
    pub(crate) fn of(&self, strategy: &str) -> Option<CallFigures> {
        let times = Arc::clone(self.lock().get(strategy)?);
        Some(CallFigures {
            p50_ns: percentile_ns(&times.recent, 50)?,
            p99_ns: percentile_ns(&times.recent, 99)?,
            max_ns: max_ns(&times.recent),
        })
    }

    /// Adds the histograms.
    pub(super) fn tell(&self, page: &mut Page) {
        for (name, times) in &*self.lock() {
            if times.all.count() > 0 {
                page.durations(&STRATEGY_CALLS, &[name], &times.all);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<CallTimes>>> {
        self.strategies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for CallTimes {
    fn default() -> Self {
        Self {
            all: Durations::short(),
            recent: Default::default(),
            writes_second: AtomicBool::new(false),
            looks: Counter::default(),
        }
    }
}

impl CallTimes {
    fn written(&self) -> &LogLinear {
        let [first, second] = &self.recent;
        if self.writes_second.load(Ordering::Relaxed) { second } else { first }
    }

    fn look(&self) {
        self.looks.bump();
        if self.looks.get() >= LOOKS_MAX && self.written().count() >= CALLS_MIN {
            let is_second = self.writes_second.load(Ordering::Relaxed);
            self.writes_second.store(!is_second, Ordering::Relaxed);
            self.written().reset();
            self.looks.reset();
        }
    }

    /// Another version is called from now on: recent calls are its own.
    fn begin_anew(&self) {
        self.recent.iter().for_each(LogLinear::reset);
        self.looks.reset();
    }
}

impl Sampler {
    /// For how many calls the next one stands, if it is to be measured.
    #[inline]
    pub(crate) fn due(&mut self) -> Option<u32> {
        let round = self.round.load(Ordering::Relaxed);
        if round != self.seen {
            self.seen = round;
            return Some(1);
        }
        self.passed += 1;
        if self.passed < STRIDE {
            return None;
        }
        self.passed = 0;
        Some(STRIDE)
    }

    /// How long a call took that was due.
    pub(crate) fn took(&mut self, calls: u32, nanoseconds: u64) {
        if std::mem::take(&mut self.is_new) {
            self.times.begin_anew();
        }
        self.times.all.bump_by(nanoseconds, calls.into());
        self.times.written().bump_by(nanoseconds, calls.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls of so many rounds with so many calls each, all of which take as long.
    fn call(
        meters: &CallMeters,
        sampler: &mut Sampler,
        (rounds, calls): (u32, u32),
        nanoseconds: u64,
    ) -> u32 {
        let mut measured = 0;
        for _ in 0..rounds {
            for _ in 0..calls {
                if let Some(weight) = sampler.due() {
                    measured += 1;
                    sampler.took(weight, nanoseconds);
                }
            }
            meters.end_round();
        }
        measured
    }

    #[test]
    fn a_busy_round_has_few_of_its_calls_measured_and_counts_as_many() {
        let meters = CallMeters::default();
        let mut sampler = meters.sampler("a");
        assert_eq!(meters.of("a"), None);
        assert_eq!(call(&meters, &mut sampler, (50, 1), 200), 50, "each call of a round of its own");
        assert_eq!(call(&meters, &mut sampler, (1, 127_001), 200), 1_001);
        assert_eq!(meters.lock()["a"].all.count(), 50 + 127_001);
        assert_eq!(meters.of("a"), Some(CallFigures { p50_ns: 200, p99_ns: 200, max_ns: 200 }));
        assert_eq!(meters.of("b"), None);
    }

    #[test]
    fn recent_calls_are_of_a_minute_and_of_a_hundred_at_least() {
        let meters = CallMeters::default();
        let mut sampler = meters.sampler("a");
        let minute = || (0..2 * LOOKS_MAX).for_each(|_| meters.look());
        call(&meters, &mut sampler, (99, 1), 7_000_000);
        minute();
        minute();
        assert_eq!(
            meters.of("a").map(|figures| figures.max_ns),
            Some(7_000_000),
            "fewer than a hundred stay"
        );
        call(&meters, &mut sampler, (1, 1), 9_000);
        minute();
        assert_eq!(meters.of("a").map(|figures| figures.max_ns), Some(7_000_000), "the last hundred");
        call(&meters, &mut sampler, (100, 1), 9_000);
        minute();
        assert_eq!(meters.of("a"), Some(CallFigures { p50_ns: 9_000, p99_ns: 9_000, max_ns: 9_000 }));
    }

    #[test]
    fn another_version_begins_with_calls_of_its_own() {
        let meters = CallMeters::default();
        let mut first = meters.sampler("a");
        call(&meters, &mut first, (10, 1), 5_000);
        let mut second = meters.sampler("a");
        // made, and not yet called
        assert_eq!(meters.of("a").map(|figures| figures.p50_ns), Some(5_000));
        call(&meters, &mut second, (1, 1), 11);
        assert_eq!(meters.of("a"), Some(CallFigures { p50_ns: 11, p99_ns: 11, max_ns: 11 }));
        assert_eq!(meters.lock()["a"].all.count(), 11, "since the start");
    }

    #[test]
    fn what_was_never_called_is_forgotten() {
        let meters = CallMeters::default();
        drop(meters.sampler("refused"));
        let _kept = meters.sampler("a");
        assert_eq!(meters.lock().keys().collect::<Vec<_>>(), ["a"]);
    }
}
