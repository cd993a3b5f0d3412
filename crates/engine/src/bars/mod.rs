//! Bars made of trades, for the strategies that subscribed to them.
//!
//! They are made inside the engine, of its inputs: the same in a backtest, live and in a replay.
//! A bar of a time closes before the first trade at or after its end, or by a timer of the engine; so the moment of its
//! end is an input, as that of any timer. One of ticks or volume closes with the trade that completes it.
//! Complexity: a trade costs its own instrument's series; an instrument without them costs one look-up, a run without
//! them a comparison.

mod candle;
mod series;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "numbers of the tests' own")]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use stratd_plugin_api::{BarKind, BarSpec, Timestamp, abi};

use self::series::Series;
pub(crate) use self::series::{Closed, Stop};
use crate::StrategyId;

/// At most this many series of a run: a further subscription is refused.
const SERIES_MAX: usize = 100_000;
/// At most this many kinds of bars of a strategy, for their number travels in a byte: a further one is refused.
const SPECS_MAX: usize = 255;
/// The shortest time of a bar: one millisecond.
const TIME_MIN_NS: i64 = 1_000_000;

/// All series of the run.
#[derive(Default)]
pub(crate) struct Bars {
    // in the order of their subscription
    by_instrument: BTreeMap<u32, Vec<Series>>,
    /// When bars close if no trade closes them before, with the instrument and the series.
    due: BTreeSet<(Timestamp, u32, u64)>,
    count: usize,
    next_id: u64,
}

/// What bars a strategy asked for: the place of a spec is its number less one.
pub(crate) type Specs = Vec<BarSpec>;

/// The number of a spec, which is noted if it is new; `None` if it is not usable or there are too many.
pub(crate) fn number_of(specs: &mut Specs, spec: &abi::BarSpec) -> Option<u8> {
    let spec = BarSpec::from_raw(spec)?;
    let is_usable = match spec.kind {
        BarKind::Time => {
            let divides = |whole: i64, part: i64| whole.checked_rem(part) == Some(0);
            spec.step >= TIME_MIN_NS
                && (divides(Timestamp::DAY_NS, spec.step) || divides(spec.step, Timestamp::DAY_NS))
                && (0..=spec.step).contains(&spec.delay)
        }
        BarKind::Tick | BarKind::Volume => spec.step > 0,
    };
    if !is_usable {
        return None;
    }
    let place = specs.iter().position(|known| *known == spec);
    if place.is_none() && specs.len() >= SPECS_MAX {
        return None;
    }
    let place = place.unwrap_or_else(|| {
        specs.push(spec);
        specs.len().saturating_sub(1)
    });
    u8::try_from(place).ok()?.checked_add(1)
}

impl Bars {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The mark of [`Bars::forget_since`].
    pub(crate) fn mark(&self) -> u64 {
        self.next_id
    }

    /// Whether there is room for another series.
    pub(crate) fn has_room(&self) -> bool {
        self.count < SERIES_MAX
    }

    /// Begins a series, unless the strategy has it already.
    pub(crate) fn add(
        &mut self,
        strategy: StrategyId,
        instrument: u32,
        (number, spec): (u8, BarSpec),
        now: Timestamp,
    ) {
        let of_instrument = self.by_instrument.entry(instrument).or_default();
        let is_known = of_instrument.iter().any(|known| known.strategy == strategy && known.number == number);
        if is_known || self.count >= SERIES_MAX {
            return;
        }
        of_instrument.push(Series::new(self.next_id, strategy, (number, spec), now));
        self.next_id = self.next_id.saturating_add(1);
        self.count = self.count.saturating_add(1);
    }

    /// Ends the series of a strategy.
    pub(crate) fn cancel_all(&mut self, strategy: StrategyId) {
        self.retain(|series| series.strategy != strategy);
    }

    /// Ends the series of a strategy that were begun since a mark.
    pub(crate) fn forget_since(&mut self, strategy: StrategyId, mark: u64) {
        self.retain(|series| series.strategy != strategy || series.id < mark);
    }

    /// The instruments of a strategy's series with their numbers, in the order of their subscription.
    pub(crate) fn of(&self, strategy: StrategyId) -> Vec<(u32, u8)> {
        let all = self.by_instrument.iter().flat_map(|(id, all)| all.iter().map(move |series| (*id, series)));
        let mut own: Vec<_> = all.filter(|(_, series)| series.strategy == strategy).collect();
        own.sort_by_key(|(_, series)| series.id);
        own.into_iter().map(|(instrument, series)| (instrument, series.number)).collect()
    }

    fn retain(&mut self, is_kept: impl Fn(&Series) -> bool) {
        if self.is_empty() {
            return;
        }
        self.by_instrument.retain(|_, all| {
            all.retain(&is_kept);
            !all.is_empty()
        });
        self.count = self.by_instrument.values().map(Vec::len).sum();
        let by_instrument = &self.by_instrument;
        self.due.retain(|(_, instrument, id)| {
            by_instrument.get(instrument).is_some_and(|all| all.iter().any(|series| series.id == *id))
        });
    }

    /// When the next bar closes at the latest.
    #[inline]
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, ..)| *due)
    }

    /// Closes the bars of an instrument that end at or before a time of its exchange.
    pub(crate) fn close_before(&mut self, instrument: u32, ts: Timestamp, out: &mut Vec<Closed>) {
        let Some(all) = self.by_instrument.get_mut(&instrument) else { return };
        for series in all {
            let before = series.due();
            series.close_by(instrument, ts, out);
            reschedule(&mut self.due, (instrument, series.id), before, series.due());
        }
    }

    /// Closes the bars of a strategy that are due by a time.
    pub(crate) fn close_of(&mut self, strategy: StrategyId, by: Timestamp, out: &mut Vec<Closed>) {
        if self.next_due().is_none_or(|due| due > by) {
            return;
        }
        for (instrument, all) in &mut self.by_instrument {
            for series in all.iter_mut().filter(|series| series.strategy == strategy) {
                let before = series.due();
                series.close_by(*instrument, by, out);
                reschedule(&mut self.due, (*instrument, series.id), before, series.due());
            }
        }
        // of several instruments, in the order of time
        out.sort_by_key(|closed| closed.event.ts);
    }

    /// Takes a trade or a bar of the exchange, for the series of a strategy or for all; what it completes follows.
    pub(crate) fn take(
        &mut self,
        event: &abi::Event,
        strategy: Option<StrategyId>,
        out: &mut Vec<Closed>,
    ) -> Result<(), Stop> {
        let Some(all) = self.by_instrument.get_mut(&event.instrument) else { return Ok(()) };
        let concerned = |series: &&mut Series| strategy.is_none_or(|strategy| strategy == series.strategy);
        for series in all.iter_mut().filter(concerned) {
            let before = series.due();
            let taken = series.take(event, out);
            reschedule(&mut self.due, (event.instrument, series.id), before, series.due());
            taken?;
        }
        Ok(())
    }

    /// Closes the first bar that is due by now; false if none is.
    pub(crate) fn close_due(&mut self, now: Timestamp, out: &mut Vec<Closed>) -> bool {
        let Some((due, instrument, id)) = self.due.first().copied().filter(|(due, ..)| *due <= now) else {
            return false;
        };
        self.due.pop_first();
        let all = self.by_instrument.get_mut(&instrument);
        if let Some(series) = all.and_then(|all| all.iter_mut().find(|series| series.id == id)) {
            series.close_by(instrument, due, out);
            if let Some(next) = series.due() {
                self.due.insert((next, instrument, id));
            }
        }
        true
    }
}

fn reschedule(
    due: &mut BTreeSet<(Timestamp, u32, u64)>,
    (instrument, id): (u32, u64),
    before: Option<Timestamp>,
    after: Option<Timestamp>,
) {
    if before == after {
        return;
    }
    if let Some(before) = before {
        due.remove(&(before, instrument, id));
    }
    if let Some(after) = after {
        due.insert((after, instrument, id));
    }
}
