//! The rules that look at prices: `next_price`, `same_price` and `as_asked`.

use stratd_plugin_api::{OrderFlags, Quantity, Reason, Timestamp, abi};

use crate::{
    Liquidity,
    budget::Budget,
    market::Market,
    reporter::Reporter,
    trigger::Offer,
    working_order::{Take, WorkingOrder},
};

impl Market {
    /// `same_price`: the last price is offered at once. True if that was the order's end.
    pub(crate) fn enter_at_last(
        &mut self,
        order: &mut WorkingOrder,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        match self.last_price(order.request.side) {
            None => false,
            Some(Some(at)) => self.offer_to(order, Offer::Trade(at), reporter, now),
            Some(None) => Self::is_killed(order, reporter, now),
        }
    }

    /// `as_asked`: all of it, at its own price. True if that was the order's end.
    pub(crate) fn enter_as_asked(
        &mut self,
        order: &mut WorkingOrder,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        let last = self.last_price(order.request.side);
        match order.request.price.or(order.request.stop_price).or(last.flatten()) {
            Some(price) => self.fill_up_to(order, Take::taker(price), i64::MAX, reporter, now).1,
            None => last.is_some() && Self::is_killed(order, reporter, now),
        }
    }

    /// An order that may not rest had its chance: it ends.
    pub(crate) fn is_killed(order: &WorkingOrder, reporter: &mut Reporter, now: Timestamp) -> bool {
        let is_immediate = order.request.flags.is_immediate();
        if is_immediate {
            reporter.canceled(order, Reason::Unfilled, now);
        }
        is_immediate
    }

    /// Offers the prices of an event to the orders that wait.
    pub(crate) fn on_event_by_price(
        &mut self,
        event: &abi::Event,
        liquidity: Liquidity,
        reporter: &mut Reporter,
    ) {
        let Some(offer) = Offer::of(event) else { return };
        match offer {
            Offer::Bar { .. } => self.has_bars = true,
            // where there are bars, they alone decide: ticks beside them would fill at prices within the bar
            Offer::Trade(_) if self.has_bars => return,
            Offer::Trade(_) | Offer::Quote { .. } => {}
        }
        self.last = Some(offer);
        self.budget = Budget::of(event, liquidity, &self.instrument);
        if self.waiting.is_empty() {
            return;
        }
        let now = Timestamp::new(event.ts);
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|order| !self.offer_to(order, offer, reporter, now));
        self.waiting = waiting;
    }

    /// Offers prices to an order; true if that was its end.
    fn offer_to(
        &mut self,
        order: &mut WorkingOrder,
        offer: Offer,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        if order.is_expired(now) {
            reporter.expired(order, now);
            return true;
        }
        let was_fresh = order.is_fresh;
        let Some(take) = order.take(offer) else { return Self::is_killed(order, reporter, now) };
        let is_taker = take == Take::taker(take.price);
        if is_taker && order.request.flags.contains(OrderFlags::POST_ONLY) {
            reporter.rejected(order, Reason::WouldExecute, now);
            return true;
        }
        let side = order.request.side;
        let (quantity, has_ended) = self.fill_up_to(order, take, self.budget.left(side), reporter, now);
        self.budget.spend(side, Quantity::get(quantity));
        // what is left of an order that takes goes on taking: it did not rest yet
        order.is_fresh = is_taker && was_fresh && !has_ended;
        has_ended
    }
}
