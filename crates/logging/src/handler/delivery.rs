//! How a handler with a thread of its own delivers: what waits, how many go together, how often.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::level::Level;

/// Records that wait for a peer if nobody says otherwise.
pub const QUEUE_RECORDS: usize = 10_000;
/// Records that one batch may hold at most.
pub const BATCH_RECORDS_MAX: usize = 10_000;
/// Deliveries that a rate limit may count at most.
pub const RATE_COUNT_MAX: u32 = 1000;
/// How long a record may wait for room in the full queue of a handler at most: meanwhile all other handlers wait too.
pub const QUEUE_WAIT_MAX: Duration = Duration::from_secs(10);

/// What happens to a record that finds the queue of its handler full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueOverflow {
    /// The record that waited longest is dropped.
    #[default]
    DropOldest,
    /// The record that comes is dropped.
    DropNewest,
    /// The back end waits for room, at most so long and never longer than [`QUEUE_WAIT_MAX`]; then the record is dropped.
    /// Once a wait was in vain, no other record waits until something has been delivered.
    Block(Duration),
    /// Records below the level are dropped: the one that comes, or the oldest of those that wait, for a graver one. If none
    /// of those that wait is below the level, the one that comes is dropped.
    DropBelow(Level),
}

/// The queue of a handler.
///
/// ```
/// use stratd_logging::QueueOptions;
///
/// assert_eq!(QueueOptions::default().capacity, 10_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Records that may wait.
    pub capacity: usize,
    /// What happens when there are more.
    pub overflow: QueueOverflow,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self { capacity: QUEUE_RECORDS, overflow: QueueOverflow::DropOldest }
    }
}

/// Records that go to the peer together: when there are so many, or when the first of them has waited so long.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::BatchOptions;
///
/// let batch = BatchOptions::new(100, Duration::from_secs(5));
/// assert_eq!(batch.header, "");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// Records of one batch, at most [`BATCH_RECORDS_MAX`].
    pub max_records: usize,
    /// How long the first record of a batch waits for more.
    pub max_age: Duration,
    /// Put before the texts of a batch, as Python's `BufferingFormatter` does. Bodies of JSON have none.
    pub header: String,
    /// Put after the texts of a batch.
    pub footer: String,
    /// Put after each text; Python's `BufferingFormatter` puts nothing there.
    pub terminator: String,
}

impl BatchOptions {
    /// Batches without header and footer, whose texts end with a newline.
    ///
    /// ```
    /// # use stratd_logging::BatchOptions;
    /// assert_eq!(BatchOptions::new(0, std::time::Duration::ZERO).max_records, 1);
    /// ```
    #[must_use]
    pub fn new(max_records: usize, max_age: Duration) -> Self {
        Self {
            max_records: max_records.clamp(1, BATCH_RECORDS_MAX),
            max_age,
            header: String::new(),
            footer: String::new(),
            terminator: "\n".to_owned(),
        }
    }

    /// The texts of a batch as one.
    ///
    /// ```
    /// # use stratd_logging::BatchOptions;
    /// let batch = BatchOptions { header: "[".into(), footer: "]".into(), ..BatchOptions::new(2, Default::default()) };
    /// assert_eq!(batch.join(&["a", "b"]), "[a\nb\n]");
    /// ```
    #[must_use]
    pub fn join(&self, texts: &[&str]) -> String {
        let mut out = self.header.clone();
        for text in texts {
            out.push_str(text);
            out.push_str(&self.terminator);
        }
        out.push_str(&self.footer);
        out
    }
}

/// So many deliveries within a time at most, attempts included; more wait in the queue, whose limit holds.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::RateLimit;
///
/// let _ = RateLimit { count: 10, per: Duration::from_secs(60) };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Deliveries; what is above [`RATE_COUNT_MAX`] counts as that.
    pub count: u32,
    /// The time.
    pub per: Duration,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) queue: QueueOptions,
    pub(crate) batch: Option<BatchOptions>,
    pub(crate) rate: Option<RateLimit>,
}

impl From<QueueOptions> for Delivery {
    fn from(queue: QueueOptions) -> Self {
        Self { queue, batch: None, rate: None }
    }
}

/// Keeps the times of the last deliveries.
#[derive(Debug)]
pub(super) struct Pace {
    limit: Option<RateLimit>,
    last: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        let limit = limit.map(|limit| RateLimit { count: limit.count.clamp(1, RATE_COUNT_MAX), ..limit });
        Self { limit, last: VecDeque::new() }
    }

    /// How long the next delivery has to wait.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let Some(limit) = self.limit.filter(|limit| self.last.len() >= limit.count as usize) else {
            return Duration::ZERO;
        };
        let first = self.last.front().copied().unwrap_or(now);
        limit.per.saturating_sub(now.saturating_duration_since(first))
    }

    /// A delivery begins.
    pub(super) fn begin(&mut self, now: Instant) {
        let Some(limit) = self.limit else { return };
        self.last.push_back(now);
        while self.last.len() > limit.count as usize {
            self.last.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, RateLimit};
    use crate::clock;
    use std::time::Duration;

    #[test]
    fn no_window_holds_more_deliveries_than_the_limit() {
        let per = Duration::from_secs(10);
        let mut pace = Pace::new(Some(RateLimit { count: 2, per }));
        let start = clock::monotonic();
        let mut begun = Vec::new();
        let mut now = start;
        for _ in 0..7 {
            now += pace.pause(now) + Duration::from_secs(1);
            pace.begin(now);
            begun.push(now - start);
        }
        assert!(begun.windows(3).all(|three| three[2] - three[0] >= per), "{begun:?}");
        assert_eq!(begun[1], Duration::from_secs(2));
    }
}
