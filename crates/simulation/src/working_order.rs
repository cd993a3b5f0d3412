//! An order that waits for its price.

use stratd_orderbook::Trigger;
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, Lifetime, LiquiditySide, Money, OrderFlags, OrderRequest,
    OrderType, Price, Quantity, Timestamp,
};

use crate::{
    book::Ahead,
    trigger::{Offer, is_at_or_better, reached},
};

/// At which price an order trades, and whether it had rested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Take {
    pub(crate) price: Price,
    pub(crate) side: LiquiditySide,
}

impl Take {
    pub(crate) fn taker(price: Price) -> Self {
        Self { price, side: LiquiditySide::Taker }
    }

    pub(crate) fn maker(price: Price) -> Self {
        Self { price, side: LiquiditySide::Maker }
    }
}

/// An order at the simulated exchange.
#[derive(Clone, Debug)]
pub(crate) struct WorkingOrder {
    pub(crate) id: ClientOrderId,
    pub(crate) exchange: ExchangeId,
    pub(crate) request: OrderRequest,
    pub(crate) filled: Quantity,
    /// Value of what is filled, for orders by notional.
    spent: Money,
    pub(crate) entered: Timestamp,
    /// A stop or touch order that was triggered: from now on a market or limit order.
    is_triggered: bool,
    /// No price was seen since the order came: a limit order may still take liquidity.
    pub(crate) is_fresh: bool,
    /// What a stop or touch order waits for.
    trigger: Option<Trigger>,
    /// Where it stands in the queue of its level; rule `book` only.
    pub(crate) ahead: Ahead,
}

impl WorkingOrder {
    pub(crate) fn new(
        id: ClientOrderId,
        exchange: ExchangeId,
        request: OrderRequest,
        now: Timestamp,
    ) -> Self {
        let mut request = request;
        // a price protects a flagged market order only, and 0 stands for none; without a flag it is ignored
        let is_protected =
            request.flags.is_immediate() && request.price.is_some_and(|price| !price.is_zero());
        if request.order_type == OrderType::Market && !is_protected {
            request.price = None;
        }
        Self {
            id,
            exchange,
            request,
            filled: Quantity::ZERO,
            spent: Money::ZERO,
            entered: now,
            is_triggered: false,
            is_fresh: true,
            trigger: Trigger::of(&request),
            ahead: Ahead::NotQueued,
        }
    }

    /// Whether its lifetime ended before `now`.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        match self.request.lifetime {
            Lifetime::Gtc => false,
            Lifetime::Day => now.day() > self.entered.day(),
            Lifetime::Gtd(end) => now >= end,
        }
    }

    /// Whether its quantity is what was asked for. An order by notional knows its quantity with its first execution.
    pub(crate) fn is_complete(&self) -> bool {
        self.filled.is_positive() && self.filled >= self.request.quantity
    }

    /// A limit order, or one that became one: it rests at its price. The price of a market order protects it only.
    pub(crate) fn is_limit(&self) -> bool {
        self.request.order_type != OrderType::Market && self.request.price.is_some()
    }

    /// A stop or touch order that was not triggered yet.
    pub(crate) fn waits_for_trigger(&self) -> bool {
        self.trigger.is_some() && !self.is_triggered
    }

    /// The price at which the order trades on an offer, if it does. Changes what it waits for.
    pub(crate) fn take(&mut self, offer: Offer) -> Option<Take> {
        let taken = self.price_on(offer);
        self.is_fresh = false;
        taken
    }

    fn price_on(&mut self, offer: Offer) -> Option<Take> {
        let first = offer.first(self.request.side)?;
        if self.waits_for_trigger() {
            let at = self.trigger(offer)?;
            return self.after_trigger(offer, at);
        }
        if self.is_limit() { self.limit(offer, first) } else { self.market(first).map(Take::taker) }
    }

    /// The price at which the offer triggers the order, if it does.
    pub(crate) fn trigger(&mut self, offer: Offer) -> Option<Price> {
        let at = self.trigger.as_mut()?.take(offer.seen(self.request.side)?);
        self.is_triggered = at.is_some();
        at
    }

    /// Another stop or touch price for an order that waits for it.
    pub(crate) fn move_stop(&mut self, price: Price) {
        self.request.stop_price = Some(price);
        if let Some(trigger) = &mut self.trigger {
            trigger.move_to(price);
        }
    }

    /// A market order; with a price, that price protects it.
    fn market(&self, price: Price) -> Option<Price> {
        let is_protected =
            self.request.price.is_some_and(|limit| !is_at_or_better(self.request.side, price, limit));
        (!is_protected).then_some(price)
    }

    fn limit(&self, offer: Offer, first: Price) -> Option<Take> {
        let (side, limit) = (self.request.side, self.request.price?);
        let at = reached(first, offer.best(side)?, limit, |price| is_at_or_better(side, price, limit))?;
        // an order that came to the market takes its price; one that rested is met
        // a print tells what others did: an order that may only rest was there before it, else it would be refused
        let may_only_rest =
            self.request.flags.contains(OrderFlags::POST_ONLY) && matches!(offer, Offer::Trade(_));
        let has_come = self.is_fresh && at == first && !may_only_rest;
        match offer {
            // an opening price is an auction: everybody trades at it
            Offer::Bar { .. } if has_come => Some(Take::taker(at)),
            Offer::Bar { .. } => Some(Take::maker(at)),
            Offer::Trade(_) | Offer::Quote { .. } if has_come => Some(Take::taker(at)),
            Offer::Trade(_) | Offer::Quote { .. } => Some(Take::maker(limit)),
        }
    }

    fn after_trigger(&self, offer: Offer, at: Price) -> Option<Take> {
        let side = self.request.side;
        match self.request.price {
            None => Some(Take::taker(at)),
            Some(limit) if is_at_or_better(side, at, limit) => Some(Take::taker(at)),
            // the rest of a bar after the trigger is not known: only a fresh offer is looked at further
            Some(_) if at == offer.first(side)? => self.limit(offer, at),
            Some(_) => None,
        }
    }

    /// The quantity to fill at a price: what is left, or for an order by notional the lots that the rest pays for.
    /// `None` on overflow.
    pub(crate) fn quantity_at(&self, instrument: &Instrument, price: Price) -> Option<Quantity> {
        let Some(notional) = self.request.notional else {
            return self.request.quantity.checked_sub(self.filled);
        };
        let lot_value = instrument.notional(price, instrument.lot)?.get();
        if lot_value <= 0 {
            return Some(Quantity::ZERO);
        }
        let left = notional.checked_sub(self.spent)?.max(Money::ZERO);
        let quantity = (left.get() / lot_value).checked_mul(i128::from(instrument.lot.get()))?;
        i64::try_from(quantity).ok().map(Quantity::new)
    }

    /// Counts an execution. An order by notional thereby gets the quantity that its money still pays for.
    pub(crate) fn add_fill(&mut self, instrument: &Instrument, price: Price, quantity: Quantity) {
        if self.request.notional.is_some() {
            let wanted = self.quantity_at(instrument, price).unwrap_or(quantity);
            let total = self.filled.checked_add(wanted).unwrap_or(quantity);
            self.request.quantity = self.request.quantity.max(total);
            let value = instrument.notional(price, quantity).unwrap_or(Money::ZERO);
            self.spent = self.spent.checked_add(value).unwrap_or(self.spent);
        }
        self.filled = self.filled.checked_add(quantity).unwrap_or(self.request.quantity);
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{InstrumentId, Side};

    use super::*;

    const fn price(number: i64) -> Price {
        Price::new(number)
    }
    const fn bar(open: i64, high: i64, low: i64, close: i64) -> Offer {
        Offer::Bar { open: price(open), high: price(high), low: price(low), close: price(close) }
    }
    const fn trade(number: i64) -> Offer {
        Offer::Trade(price(number))
    }

    /// The price on each offer until it trades, `-` for none.
    fn check(request: OrderRequest, offers: &[Offer], expected: &str) {
        let mut order = WorkingOrder::new(ClientOrderId(1), ExchangeId(1), request, Timestamp::new(0));
        let mut seen = Vec::new();
        for offer in offers {
            let at = order.take(*offer);
            seen.push(at.map_or_else(|| "-".to_owned(), |take| take.price.to_string()));
            if at.is_some() {
                break;
            }
        }
        assert_eq!(seen.join(" "), expected, "{request:?}");
    }

    fn request(order_type: OrderType, limit: i64, stop: i64) -> OrderRequest {
        let mut request = OrderRequest::market(InstrumentId(1), Quantity::new(10));
        request.order_type = order_type;
        request.price = (limit != 0).then_some(price(limit));
        request.stop_price = (stop != 0).then_some(price(stop));
        request
    }

    #[test]
    fn each_order_type_waits_for_its_price() {
        use OrderType::{Limit, LimitIfTouched, Market, MarketIfTouched, StopLimit, StopMarket};
        check(request(Market, 0, 0), &[bar(100, 110, 90, 105)], "100");
        check(request(Market, 99, 0), &[trade(100)], "100");
        let protected = request(Market, 99, 0).flags(OrderFlags::IMMEDIATE_OR_CANCEL);
        check(protected, &[trade(100), trade(99)], "- 99");
        check(request(Limit, 95, 0), &[bar(100, 110, 96, 105), bar(97, 98, 94, 96)], "- 95");
        check(request(Limit, 95, 0), &[bar(90, 110, 80, 105)], "90");
        check(request(Limit, 95, 0), &[trade(94)], "94");
        check(request(Limit, 95, 0), &[trade(96), trade(94)], "- 95");
        check(request(StopMarket, 0, 105), &[bar(100, 104, 90, 100), bar(101, 110, 100, 108)], "- 105");
        check(request(StopMarket, 0, 105), &[bar(107, 110, 100, 108)], "107");
        check(request(StopLimit, 106, 105), &[bar(100, 110, 90, 100)], "105");
        check(request(StopLimit, 104, 105), &[bar(100, 110, 90, 100), bar(103, 110, 100, 105)], "- 103");
        check(request(StopLimit, 106, 105), &[trade(108), trade(107), trade(105)], "- - 106");
        check(request(MarketIfTouched, 0, 95), &[bar(100, 110, 96, 100), bar(97, 98, 90, 96)], "- 95");
        check(request(LimitIfTouched, 96, 95), &[trade(97), trade(95)], "- 95");
    }

    #[test]
    fn sides_are_mirrored() {
        use OrderType::{Limit, StopMarket};
        check(
            request(Limit, 105, 0).side(Side::Sell),
            &[bar(100, 104, 90, 95), bar(100, 106, 99, 100)],
            "- 105",
        );
        check(
            request(StopMarket, 0, 95).side(Side::Sell),
            &[bar(100, 104, 96, 97), bar(96, 97, 90, 92)],
            "- 95",
        );
        let quote = Offer::Quote { bid: Some(price(99)), ask: None };
        check(request(OrderType::Market, 0, 0), &[quote], "-");
        check(request(OrderType::Market, 0, 0).side(Side::Sell), &[quote], "99");
    }

    #[test]
    fn a_trailing_stop_follows_the_best_price_only() {
        let mut sell = request(OrderType::TrailingStop, 0, 0).side(Side::Sell);
        sell.trail = Some(price(5));
        check(sell, &[trade(100), trade(110), trade(106), trade(105)], "- - - 105");
        let mut buy = sell.side(Side::Buy);
        buy.stop_price = Some(price(101));
        check(buy, &[trade(100), trade(90), trade(94), trade(96)], "- - - 96");
    }
}
