//! Matching, naively: look at the first order that can be reached, deal with it, look again.

use stratd_plugin_api::{OrderFlags, Price, Quantity, Reason, Side};

use super::NaiveBook;
use crate::{
    event::{Event, EventKind, Execution, TradeSummary},
    new_order::{NewOrder, Terms},
    notional::Notional,
    order::{Order, OwnerId, SelfTrade},
};

/// The worst price that an incoming order accepts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    Any,
    At(Price),
}

impl Limit {
    fn of(order: &NewOrder) -> Self {
        match order.terms {
            Terms::Limit { price, .. } => Limit::At(price),
            Terms::Market { price: Some(price), .. } | Terms::MarketNotional { price: Some(price), .. }
                if order.flags.is_immediate() && price != Price::ZERO =>
            {
                Limit::At(price)
            }
            Terms::Market { .. } | Terms::MarketNotional { .. } => Limit::Any,
        }
    }

    fn accepts(self, side: Side, price: Price) -> bool {
        match (self, side) {
            (Limit::Any, _) => true,
            (Limit::At(limit), Side::Buy) => price <= limit,
            (Limit::At(limit), Side::Sell) => price >= limit,
        }
    }
}

/// An incoming order while it trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker {
    pub(super) order: Order,
    limit: Limit,
    /// What is left of the notional of an order that has one.
    budget: Option<i128>,
    /// Why it was stopped.
    pub(super) canceled: Option<Reason>,
    quantity: i64,
    notional: i128,
    makers: u32,
}

impl Taker {
    pub(super) fn new(order: Order, limit: Limit, budget: Option<i128>) -> Self {
        Self { order, limit, budget, canceled: None, quantity: 0, notional: 0, makers: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.canceled.is_some()
            || match self.budget {
                Some(budget) => budget <= 0,
                None => self.order.remaining() == Quantity::ZERO,
            }
    }

    fn is_own(&self, maker: &Order) -> bool {
        maker.owner == self.order.owner
            && maker.owner != OwnerId::NONE
            && self.order.self_trade != SelfTrade::Allow
    }

    /// The most it would take at `price`.
    fn wanted(&self, price: Price, lot: Quantity) -> i64 {
        let Some(budget) = self.budget else { return self.order.remaining().get() };
        if price <= Price::ZERO {
            return i64::MAX;
        }
        let lots = budget / (i128::from(price.get()) * i128::from(lot.get()));
        i64::try_from(lots * i128::from(lot.get())).unwrap_or(i64::MAX / lot.get() * lot.get())
    }
}

impl NaiveBook {
    /// The orders that an incoming one can reach, in the order in which it meets them.
    fn reachable(&self, side: Side, limit: Limit) -> impl Iterator<Item = &Order> {
        let levels: Box<dyn Iterator<Item = _>> = match side {
            Side::Buy => Box::new(self.asks.iter()),
            Side::Sell => Box::new(self.bids.iter().rev()),
        };
        levels.take_while(move |(price, _)| limit.accepts(side, **price)).flat_map(|(_, queue)| queue.iter())
    }

    /// The first of them.
    pub(super) fn first_reachable(&self, side: Side, limit: Limit) -> Option<Order> {
        let (price, queue) = match side {
            Side::Buy => self.asks.first_key_value(),
            Side::Sell => self.bids.last_key_value(),
        }?;
        queue.front().filter(|_| limit.accepts(side, *price)).copied()
    }

    pub(super) fn enter(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        let (budget, is_limit) = match order.terms {
            Terms::Limit { .. } => (None, true),
            Terms::Market { .. } => (None, false),
            Terms::MarketNotional { notional, .. } => (Some(notional.get()), false),
        };
        let mut taker = Taker::new(order.snapshot(), Limit::of(order), budget);
        if let Err(reason) = self.check_whole(&taker) {
            self.emit(EventKind::Cancel { order: taker.order, reason }, events);
            return;
        }
        self.trade(&mut taker, events);
        let order = taker.order;
        if let Some(reason) = taker.canceled {
            self.emit(EventKind::Cancel { order, reason }, events);
        } else if taker.is_done() {
            // its last event told that it is filled
        } else if is_limit && !order.flags.is_immediate() {
            self.put_in(order);
            self.emit(EventKind::Open { order }, events);
        } else {
            self.emit(EventKind::Cancel { order, reason: Reason::Unfilled }, events);
        }
    }

    /// Whether an order that wants all or nothing would get all.
    fn check_whole(&self, taker: &Taker) -> Result<(), Reason> {
        let is_all_or_none = taker.order.flags.contains(OrderFlags::ALL_OR_NONE);
        if !is_all_or_none && !taker.order.flags.contains(OrderFlags::FILL_OR_KILL) {
            return Ok(());
        }
        let mut depth = 0;
        for maker in self.reachable(taker.order.side, taker.limit) {
            if taker.is_own(maker) {
                if taker.order.self_trade == SelfTrade::CancelOldest {
                    continue;
                }
                return Err(Reason::SelfTrade);
            }
            depth += i128::from(maker.remaining().get());
            if depth >= i128::from(taker.order.quantity.get()) {
                return Ok(());
            }
            if is_all_or_none {
                break;
            }
        }
        Err(Reason::Unfilled)
    }

    pub(super) fn trade(&mut self, taker: &mut Taker, events: &mut Vec<Event>) {
        while !taker.is_done() {
            let Some(maker) = self.first_reachable(taker.order.side, taker.limit) else { break };
            if !taker.is_own(&maker) {
                self.execute(taker, maker, events);
            } else {
                self.prevent(taker, maker, events);
            }
        }
        if taker.makers > 0 {
            let trade = TradeSummary {
                taker: taker.order.id,
                side: taker.order.side,
                quantity: Quantity::new(taker.quantity),
                notional: Notional::new(taker.notional),
                makers: taker.makers,
            };
            self.emit(EventKind::Trade(trade), events);
        }
    }

    fn execute(&mut self, taker: &mut Taker, mut maker: Order, events: &mut Vec<Event>) {
        let wanted = taker.wanted(maker.price, self.config.lot());
        let quantity = wanted.min(maker.remaining().get());
        if quantity == 0 {
            taker.canceled = Some(Reason::MaxOrderNotional);
            return;
        }
        let last = Execution { price: maker.price, quantity: Quantity::new(quantity) };
        if last.quantity == maker.remaining() {
            self.take_out(maker.id);
            maker.filled = maker.quantity;
            self.emit(EventKind::Fill { order: maker, last }, events);
        } else {
            maker.filled = Quantity::new(maker.filled.get() + quantity);
            self.rewrite(maker);
            self.emit(EventKind::Change { order: maker, last: Some(last) }, events);
        }

        let notional = i128::from(last.price.get()) * i128::from(quantity);
        taker.quantity += quantity;
        taker.notional += notional;
        taker.makers += 1;
        taker.order.filled = Quantity::new(taker.order.filled.get() + quantity);
        if let Some(budget) = &mut taker.budget {
            *budget = budget.saturating_sub(notional);
            taker.order.quantity = taker.order.filled;
        }
        let order = taker.order;
        let kind = match taker.is_done() {
            true => EventKind::Fill { order, last },
            false => EventKind::Change { order, last: Some(last) },
        };
        self.emit(kind, events);
        self.print(last.price);
    }

    /// Self-trade prevention.
    fn prevent(&mut self, taker: &mut Taker, maker: Order, events: &mut Vec<Event>) {
        match taker.order.self_trade {
            SelfTrade::Allow => {}
            SelfTrade::CancelNewest => taker.canceled = Some(Reason::SelfTrade),
            SelfTrade::CancelOldest => self.cancel_maker(maker, events),
            SelfTrade::Decrement => self.decrement(taker, maker, events),
        }
    }

    fn cancel_maker(&mut self, maker: Order, events: &mut Vec<Event>) {
        self.take_out(maker.id);
        self.emit(EventKind::Cancel { order: maker, reason: Reason::SelfTrade }, events);
    }

    fn decrement(&mut self, taker: &mut Taker, maker: Order, events: &mut Vec<Event>) {
        let wanted = taker.wanted(maker.price, self.config.lot());
        let quantity = wanted.min(maker.remaining().get());
        if quantity == 0 {
            taker.canceled = Some(Reason::MaxOrderNotional);
            return;
        }
        if quantity == maker.remaining().get() {
            self.cancel_maker(maker, events);
        } else {
            let order = Order { quantity: Quantity::new(maker.quantity.get() - quantity), ..maker };
            self.rewrite(order);
            self.emit(EventKind::Change { order, last: None }, events);
        }
        let is_used_up = match &mut taker.budget {
            Some(budget) => {
                *budget = budget.saturating_sub(i128::from(maker.price.get()) * i128::from(quantity));
                *budget <= 0
            }
            None => quantity == taker.order.remaining().get(),
        };
        if is_used_up {
            taker.canceled = Some(Reason::SelfTrade);
            return;
        }
        if taker.budget.is_none() {
            taker.order.quantity = Quantity::new(taker.order.quantity.get() - quantity);
        }
        self.emit(EventKind::Change { order: taker.order, last: None }, events);
    }
}
