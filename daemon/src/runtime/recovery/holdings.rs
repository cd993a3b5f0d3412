//! What the accounts at an exchange hold, compared with what our books say.
//!
//! Nothing is changed by it: orders and fills are what books are made of, and an account may hold what stratd never traded.
//! But somebody should know. A fill may come while it is looked: where our books moved between the question and the
//! answer, a difference counts once it was the same in [`LOOKS`] looks in a row; elsewhere at once. Each difference is told
//! once, and again when it is another one or gone.

use std::collections::{BTreeMap, BTreeSet};

use stratd_engine::StrategyId;
use stratd_plugin_api::{ExchangeId, InstrumentId, Quantity, abi};

use crate::runtime::{event_loop::EventLoop, exchange_desk::Reported};

/// Looks in a row that must find the same where our books move.
const LOOKS: u32 = 3;

/// What was found of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// What the exchange has more than we.
    difference: i64,
    looks: u32,
    /// The difference that was told; 0 = none.
    told: i64,
}

/// What is to be told of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    instrument: u32,
    ours: i64,
    /// The same as ours: it adds up again.
    theirs: i64,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// Our books when the exchange was asked last, by exchange and instrument.
    asked: BTreeMap<u16, BTreeMap<u32, i64>>,
    seen: BTreeMap<(u16, u32), Seen>,
}

impl Holdings {
    /// Compares, and returns what is to be told. `moved` has the instruments in which our books moved since the question.
    fn compare(
        &mut self,
        exchange: u16,
        (ours, theirs): (&BTreeMap<u32, i64>, &BTreeMap<u32, i64>),
        moved: &BTreeSet<u32>,
    ) -> Vec<Difference> {
        let known = self.seen.keys().filter(|(of, _)| *of == exchange).map(|(_, instrument)| *instrument);
        let all: BTreeSet<u32> = known.chain(ours.keys().copied()).chain(theirs.keys().copied()).collect();
        let mut told = Vec::new();
        for instrument in all {
            let [ours, theirs] = [ours, theirs].map(|held| held.get(&instrument).copied().unwrap_or(0));
            let difference = theirs.saturating_sub(ours);
            let seen = self.seen.entry((exchange, instrument)).or_default();
            seen.looks = if seen.difference == difference { seen.looks.saturating_add(1) } else { 1 };
            seen.difference = difference;
            let is_sure = seen.looks >= LOOKS || !moved.contains(&instrument);
            if is_sure && difference != seen.told {
                seen.told = difference;
                told.push(Difference { instrument, ours, theirs });
            }
            if *seen == (Seen { looks: seen.looks, ..Seen::default() }) {
                self.seen.remove(&(exchange, instrument));
            }
        }
        told
    }
}

impl EventLoop {
    /// An exchange is asked what its accounts hold: from here on it counts how our books move.
    pub(in crate::runtime) fn note_holdings(&mut self, exchange: ExchangeId) {
        let ours = self.holdings_at(exchange);
        if let Some(recovery) = &mut self.recovery {
            recovery.holdings.asked.insert(exchange.0, ours);
        }
    }

    /// The instruments in which our books moved since the exchange was asked.
    pub(super) fn moved_holdings(&self, exchange: ExchangeId) -> BTreeSet<u32> {
        let asked = self.recovery.as_ref().and_then(|recovery| recovery.holdings.asked.get(&exchange.0));
        let nothing = BTreeMap::new();
        let (asked, now) = (asked.unwrap_or(&nothing), self.holdings_at(exchange));
        let all = asked.keys().chain(now.keys()).copied();
        all.filter(|instrument| asked.get(instrument) != now.get(instrument)).collect()
    }

    /// What our books have at an exchange, by instrument.
    fn holdings_at(&self, exchange: ExchangeId) -> BTreeMap<u32, i64> {
        let mut ours = BTreeMap::new();
        let count = u16::try_from(self.engine().strategies().count()).unwrap_or(u16::MAX);
        for strategy in (0..count).map(StrategyId) {
            let records = self.engine().position_records(strategy);
            add_up(&mut ours, records.filter(|record| record.exchange == exchange.0));
        }
        ours
    }

    /// Compares what the accounts of an exchange hold with our books, if it tells all that they hold; how many instruments
    /// differ.
    pub(super) fn compare_holdings(
        &mut self,
        exchange: ExchangeId,
        (reported, moved): (&Reported, &BTreeSet<u32>),
    ) -> usize {
        let tells_all = |account: &abi::AccountRecord| account.has_positions == 1;
        if reported.accounts.is_empty() || !reported.accounts.iter().all(tells_all) {
            return 0;
        }
        let ours = self.holdings_at(exchange);
        let mut theirs: BTreeMap<u32, i64> = BTreeMap::new();
        add_up(&mut theirs, reported.positions.iter().copied());
        let Some(recovery) = &mut self.recovery else { return 0 };
        let told = recovery.holdings.compare(exchange.0, (&ours, &theirs), moved);
        let differing = recovery.holdings.seen.range((exchange.0, 0)..=(exchange.0, u32::MAX));
        let differing = differing.filter(|(_, seen)| seen.told != 0).count();
        let name = self.recorder().exchange_name(exchange.0).to_owned();
        for difference in &told {
            self.tell_difference(&name, difference);
        }
        differing
    }

    fn tell_difference(&self, exchange: &str, difference: &Difference) {
        let Difference { instrument: id, ours, theirs } = *difference;
        let Some(instrument) = self.engine().instrument(InstrumentId(id)) else { return };
        let text = |size| instrument.quantity_text(Quantity::new(size));
        let is_gone = ours == theirs;
        let (symbol, ours, theirs) = (&instrument.symbol, text(ours), text(theirs));
        if is_gone {
            tracing::info!(
                logger = "recovery",
                "exchange {exchange} holds {theirs} {symbol}, as our books do, again"
            );
            return;
        }
        tracing::warn!(
            logger = "recovery",
            "exchange {exchange} holds {theirs} {symbol}, and our books {ours}: something was traded without stratd, or is missing here (nothing is changed by it)"
        );
    }
}

fn add_up(sums: &mut BTreeMap<u32, i64>, records: impl Iterator<Item = abi::PositionRecord>) {
    for record in records.filter(|record| record.size != 0) {
        let sum = sums.entry(record.instrument).or_default();
        *sum = sum.saturating_add(record.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(holdings: &mut Holdings, (ours, theirs): (i64, i64), has_moved: bool) -> Vec<(i64, i64)> {
        let of = |size| [(7, size)].into_iter().filter(|(_, size)| *size != 0).collect();
        let moved = has_moved.then_some(7).into_iter().collect();
        let told = holdings.compare(1, (&of(ours), &of(theirs)), &moved);
        told.iter().map(|difference| (difference.ours, difference.theirs)).collect()
    }

    #[test]
    fn a_difference_is_told_once_and_its_end_as_well() {
        let mut holdings = Holdings::default();
        assert_eq!(look(&mut holdings, (5, 5), false), []);
        assert!(holdings.seen.is_empty(), "what adds up takes no room");
        assert_eq!(look(&mut holdings, (5, 8), false), [(5, 8)]);
        assert_eq!(look(&mut holdings, (6, 9), false), [], "it is the same difference");
        assert_eq!(look(&mut holdings, (6, 6), false), [(6, 6)]);
        assert!(holdings.seen.is_empty());
        assert_eq!(look(&mut holdings, (0, -1), false), [(0, -1)]);
    }

    #[test]
    fn while_books_move_a_difference_must_stay_the_same() {
        let mut holdings = Holdings::default();
        assert_eq!(look(&mut holdings, (5, 6), true), []);
        assert_eq!(look(&mut holdings, (6, 6), true), []);
        for _ in 0..LOOKS - 1 {
            assert_eq!(look(&mut holdings, (6, 9), true), []);
        }
        assert_eq!(look(&mut holdings, (7, 10), true), [(7, 10)]);
    }
}
