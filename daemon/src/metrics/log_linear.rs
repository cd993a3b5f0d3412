//! A histogram that knows a duration to a sixteenth, from a nanosecond to two minutes, in memory of a fixed size.
//!
//! Octaves of sixteen buckets each: below 16 ns a bucket is a nanosecond, above it a sixteenth of its power of two. What
//! takes longer than the last bucket counts as that; the longest is kept exactly. Written by one thread, without a lock
//! or an allocation; who reads meanwhile may miss what is just being written.

use super::counter::Counter;

/// Bits of a duration that its bucket keeps below the highest one.
const STEP_BITS: u32 = 4;
const STEPS: usize = 1 << STEP_BITS;
/// Durations of 2^37 ns, 137 s, and more are in the last bucket: the watchdog ends a call long before.
const OCTAVES: usize = 34;
const BUCKETS: usize = OCTAVES * STEPS;

/// Durations in nanoseconds.
#[derive(Debug)]
pub(super) struct LogLinear {
    buckets: Box<[Counter]>,
    /// In all buckets together.
    count: Counter,
    max_ns: Counter,
}

impl Default for LogLinear {
    fn default() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| Counter::default()).collect(),
            count: Counter::default(),
            max_ns: Counter::default(),
        }
    }
}

impl LogLinear {
    /// So many more that took as long.
    #[inline]
    pub(super) fn bump_by(&self, nanoseconds: u64, count: u64) {
        self.buckets[bucket(nanoseconds)].bump_by(count);
        self.count.bump_by(count);
        if nanoseconds > self.max_ns.get() {
            self.max_ns.set(nanoseconds);
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count.get()
    }

    /// Forgets all of them.
    pub(super) fn reset(&self) {
        self.buckets.iter().chain([&self.count, &self.max_ns]).for_each(Counter::reset);
    }
}

/// The longest of several histograms, exactly.
pub(super) fn max_ns(histograms: &[LogLinear]) -> u64 {
    histograms.iter().map(|one| one.max_ns.get()).max().unwrap_or(0)
}

/// What so many percent of the durations in several histograms do not exceed: the end of a bucket, or the longest
/// duration if that is less. Nothing without any.
pub(super) fn percentile_ns(histograms: &[LogLinear], percent: u64) -> Option<u64> {
    let at = |index: usize| histograms.iter().map(|one| one.buckets[index].get()).sum::<u64>();
    let all: u64 = (0..BUCKETS).map(at).sum();
    let rank = (u128::from(all) * u128::from(percent)).div_ceil(100).max(1);
    let mut seen = 0_u128;
    let found = (0..BUCKETS).find(|index| {
        seen += u128::from(at(*index));
        seen >= rank
    })?;
    let longest = max_ns(histograms);
    Some(if found == BUCKETS - 1 { longest } else { end(found).min(longest) })
}

/// The bucket of a duration.
#[inline]
fn bucket(nanoseconds: u64) -> usize {
    let Some(octave) = nanoseconds.checked_ilog2().and_then(|log| log.checked_sub(STEP_BITS)) else {
        // below the first power of two that has a bucket for each step
        return usize::try_from(nanoseconds).unwrap_or(0);
    };
    // the bits below the highest one: from 16 to 31 with it
    let steps = usize::try_from(nanoseconds >> octave).unwrap_or(0);
    (octave as usize * STEPS + steps).min(BUCKETS - 1)
}

/// The longest duration that belongs to a bucket.
fn end(bucket: usize) -> u64 {
    let Some(octave) = (bucket / STEPS).checked_sub(1) else { return bucket as u64 };
    let steps = (bucket % STEPS + STEPS) as u64;
    ((steps + 1) << octave) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_in_a_bucket_that_is_a_sixteenth_wide() {
        let mut before = 0;
        for nanoseconds in (0..10_000).chain((14..37).flat_map(|log| {
            let power = 1_u64 << log;
            [power - 1, power, power + power / 3, 2 * power - 1]
        })) {
            let found = bucket(nanoseconds);
            assert!(found >= before, "{nanoseconds}: buckets go up");
            before = found;
            let end = end(found);
            assert!(end >= nanoseconds && end - nanoseconds <= nanoseconds / 16, "{nanoseconds}: {end}");
            assert_eq!(bucket(end), found, "{nanoseconds}");
        }
        assert_eq!((bucket(u64::MAX), bucket(1 << 37)), (BUCKETS - 1, BUCKETS - 1));
        assert_eq!(end(BUCKETS - 1), (1 << 37) - 1);
    }

    #[test]
    fn percentiles_are_of_all_together() {
        let both = [LogLinear::default(), LogLinear::default()];
        assert_eq!((percentile_ns(&both, 50), max_ns(&both)), (None, 0));
        both[0].bump_by(10, 90);
        both[1].bump_by(1_000, 9);
        both[1].bump_by(5_000_000, 1);
        assert_eq!(both[0].count() + both[1].count(), 100);
        let figures = [1, 50, 90, 91, 99, 100].map(|percent| percentile_ns(&both, percent));
        // 1,000 is in the bucket from 992 to 1,023
        assert_eq!(figures, [Some(10), Some(10), Some(10), Some(1_023), Some(1_023), Some(5_000_000)]);
        assert_eq!(max_ns(&both), 5_000_000);
        both[1].reset();
        assert_eq!((percentile_ns(&both, 99), max_ns(&both)), (Some(10), 10));
    }

    #[test]
    fn what_is_longer_than_all_buckets_is_known_by_its_length() {
        let one = [LogLinear::default()];
        one[0].bump_by(u64::MAX, 1);
        assert_eq!((percentile_ns(&one, 50), max_ns(&one)), (Some(u64::MAX), u64::MAX));
    }
}
