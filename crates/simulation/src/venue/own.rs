//! Own orders at the venue.

use std::collections::{BTreeMap, BTreeSet};

use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    ClientOrderId, InstrumentId, Lifetime, OrderEventKind, OrderRequest, OrderStatus, Reason, Side,
    TextTable, Timestamp, abi,
};

use super::{account::AccountId, config::OWN_ORDERS_MAX};

/// An own order that works.
#[derive(Clone, Debug)]
pub(crate) struct OwnOrder {
    pub(crate) client_order_id: ClientOrderId,
    /// Whose it is.
    pub(crate) account: AccountId,
    /// With the present price and quantity.
    pub(crate) request: OrderRequest,
    /// Which market.
    pub(crate) market: usize,
    /// The id that reports carry, for good: that of the order or of the stop.
    pub(crate) exchange_order_id: OrderId,
    /// What the book knows it by now: after a stop triggered, the id of its target.
    pub(crate) book_id: OrderId,
    pub(crate) filled: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl OwnOrder {
    /// A report of how it stands.
    pub(crate) fn report(
        &self,
        kind: OrderEventKind,
        status: OrderStatus,
        reason: Reason,
        now: Timestamp,
    ) -> abi::OrderEvent {
        abi::OrderEvent {
            exchange_order_id: TextTable::number(self.exchange_order_id.0),
            cumulative_quantity: self.filled,
            ..report(self.client_order_id, &self.request, kind, status, reason, now)
        }
    }

    /// Status of an order that works or was just filled.
    pub(crate) fn status(&self) -> OrderStatus {
        if self.filled >= self.request.quantity.get() {
            OrderStatus::Filled
        } else if self.filled > 0 {
            OrderStatus::PartiallyFilled
        } else {
            OrderStatus::Open
        }
    }

    pub(crate) fn is_stop_waiting(&self) -> bool {
        self.request.stop_price.is_some() && self.book_id == self.exchange_order_id
    }

    /// When its lifetime ends.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        match self.request.lifetime {
            Lifetime::Gtc => None,
            Lifetime::Day => Some(Timestamp::new((self.created.day() + 1).saturating_mul(Timestamp::DAY_NS))),
            Lifetime::Gtd(end) => Some(end),
        }
    }

    pub(crate) fn record(&self) -> abi::OrderRecord {
        let request = abi::OrderRequest::from(&self.request);
        abi::OrderRecord {
            client_order_id: self.client_order_id.0,
            exchange_order_id: TextTable::number(self.exchange_order_id.0),
            instrument: request.instrument,
            exchange: request.exchange,
            side: request.side,
            order_type: request.order_type,
            flags: request.flags,
            lifetime: request.lifetime,
            status: self.status().code(),
            tag: request.tag,
            quantity: request.quantity,
            filled: self.filled,
            price: request.price,
            stop_price: request.stop_price,
            created: self.created.get(),
            updated: self.updated.get(),
            ..abi::OrderRecord::default()
        }
    }
}

/// A report of an order that the venue may not have.
pub(crate) fn report(
    id: ClientOrderId,
    request: &OrderRequest,
    kind: OrderEventKind,
    status: OrderStatus,
    reason: Reason,
    now: Timestamp,
) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: now.get(),
        client_order_id: id.0,
        instrument: request.instrument.0,
        kind: kind.code(),
        status: status.code(),
        side: request.side.code(),
        price: request.price.unwrap_or_default().get(),
        quantity: request.quantity.get(),
        reason: reason.code(),
        order_type: request.order_type.code(),
        flags: request.flags.bits(),
        ..abi::OrderEvent::default()
    }
}

/// All own orders that work, of all accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnOrders {
    orders: BTreeMap<ClientOrderId, OwnOrder>,
    by_book: BTreeMap<OrderId, ClientOrderId>,
    expiries: BTreeSet<(Timestamp, ClientOrderId)>,
    /// How many each account has.
    counts: BTreeMap<AccountId, usize>,
}

impl OwnOrders {
    pub(crate) fn is_full(&self, account: AccountId) -> bool {
        self.counts.get(&account).is_some_and(|count| *count >= OWN_ORDERS_MAX)
    }

    pub(crate) fn get(&self, id: ClientOrderId) -> Option<&OwnOrder> {
        self.orders.get(&id)
    }

    /// The own order that the book knows by `id`.
    pub(crate) fn of_book(&mut self, id: OrderId) -> Option<&mut OwnOrder> {
        self.orders.get_mut(self.by_book.get(&id)?)
    }

    pub(crate) fn insert(&mut self, order: OwnOrder) {
        self.by_book.insert(order.book_id, order.client_order_id);
        *self.counts.entry(order.account).or_default() += 1;
        if let Some(end) = order.expires() {
            self.expiries.insert((end, order.client_order_id));
        }
        self.orders.insert(order.client_order_id, order);
    }

    /// A stop triggered: the order goes on under the id of its target.
    pub(crate) fn goes_on_as(&mut self, stop: OrderId, target: OrderId) {
        if let Some(client) = self.by_book.remove(&stop) {
            self.by_book.insert(target, client);
            if let Some(order) = self.orders.get_mut(&client) {
                order.book_id = target;
            }
        }
    }

    pub(crate) fn remove(&mut self, book_id: OrderId) -> Option<OwnOrder> {
        let order = self.orders.remove(&self.by_book.remove(&book_id)?)?;
        if let Some(count) = self.counts.get_mut(&order.account) {
            *count -= 1;
        }
        if let Some(end) = order.expires() {
            self.expiries.remove(&(end, order.client_order_id));
        }
        Some(order)
    }

    /// An order whose lifetime ended.
    pub(crate) fn expired(&self, now: Timestamp) -> Option<&OwnOrder> {
        let (end, id) = self.expiries.first()?;
        if *end <= now { self.orders.get(id) } else { None }
    }

    /// What the open reduce-only orders of a side may still trade.
    pub(crate) fn reducing(&self, account: AccountId, instrument: InstrumentId, side: Side) -> i64 {
        let of_side = self.orders.values().filter(|order| {
            order.account == account
                && order.request.instrument == instrument
                && order.request.side == side
                && order.request.flags.contains(stratd_plugin_api::OrderFlags::REDUCE_ONLY)
        });
        of_side.map(|order| order.request.quantity.get() - order.filled).sum()
    }

    pub(crate) fn of_account(&self, account: AccountId) -> impl Iterator<Item = &OwnOrder> {
        self.orders.values().filter(move |order| order.account == account)
    }
}
