//! One instrument at the simulated exchange: what is known of its prices, and the orders that wait in it.

use stratd_plugin_api::{
    ClientOrderId, Instrument, OrderFlags, Price, Quantity, Reason, Side, Timestamp, abi,
};

use crate::{
    FillModel, FillRule,
    book::LevelBook,
    budget::Budget,
    reporter::Reporter,
    trigger::Offer,
    working_order::{Take, WorkingOrder},
};

/// One instrument.
pub(crate) struct Market {
    pub(crate) instrument: Instrument,
    /// In the order of their entry.
    pub(crate) waiting: Vec<WorkingOrder>,
    pub(crate) last: Option<Offer>,
    /// What is left of the last event.
    pub(crate) budget: Budget,
    /// Its trades at the close of bars are no executions.
    pub(crate) has_bars: bool,
    /// Rule `book` only.
    pub(crate) book: LevelBook,
}

impl Market {
    pub(crate) fn new(instrument: &Instrument) -> Self {
        Self {
            instrument: instrument.clone(),
            waiting: Vec::new(),
            last: None,
            budget: Budget::default(),
            has_bars: false,
            book: LevelBook::default(),
        }
    }

    /// An order arrives. True if that was its end, too; else it is to wait.
    pub(crate) fn enter(
        &mut self,
        order: &mut WorkingOrder,
        model: &FillModel,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> bool {
        reporter.received(order, now);
        match model.rule {
            FillRule::NextPrice => false,
            FillRule::SamePrice => self.enter_at_last(order, reporter, now),
            FillRule::AsAsked => self.enter_as_asked(order, reporter, now),
            FillRule::Book => self.book.is_shown() && self.enter_book(order, reporter, now),
        }
    }

    pub(crate) fn cancel(&mut self, id: ClientOrderId, reporter: &mut Reporter, now: Timestamp) {
        match self.waiting.iter().position(|order| order.id == id) {
            Some(at) => {
                let order = self.waiting.remove(at);
                reporter.canceled(&order, Reason::Requested, now);
            }
            None => reporter.refused(id, Reason::UnknownOrder, now),
        }
    }

    /// Changes price and total quantity. In a queue, only a smaller quantity at the same price keeps its place.
    pub(crate) fn change(
        &mut self,
        (id, price, quantity): (ClientOrderId, Price, Quantity),
        reporter: &mut Reporter,
        now: Timestamp,
    ) {
        let Some(at) = self.waiting.iter().position(|order| order.id == id) else {
            return reporter.refused(id, Reason::UnknownOrder, now);
        };
        if quantity <= self.waiting[at].filled {
            return reporter.refused(id, Reason::VolumeNotAboveFilled, now);
        }
        let order = &mut self.waiting[at];
        if order.waits_for_trigger() && order.request.stop_price.is_some() {
            // as the order book does: the stop moves, what it triggers stays as it is
            if quantity != order.request.quantity {
                return reporter.refused(id, Reason::BadOrder, now);
            }
            order.move_stop(price);
            return reporter.changed(order, now);
        }
        let is_same_price = order.request.price.is_none_or(|known| known == price);
        let keeps_its_place = is_same_price && quantity <= order.request.quantity;
        order.request.quantity = quantity;
        if order.request.price.is_some() {
            order.request.price = Some(price);
        }
        reporter.changed(order, now);
        if !keeps_its_place || !order.ahead.is_queued() {
            let mut order = self.waiting.remove(at);
            order.is_fresh = true;
            let is_in_book = order.ahead.is_queued();
            if !(is_in_book && self.enter_book(&mut order, reporter, now)) {
                self.waiting.push(order);
            }
        }
    }

    /// Looks whether a market event lets waiting orders trade.
    pub(crate) fn on_event(&mut self, event: &abi::Event, model: &FillModel, reporter: &mut Reporter) {
        match model.rule {
            FillRule::Book => self.on_event_by_book(event, reporter),
            FillRule::NextPrice | FillRule::SamePrice | FillRule::AsAsked => {
                self.on_event_by_price(event, model.liquidity, reporter);
            }
        }
    }

    /// Fills up to `available` of an order; true if that was its end.
    pub(crate) fn fill_up_to(
        &mut self,
        order: &mut WorkingOrder,
        take: Take,
        available: i64,
        reporter: &mut Reporter,
        now: Timestamp,
    ) -> (Quantity, bool) {
        let wanted = order.quantity_at(&self.instrument, take.price).unwrap_or_default();
        let quantity = wanted.min(Quantity::new(available));
        let flags = order.request.flags;
        let is_all_or_nothing =
            flags.contains(OrderFlags::FILL_OR_KILL) || flags.contains(OrderFlags::ALL_OR_NONE);
        let may_fill = quantity.is_positive() && (quantity == wanted || !is_all_or_nothing);
        if may_fill {
            reporter.filled(order, &self.instrument, take, quantity, now);
        }
        if order.is_complete() {
            return (quantity, true);
        }
        // the rest of a notional does not pay for one lot, or the order may not rest
        if !wanted.is_positive() || flags.is_immediate() || (may_fill && quantity == wanted) {
            reporter.canceled(order, Reason::Unfilled, now);
            return (if may_fill { quantity } else { Quantity::ZERO }, true);
        }
        (if may_fill { quantity } else { Quantity::ZERO }, false)
    }

    /// The last price for a side, if there was any event; inside, if that side had a price.
    pub(crate) fn last_price(&self, side: Side) -> Option<Option<Price>> {
        self.last.map(|offer| offer.last(side))
    }
}
