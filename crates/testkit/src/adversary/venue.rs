//! Two exchanges that lose requests and reports, delay, double and reorder them, refuse, answer too late, execute more
//! than was ordered, tell nonsense, and go away with everything that is on its way.

use std::collections::{BTreeMap, BTreeSet};

use stratd_engine::{CancelOrder, ChangeOrder, NewOrder};
use stratd_plugin_api::{Money, OrderEventKind, OrderStatus, Price, Reason, Side, abi};

use super::{
    random::Random,
    scenario::{lot, point, price},
};

/// Steps that a report takes at most.
const DELAY_MAX: u16 = 15;

/// The truth about an order, at its exchange.
struct Truth {
    exchange: u16,
    exchange_order_id: u64,
    instrument: u32,
    side: Side,
    price: i64,
    quantity: i64,
    /// It was for an amount: one of the exchanges never tells what quantity it made of that.
    is_by_amount: bool,
    filled: i64,
    is_open: bool,
    /// It was accepted once; otherwise it never arrived, or was refused.
    is_accepted: bool,
    trades: Vec<abi::OrderEvent>,
}

/// A report that arrives.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) report: abi::OrderEvent,
    /// It fits no order: nothing may be booked.
    pub(super) is_nonsense: bool,
}

#[derive(Default)]
pub(super) struct Venue {
    orders: BTreeMap<u64, Truth>,
    /// Reports on their way, with the steps that they still take.
    on_their_way: Vec<(u16, Arrival)>,
    /// Trades whose report arrived.
    told: BTreeSet<(u16, u64)>,
    away: BTreeSet<u16>,
    trade_ids: BTreeMap<u16, u64>,
    order_ids: BTreeMap<u16, u64>,
}

impl Venue {
    pub(super) fn submit(&mut self, random: &mut Random, order: &NewOrder) {
        let (request, exchange) = (&order.request, order.exchange.0);
        let instrument = request.instrument.0;
        let at = request.price.map_or_else(|| price(random, instrument), Price::get);
        let quantity =
            request.notional.map_or(request.quantity.get(), |amount| bought(amount, at, instrument));
        let exchange_order_id = next(&mut self.order_ids, exchange);
        let mut truth = Truth {
            exchange,
            exchange_order_id,
            instrument,
            side: request.side,
            price: request.price.map_or(0, Price::get),
            quantity,
            is_by_amount: request.notional.is_some(),
            filled: 0,
            is_open: true,
            is_accepted: true,
            trades: Vec::new(),
        };
        let id = order.id.0;
        let fate = random.range(0, 20);
        if self.away.contains(&exchange) || fate == 0 {
            // it never arrives, and the host finds out that nobody answers
            (truth.is_open, truth.is_accepted) = (false, false);
            let unknown = report(id, &truth, OrderEventKind::Received, OrderStatus::Unknown);
            self.on_their_way
                .push((random.small(0, DELAY_MAX), Arrival { report: unknown, is_nonsense: false }));
        } else if fate < 3 || quantity <= 0 {
            (truth.is_open, truth.is_accepted) = (false, false);
            self.tell(random, report(id, &truth, OrderEventKind::Rejected, OrderStatus::Rejected));
        } else {
            if fate == 3 {
                // accepted, but the answer came too late
                self.tell(random, report(id, &truth, OrderEventKind::Received, OrderStatus::Unknown));
            }
            self.tell(random, report(id, &truth, OrderEventKind::Received, OrderStatus::Open));
        }
        self.orders.insert(id, truth);
    }

    pub(super) fn cancel(&mut self, random: &mut Random, cancel: &CancelOrder) {
        let id = cancel.id.0;
        let Some(truth) = self.reached(random, id) else { return };
        let answer = if truth.is_open && random.chance(80) {
            truth.is_open = false;
            report(id, truth, OrderEventKind::Canceled, OrderStatus::Canceled)
        } else {
            report(id, truth, OrderEventKind::RequestRejected, OrderStatus::Open)
        };
        self.tell(random, answer);
    }

    pub(super) fn change(&mut self, random: &mut Random, change: &ChangeOrder) {
        let id = change.id.0;
        let quantity = change.request.quantity.get();
        let Some(truth) = self.reached(random, id) else { return };
        let answer = if truth.is_open && quantity > truth.filled && random.chance(80) {
            truth.quantity = quantity;
            truth.price = change.request.price.map_or(0, Price::get);
            report(id, truth, OrderEventKind::Change, OrderStatus::Open)
        } else {
            report(id, truth, OrderEventKind::RequestRejected, OrderStatus::Open)
        };
        self.tell(random, answer);
    }

    /// The order, if a request for it arrives.
    fn reached(&mut self, random: &mut Random, id: u64) -> Option<&mut Truth> {
        let is_lost = random.chance(10);
        let truth = self.orders.get_mut(&id).filter(|truth| truth.is_accepted && !is_lost)?;
        (!self.away.contains(&truth.exchange)).then_some(truth)
    }

    /// Something happens to an order, perhaps; also while nobody listens.
    pub(super) fn trade(&mut self, random: &mut Random) {
        let open: Vec<u64> =
            self.orders.iter().filter(|(_, truth)| truth.is_open).map(|(id, _)| *id).collect();
        let Some(id) = random.pick(&open).copied() else { return };
        let Some(truth) = self.orders.get_mut(&id) else { return };
        if random.chance(5) {
            truth.is_open = false;
            let expired = report(id, truth, OrderEventKind::Canceled, OrderStatus::Expired);
            self.tell(random, expired);
            return;
        }
        let lot = lot(truth.instrument);
        let left = truth.quantity - truth.filled;
        let mut quantity = random.range(1, left / lot + 1) * lot;
        // an exchange that executes more than was ordered
        if random.chance(2) {
            quantity += left;
        }
        let at = if truth.price == 0 { price(random, truth.instrument) } else { truth.price };
        truth.filled += quantity;
        truth.is_open = truth.filled < truth.quantity;
        let status = if truth.is_open { OrderStatus::PartiallyFilled } else { OrderStatus::Filled };
        let kind = if truth.side == Side::Buy { OrderEventKind::Bought } else { OrderEventKind::Sold };
        let fill = abi::OrderEvent {
            last_price: at,
            last_quantity: quantity,
            trade_id: next(&mut self.trade_ids, truth.exchange),
            // whole at every rate, so that the naive books need no rounding
            fee: Money::new(i128::from(random.range(-5, 50)) * 100).into(),
            ..report(id, truth, kind, status)
        };
        truth.trades.push(fill);
        self.tell(random, fill);
    }

    /// A report that is about nothing that fits.
    pub(super) fn nonsense(&mut self, random: &mut Random) {
        let ids: Vec<u64> = self.orders.keys().copied().collect();
        let Some((id, truth)) = random.pick(&ids).and_then(|id| Some((*id, self.orders.get(id)?))) else {
            return;
        };
        let mut wrong = abi::OrderEvent {
            last_price: 100,
            last_quantity: 5,
            trade_id: 1 << 40,
            ..report(id, truth, kind_of(truth.side), OrderStatus::Filled)
        };
        match random.range(0, 4) {
            0 => wrong.client_order_id += 1 << 30,
            1 => wrong.exchange = 3 - wrong.exchange,
            2 => wrong.instrument += 1,
            _ => wrong.kind = kind_of(truth.side.opposite()).code(),
        }
        self.on_their_way.push((random.small(0, DELAY_MAX), Arrival { report: wrong, is_nonsense: true }));
    }

    fn tell(&mut self, random: &mut Random, report: abi::OrderEvent) {
        if self.away.contains(&report.exchange) {
            return;
        }
        // a lost report of a trade is told when the exchange is asked
        let copies = if random.chance(3) { 0 } else { 1 + usize::from(random.chance(10)) };
        for _ in 0..copies {
            self.on_their_way.push((random.small(0, DELAY_MAX), Arrival { report, is_nonsense: false }));
        }
    }

    /// The reports that arrive in this step.
    pub(super) fn arrivals(&mut self) -> Vec<Arrival> {
        let (arrived, waiting) = self.on_their_way.drain(..).partition::<Vec<_>, _>(|(steps, _)| *steps == 0);
        self.on_their_way = waiting.into_iter().map(|(steps, arrival)| (steps - 1, arrival)).collect();
        self.note(arrived.into_iter().map(|(_, arrival)| arrival).collect())
    }

    /// The end: what is on its way arrives.
    pub(super) fn last_arrivals(&mut self) -> Vec<Arrival> {
        let arrived = self.on_their_way.drain(..).map(|(_, arrival)| arrival).collect();
        self.note(arrived)
    }

    fn note(&mut self, arrived: Vec<Arrival>) -> Vec<Arrival> {
        let trades = arrived.iter().filter(|arrival| !arrival.is_nonsense && arrival.report.trade_id != 0);
        self.told.extend(trades.map(|arrival| (arrival.report.exchange, arrival.report.trade_id)));
        arrived
    }

    /// The connection of an exchange is lost, and every report that was on its way.
    pub(super) fn disconnect(&mut self, exchange: u16) {
        self.away.insert(exchange);
        self.on_their_way.retain(|(_, arrival)| {
            arrival.report.exchange != exchange || arrival.report.status == OrderStatus::Unknown.code()
        });
    }

    /// The exchange is back and asked what became of our orders: trades first, then what works, then what does not.
    /// At the end of the run somebody finds out of orders that were never acknowledged, too.
    pub(super) fn reconcile(&mut self, exchange: u16, working: &[u64], is_end: bool) -> Vec<Arrival> {
        self.away.remove(&exchange);
        let mut reports = Vec::new();
        let of_exchange = || self.orders.iter().filter(|(_, truth)| truth.exchange == exchange);
        for (id, truth) in of_exchange() {
            let asked = |trade: &&abi::OrderEvent| {
                working.contains(id) || !self.told.contains(&(exchange, trade.trade_id))
            };
            let status = OrderStatus::PartiallyFilled.code();
            let trades = truth.trades.iter().filter(asked);
            // as a list of trades tells it: without the order's own quantity, if that was never agreed on
            let quantity = if truth.is_by_amount { 0 } else { truth.quantity };
            reports.extend(trades.map(|trade| abi::OrderEvent { status, quantity, ..*trade }));
        }
        for (id, truth) in of_exchange().filter(|(id, _)| working.contains(id)) {
            let say = |kind, status| report(*id, truth, kind, status);
            if truth.is_open {
                reports.push(say(OrderEventKind::Received, OrderStatus::Open));
                reports.push(say(OrderEventKind::Change, OrderStatus::Open));
            } else if truth.is_accepted {
                reports.push(say(OrderEventKind::Canceled, OrderStatus::Canceled));
            } else {
                reports.push(say(OrderEventKind::Received, OrderStatus::Unknown));
                if is_end {
                    reports.push(say(OrderEventKind::Rejected, OrderStatus::Rejected));
                }
            }
        }
        self.note(reports.into_iter().map(|report| Arrival { report, is_nonsense: false }).collect())
    }

    /// The end of the day: nothing is open any more.
    pub(super) fn close(&mut self) {
        self.orders.values_mut().for_each(|truth| truth.is_open = false);
    }

    /// The trades of every order that has some.
    pub(super) fn trades(&self) -> BTreeMap<u64, BTreeMap<u64, i64>> {
        let with_trades = self.orders.iter().filter(|(_, truth)| !truth.trades.is_empty());
        let trades = |truth: &Truth| truth.trades.iter().map(|t| (t.trade_id, t.last_quantity)).collect();
        with_trades.map(|(id, truth)| (*id, trades(truth))).collect()
    }
}

/// What an amount buys, in whole lots.
fn bought(amount: Money, price: i64, instrument: u32) -> i64 {
    let of_lot = i128::from(price) * i128::from(lot(instrument)) * point(instrument);
    i64::try_from(amount.get() / of_lot.max(1)).unwrap_or(0) * lot(instrument)
}

fn next(counters: &mut BTreeMap<u16, u64>, exchange: u16) -> u64 {
    let counter = counters.entry(exchange).or_default();
    *counter += 1;
    *counter
}

fn kind_of(side: Side) -> OrderEventKind {
    match side {
        Side::Buy => OrderEventKind::Bought,
        Side::Sell => OrderEventKind::Sold,
    }
}

fn report(id: u64, truth: &Truth, kind: OrderEventKind, status: OrderStatus) -> abi::OrderEvent {
    abi::OrderEvent {
        client_order_id: id,
        exchange_order_id: truth.exchange_order_id,
        instrument: truth.instrument,
        exchange: truth.exchange,
        kind: kind.code(),
        status: status.code(),
        side: truth.side.code(),
        price: truth.price,
        quantity: if truth.is_by_amount && truth.exchange == 2 { 0 } else { truth.quantity },
        cumulative_quantity: truth.filled,
        reason: Reason::Exchange.code(),
        ..abi::OrderEvent::default()
    }
}
