//! How many events a second each strategy handles.

use std::time::Duration;

use stratd_engine::Engine;

use crate::runtime::clock::Stopwatch;

/// Between two looks at the counters.
const EVERY: Duration = Duration::from_secs(1);

/// The rates of the last whole interval.
#[derive(Default)]
pub(in crate::runtime) struct EventRates {
    last: Option<Stopwatch>,
    counts: Vec<u64>,
    rates: Vec<u64>,
}

impl EventRates {
    /// Looks at the counters if it is time.
    pub(in crate::runtime) fn look(&mut self, engine: &Engine) {
        let elapsed = self.last.map(Stopwatch::elapsed);
        if elapsed.is_some_and(|elapsed| elapsed < EVERY) {
            return;
        }
        self.last = Some(Stopwatch::start());
        let counts: Vec<u64> = engine.strategies().map(|(.., statistics)| statistics.events).collect();
        let ns = elapsed.map_or(0, |elapsed| elapsed.as_nanos());
        let rate = |(index, now): (usize, &u64)| {
            let more = now.saturating_sub(self.counts.get(index).copied().unwrap_or(0));
            let rate = (u128::from(more) * 1_000_000_000).checked_div(ns).unwrap_or(0);
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        self.rates = counts.iter().enumerate().map(rate).collect();
        self.counts = counts;
    }

    /// The rate of a strategy.
    pub(in crate::runtime) fn of(&self, index: usize) -> u64 {
        self.rates.get(index).copied().unwrap_or(0)
    }
}
