//! One instrument: the position and an order per side.

use stratd_plugin_api::{
    ClientOrderId, InstrumentId, Order, OrderEvent, OrderFlags, OrderRequest, OrderStatus, Price, Quantity,
    Side,
};

/// The numbers of the configuration on the grid of the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) tick: i64,
    pub(crate) lot: i64,
    pub(crate) quantity: i64,
    pub(crate) max_position: i64,
    pub(crate) spread: i64,
    pub(crate) requote: i64,
}

/// An order that works or was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Working {
    pub(crate) id: ClientOrderId,
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    pub(crate) filled: i64,
    /// What stands while a change is under way: the order is there if the change is refused.
    pub(crate) before: Option<(i64, i64)>,
    /// A request was sent and not answered.
    pub(crate) is_waiting: bool,
}

#[cfg(test)]
impl Working {
    /// The most that may still be filled, whatever becomes of the request under way.
    fn remaining(&self) -> i64 {
        let quantity = self.before.map_or(self.quantity, |(_, before)| before.max(self.quantity));
        quantity - self.filled
    }
}

/// What a desk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A new order on a side.
    New(Side, OrderRequest),
    /// Another price and total quantity for the order of a side.
    Change(Side, ClientOrderId, Price, Quantity),
}

/// The state of one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Desk {
    /// `None` until the first event after a start or a restore.
    pub(crate) limits: Option<Limits>,
    /// The market sends quotes, so trades are not looked at.
    pub(crate) has_quotes: bool,
    /// Bought less sold.
    pub(crate) position: i64,
    pub(crate) bid: Option<Working>,
    pub(crate) ask: Option<Working>,
}

impl Desk {
    /// What brings both orders to where they belong around the middle; `sum` is twice the middle.
    pub(crate) fn requests(&self, instrument: InstrumentId, sum: i64) -> Vec<Request> {
        let Some(limits) = self.limits else { return Vec::new() };
        // rounded down to the tick, so that bid and ask stay exactly the spread apart
        let bid = (sum - limits.spread).div_euclid(2).div_euclid(limits.tick) * limits.tick;
        let ask = bid + limits.spread;
        let mut requests = Vec::new();
        // the side that moves away from the other goes first, so that a bid never meets our own ask on its way up
        let is_up = self.bid.is_some_and(|working| bid > working.price);
        let sides = if is_up { [Side::Sell, Side::Buy] } else { [Side::Buy, Side::Sell] };
        for side in sides {
            let price = if side == Side::Buy { bid } else { ask };
            requests.extend(self.request(side, price, instrument, limits));
        }
        requests
    }

    fn request(&self, side: Side, price: i64, instrument: InstrumentId, limits: Limits) -> Option<Request> {
        // a bid of nothing or less is no quote
        if price <= 0 || self.would_cross(side, price) {
            return None;
        }
        let signed = if side == Side::Buy { self.position } else { -self.position };
        let room = limits.max_position.saturating_sub(signed).max(0) / limits.lot * limits.lot;
        let wanted = limits.quantity.min(room);
        match self.working(side) {
            None if wanted > 0 => {
                let order = OrderRequest::limit(instrument, Quantity::new(wanted), Price::new(price));
                Some(Request::New(side, order.side(side).flags(OrderFlags::POST_ONLY)))
            }
            Some(working)
                if !working.is_waiting
                    && wanted > 0
                    && working.price.abs_diff(price) >= limits.requote.unsigned_abs() =>
            {
                let total = working.filled + wanted;
                Some(Request::Change(side, working.id, Price::new(price), Quantity::new(total)))
            }
            None | Some(_) => None,
        }
    }

    /// Whether a price meets our other order while that one waits for the answer to a request, so that it cannot go
    /// out of the way first.
    fn would_cross(&self, side: Side, price: i64) -> bool {
        let other = self.working(side.opposite()).filter(|other| other.is_waiting);
        other.is_some_and(|other| {
            let prices = [Some(other.price), other.before.map(|(price, _)| price)];
            prices.into_iter().flatten().any(|theirs| match side {
                Side::Buy => price >= theirs,
                Side::Sell => price <= theirs,
            })
        })
    }

    /// What the saved state says of position and orders does not count any more.
    pub(crate) fn forget_books(&mut self) {
        (self.position, self.bid, self.ask) = (0, None, None);
    }

    /// An order of an earlier run works; false if the side has another one.
    pub(crate) fn take_up(&mut self, order: &Order) -> bool {
        let slot = self.slot(order.side);
        if slot.is_some() {
            return false;
        }
        *slot = Some(Working {
            id: order.client_order_id,
            price: order.price.get(),
            quantity: order.quantity.get(),
            filled: order.filled.get(),
            before: None,
            // its exchange has not told yet what became of it
            is_waiting: matches!(order.status, OrderStatus::PendingNew | OrderStatus::Unknown),
        });
        true
    }

    /// A new order was sent.
    pub(crate) fn sent(&mut self, side: Side, id: ClientOrderId, request: &OrderRequest) {
        *self.slot(side) = Some(Working {
            id,
            price: request.price.unwrap_or_default().get(),
            quantity: request.quantity.get(),
            filled: 0,
            before: None,
            is_waiting: true,
        });
    }

    /// A change was sent.
    pub(crate) fn asked_to_change(&mut self, side: Side, price: Price, quantity: Quantity) {
        if let Some(working) = self.slot(side) {
            working.before = Some((working.price, working.quantity));
            (working.price, working.quantity) = (price.get(), quantity.get());
            working.is_waiting = true;
        }
    }

    /// The exchange has the order, or its change.
    pub(crate) fn answered(&mut self, event: &OrderEvent) {
        if let Some(working) = self.of_event(event).and_then(Option::as_mut) {
            working.is_waiting = false;
            working.before = None;
            // what the exchange made of it counts, not what was asked for
            (working.price, working.quantity) = (event.price.get(), event.quantity.get());
        }
    }

    /// A change was refused.
    pub(crate) fn request_refused(&mut self, event: &OrderEvent) {
        if let Some(working) = self.of_event(event).and_then(Option::as_mut) {
            working.is_waiting = false;
            if let Some((price, quantity)) = working.before.take() {
                (working.price, working.quantity) = (price, quantity);
            }
        }
    }

    /// An execution: of a part or of all.
    pub(crate) fn filled(&mut self, fill: &OrderEvent) {
        let signed = match fill.side {
            Some(Side::Sell) => -fill.last_quantity.get(),
            Some(Side::Buy) | None => fill.last_quantity.get(),
        };
        self.position += signed;
        let Some(slot) = self.of_event(fill) else { return };
        if fill.status == OrderStatus::Filled {
            *slot = None;
        } else if let Some(working) = slot {
            working.filled = fill.cumulative_quantity.get();
        }
    }

    /// The order is gone: canceled, expired, rejected or denied.
    pub(crate) fn ended(&mut self, event: &OrderEvent) {
        if let Some(slot) = self.of_event(event) {
            *slot = None;
        }
    }

    /// The position if everything of one side that works or may work is filled.
    #[cfg(test)]
    pub(crate) fn worst(&self, side: Side) -> i64 {
        let remaining = self.working(side).map_or(0, |working| working.remaining());
        if side == Side::Buy { self.position + remaining } else { self.position - remaining }
    }

    pub(crate) fn working(&self, side: Side) -> Option<Working> {
        match side {
            Side::Buy => self.bid,
            Side::Sell => self.ask,
        }
    }

    fn slot(&mut self, side: Side) -> &mut Option<Working> {
        match side {
            Side::Buy => &mut self.bid,
            Side::Sell => &mut self.ask,
        }
    }

    /// The slot of the order that an event is about.
    fn of_event(&mut self, event: &OrderEvent) -> Option<&mut Option<Working>> {
        [&mut self.bid, &mut self.ask]
            .into_iter()
            .find(|slot| slot.is_some_and(|working| working.id == event.client_order_id))
    }
}
