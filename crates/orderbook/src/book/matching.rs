//! An incoming order against the other side: price first, then time, at the maker's price.
//!
//! A match costs O(1); an order that trades with k makers costs O(k). Fill-or-kill looks at the depth first, O(levels
//! within its limit), or O(orders there) if self-trade prevention can get in its way.

use stratd_plugin_api::{OrderFlags, Price, Quantity, Reason};

use super::{OrderBook, Resting};
use crate::{
    event::{Event, EventKind, Execution, TradeSummary},
    exact::{minus, plus, product, remaining, total},
    new_order::{NewOrder, Terms},
    notional::Notional,
    order::{Order, OwnerId, SelfTrade},
};

/// An incoming order while it trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker {
    pub(super) order: Order,
    /// The worst price it accepts.
    limit: Option<Price>,
    /// What a market order for a notional may still spend; it has no remaining quantity.
    budget: Option<i128>,
    may_rest: bool,
    /// Set when something else than liquidity ends it.
    ended: Option<Reason>,
    traded: Traded,
}

/// What an incoming order traded.
#[derive(Clone, Copy, Debug, Default)]
struct Traded {
    quantity: Quantity,
    notional: i128,
    makers: u32,
    first_price: Price,
    last_price: Price,
}

/// What becomes of an incoming order after it traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Filled,
    Rests,
    Canceled(Reason),
}

impl Taker {
    #[inline]
    pub(super) fn new(order: &NewOrder) -> Self {
        let budget = match order.terms {
            Terms::Limit { .. } | Terms::Market { .. } => None,
            Terms::MarketNotional { notional, .. } => Some(notional.get()),
        };
        Self {
            limit: order.limit_price(),
            budget,
            may_rest: order.may_rest(),
            ..Self::changed(order.snapshot())
        }
    }

    /// A limit order that was resting and has another price now.
    #[inline]
    pub(super) fn changed(order: Order) -> Self {
        let limit = Some(order.price);
        Self { order, limit, budget: None, may_rest: true, ended: None, traded: Traded::default() }
    }

    /// Whether it wants nothing more.
    #[inline]
    fn is_done(&self) -> bool {
        let has_all = match self.budget {
            None => self.order.filled >= self.order.quantity,
            Some(budget) => budget <= 0,
        };
        has_all || self.ended.is_some()
    }

    #[inline]
    pub(super) fn outcome(&self) -> Outcome {
        match self.ended {
            Some(reason) => Outcome::Canceled(reason),
            None if self.is_done() => Outcome::Filled,
            None if self.may_rest => Outcome::Rests,
            None => Outcome::Canceled(Reason::Unfilled),
        }
    }

    /// How much of a maker at `price` it would take: all it lacks, or the whole lots that fit into its budget.
    #[inline]
    fn wanted(&self, price: Price, lot: Quantity) -> Quantity {
        match self.budget {
            None => remaining(&self.order),
            Some(budget) => affordable(budget, price, lot),
        }
    }

    /// Books an execution.
    #[inline]
    fn fill(&mut self, last: Execution) {
        let notional = product(last);
        if self.traded.makers == 0 {
            self.traded.first_price = last.price;
        }
        self.traded.last_price = last.price;
        self.traded.makers = self.traded.makers.saturating_add(1);
        self.traded.quantity = plus(self.traded.quantity, last.quantity);
        self.traded.notional = total(self.traded.notional, notional);
        self.order.filled = plus(self.order.filled, last.quantity);
        if let Some(budget) = &mut self.budget {
            *budget = budget.saturating_sub(notional);
            self.order.quantity = self.order.filled;
        }
    }

    /// Gives up what self-trade prevention takes; `false` if nothing is left.
    fn decrement(&mut self, last: Execution) -> bool {
        if let Some(budget) = &mut self.budget {
            *budget = budget.saturating_sub(product(last));
            return *budget > 0;
        }
        if last.quantity == remaining(&self.order) {
            // the snapshot of its cancellation tells what it lost
            return false;
        }
        self.order.quantity = minus(self.order.quantity, last.quantity);
        true
    }

    #[inline]
    fn is_prevented_from(&self, owner: OwnerId) -> bool {
        self.order.self_trade != SelfTrade::Allow && owner == self.order.owner && owner != OwnerId::NONE
    }
}

/// The whole lots at `price` that fit into `budget`.
fn affordable(budget: i128, price: Price, lot: Quantity) -> Quantity {
    if !price.is_positive() {
        // costs nothing, or even pays: no quantity exceeds the budget
        return Quantity::MAX;
    }
    let quantity = budget.checked_div(i128::from(price.get())).unwrap_or(0);
    let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
    let odd = quantity.checked_rem(lot.get()).unwrap_or(0);
    Quantity::new(quantity.saturating_sub(odd))
}

impl OrderBook {
    /// Runs an accepted order to its end: trades, then rests or is canceled.
    #[inline]
    pub(super) fn enter(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        if let Terms::Limit { price, .. } = order.terms
            && !order.flags.is_immediate()
            && !self.would_execute(order.side, price)
        {
            // the usual order: it meets nobody
            self.open(order.snapshot(), events);
        } else {
            self.run(order, events);
        }
    }

    /// An order that meets somebody, or never rests.
    fn run(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        let mut taker = Taker::new(order);
        if order.needs_whole()
            && let Err(reason) = self.check_whole(&taker)
        {
            self.emit(EventKind::Cancel { order: taker.order, reason }, events);
            return;
        }
        self.trade(&mut taker, events);
        match taker.outcome() {
            Outcome::Filled => {}
            Outcome::Rests => self.open(taker.order, events),
            Outcome::Canceled(reason) => self.emit(EventKind::Cancel { order: taker.order, reason }, events),
        }
    }

    #[inline]
    fn open(&mut self, order: Order, events: &mut Vec<Event>) {
        self.rest(order);
        self.emit(EventKind::Open { order }, events);
    }

    /// Matches as far as price, quantity and self-trade prevention allow, and sums up.
    pub(super) fn trade(&mut self, taker: &mut Taker, events: &mut Vec<Event>) {
        let opposite = taker.order.side.opposite();
        let limit = self.limit_rank(taker);
        while !taker.is_done()
            && let Some(best) = self.sides.of(opposite).best()
            && best.rank >= limit
        {
            self.meet(taker, best.head, events);
        }
        let traded = &taker.traded;
        if traded.makers > 0 {
            // prices only got worse: the first and the last are the extremes
            self.tape.print(traded.first_price);
            self.tape.print(traded.last_price);
            let trade = TradeSummary {
                taker: taker.order.id,
                side: taker.order.side,
                quantity: traded.quantity,
                notional: Notional::new(traded.notional),
                makers: traded.makers,
            };
            self.emit(EventKind::Trade(trade), events);
        }
    }

    /// The taker and the first order of the best level.
    #[inline]
    fn meet(&mut self, taker: &mut Taker, slot: u32, events: &mut Vec<Event>) {
        let maker = &self.orders.get(slot).order;
        let is_prevented = taker.is_prevented_from(maker.owner);
        if is_prevented && taker.order.self_trade == SelfTrade::CancelNewest {
            taker.ended = Some(Reason::SelfTrade);
            return;
        }
        if is_prevented && taker.order.self_trade == SelfTrade::CancelOldest {
            self.cancel_maker(slot, events);
            return;
        }
        let quantity = taker.wanted(maker.price, self.config.lot()).min(remaining(maker));
        if quantity.is_zero() {
            taker.ended = Some(Reason::MaxOrderNotional);
            return;
        }
        let last = Execution { price: maker.price, quantity };
        if is_prevented {
            self.decrement(taker, slot, last, events);
        } else {
            self.execute(taker, slot, last, events);
        }
    }

    /// One match: the maker's event, then the taker's.
    #[inline]
    fn execute(&mut self, taker: &mut Taker, slot: u32, last: Execution, events: &mut Vec<Event>) {
        let resting = self.orders.get_mut(slot);
        if remaining(&resting.order) == last.quantity {
            let order = Order { filled: resting.order.quantity, ..resting.order };
            self.emit(EventKind::Fill { order, last }, events);
            self.remove(slot);
        } else {
            resting.order.filled = plus(resting.order.filled, last.quantity);
            let Resting { order, level } = *resting;
            self.sides.of_mut(order.side).reduce(level, last.quantity.get());
            self.emit(EventKind::Change { order, last: Some(last) }, events);
        }
        taker.fill(last);
        let order = taker.order;
        if taker.is_done() {
            self.emit(EventKind::Fill { order, last }, events);
        } else {
            self.emit(EventKind::Change { order, last: Some(last) }, events);
        }
    }

    fn cancel_maker(&mut self, slot: u32, events: &mut Vec<Event>) {
        let order = self.orders.get(slot).order;
        self.emit(EventKind::Cancel { order, reason: Reason::SelfTrade }, events);
        self.remove(slot);
    }

    /// Self-trade prevention by decrement: both lose the same quantity, nothing trades.
    fn decrement(&mut self, taker: &mut Taker, slot: u32, last: Execution, events: &mut Vec<Event>) {
        let resting = self.orders.get_mut(slot);
        if remaining(&resting.order) == last.quantity {
            self.cancel_maker(slot, events);
        } else {
            resting.order.quantity = minus(resting.order.quantity, last.quantity);
            let Resting { order, level } = *resting;
            self.sides.of_mut(order.side).reduce(level, last.quantity.get());
            self.emit(EventKind::Change { order, last: None }, events);
        }
        if taker.decrement(last) {
            self.emit(EventKind::Change { order: taker.order, last: None }, events);
        } else {
            taker.ended = Some(Reason::SelfTrade);
        }
    }

    /// Rule 5: whether all of a fill-or-kill or all-or-none order would trade, found out without touching anything.
    fn check_whole(&self, taker: &Taker) -> Result<(), Reason> {
        let opposite = self.sides.of(taker.order.side.opposite());
        let limit = self.limit_rank(taker);
        let needs_one_maker = taker.order.flags.contains(OrderFlags::ALL_OR_NONE);
        let is_prevention_possible =
            taker.order.self_trade != SelfTrade::Allow && taker.order.owner != OwnerId::NONE;
        let mut missing = taker.order.quantity;
        let levels = opposite.levels().take_while(|(tick, _)| opposite.rank(*tick) >= limit);
        for (_, queue) in levels {
            if !needs_one_maker && !is_prevention_possible {
                missing = minus(missing, Quantity::new(queue.quantity));
                if !missing.is_positive() {
                    return Ok(());
                }
                continue;
            }
            for maker in self.orders.queue(queue.head).map(|resting| resting.order) {
                if taker.is_prevented_from(maker.owner) {
                    if taker.order.self_trade == SelfTrade::CancelOldest {
                        // it would be canceled on the way
                        continue;
                    }
                    return Err(Reason::SelfTrade);
                }
                missing = minus(missing, remaining(&maker));
                if !missing.is_positive() {
                    return Ok(());
                }
                if needs_one_maker {
                    return Err(Reason::Unfilled);
                }
            }
        }
        Err(Reason::Unfilled)
    }

    /// The rank, on the other side, of the worst price that the taker accepts.
    #[inline]
    fn limit_rank(&self, taker: &Taker) -> i64 {
        let opposite = self.sides.of(taker.order.side.opposite());
        taker.limit.map_or(i64::MIN, |price| opposite.rank(self.config.ticks(price)))
    }
}
