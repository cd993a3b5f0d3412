//! A link that fills every order at the next trade of its instrument.

use std::collections::VecDeque;

use stratd_engine::{CancelOrder, ChangeOrder, ExchangeLink, NewOrder, RiskApproved};
use stratd_plugin_api::{EventKind, Instrument, OrderEventKind, OrderStatus, Side, Timestamp, abi};

#[derive(Default)]
pub(crate) struct FillingLink {
    waiting: Vec<NewOrder>,
    reports: VecDeque<abi::OrderEvent>,
    trade_id: u64,
}

impl ExchangeLink for FillingLink {
    fn submit(&mut self, order: &RiskApproved<NewOrder>, _: &Instrument, now: Timestamp) {
        self.waiting.push(*order.get());
        self.reports.push_back(report(order.get(), OrderEventKind::Received, OrderStatus::Open, now));
    }

    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp) {
        if let Some(at) = self.waiting.iter().position(|order| order.id == cancel.id) {
            let order = self.waiting.remove(at);
            self.reports.push_back(report(&order, OrderEventKind::Canceled, OrderStatus::Canceled, now));
        }
    }

    fn change(&mut self, _: &RiskApproved<ChangeOrder>, _: Timestamp) {
        unreachable!("no strategy here changes an order");
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.reports.pop_front()
    }

    fn on_market(&mut self, event: &abi::Event, _: &Instrument, at: Timestamp) {
        if event.kind != EventKind::Trade.code() {
            return;
        }
        let is_meant = |order: &NewOrder| order.request.instrument.0 == event.instrument;
        let (filled, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(is_meant);
        self.waiting = waiting;
        for order in filled {
            let kind =
                if order.request.side == Side::Buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
            self.trade_id += 1;
            self.reports.push_back(abi::OrderEvent {
                last_price: event.data[0],
                last_quantity: order.request.quantity.get(),
                cumulative_quantity: order.request.quantity.get(),
                trade_id: self.trade_id,
                ..report(&order, kind, OrderStatus::Filled, at)
            });
        }
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.reports.is_empty()
    }
}

fn report(order: &NewOrder, kind: OrderEventKind, status: OrderStatus, now: Timestamp) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: now.get(),
        client_order_id: order.id.0,
        instrument: order.request.instrument.0,
        exchange: order.exchange.0,
        kind: kind.code(),
        status: status.code(),
        side: order.request.side.code(),
        quantity: order.request.quantity.get(),
        ..abi::OrderEvent::default()
    }
}
