//! From what the venue tells to reports, public events and records.

use stratd_orderbook::OrderId;
use stratd_plugin_api::{
    EventKind, InstrumentId, LiquiditySide, OrderEventKind, OrderStatus, Price, Quantity, Reason, Side,
    Timestamp, abi,
};
use stratd_simulation::venue::{Venue, VenueEvent};

use crate::{
    account::Base,
    order::Order,
    public::{OrderNews, PublicEvent, TradeNews},
    report::{Fill, Report},
    state::Record,
    words,
};

use super::Floor;

/// What became of an operation.
#[derive(Default)]
struct Told {
    /// The venue refused a cancel or change.
    refused: Option<Reason>,
    records: Vec<Record>,
    /// The two sides of the match under way: the maker's event comes first.
    sides: [Option<OrderNews>; 2],
    traded: Vec<InstrumentId>,
}

impl Floor {
    /// Lets the venue do something and books what it tells; the reason if it refused a request.
    pub(super) fn act(
        &mut self,
        mut records: Vec<Record>,
        body: impl FnOnce(&mut Venue, &mut Vec<VenueEvent>),
    ) -> Option<Reason> {
        let mut events = std::mem::take(&mut self.events);
        body(&mut self.venue, &mut events);
        let mut told = Told { records: std::mem::take(&mut records), ..Told::default() };
        for (at, event) in events.iter().enumerate() {
            match event {
                VenueEvent::Market(event) => self.print(event, &mut told),
                VenueEvent::Order(event) if event.client_order_id == 0 => self.public_order(event, &mut told),
                VenueEvent::Order(event) => {
                    self.find_trigger_of(event, events.get(at + 1), &mut told);
                    self.own_order(event, &mut told);
                }
            }
        }
        events.clear();
        self.events = events;
        self.find_triggered(&mut told);
        self.keep_mark(&mut told.records);
        self.write(&told.records);
        told.refused
    }

    /// Time passes: orders whose lifetime ended expire.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.act(Vec::new(), |venue, out| venue.advance(now, out));
    }

    /// Participants act so many times; at a time, or each a while after the other.
    pub(crate) fn step(&mut self, steps: i64, now: Option<Timestamp>) {
        for _ in 0..steps {
            self.act(Vec::new(), |venue, out| match now {
                Some(now) => venue.step_at(now, out),
                None => venue.step(out),
            });
        }
    }

    fn print(&mut self, event: &abi::Event, told: &mut Told) {
        if EventKind::from_code(event.kind) != Some(EventKind::Trade) {
            return;
        }
        if let [Some(maker), Some(taker)] = told.sides {
            let id = InstrumentId(event.instrument);
            if !told.traded.contains(&id) {
                told.traded.push(id);
            }
            self.public.push(PublicEvent::Trade(Box::new(TradeNews::new(maker, taker))));
        }
    }

    fn public_order(&mut self, event: &abi::OrderEvent, told: &mut Told) {
        let Some(news) = OrderNews::new(event) else { return };
        if news.is_execution() {
            told.sides = [told.sides[1], Some(news)];
        }
        self.public.push(PublicEvent::Order(news));
    }

    fn own_order(&mut self, event: &abi::OrderEvent, told: &mut Told) {
        let number = event.client_order_id;
        let known = (
            OrderEventKind::from_code(event.kind),
            OrderStatus::from_code(event.status),
            Reason::from_code(event.reason),
        );
        let (Some(kind), Some(status), Some(reason)) = known else { return };
        if kind == OrderEventKind::RequestRejected {
            told.refused = Some(reason);
            return;
        }
        if kind == OrderEventKind::Received {
            self.orders.name(number, OrderId(words::number(event.exchange_order_id)));
        }
        let Some(order) = self.orders.get(number) else { return };
        let fill = (event.trade_id != 0).then(|| Fill {
            trade: words::number(event.trade_id),
            price: Price::new(event.last_price),
            quantity: event.last_quantity,
            fee: event.fee.into(),
            liquidity: LiquiditySide::from_event_flags(event.flags),
        });
        let report = Report {
            order: number,
            ts: Timestamp::new(event.ts),
            kind,
            status,
            reason,
            price: order.request.price.map(|_| Price::new(event.price)),
            stop_price: order.request.stop_price,
            quantity: event.quantity,
            filled: event.cumulative_quantity,
            fill,
            triggered: None,
        };
        self.report(report, &mut told.records);
    }

    /// Stops trigger without a word of the venue. The first that is heard of it may be a report of the order that it
    /// became; right behind that, the venue tells the same to the public, under the id that the order has there.
    fn find_trigger_of(&mut self, event: &abi::OrderEvent, next: Option<&VenueEvent>, told: &mut Told) {
        let Some(VenueEvent::Order(public)) = next else { return };
        let is_told_to_all = event.trade_id != 0 || event.kind == OrderEventKind::Canceled.code();
        let is_stop = self.orders.get(event.client_order_id).is_some_and(Order::is_stop_waiting);
        if is_told_to_all && is_stop && public.client_order_id == 0 {
            let public_id = OrderId(words::number(public.exchange_order_id));
            self.triggered(event.client_order_id, public_id, told);
        }
    }

    /// Or it rests: that is looked up when something traded.
    fn find_triggered(&mut self, told: &mut Told) {
        for instrument in std::mem::take(&mut told.traded) {
            for number in self.orders.waiting(instrument) {
                let id = stratd_plugin_api::ClientOrderId(number);
                if let Some(public_id) = self.venue.public_order_id(id) {
                    self.triggered(number, public_id, told);
                }
            }
        }
    }

    fn triggered(&mut self, number: u64, public_id: OrderId, told: &mut Told) {
        let Some(order) = self.orders.get(number) else { return };
        let report = Report {
            order: number,
            ts: self.venue.now(),
            kind: OrderEventKind::Change,
            status: order.status,
            reason: Reason::None,
            price: order.request.price,
            stop_price: order.request.stop_price,
            quantity: order.request.quantity.get(),
            filled: order.filled,
            fill: None,
            triggered: Some(public_id),
        };
        self.report(report, &mut told.records);
    }

    /// Books a report: the order as it is now, the history, the record.
    pub(super) fn report(&mut self, report: Report, records: &mut Vec<Record>) {
        let Some(account) = self.note(&report) else { return };
        let number = self.accounts[account].reports.last();
        let id = self.orders.get(report.order).map_or(OrderId(0), |order| order.exchange_order_id);
        records.push(Record::report(number, id, &report));
    }

    /// Takes a report over into the order and the account; the index of the account.
    pub(super) fn note(&mut self, report: &Report) -> Option<usize> {
        let order = self.orders.get_mut(report.order)?;
        order.status = report.status;
        order.reason = report.reason;
        order.filled = report.filled;
        order.updated = report.ts;
        order.request.price = report.price;
        order.request.stop_price = report.stop_price;
        order.request.quantity = Quantity::new(report.quantity);
        if report.triggered.is_some() {
            order.public_id = report.triggered;
        }
        let index = order.account;
        if report.status.is_final() || report.triggered.is_some() {
            self.orders.stop_ended(report.order);
        }
        let account = self.accounts.get_mut(index)?;
        if report.status.is_final() {
            account.open.remove(&report.order);
        } else {
            account.open.insert(report.order);
        }
        let dropped = account.reports.push(*report);
        if report.fill.is_some() {
            account.fills.push_back(account.reports.last());
        }
        if let Some(dropped) = dropped {
            self.forget(index, &dropped);
        }
        Some(index)
    }

    /// A report is not kept any more, nor the order that it told the end of.
    fn forget(&mut self, index: usize, report: &Report) {
        let (Some(account), Some(order)) = (self.accounts.get_mut(index), self.orders.get(report.order))
        else {
            return;
        };
        if let Some(fill) = report.fill {
            account.fills_forgotten = account.fills.pop_front().map(|number| (number, report.ts));
            let at = order.request.instrument.0.checked_sub(1).and_then(|at| usize::try_from(at).ok());
            if let Some(known) = at.and_then(|at| self.instruments.get(at)) {
                move_base(&mut account.base, order.request.side, fill, known);
            }
        }
        if report.status.is_final()
            && let Some(order) = self.orders.remove(report.order)
        {
            account.by_client.remove(&order.client_order_id);
        }
    }
}

/// Books an execution into what an account had before it.
pub(super) fn move_base(base: &mut Base, side: Side, fill: Fill, instrument: &stratd_plugin_api::Instrument) {
    let sign = match side {
        Side::Buy => 1,
        Side::Sell => -1,
    };
    let value = instrument.notional(fill.price, Quantity::new(fill.quantity * -sign));
    let cash =
        value.and_then(|value| base.cash.checked_add(value)).and_then(|cash| cash.checked_sub(fill.fee));
    base.cash =
        cash.expect("the venue booked the same execution, and amounts of orders are limited on entry");
    *base.positions.entry(instrument.id).or_default() += sign * fill.quantity;
}
