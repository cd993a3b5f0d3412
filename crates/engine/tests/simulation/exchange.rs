//! An exchange that loses requests, and delays, doubles and reorders its reports.

use std::collections::BTreeMap;

use stratd_engine::{CancelOrder, ChangeOrder, NewOrder};
use stratd_plugin_api::{OrderEventKind, OrderStatus, Reason, Side, abi};

use crate::random::Random;

/// The truth about an order, at the exchange.
struct Truth {
    instrument: u32,
    exchange: u16,
    side: Side,
    price: i64,
    quantity: i64,
    filled: i64,
    is_open: bool,
    /// The request never arrived.
    is_lost: bool,
    /// Cancels and changes that were sent, and whether one of them never arrived.
    requests: u32,
    has_lost_request: bool,
}

impl Truth {
    fn loses_request(&mut self, random: &mut Random) -> bool {
        self.requests += 1;
        let is_lost = self.is_lost || random.chance(10);
        self.has_lost_request |= is_lost;
        is_lost
    }
}

#[derive(Default)]
pub(crate) struct Exchange {
    orders: BTreeMap<u64, Truth>,
    /// Reports on their way, with the steps that they still take.
    reports: Vec<(u32, abi::OrderEvent)>,
    trade_id: u64,
}

impl Exchange {
    pub(crate) fn submit(&mut self, random: &mut Random, order: &NewOrder) {
        let request = &order.request;
        let mut truth = Truth {
            instrument: request.instrument.0,
            exchange: order.exchange.0,
            side: request.side,
            price: request.price.map_or(0, stratd_plugin_api::Price::get),
            quantity: request.quantity.get(),
            filled: 0,
            is_open: true,
            is_lost: false,
            requests: 0,
            has_lost_request: false,
        };
        let id = order.id.0;
        match random.range(0, 10) {
            0 => {
                truth.is_open = false;
                self.report(random, report(id, &truth, OrderEventKind::Rejected, OrderStatus::Rejected));
            }
            1 => {
                truth.is_lost = true;
                self.report(random, report(id, &truth, OrderEventKind::Received, OrderStatus::Unknown));
            }
            _ => self.report(random, report(id, &truth, OrderEventKind::Received, OrderStatus::Open)),
        }
        self.orders.insert(id, truth);
    }

    pub(crate) fn cancel(&mut self, random: &mut Random, cancel: &CancelOrder) {
        let id = cancel.id.0;
        let Some(truth) = self.orders.get_mut(&id) else { return };
        if truth.loses_request(random) {
            return;
        }
        let answer = if truth.is_open && random.chance(80) {
            truth.is_open = false;
            report(id, truth, OrderEventKind::Canceled, OrderStatus::Canceled)
        } else {
            report(id, truth, OrderEventKind::RequestRejected, OrderStatus::Open)
        };
        self.report(random, answer);
    }

    pub(crate) fn change(&mut self, random: &mut Random, change: &ChangeOrder) {
        let id = change.id.0;
        let Some(truth) = self.orders.get_mut(&id) else { return };
        if truth.loses_request(random) {
            return;
        }
        let quantity = change.request.quantity.get();
        let answer = if truth.is_open && quantity > truth.filled && random.chance(80) {
            truth.quantity = quantity;
            truth.price = change.request.price.map_or(0, stratd_plugin_api::Price::get);
            report(id, truth, OrderEventKind::Change, OrderStatus::Open)
        } else {
            report(id, truth, OrderEventKind::RequestRejected, OrderStatus::Open)
        };
        self.report(random, answer);
    }

    /// Something happens to an order, perhaps.
    pub(crate) fn trade(&mut self, random: &mut Random) {
        let open: Vec<u64> = self
            .orders
            .iter()
            .filter(|(_, truth)| truth.is_open && !truth.is_lost)
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = random.pick(&open).copied() else { return };
        let Some(truth) = self.orders.get_mut(&id) else { return };
        if random.chance(5) {
            truth.is_open = false;
            let expired = report(id, truth, OrderEventKind::Canceled, OrderStatus::Expired);
            self.report(random, expired);
            return;
        }
        let left = truth.quantity - truth.filled;
        let mut quantity = random.range(1, left + 1);
        // an exchange that executes more than was ordered
        if random.chance(2) {
            quantity += left;
        }
        let price = if truth.price == 0 { random.range(90, 111) } else { truth.price };
        self.fill(random, id, quantity, price);
    }

    fn fill(&mut self, random: &mut Random, id: u64, quantity: i64, price: i64) {
        let Some(truth) = self.orders.get_mut(&id) else { return };
        truth.filled += quantity;
        truth.is_open = truth.filled < truth.quantity;
        let status = if truth.is_open { OrderStatus::PartiallyFilled } else { OrderStatus::Filled };
        let kind = if truth.side == Side::Buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
        self.trade_id += 1;
        let fill = abi::OrderEvent {
            last_price: price,
            last_quantity: quantity,
            trade_id: self.trade_id,
            fee: stratd_plugin_api::Money::new(i128::from(random.range(-500, 5_000))).into(),
            ..report(id, truth, kind, status)
        };
        self.report(random, fill);
    }

    /// A report that is about nothing that fits.
    pub(crate) fn nonsense(&mut self, random: &mut Random) {
        let ids: Vec<u64> = self.orders.keys().copied().collect();
        let Some(id) = random.pick(&ids).copied() else { return };
        let Some(truth) = self.orders.get(&id) else { return };
        let mut wrong = abi::OrderEvent {
            last_price: 100,
            last_quantity: 5,
            ..report(id, truth, OrderEventKind::Bought, OrderStatus::Filled)
        };
        match random.range(0, 4) {
            0 => wrong.client_order_id += 1 << 30,
            1 => wrong.exchange += 1,
            2 => wrong.instrument += 1,
            _ => {
                let other =
                    if truth.side == Side::Buy { OrderEventKind::Sold } else { OrderEventKind::Bought };
                wrong.kind = other.code();
            }
        }
        self.report(random, wrong);
    }

    fn report(&mut self, random: &mut Random, report: abi::OrderEvent) {
        let delay = |random: &mut Random| u32::try_from(random.range(0, 15)).expect("a small number");
        if random.chance(10) {
            self.reports.push((delay(random), report));
        }
        self.reports.push((delay(random), report));
    }

    /// The reports that arrive in this step.
    pub(crate) fn arrivals(&mut self) -> Vec<abi::OrderEvent> {
        let (arrived, waiting) = self.reports.drain(..).partition::<Vec<_>, _>(|(steps, _)| *steps == 0);
        self.reports = waiting.into_iter().map(|(steps, report)| (steps - 1, report)).collect();
        arrived.into_iter().map(|(_, report)| report).collect()
    }

    /// The end: what is on its way arrives.
    pub(crate) fn last_arrivals(&mut self) -> Vec<abi::OrderEvent> {
        self.reports.drain(..).map(|(_, report)| report).collect()
    }

    /// Every order that is working for the engine is answered for good.
    pub(crate) fn settle(&mut self, random: &mut Random, working: &[u64]) -> Vec<abi::OrderEvent> {
        let mut reports = Vec::new();
        for id in working {
            let truth = self.orders.get(id).expect("only orders that were sent are working");
            // with several requests on their way, or one that was lost, reports out of order can leave the engine in
            // the dark; otherwise it knows the end
            let is_certain = !truth.is_lost && !truth.has_lost_request && truth.requests <= 1;
            assert!(truth.is_open || !is_certain, "{id} ended at the exchange and is working for the engine");
            let status = if random.chance(50) { OrderStatus::Expired } else { OrderStatus::Canceled };
            reports.push(report(*id, truth, OrderEventKind::Canceled, status));
        }
        reports
    }

    /// What was executed, by order; orders without executions are left out.
    pub(crate) fn filled(&self) -> BTreeMap<u64, i64> {
        let filled = self.orders.iter().filter(|(_, truth)| truth.filled != 0);
        filled.map(|(id, truth)| (*id, truth.filled)).collect()
    }
}

fn report(id: u64, truth: &Truth, kind: OrderEventKind, status: OrderStatus) -> abi::OrderEvent {
    abi::OrderEvent {
        client_order_id: id,
        exchange_order_id: id & 0xff,
        instrument: truth.instrument,
        exchange: truth.exchange,
        kind: kind.code(),
        status: status.code(),
        side: truth.side.code(),
        price: truth.price,
        quantity: truth.quantity,
        cumulative_quantity: truth.filled,
        reason: Reason::Exchange.code(),
        ..abi::OrderEvent::default()
    }
}
