//! Cash, positions and PnL: per strategy and for the whole run.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use stratd_plugin_api::{Instrument, InstrumentId, Money, PositionSide, Price, Quantity, Timestamp};

use crate::{
    Position, RateSource, RestoredLosses, RestoredPosition, Scope, StrategyId,
    course::{Course, Lost},
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
    held: Vec<Held>,
    /// All positions that were ever held.
    known: BTreeSet<PositionId>,
    accounting: Accounting,
    pub(crate) rates: Rates,
    /// Counts what changed cash or the value of a position.
    version: u64,
}

/// What is held of an instrument, or was.
#[derive(Default)]
struct Held {
    /// The positions in it, in the order of their first fill.
    positions: Vec<(StrategyId, PositionSide)>,
    /// Sizes of all strategies together, by the place of the side.
    net: [Quantity; PositionSide::ALL.len()],
    /// How many of them are not flat: nearly every price is of an instrument that nobody holds.
    open: usize,
    /// The price that all of them are valued at, at a rate that does not move.
    marked: Option<Price>,
    /// What they brought, fees included.
    pnl: Money,
    course: Course,
}

impl Held {
    fn net(&self, side: PositionSide) -> Quantity {
        let [net, long, short] = self.net;
        match side {
            PositionSide::Net => net,
            PositionSide::Long => long,
            PositionSide::Short => short,
        }
    }

    fn add_net(&mut self, side: PositionSide, size: Quantity) -> Option<()> {
        let [net, long, short] = &mut self.net;
        let of_side = match side {
            PositionSide::Net => net,
            PositionSide::Long => long,
            PositionSide::Short => short,
        };
        *of_side = of_side.checked_add(size)?;
        Some(())
    }
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
    course: Course,
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

    /// What the day lost so far, and how far the PnL is below its peak.
    pub(crate) fn lost(&self, at: Timestamp) -> Option<Lost> {
        self.course.lost(at)
    }

    /// To be called once, after all that one price or fill changed.
    fn note(&mut self, at: Timestamp) -> Option<()> {
        let pnl = self.pnl()?;
        self.course.note(pnl, at);
        Some(())
    }

    fn revalue(&mut self, change: Money) -> Option<()> {
        self.notional = self.notional.checked_add(change)?;
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
            held: Vec::new(),
            known: BTreeSet::new(),
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
        self.held.iter_mut().for_each(|held| held.marked = None);
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

    /// What a scope has lost, as its limits count it. `None` on overflow.
    pub(crate) fn lost(&self, scope: Scope, at: Timestamp) -> Option<Lost> {
        self.course(scope).map_or(Some(Lost::default()), |course| course.lost_to_limits(at))
    }

    /// Trading of a scope goes on by command: its limits on losses count from here on.
    pub(crate) fn go_on(&mut self, scope: Scope, at: Timestamp) {
        if let Some(course) = self.course_mut(scope) {
            course.go_on(at);
        }
    }

    /// Puts in what the fills of a strategy brought: cash, realized PnL, fees. `None` on overflow.
    pub(crate) fn restore_book(
        &mut self,
        strategy: StrategyId,
        [cash, realized, fees]: [Money; 3],
    ) -> Option<()> {
        let book = self.strategies.get_mut(strategy.index())?;
        for book in [book, &mut self.run] {
            book.cash = book.cash.checked_add(cash)?;
            book.realized = book.realized.checked_add(realized)?;
            book.fees = book.fees.checked_add(fees)?;
        }
        self.version = self.version.wrapping_add(1);
        Some(())
    }

    /// Puts a position in; what it realized is in its book already. `None`: there is one, or on overflow.
    pub(crate) fn restore_position(
        &mut self,
        instrument: &Instrument,
        restored: &RestoredPosition,
    ) -> Option<()> {
        let id = PositionId { instrument: instrument.id, side: restored.position.side };
        let book = self.strategies.get_mut(restored.strategy.index())?;
        if book.positions.contains_key(&id) {
            return None;
        }
        // without a price it is worth what it cost
        let mut position = Position { notional: restored.position.cost, ..restored.position };
        if let Some(price) = restored.price_last {
            let rate = self.rates.of(instrument.id);
            position.notional = rate.notional(instrument, price, position.size)?;
        }
        if position.size.is_zero() {
            position.notional = Money::ZERO;
        }
        book.positions.insert(id, position);
        if self.accounting == Accounting::Fifo {
            // kept without lots: all of it is one
            let whole = [(position.size.get(), position.cost, position.cost_own)];
            let lots = if restored.lots.is_empty() { whole.as_slice() } else { &restored.lots };
            let lots = if position.size.is_zero() { &[] } else { lots };
            book.lots.insert(id, Lots::restored(lots));
        }
        book.revalue(position.notional)?;
        self.run.revalue(position.notional)?;
        let index = index(id.instrument)?;
        if index >= self.held.len() {
            self.held.resize_with(index.checked_add(1)?, Held::default);
        }
        let held = self.held.get_mut(index)?;
        held.add_net(id.side, position.size)?;
        self.known.insert(id);
        held.pnl = held.pnl.checked_add(position.pnl()?)?;
        held.positions.push((restored.strategy, id.side));
        if !position.size.is_zero() {
            held.open = held.open.checked_add(1)?;
        }
        Some(())
    }

    /// All books are in: their courses begin where they stand. `None` on overflow.
    pub(crate) fn begin_courses(&mut self, at: Timestamp) -> Option<()> {
        for book in self.strategies.iter_mut().chain([&mut self.run]) {
            let pnl = book.pnl()?;
            book.course.begin(pnl, at);
        }
        for held in &mut self.held {
            held.course.begin(held.pnl, at);
        }
        Some(())
    }

    pub(crate) fn restore_course(&mut self, scope: Scope, losses: &RestoredLosses) {
        if let Some(course) = self.course_mut(scope) {
            course.restore(losses);
        }
    }

    pub(crate) fn course(&self, scope: Scope) -> Option<&Course> {
        match scope {
            Scope::Run => Some(&self.run.course),
            Scope::Strategy(id) => self.book(id).map(|book| &book.course),
            Scope::Instrument(id) => index(id).and_then(|i| self.held.get(i)).map(|held| &held.course),
        }
    }

    fn course_mut(&mut self, scope: Scope) -> Option<&mut Course> {
        match scope {
            Scope::Run => Some(&mut self.run.course),
            Scope::Strategy(id) => self.strategies.get_mut(id.index()).map(|book| &mut book.course),
            // of what was never held nothing is counted
            Scope::Instrument(id) => {
                index(id).and_then(|i| self.held.get_mut(i)).map(|held| &mut held.course)
            }
        }
    }

    pub(crate) fn lots(
        &self,
        strategy: StrategyId,
        position: PositionId,
    ) -> impl Iterator<Item = (i64, Money, Money)> {
        let lots = self.book(strategy).and_then(|book| book.lots.get(&position));
        lots.into_iter().flat_map(Lots::iter)
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
        let held = index(id.instrument).and_then(|index| self.held.get(index));
        held.map_or(Quantity::ZERO, |held| held.net(id.side))
    }

    /// The positions in an instrument that are not flat, in the order of their first fill.
    pub(crate) fn open_positions(&self, id: InstrumentId) -> Vec<(StrategyId, PositionSide, Quantity)> {
        let held = index(id).and_then(|index| self.held.get(index)).filter(|held| held.open > 0);
        let all = held.into_iter().flat_map(|held| &held.positions);
        let size = |strategy: StrategyId, side| {
            let position = self.book(strategy)?.positions.get(&PositionId { instrument: id, side })?;
            Some(position.size).filter(|size| !size.is_zero())
        };
        all.filter_map(|(strategy, side)| Some((*strategy, *side, size(*strategy, *side)?))).collect()
    }

    /// Sizes of all strategies together, by instrument and side.
    pub(crate) fn net_sizes(&self) -> impl Iterator<Item = (PositionId, Quantity)> {
        self.known.iter().map(|id| (*id, self.net_size(*id))).filter(|(_, size)| !size.is_zero())
    }

    /// Whether a price changes nothing, at rates that do not move: nobody holds the instrument, or it has that price.
    #[inline]
    pub(crate) fn is_worth_the_same(&self, instrument: InstrumentId, price: Price) -> bool {
        let held = index(instrument).and_then(|i| self.held.get(i));
        held.is_none_or(|held| held.open == 0 || held.marked == Some(price))
    }

    /// Values every position of an instrument at a price, and notes what that brought. `None` on overflow.
    pub(crate) fn reprice(&mut self, instrument: &Instrument, price: Price, at: Timestamp) -> Option<()> {
        let held = self.held.get_mut(index(instrument.id)?)?;
        // the position of one strategy: its books are noted as it is valued
        let &[(strategy, side)] = held.positions.as_slice() else {
            let has_changed = self.mark_held(instrument, price)?;
            return if has_changed { self.note(instrument.id, at) } else { Some(()) };
        };
        let book = self.strategies.get_mut(strategy.index())?;
        let position = book.positions.get_mut(&PositionId { instrument: instrument.id, side })?;
        let change = position.mark(instrument, self.rates.of(instrument.id), price)?;
        held.marked = Some(price);
        if change == Money::ZERO {
            return Some(());
        }
        self.version = self.version.wrapping_add(1);
        held.pnl = held.pnl.checked_add(change)?;
        held.course.note(held.pnl, at);
        book.revalue(change)?;
        book.note(at)?;
        self.run.revalue(change)?;
        self.run.note(at)
    }

    /// Values every position of an instrument at a price; whether the value of any changed. `None` on overflow.
    pub(crate) fn mark(&mut self, instrument: &Instrument, price: Price) -> Option<bool> {
        match index(instrument.id).and_then(|i| self.held.get(i)) {
            Some(held) if held.open > 0 && held.marked != Some(price) => self.mark_held(instrument, price),
            Some(_) | None => Some(false),
        }
    }

    fn mark_held(&mut self, instrument: &Instrument, price: Price) -> Option<bool> {
        let held = self.held.get_mut(index(instrument.id)?)?;
        let rate = self.rates.of(instrument.id);
        let mut has_changed = false;
        for (strategy, side) in &held.positions {
            let book = self.strategies.get_mut(strategy.index())?;
            let id = PositionId { instrument: instrument.id, side: *side };
            let Some(position) = book.positions.get_mut(&id).filter(|p| !p.size.is_zero()) else {
                continue;
            };
            let change = position.mark(instrument, rate, price)?;
            if change != Money::ZERO {
                book.revalue(change)?;
                self.run.revalue(change)?;
                held.pnl = held.pnl.checked_add(change)?;
                has_changed = true;
            }
        }
        held.marked = Some(price).filter(|_| !self.rates.has_quoted());
        if has_changed {
            self.version = self.version.wrapping_add(1);
        }
        Some(has_changed)
    }

    /// Notes what the books of an instrument have brought, once all is marked that one price changed. `None` on overflow.
    pub(crate) fn note(&mut self, instrument: InstrumentId, at: Timestamp) -> Option<()> {
        let Some(held) = index(instrument).and_then(|i| self.held.get_mut(i)) else { return Some(()) };
        held.course.note(held.pnl, at);
        for (strategy, _) in &held.positions {
            self.strategies.get_mut(strategy.index())?.note(at)?;
        }
        self.run.note(at)
    }

    /// Books an own execution. `None` on overflow: the engine then stops, so a half-booked run is never used.
    pub(crate) fn fill(&mut self, fill: &FillToBook<'_>) -> Option<()> {
        match fill.side.opposite() {
            // a net position turns around by itself
            None => self.book_fill(fill)?,
            Some(opposite) => self.fill_hedged(fill, opposite)?,
        }
        self.note(fill.instrument.id, fill.at)
    }

    fn fill_hedged(&mut self, fill: &FillToBook<'_>, opposite: PositionSide) -> Option<()> {
        let id = PositionId { instrument: fill.instrument.id, side: fill.side };
        let size = self.book(fill.strategy)?.positions.get(&id).map_or(Quantity::ZERO, |p| p.size);
        let after = size.checked_add(fill.signed)?;
        if fill.side.can_hold(after.get()) {
            return self.book_fill(fill);
        }
        // more was closed than there was: it happened, and what is left opened the other side
        if size.is_zero() {
            return self.book_fill(&FillToBook { side: opposite, ..*fill });
        }
        self.book_fill(&FillToBook { signed: size.checked_neg()?, ..*fill })?;
        self.book_fill(&FillToBook { side: opposite, signed: after, fee: Money::ZERO, ..*fill })
    }

    fn book_fill(&mut self, fill: &FillToBook<'_>) -> Option<()> {
        let id = PositionId { instrument: fill.instrument.id, side: fill.side };
        let book = self.strategies.get_mut(fill.strategy.index())?;
        let entry = book.positions.entry(id);
        let is_new = matches!(entry, Entry::Vacant(_));
        let position = entry.or_insert_with(|| Position::flat(fill.side));
        let Position { size, realized, fees, notional, .. } = *position;
        let lots = match self.accounting {
            Accounting::Average => None,
            Accounting::Fifo => Some(book.lots.entry(id).or_default()),
        };
        let rate = self.rates.of(id.instrument);
        let mut booking = Booking { instrument: fill.instrument, rate, lots };
        let cash = position.book(&mut booking, fill.price, fill.signed, fill.fee)?;
        let fees = position.fees.checked_sub(fees)?;
        let change = position.notional.checked_sub(notional)?;
        let realized = position.realized.checked_sub(realized)?;
        let is_flat = position.size.is_zero();
        for book in [&mut *book, &mut self.run] {
            book.cash = book.cash.checked_add(cash)?;
            book.realized = book.realized.checked_add(realized)?;
            book.fees = book.fees.checked_add(fees)?;
            book.revalue(change)?;
        }
        self.version = self.version.wrapping_add(1);
        let index = index(id.instrument)?;
        if index >= self.held.len() {
            self.held.resize_with(index.checked_add(1)?, Held::default);
        }
        let held = self.held.get_mut(index)?;
        held.add_net(id.side, fill.signed)?;
        held.pnl = held.pnl.checked_add(cash)?.checked_add(change)?;
        held.marked = None;
        match (size.is_zero(), is_flat) {
            (true, false) => held.open = held.open.checked_add(1)?,
            (false, true) => held.open = held.open.checked_sub(1)?,
            (true, true) | (false, false) => {}
        }
        if is_new {
            held.positions.push((fill.strategy, fill.side));
            self.known.insert(id);
        }
        Some(())
    }
}

fn index(instrument: InstrumentId) -> Option<usize> {
    usize::try_from(instrument.0.checked_sub(1)?).ok()
}
