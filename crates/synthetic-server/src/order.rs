//! Orders of accounts: what was asked for, and how it stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stratd_orderbook::OrderId;
use stratd_plugin_api::{InstrumentId, OrderRequest, OrderStatus, OrderType, Reason, Timestamp};

/// One order of an account.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Its number in this venue, from 1; what the venue knows as the client order id.
    pub(crate) number: u64,
    /// Index of the account.
    pub(crate) account: usize,
    /// The client's own id.
    pub(crate) client_order_id: String,
    /// What is wanted, with the present price and quantity.
    pub(crate) request: OrderRequest,
    pub(crate) status: OrderStatus,
    pub(crate) reason: Reason,
    pub(crate) filled: i64,
    /// The venue's id; 0 = the venue never took it.
    pub(crate) exchange_order_id: OrderId,
    /// The id in the public feed; `None` while a stop waits.
    pub(crate) public_id: Option<OrderId>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// A fault keeps its reports back until somebody asks.
    pub(crate) is_silent: bool,
    /// The connection that sent it.
    pub(crate) connection: u64,
}

impl Order {
    /// Whether it is a stop at all, triggered or not.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.request.order_type, OrderType::StopMarket | OrderType::StopLimit)
    }

    pub(crate) fn is_stop_waiting(&self) -> bool {
        self.is_stop() && self.public_id.is_none() && !self.status.is_final()
    }
}

/// All orders that are known, of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    // look-ups only, never iterated
    by_number: HashMap<u64, Order>,
    by_exchange: HashMap<OrderId, u64>,
    waiting: BTreeMap<InstrumentId, BTreeSet<u64>>,
    last: u64,
}

impl Orders {
    /// The number that the next order gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.last + 1
    }

    pub(crate) fn insert(&mut self, order: Order) {
        self.last = self.last.max(order.number);
        self.by_number.insert(order.number, order);
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Order> {
        self.by_number.get(&number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Order> {
        self.by_number.get_mut(&number)
    }

    /// The order of a venue's id.
    pub(crate) fn by_exchange(&self, id: OrderId) -> Option<&Order> {
        self.get(*self.by_exchange.get(&id)?)
    }

    /// The venue gave the order its id.
    pub(crate) fn name(&mut self, number: u64, id: OrderId) {
        self.by_exchange.insert(id, number);
        let Some(order) = self.by_number.get_mut(&number) else { return };
        order.exchange_order_id = id;
        if order.is_stop() {
            self.waiting.entry(order.request.instrument).or_default().insert(number);
        } else {
            order.public_id = Some(id);
        }
    }

    /// As [`Orders::name`], of an order that was written down after that.
    pub(crate) fn restore_name(&mut self, number: u64, id: OrderId, public_id: Option<OrderId>) {
        if id.0 == 0 {
            return;
        }
        self.name(number, id);
        if public_id.is_some() {
            self.stop_ended(number);
        }
        if let Some(order) = self.by_number.get_mut(&number) {
            order.public_id = public_id;
        }
    }

    /// A stop waits no longer.
    pub(crate) fn stop_ended(&mut self, number: u64) {
        let Some(order) = self.by_number.get(&number) else { return };
        if let Some(waiting) = self.waiting.get_mut(&order.request.instrument) {
            waiting.remove(&number);
        }
    }

    /// The stops that wait, by the last that was heard.
    pub(crate) fn waiting(&self, instrument: InstrumentId) -> Vec<u64> {
        self.waiting.get(&instrument).into_iter().flatten().copied().collect()
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Order> {
        self.stop_ended(number);
        let order = self.by_number.remove(&number)?;
        self.by_exchange.remove(&order.exchange_order_id);
        Some(order)
    }
}
