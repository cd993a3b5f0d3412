//! The only place of the daemon that reads a clock.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use stratd_plugin_api::Timestamp;

/// The wall clock. A clock before 1970 or after 2262 reads as the nearest end.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp::new(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// What something took; for people only, never for results.
#[derive(Clone, Copy, Debug, Default)]
pub struct Took {
    /// By the clock.
    pub elapsed: Duration,
    /// Of a processor, by the thread that asks: what others make it wait for is not in it.
    pub processor: Duration,
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    start: Instant,
    processor: Duration,
}

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now(), processor: processor_time() }
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.start.elapsed()
    }

    /// Both since the start, which this thread made.
    #[must_use]
    pub fn took(self) -> Took {
        Took { elapsed: self.elapsed(), processor: processor_time().saturating_sub(self.processor) }
    }
}

/// A moment, to measure something short: one read of the clock, where a [`Stopwatch`] asks the system for the processor
/// time as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Time since then.
    #[inline]
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Processor time of this thread; nothing where the system does not tell it.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
