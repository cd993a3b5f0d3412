//! What is done to orders for which the engine stands in.

use stratd_orderbook::Seen;
use stratd_plugin_api::{ClientOrderId, OrderRequest, OrderType, Price, Quantity, Timestamp};

use crate::{Held, NewOrder, Order, OrderState, RiskApproved, execution::Execution, stand_in::StandIn};

impl Order {
    /// The order as it was asked for, or is now.
    pub(crate) fn as_new(&self) -> NewOrder {
        let Self { id, strategy, exchange, request, .. } = *self;
        NewOrder { id, strategy, exchange, request }
    }
}

impl Execution {
    /// Opens an order that risk approved, and for which the engine does something.
    pub(crate) fn open_apart(&mut self, order: &RiskApproved<NewOrder>, now: Timestamp, stand_in: StandIn) {
        let NewOrder { id, strategy, exchange, request } = *order.get();
        let mut order = Box::new(Order::new(id, strategy, exchange, request, now));
        if let Some(held) = stand_in.waits {
            order.state = OrderState::Working;
            order.is_shadowed = held == Held::ForEntry;
        }
        order.stand_in = Some(Box::new(stand_in));
        self.insert(order);
    }

    /// Shows a held order prices; whether it is due.
    pub(crate) fn take_price(&mut self, id: ClientOrderId, seen: Seen) -> bool {
        let due = self.with_stand_in(id, |stand_in| stand_in.trigger.as_mut()?.take(seen));
        due.flatten().is_some()
    }

    /// Says what a held order waits for.
    pub(crate) fn set_waits(&mut self, id: ClientOrderId, held: Held) {
        self.with_stand_in(id, |stand_in| stand_in.waits = Some(held));
    }

    /// Notes that an order was canceled because its lifetime ended.
    pub(crate) fn mark_expired(&mut self, id: ClientOrderId) {
        self.with_stand_in(id, |stand_in| stand_in.has_expired = true);
    }

    /// Notes that an order was canceled because its instrument expired.
    pub(crate) fn end_with_instrument(&mut self, id: ClientOrderId) {
        if let Some(order) = self.get_mut(id) {
            order.has_expired = true;
        }
    }

    /// Notes that a held order goes out, with that quantity.
    pub(crate) fn released(&mut self, id: ClientOrderId, quantity: Quantity, now: Timestamp) {
        self.amend(id, |order| {
            order.state = OrderState::PendingNew;
            order.request.quantity = quantity;
            order.updated = now;
        });
        self.with_stand_in(id, |stand_in| stand_in.waits = None);
    }

    /// Notes that an order that had gone out is held again.
    pub(crate) fn hold_again(&mut self, id: ClientOrderId, held: Held, now: Timestamp) {
        self.amend(id, |order| {
            order.state = OrderState::Working;
            order.updated = now;
        });
        // nobody answers a cut any more
        self.set_cut(id, None);
        self.set_waits(id, held);
    }

    /// Notes what the group of an order cut it to, or that the exchange answered.
    pub(crate) fn set_cut(&mut self, id: ClientOrderId, cut: Option<Quantity>) {
        self.with_stand_in(id, |stand_in| stand_in.cut = cut);
    }

    /// Notes that more was asked for of an order, and its exchange took it.
    pub(crate) fn set_asked(&mut self, id: ClientOrderId, asked: Quantity) {
        self.with_stand_in(id, |stand_in| stand_in.asked = asked);
    }

    /// Gives a held order another quantity.
    pub(crate) fn set_quantity(&mut self, id: ClientOrderId, quantity: Quantity) {
        self.amend(id, |order| order.request.quantity = quantity);
    }

    /// Says whether an order counts for limits.
    pub(crate) fn set_shadowed(&mut self, id: ClientOrderId, is_shadowed: bool) {
        if self.get(id).is_some_and(|order| order.is_shadowed != is_shadowed) {
            self.amend(id, |order| order.is_shadowed = is_shadowed);
        }
    }

    /// Changes a held order: the price that it waits for, or of a limit order its own. The order as it is then.
    pub(crate) fn change_held(
        &mut self,
        id: ClientOrderId,
        request: &OrderRequest,
        price: Price,
        now: Timestamp,
    ) -> Option<NewOrder> {
        self.amend(id, |order| {
            order.request = *request;
            order.updated = now;
            if let Some(stand_in) = &mut order.stand_in {
                stand_in.asked = request.quantity;
                if let Some(trigger) = &mut stand_in.trigger {
                    trigger.move_to(price);
                }
            }
            order.as_new()
        })
    }

    /// Ends a held order; a copy of it as it is then.
    pub(crate) fn end_held(
        &mut self,
        id: ClientOrderId,
        end: OrderState,
        (seq, now): (u64, Timestamp),
    ) -> Option<Order> {
        self.get(id).filter(|order| order.held().is_some())?;
        self.amend(id, |order| {
            order.state = end;
            order.updated = now;
            order.seq = seq;
            if let Some(stand_in) = &mut order.stand_in {
                stand_in.waits = None;
            }
            order.clone()
        })
    }

    fn with_stand_in<T>(&mut self, id: ClientOrderId, change: impl FnOnce(&mut StandIn) -> T) -> Option<T> {
        let stand_in = self.get_mut(id)?.stand_in.as_mut()?;
        Some(change(stand_in))
    }
}

/// An order as a change would make it. The price of one that is held is the one that it waits for, as at an exchange.
pub(crate) fn changed(order: &Order, price: Price, quantity: Quantity) -> OrderRequest {
    let request = order.request;
    let waits_at_stop = match request.order_type {
        OrderType::Market | OrderType::Limit => false,
        OrderType::StopMarket
        | OrderType::StopLimit
        | OrderType::MarketIfTouched
        | OrderType::LimitIfTouched
        | OrderType::TrailingStop => order.held().is_some(),
    };
    if waits_at_stop {
        return OrderRequest { stop_price: Some(price), quantity, ..request };
    }
    OrderRequest { price: request.price.map(|_| price), quantity, ..request }
}
