//! Orders that were found at an exchange: the ids that it has for them, and ours.

use std::collections::BTreeMap;

use stratd_plugin_api::{ClientOrderId, ExchangeId, OrderEventKind, abi, abi::TextHandle};

/// Both directions. Empty in nearly every run.
#[derive(Default)]
pub(in crate::runtime) struct Aliases {
    /// The client order id that the exchange has; 0 = none.
    foreign: BTreeMap<ClientOrderId, u64>,
    by_client_id: BTreeMap<(u16, u64), ClientOrderId>,
    by_exchange_id: BTreeMap<(u16, TextHandle), ClientOrderId>,
}

impl Aliases {
    pub(in crate::runtime) fn add(
        &mut self,
        id: ClientOrderId,
        exchange: ExchangeId,
        (client_order_id, exchange_order_id): (u64, TextHandle),
    ) {
        self.foreign.insert(id, client_order_id);
        if client_order_id != 0 {
            self.by_client_id.insert((exchange.0, client_order_id), id);
        }
        if exchange_order_id != 0 {
            self.by_exchange_id.insert((exchange.0, exchange_order_id), id);
        }
    }

    /// The client order id that the exchange has for an order of ours.
    pub(in crate::runtime) fn foreign(&self, id: ClientOrderId) -> u64 {
        self.foreign.get(&id).copied().unwrap_or(id.0)
    }

    /// Our id of an order.
    pub(in crate::runtime) fn own(
        &self,
        exchange: u16,
        (client_order_id, exchange_order_id): (u64, TextHandle),
    ) -> Option<ClientOrderId> {
        let by_exchange = || self.by_exchange_id.get(&(exchange, exchange_order_id));
        self.by_client_id.get(&(exchange, client_order_id)).or_else(by_exchange).copied()
    }

    /// Puts our id into a report on an order that was found.
    pub(in crate::runtime) fn translate(&self, report: &mut abi::OrderEvent) {
        if self.foreign.is_empty() {
            return;
        }
        // what is told of anyone's orders is not about one of ours
        let is_own = match OrderEventKind::from_code(report.kind) {
            Some(OrderEventKind::Open | OrderEventKind::Cancel | OrderEventKind::Fill) | None => false,
            Some(OrderEventKind::Change) => report.client_order_id != 0,
            Some(
                OrderEventKind::Received
                | OrderEventKind::Rejected
                | OrderEventKind::Canceled
                | OrderEventKind::Bought
                | OrderEventKind::Sold
                | OrderEventKind::RequestRejected,
            ) => true,
        };
        let ids = (report.client_order_id, report.exchange_order_id);
        if let Some(id) = self.own(report.exchange, ids).filter(|_| is_own) {
            report.client_order_id = id.0;
        }
    }
}
