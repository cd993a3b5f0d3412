//! Counters, gauges and histograms that are written by one thread and read by another, without a lock.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

/// Counts. Relaxed: a figure is not in step with others.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more, of a counter that only one thread writes: no locked instruction.
    #[inline]
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// So many more, of a counter that only one thread writes.
    #[inline]
    pub(crate) fn bump_by(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    /// This value from now on, of a counter that only one thread writes.
    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// From zero again.
    pub(crate) fn reset(&self) {
        self.set(0);
    }

    /// So many more, whoever else writes.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A value that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    #[inline]
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A value with a fraction; nothing until it was set.
#[derive(Debug)]
pub(crate) struct FloatGauge(AtomicU64);

impl Default for FloatGauge {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl FloatGauge {
    pub(crate) fn set(&self, value: Option<f64>) {
        self.0.store(value.unwrap_or(f64::NAN).to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.load(Ordering::Relaxed))).filter(|value| !value.is_nan())
    }
}

/// The upper ends of the buckets, in nanoseconds: from a call to a stall, three a decade.
const BUCKET_ENDS_NS: [u64; 20] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// The same for what often takes less than a microsecond: a call of a handler.
const SHORT_ENDS_NS: [u64; 22] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
    10_000_000_000,
];

/// Ten a decade up to a tenth of a second, for the parts of a way whose percentiles are wanted.
const FINE_ENDS_NS: [u64; 56] = fine_ends();

const fn fine_ends() -> [u64; 56] {
    // tenths of a decade, in nanoseconds of its first microsecond
    const STEPS: [u64; 10] = [1_000, 1_250, 1_600, 2_000, 2_500, 3_200, 4_000, 5_000, 6_300, 8_000];
    let mut ends = [0; 56];
    let (mut index, mut scale) = (0, 1);
    while index < 50 {
        ends[index] = STEPS[index % 10] * scale;
        index += 1;
        if index.is_multiple_of(10) {
            scale *= 10;
        }
    }
    let beyond = [100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 10_000_000_000];
    while index < 56 {
        ends[index] = beyond[index - 50];
        index += 1;
    }
    ends
}

/// How long something took, in buckets.
#[derive(Debug)]
pub(crate) struct Durations {
    ends_ns: &'static [u64],
    /// One more than ends: the last one has none.
    buckets: Box<[Counter]>,
    sum_ns: Counter,
}

impl Default for Durations {
    fn default() -> Self {
        Self::with_ends(&BUCKET_ENDS_NS)
    }
}

impl Durations {
    /// With buckets from 100 ns on.
    pub(crate) fn short() -> Self {
        Self::with_ends(&SHORT_ENDS_NS)
    }

    /// With ten buckets a decade.
    pub(crate) fn fine() -> Self {
        Self::with_ends(&FINE_ENDS_NS)
    }

    fn with_ends(ends_ns: &'static [u64]) -> Self {
        Self {
            ends_ns,
            buckets: (0..=ends_ns.len()).map(|_| Counter::default()).collect(),
            sum_ns: Counter::default(),
        }
    }

    /// One more, of a histogram that only one thread writes.
    #[inline]
    pub(crate) fn bump(&self, nanoseconds: u64) {
        self.bump_by(nanoseconds, 1);
    }

    /// So many more that took as long, of a histogram that only one thread writes.
    #[inline]
    pub(crate) fn bump_by(&self, nanoseconds: u64, count: u64) {
        self.bucket(nanoseconds).bump_by(count);
        self.sum_ns.bump_by(nanoseconds.wrapping_mul(count));
    }

    /// One more, whoever else writes.
    pub(crate) fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.bucket(nanoseconds).add(1);
        self.sum_ns.add(nanoseconds);
    }

    fn bucket(&self, nanoseconds: u64) -> &Counter {
        &self.buckets[self.ends_ns.partition_point(|end| *end < nanoseconds)]
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(Counter::get).sum()
    }

    /// The sum in seconds, the count, and the buckets with their ends in seconds, each by itself.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let counts: Vec<u64> = self.buckets.iter().map(Counter::get).collect();
        let ends = self.ends_ns.iter().map(|end| seconds(*end)).chain([f64::INFINITY]);
        let buckets = ends.zip(counts.iter().copied()).collect();
        (seconds(self.sum_ns.get()), counts.iter().sum(), buckets)
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people: 15 digits")]
fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_end_it_does_not_exceed() {
        let durations = Durations::default();
        for nanoseconds in [0, 1_000, 1_001, 99_000_000_000] {
            durations.bump(nanoseconds);
        }
        durations.add(Duration::from_nanos(1_001));
        let (sum, count, buckets) = durations.read();
        assert_eq!((count, buckets.len()), (5, BUCKET_ENDS_NS.len() + 1));
        assert!((sum - 99.000_003_002).abs() < 1e-9, "{sum}");
        let filled: Vec<_> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(1e-6, 2), (2.5e-6, 2), (f64::INFINITY, 1)]);
    }

    #[test]
    fn buckets_go_up() {
        for ends in [BUCKET_ENDS_NS.as_slice(), &SHORT_ENDS_NS, &FINE_ENDS_NS] {
            assert!(ends.is_sorted_by(|a, b| a < b), "{ends:?}");
        }
        assert_eq!(FINE_ENDS_NS[9..12], [8_000, 10_000, 12_500]);
    }

    #[test]
    fn a_value_that_was_never_set_is_none() {
        let gauge = FloatGauge::default();
        assert_eq!(gauge.get(), None);
        gauge.set(Some(1.5));
        assert_eq!(gauge.get(), Some(1.5));
        gauge.set(None);
        assert_eq!(gauge.get(), None);
    }
}
