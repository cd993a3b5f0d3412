//! Cash, positions and PnL: per strategy and for the whole run.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Range,
};

use stratd_plugin_api::{Instrument, InstrumentId, Money, PositionSide, Price, Quantity, Timestamp};

use crate::{
    Position, RateSource, StrategyId,
    lots::{Accounting, Lots},
    position::{Booking, PositionId},
    rates::Rates,
};

/// The books of the run.
pub(crate) struct Portfolio {
    cash_initial: Money,
    run: Book,
    strategies: Vec<Book>,
    // by instrument id, from 1
    holders: Vec<Holders>,
    // sizes of all strategies together
    net: BTreeMap<PositionId, Quantity>,
    accounting: Accounting,
    pub(crate) rates: Rates,
    /// Counts what changed cash or the value of a position.
    version: u64,
}

/// The positions in an instrument.
#[derive(Default)]
struct Holders {
    /// In the order of their first fill.
    all: Vec<(StrategyId, PositionSide)>,
    /// How many of them are not flat: nearly every price is of an instrument that nobody holds.
    open: usize,
    /// The UTC day that has begun in the books of all of them; empty if one has not heard of it.
    day: Range<Timestamp>,
    /// The price that all of them are valued at, at a rate that does not move.
    marked: Option<Price>,
}

/// The book of one strategy, or of the run (which has sums only).
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) positions: BTreeMap<PositionId, Position>,
    /// What is open in its order, where cost is first in, first out.
    lots: BTreeMap<PositionId, Lots>,
    /// Moved by fills and fees.
    pub(crate) cash: Money,
    /// Value of all positions at the last marks.
    pub(crate) notional: Money,
    pub(crate) realized: Money,
    pub(crate) fees: Money,
    /// Highest PnL so far.
    peak: Money,
    /// The UTC day of the last input, until before its end; empty before the first.
    day: Range<Timestamp>,
    /// PnL at the start of the UTC day.
    day_start: Money,
}

impl Book {
    /// `cash + notional`: what all fills and marks brought, fees included.
    pub(crate) fn pnl(&self) -> Option<Money> {
        self.cash.checked_add(self.notional)
    }

    /// Value of positions less their cost.
    pub(crate) fn unrealized(&self) -> Option<Money> {
        self.pnl()?.checked_add(self.fees)?.checked_sub(self.realized)
    }

    /// How far the PnL is below its peak.
    pub(crate) fn drawdown(&self) -> Option<Money> {
        self.peak.checked_sub(self.pnl()?)
    }

    /// What the day lost so far; 0 if it gained.
    pub(crate) fn day_loss(&self) -> Option<Money> {
        Some(self.day_start.checked_sub(self.pnl()?)?.max(Money::ZERO))
    }

    #[inline]
    fn begin_day(&mut self, at: Timestamp) -> Option<()> {
        // nearly every event is of the day of the one before it
        if self.day.contains(&at) { Some(()) } else { self.begin_other_day(at) }
    }

    #[cold]
    fn begin_other_day(&mut self, at: Timestamp) -> Option<()> {
        let start = at.get().saturating_sub(at.time_of_day_ns());
        self.day = Timestamp::new(start)..Timestamp::new(start.saturating_add(Timestamp::DAY_NS));
        self.day_start = self.pnl()?;
        Some(())
    }

    fn revalue(&mut self, change: Money) -> Option<()> {
        self.notional = self.notional.checked_add(change)?;
        self.peak = self.peak.max(self.pnl()?);
        Some(())
    }
}

/// A fill to book.
#[derive(Clone, Copy)]
pub(crate) struct FillToBook<'a> {
    pub(crate) strategy: StrategyId,
    pub(crate) instrument: &'a Instrument,
    /// The position that its order was about.
    pub(crate) side: PositionSide,
    pub(crate) price: Price,
    /// Negative = sold.
    pub(crate) signed: Quantity,
    /// The exchange's fee, slippage and transaction cost together, in the currency of the instrument.
    pub(crate) fee: Money,
    pub(crate) at: Timestamp,
}

impl Portfolio {
    pub(crate) fn new(cash_initial: Money, accounting: Accounting) -> Self {
        Self {
            cash_initial,
            run: Book::default(),
            strategies: Vec::new(),
            holders: Vec::new(),
            net: BTreeMap::new(),
            accounting,
            rates: Rates::default(),
            version: 0,
        }
    }

    /// A number that stays as long as cash and the value of every position do.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Sets the rate of a currency, as [`Rates::set`]: what is held in it is valued anew with its next price.
    pub(crate) fn set_rate(
        &mut self,
        currency: &str,
        source: RateSource,
        instruments: impl Iterator<Item = InstrumentId>,
    ) -> Option<()> {
        self.holders.iter_mut().for_each(|holders| holders.marked = None);
        self.rates.set(currency, source, instruments)
    }

    pub(crate) fn add_strategy(&mut self) {
        self.strategies.push(Book::default());
    }

    pub(crate) fn book(&self, strategy: StrategyId) -> Option<&Book> {
        self.strategies.get(strategy.index())
    }

    pub(crate) fn run(&self) -> &Book {
        &self.run
    }

    /// Cash and positions of the run.
    pub(crate) fn equity(&self) -> Option<Money> {
        self.cash_initial.checked_add(self.run.pnl()?)
    }

    pub(crate) fn cash(&self) -> Option<Money> {
        self.cash_initial.checked_add(self.run.cash)
    }

    /// Size of a position of all strategies together.
    pub(crate) fn net_size(&self, id: PositionId) -> Quantity {
        self.net.get(&id).copied().unwrap_or_default()
    }

    /// What the positions of all strategies in an instrument brought, fees included.
    pub(crate) fn pnl_of_instrument(&self, instrument: InstrumentId) -> Option<Money> {
        let Some(holders) = index(instrument).and_then(|i| self.holders.get(i)) else {
            return Some(Money::ZERO);
        };
        let mut positions = holders.all.iter().filter_map(|(strategy, side)| {
            self.strategies.get(strategy.index())?.positions.get(&PositionId { instrument, side: *side })
        });
        positions.try_fold(Money::ZERO, |sum, position| sum.checked_add(position.pnl()?))
    }

    /// Sizes of all strategies together, by instrument and side.
    pub(crate) fn net_sizes(&self) -> impl Iterator<Item = (PositionId, Quantity)> {
        self.net.iter().map(|(id, size)| (*id, *size)).filter(|(_, size)| !size.is_zero())
    }

    /// Values every position of an instrument at a price. `None` on overflow.
    #[inline]
    pub(crate) fn mark(&mut self, instrument: &Instrument, price: Price, at: Timestamp) -> Option<()> {
        self.run.begin_day(at)?;
        match index(instrument.id).and_then(|i| self.holders.get(i)) {
            Some(holders) if holders.open > 0 || !holders.day.contains(&at) => {
                self.mark_held(instrument, price, at)
            }
            // nobody holds it, or ever did
            Some(_) | None => Some(()),
        }
    }

    fn mark_held(&mut self, instrument: &Instrument, price: Price, at: Timestamp) -> Option<()> {
        let holders = self.holders.get_mut(index(instrument.id)?)?;
        let is_day_old = holders.day.contains(&at);
        if is_day_old && holders.marked == Some(price) {
            return Some(());
        }
        let rate = self.rates.of(instrument.id);
        for (strategy, side) in &holders.all {
            let book = self.strategies.get_mut(strategy.index())?;
            if !is_day_old {
                book.begin_day(at)?;
            }
            let id = PositionId { instrument: instrument.id, side: *side };
            let Some(position) = book.positions.get_mut(&id).filter(|p| !p.size.is_zero()) else {
                continue;
            };
            let change = position.mark(instrument, rate, price)?;
            if change != Money::ZERO {
                book.revalue(change)?;
                self.run.revalue(change)?;
                self.version = self.version.wrapping_add(1);
            }
        }
        holders.day = self.run.day.clone();
        holders.marked = Some(price).filter(|_| !self.rates.has_quoted());
        Some(())
    }

    /// Books an own execution. `None` on overflow: the engine then stops, so a half-booked run is never used.
    pub(crate) fn fill(&mut self, fill: &FillToBook<'_>) -> Option<()> {
        let id = PositionId { instrument: fill.instrument.id, side: fill.side };
        let size = self.book(fill.strategy)?.positions.get(&id).map_or(Quantity::ZERO, |p| p.size);
        let after = size.checked_add(fill.signed)?;
        match fill.side.opposite().filter(|_| !fill.side.can_hold(after.get())) {
            None => self.book_fill(fill),
            // more was closed than there was: it happened, and what is left opened the other side
            Some(side) if size.is_zero() => self.book_fill(&FillToBook { side, ..*fill }),
            Some(side) => {
                let closed = size.checked_neg()?;
                self.book_fill(&FillToBook { signed: closed, ..*fill })?;
                self.book_fill(&FillToBook { side, signed: after, fee: Money::ZERO, ..*fill })
            }
        }
    }

    fn book_fill(&mut self, fill: &FillToBook<'_>) -> Option<()> {
        let id = PositionId { instrument: fill.instrument.id, side: fill.side };
        let book = self.strategies.get_mut(fill.strategy.index())?;
        self.run.begin_day(fill.at)?;
        book.begin_day(fill.at)?;
        let entry = book.positions.entry(id);
        let is_new = matches!(entry, Entry::Vacant(_));
        let position = entry.or_insert_with(|| Position::flat(fill.side));
        let before = *position;
        let lots = match self.accounting {
            Accounting::Average => None,
            Accounting::Fifo => Some(book.lots.entry(id).or_default()),
        };
        let rate = self.rates.of(id.instrument);
        let mut booking = Booking { instrument: fill.instrument, rate, lots };
        let cash = position.book(&mut booking, fill.price, fill.signed, fill.fee)?;
        let fees = position.fees.checked_sub(before.fees)?;
        let change = position.notional.checked_sub(before.notional)?;
        let realized = position.realized.checked_sub(before.realized)?;
        let is_flat = position.size.is_zero();
        for book in [&mut *book, &mut self.run] {
            book.cash = book.cash.checked_add(cash)?;
            book.realized = book.realized.checked_add(realized)?;
            book.fees = book.fees.checked_add(fees)?;
            book.revalue(change)?;
        }
        self.version = self.version.wrapping_add(1);
        let net = self.net.entry(id).or_default();
        *net = net.checked_add(fill.signed)?;
        let index = index(id.instrument)?;
        if index >= self.holders.len() {
            self.holders.resize_with(index.checked_add(1)?, Holders::default);
        }
        let holders = self.holders.get_mut(index)?;
        holders.marked = None;
        if is_new {
            holders.all.push((fill.strategy, fill.side));
            holders.day = Range::default();
        }
        match (before.size.is_zero(), is_flat) {
            (true, false) => holders.open = holders.open.checked_add(1)?,
            (false, true) => holders.open = holders.open.checked_sub(1)?,
            (true, true) | (false, false) => {}
        }
        Some(())
    }
}

fn index(instrument: InstrumentId) -> Option<usize> {
    usize::try_from(instrument.0.checked_sub(1)?).ok()
}
