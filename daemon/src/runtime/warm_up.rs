//! The history that strategies are told before a run begins: what the data of a backtest has before its start, or what is
//! known of the past of exchanges.
//!
//! A time is told as it is read. Of so many bars it is known only at the start which they are: until then they are kept,
//! with what came between them, instrument by instrument.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use stratd_engine::StrategyId;
use stratd_plugin_api::{Timestamp, abi, abi::event_kind};

use super::{event_loop::EventLoop, exchange_desk::Told, link::is_data, sources::Sources};
use crate::config::WarmUp;

/// At most this many events of an instrument are kept for a strategy that wants bars: the oldest go. A source without
/// bars would otherwise be kept whole.
const EVENTS_KEPT_MAX: usize = 1_000_000;

/// How a source of history and the run go together.
pub(super) trait Past {
    /// Whether to read on, at an event of that time.
    fn goes_on(&mut self, ts: i64) -> bool;

    /// The event as the run has it; `None` for one that means nothing to it.
    fn present(&mut self, event: &abi::Event) -> Option<abi::Event>;
}

/// The past of a backtest: its own data.
pub(super) struct OwnPast;

impl Past for OwnPast {
    fn goes_on(&mut self, _: i64) -> bool {
        true
    }

    fn present(&mut self, event: &abi::Event) -> Option<abi::Event> {
        Some(*event)
    }
}

/// Reads the data up to the start, and tells the strategies that want it. What is left in `next` is the first event of the
/// run.
pub(super) fn warm_up(
    run: &mut EventLoop,
    sources: &mut Sources,
    (start, warm_ups): (Timestamp, &[(StrategyId, WarmUp)]),
    (past, next): (&mut dyn Past, &mut Vec<Told>),
) -> Result<()> {
    let mut kept: BTreeMap<StrategyId, Kept> = BTreeMap::new();
    let mut number = 0u64;
    while sources.next(next)? {
        let ts = next.first().map_or(start.get(), Told::ts);
        if ts >= start.get() || !past.goes_on(ts) {
            break;
        }
        let market = next.first().filter(|told| is_history(told));
        if let Some(Told::Market(event)) = market
            && let Some(event) = &past.present(event)
        {
            number += 1;
            run.take_history(event)?;
            for (strategy, how_much) in warm_ups {
                match how_much {
                    WarmUp::Time(length) if ts >= start.get().saturating_sub(*length) => {
                        run.tell_history(Some(*strategy), event)?;
                    }
                    WarmUp::Time(_) => {}
                    WarmUp::Bars(count) => kept.entry(*strategy).or_default().keep(number, event, *count),
                }
            }
        }
        next.clear();
    }
    for (strategy, kept) in kept {
        for event in kept.in_order() {
            run.tell_history(Some(strategy), &event)?;
        }
    }
    Ok(())
}

/// Order events of a venue are of its book, which is not that of the run yet.
fn is_history(told: &Told) -> bool {
    match told {
        Told::Market(event) => is_data(event),
        Told::Order(_) => false,
    }
}

/// The last bars of each instrument, with what came between them.
#[derive(Default)]
struct Kept(BTreeMap<u32, Recent>);

#[derive(Default)]
struct Recent {
    /// With their number among all.
    events: VecDeque<(u64, abi::Event)>,
    bars: u32,
}

impl Kept {
    fn keep(&mut self, number: u64, event: &abi::Event, bars_max: u32) {
        let recent = self.0.entry(event.instrument).or_default();
        recent.events.push_back((number, *event));
        recent.bars += u32::from(is_bar(event));
        if recent.bars > bars_max {
            recent.forget_first();
        }
        while recent.events.len() > EVENTS_KEPT_MAX {
            recent.forget_first();
        }
    }

    fn in_order(self) -> impl Iterator<Item = abi::Event> {
        let mut all: Vec<_> = self.0.into_values().flat_map(|recent| recent.events).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, event)| event)
    }
}

impl Recent {
    /// Forgets the first event, and what belongs to it: up to the next bar, if there are bars.
    fn forget_first(&mut self) {
        let Some((_, first)) = self.events.pop_front() else { return };
        if is_bar(&first) {
            self.bars -= 1;
        }
        while self.bars > 0 && self.events.front().is_some_and(|(_, event)| !is_bar(event)) {
            self.events.pop_front();
        }
    }
}

fn is_bar(event: &abi::Event) -> bool {
    event.kind == event_kind::BAR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(events: &[(u32, u16)], bars: u32) -> Vec<usize> {
        let mut kept = Kept::default();
        for (number, (instrument, kind)) in events.iter().enumerate() {
            let place = i64::try_from(number).unwrap();
            let event = abi::Event { instrument: *instrument, kind: *kind, ts: place, ..Default::default() };
            kept.keep(number as u64, &event, bars);
        }
        kept.in_order().map(|event| usize::try_from(event.ts).unwrap()).collect()
    }

    #[test]
    fn the_last_bars_of_each_instrument_are_kept_with_what_is_between_them() {
        const BAR: u16 = event_kind::BAR;
        const TRADE: u16 = event_kind::TRADE;
        let one = [(1, TRADE), (1, BAR), (1, TRADE), (1, BAR), (1, TRADE), (1, BAR), (1, TRADE)];
        assert_eq!(kept(&one, 2), [3, 4, 5, 6]);
        assert_eq!(kept(&one, 3), [0, 1, 2, 3, 4, 5, 6]);
        let two = [(1, BAR), (2, BAR), (1, BAR), (2, TRADE), (1, BAR), (3, TRADE)];
        assert_eq!(kept(&two, 1), [1, 3, 4, 5]);
    }
}
