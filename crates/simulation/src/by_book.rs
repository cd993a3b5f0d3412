//! The rule `book`: through the displayed levels, and by the place in the queue.

use stratd_plugin_api::{
    Decimal, EventKind, LiquiditySide, OrderFlags, Price, Quantity, Reason, Side, Timestamp, Trade, abi,
};

use crate::{
    Liquidity,
    book::{Ahead, Touched},
    market::Market,
    reporter::Reporter,
    trigger::{Offer, is_at_or_better},
    working_order::{Take, WorkingOrder},
};

/// A public trade as it passes through the queue of our resting orders.
#[derive(Clone, Copy, Debug)]
struct Print {
    price: Price,
    aggressor: Option<Side>,
    /// What neither others nor we had yet.
    left: i64,
    /// What others ahead of our orders had, of bids and asks.
    passed: [i64; 2],
}

/// What an event is for the orders in the book.
enum Seen {
    Print(Print),
    Change(Touched),
}

impl Market {
    /// Without a displayed book, each trade, quote or bar is all the liquidity that there is.
    pub(crate) fn on_event_by_book(&mut self, event: &abi::Event, reporter: &mut Reporter) {
        let touched = self.book.apply(event);
        if !self.book.is_shown() {
            self.on_event_by_price(event, Liquidity::Volume(Decimal::from(1)), reporter);
            return;
        }
        let mut seen = match touched {
            Some(touched) => Seen::Change(touched),
            None if EventKind::from_code(event.kind) == Some(EventKind::Trade) => {
                let Trade { price, quantity, aggressor, is_from_bar, .. } = Trade::from(event);
                if is_from_bar {
                    return;
                }
                Seen::Print(Print { price, aggressor, left: quantity.get(), passed: [0; 2] })
            }
            // bars beside a book are sums of what the book showed
            None => return,
        };
        let now = Timestamp::new(event.ts);
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|order| !self.show(order, &mut seen, reporter, now));
        self.waiting = waiting;
    }

    /// Shows an event to an order; true if that was its end.
    fn show(
        &mut self,
        order: &mut WorkingOrder,
        seen: &mut Seen,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        if order.is_expired(now) {
            reporter.expired(order, now);
            return true;
        }
        if order.waits_for_trigger() {
            let offer = match seen {
                Seen::Print(print) => Offer::Trade(print.price),
                Seen::Change(_) => self.book.offer(),
            };
            return order.trigger(offer).is_some() && self.enter_book(order, reporter, now);
        }
        if !order.ahead.is_queued() {
            // it came before there was a book, or is the rest of a market order
            return self.enter_book(order, reporter, now);
        }
        let Some(limit) = order.request.price else { return false };
        match seen {
            Seen::Print(print) => self.meet(order, limit, print, reporter, now),
            Seen::Change(touched) => {
                order.ahead = self.book.requeue(*touched, order.request.side, limit, order.ahead);
                self.meet_crossing(order, limit, reporter, now)
            }
        }
    }

    /// A trade at the price of a resting order first passes those ahead of it; one beyond its price passed it.
    fn meet(
        &mut self,
        order: &mut WorkingOrder,
        limit: Price,
        print: &mut Print,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        let side = order.request.side;
        if print.price != limit {
            let is_through = is_at_or_better(side, print.price, limit);
            return is_through && self.fill_up_to(order, Take::maker(limit), i64::MAX, reporter, now).1;
        }
        let (Ahead::Known(ahead), true) = (order.ahead, print.aggressor != Some(side)) else { return false };
        let passed = &mut print.passed[usize::from(side == Side::Sell)];
        let others = print.left.min(ahead.saturating_sub(*passed).max(0));
        print.left = print.left.saturating_sub(others);
        *passed = passed.saturating_add(others);
        let ahead = ahead.saturating_sub(*passed).max(0);
        order.ahead = Ahead::Known(ahead);
        let lot = self.instrument.lot.get().max(1);
        let available = if ahead == 0 { print.left - print.left % lot } else { 0 };
        if available <= 0 {
            return false;
        }
        let (quantity, has_ended) = self.fill_up_to(order, Take::maker(limit), available, reporter, now);
        print.left = print.left.saturating_sub(quantity.get());
        has_ended
    }

    /// The other side came to the price of a resting order: it would have met the order.
    fn meet_crossing(
        &mut self,
        order: &mut WorkingOrder,
        limit: Price,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        let side = order.request.side;
        while let Some((price, free)) = self.book.free(side, Some(limit), &self.instrument) {
            let take = Take::maker(limit);
            let (quantity, has_ended) = self.fill_up_to(order, take, free.get(), reporter, now);
            self.book.take(side, price, quantity);
            if has_ended {
                return true;
            }
            if quantity.is_zero() {
                return false;
            }
        }
        false
    }

    /// An order takes what is displayed within its limit; the rest of a limit order joins the queue.
    /// True if that was its end.
    pub(crate) fn enter_book(
        &mut self,
        order: &mut WorkingOrder,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        if order.waits_for_trigger() {
            return false;
        }
        order.is_fresh = false;
        let (side, limit, flags) = (order.request.side, order.request.price, order.request.flags);
        let would_take = self.book.free(side, limit, &self.instrument).is_some();
        if would_take && flags.contains(OrderFlags::POST_ONLY) {
            reporter.rejected(order, Reason::WouldExecute, now);
            return true;
        }
        let parts = self.walk(order);
        let total: i64 = parts.iter().map(|(_, quantity)| quantity.get()).fold(0, i64::saturating_add);
        let is_whole = total > 0 && self.would_complete(order, &parts);
        let is_too_little = flags.contains(OrderFlags::FILL_OR_KILL) && !is_whole
            || flags.contains(OrderFlags::ALL_OR_NONE) && !(is_whole && parts.len() == 1);
        if is_too_little {
            for (price, quantity) in parts {
                self.book.take(side, price, quantity.checked_neg().unwrap_or_default());
            }
            reporter.canceled(order, Reason::Unfilled, now);
            return true;
        }
        for (price, quantity) in &parts {
            let take = Take { price: *price, side: LiquiditySide::Taker };
            reporter.filled(order, &self.instrument, take, *quantity, now);
        }
        if order.is_complete() {
            return true;
        }
        // nothing more is affordable, or the order may not rest
        if is_whole || self.is_unaffordable(order) || flags.is_immediate() {
            reporter.canceled(order, Reason::Unfilled, now);
            return true;
        }
        order.ahead = match limit.filter(|_| order.is_limit()) {
            Some(price) => self.book.join(side, price),
            None => Ahead::NotQueued,
        };
        false
    }

    /// Takes levels from the book until the order has enough or the levels within its limit are used up.
    fn walk(&mut self, order: &WorkingOrder) -> Vec<(Price, Quantity)> {
        let side = order.request.side;
        let mut trial = order.clone();
        let mut parts = Vec::new();
        while let Some((price, free)) = self.book.free(side, order.request.price, &self.instrument) {
            let wanted = trial.quantity_at(&self.instrument, price).unwrap_or_default();
            let quantity = wanted.min(free);
            if !quantity.is_positive() {
                break;
            }
            self.book.take(side, price, quantity);
            trial.add_fill(&self.instrument, price, quantity);
            parts.push((price, quantity));
        }
        parts
    }

    /// Whether nothing is left of the order after these parts.
    fn would_complete(&self, order: &WorkingOrder, parts: &[(Price, Quantity)]) -> bool {
        let mut trial = order.clone();
        for (price, quantity) in parts {
            trial.add_fill(&self.instrument, *price, *quantity);
        }
        let last = parts.last().map_or(Price::new(0), |(price, _)| *price);
        trial.quantity_at(&self.instrument, last).is_none_or(|left| !left.is_positive())
    }

    /// The money of an order by notional does not pay for one lot at the best price.
    fn is_unaffordable(&self, order: &WorkingOrder) -> bool {
        let free = self.book.free(order.request.side, order.request.price, &self.instrument);
        free.is_some_and(|(price, _)| {
            order.quantity_at(&self.instrument, price).is_none_or(|quantity| !quantity.is_positive())
        })
    }
}
