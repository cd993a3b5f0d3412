//! The proof that risk has checked something.
//!
//! Only the gate makes one, and what it may become is here: the order or the change that was asked about, with nothing in
//! it that the gate has not seen but names and what is filled already.

use stratd_plugin_api::{ClientOrderId, ExchangeId, OrderRequest, Quantity};

use crate::{ChangeOrder, NewOrder, Order, StrategyId, stand_in::StandIn};

/// Something that risk has checked. Only risk can make one, and execution accepts nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskApproved<T>(T);

impl<T> RiskApproved<T> {
    /// What was approved.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }
}

impl RiskApproved<OrderRequest> {
    /// What the gate let pass.
    pub(super) fn new(request: OrderRequest) -> Self {
        Self(request)
    }

    /// The approved request as an order of a strategy at an exchange.
    pub(crate) fn into_order(
        self,
        id: ClientOrderId,
        strategy: StrategyId,
        exchange: ExchangeId,
    ) -> RiskApproved<NewOrder> {
        RiskApproved(NewOrder { id, strategy, exchange, request: self.0 })
    }

    /// The approved request, which is about what is not filled, as a change of an order. `None` on overflow.
    pub(crate) fn into_change(self, order: &Order) -> Option<RiskApproved<ChangeOrder>> {
        let quantity = self.0.quantity.checked_add(order.filled)?;
        let Order { id, exchange, exchange_order_id, .. } = *order;
        let request = OrderRequest { quantity, ..self.0 };
        Some(RiskApproved(ChangeOrder { id, exchange, exchange_order_id, request }))
    }
}

impl RiskApproved<NewOrder> {
    /// The order as its exchange gets it: what the engine sees to is left out, and nothing is added.
    pub(crate) fn sent_as(self, stand_in: &StandIn) -> Self {
        Self(NewOrder { request: stand_in.as_sent(&self.0.request), ..self.0 })
    }
}

impl RiskApproved<ChangeOrder> {
    /// The change as the exchange of the order gets it.
    pub(crate) fn sent_as(self, stand_in: &StandIn) -> Self {
        Self(ChangeOrder { request: stand_in.as_sent(&self.0.request), ..self.0 })
    }

    /// A smaller total quantity for an order: what had passed with more passes with less.
    pub(crate) fn cut(order: &Order, quantity: Quantity) -> Self {
        let Order { id, exchange, exchange_order_id, .. } = *order;
        let request = OrderRequest { quantity: quantity.min(order.quantity_total()), ..order.as_sent() };
        Self(ChangeOrder { id, exchange, exchange_order_id, request })
    }
}
