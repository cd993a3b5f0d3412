//! What the simulated exchange tells about its orders.

use std::collections::VecDeque;

use stratd_plugin_api::{
    ClientOrderId, Instrument, Money, OrderEventKind, OrderStatus, Quantity, Reason, Side, Timestamp, abi,
};

use crate::{
    Fees,
    working_order::{Take, WorkingOrder},
};

/// Makes the reports, and knows the fees that executions carry.
#[derive(Default)]
pub(crate) struct Reporter {
    fees: Fees,
    reports: VecDeque<abi::OrderEvent>,
    /// Orders that ended since the last look.
    pub(crate) ended: Vec<ClientOrderId>,
}

impl Reporter {
    pub(crate) fn new(fees: Fees) -> Self {
        Self { fees, ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<abi::OrderEvent> {
        self.reports.pop_front()
    }

    pub(crate) fn received(&mut self, order: &WorkingOrder, now: Timestamp) {
        self.push(order, OrderEventKind::Received, status_of(order), Reason::None, now);
    }

    pub(crate) fn changed(&mut self, order: &WorkingOrder, now: Timestamp) {
        self.push(order, OrderEventKind::Change, status_of(order), Reason::None, now);
    }

    pub(crate) fn canceled(&mut self, order: &WorkingOrder, reason: Reason, now: Timestamp) {
        self.push(order, OrderEventKind::Canceled, OrderStatus::Canceled, reason, now);
        self.ended.push(order.id);
    }

    pub(crate) fn expired(&mut self, order: &WorkingOrder, now: Timestamp) {
        self.push(order, OrderEventKind::Canceled, OrderStatus::Expired, Reason::None, now);
        self.ended.push(order.id);
    }

    pub(crate) fn rejected(&mut self, order: &WorkingOrder, reason: Reason, now: Timestamp) {
        self.push(order, OrderEventKind::Rejected, OrderStatus::Rejected, reason, now);
        self.ended.push(order.id);
    }

    /// A cancel or change was refused.
    pub(crate) fn refused(&mut self, id: ClientOrderId, reason: Reason, now: Timestamp) {
        self.reports.push_back(abi::OrderEvent {
            ts: now.get(),
            client_order_id: id.0,
            kind: OrderEventKind::RequestRejected.code(),
            status: OrderStatus::Unknown.code(),
            reason: reason.code(),
            ..abi::OrderEvent::default()
        });
    }

    /// Executes a part of an order, or all of it.
    pub(crate) fn filled(
        &mut self,
        order: &mut WorkingOrder,
        instrument: &Instrument,
        take: Take,
        quantity: Quantity,
        now: Timestamp,
    ) {
        order.add_fill(instrument, take.price, quantity);
        let kind = match order.request.side {
            Side::Buy => OrderEventKind::Bought,
            Side::Sell => OrderEventKind::Sold,
        };
        // a fee that leaves the range of money: so does the engine's sum, which then halts trading
        let fee = self.fees.of(instrument, take.price, quantity, take.side).unwrap_or(Money::new(i128::MAX));
        let mut report = report(order, kind, status_of(order), Reason::None, now);
        report.last_price = take.price.get();
        report.last_quantity = quantity.get();
        report.fee = fee.into();
        report.flags |= take.side.event_flag();
        self.reports.push_back(report);
        if order.is_complete() {
            self.ended.push(order.id);
        }
    }

    fn push(
        &mut self,
        order: &WorkingOrder,
        kind: OrderEventKind,
        status: OrderStatus,
        reason: Reason,
        now: Timestamp,
    ) {
        self.reports.push_back(report(order, kind, status, reason, now));
    }
}

fn status_of(order: &WorkingOrder) -> OrderStatus {
    if order.is_complete() {
        OrderStatus::Filled
    } else if order.filled.is_positive() {
        OrderStatus::PartiallyFilled
    } else {
        OrderStatus::Open
    }
}

fn report(
    order: &WorkingOrder,
    kind: OrderEventKind,
    status: OrderStatus,
    reason: Reason,
    now: Timestamp,
) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: now.get(),
        client_order_id: order.id.0,
        instrument: order.request.instrument.0,
        kind: kind.code(),
        status: status.code(),
        side: order.request.side.code(),
        price: order.request.price.unwrap_or_default().get(),
        quantity: order.request.quantity.get(),
        cumulative_quantity: order.filled.get(),
        reason: reason.code(),
        exchange: order.exchange.0,
        order_type: order.request.order_type.code(),
        flags: order.request.flags.bits(),
        ..abi::OrderEvent::default()
    }
}
