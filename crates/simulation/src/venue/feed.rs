//! From the events of a book to what the venue tells: reports of own orders and the public feed, in book order.
//!
//! Per match: the maker's report (if it is ours) and feed event, the taker's, then the public print.
//! After the last event of an operation: the new quantity of each touched level, then the quote if it changed.

use stratd_orderbook::{EventKind, Execution, Order, OrderId};
use stratd_plugin_api::{
    BookUpdate, ClientOrderId, LiquiditySide, Money, OrderEventKind, OrderStatus, OrderType, Price, Quantity,
    Reason, Side, TextTable, Timestamp, Trade, abi,
};

use super::{
    VenueEvent,
    account::Account,
    config::{RATE_ONE, VenueConfig},
    market::Market,
    own::{OwnOrder, OwnOrders},
};

/// Tells one operation.
pub(crate) struct Feed<'a> {
    pub(crate) config: &'a VenueConfig,
    pub(crate) now: Timestamp,
    pub(crate) market: &'a mut Market,
    pub(crate) own: &'a mut OwnOrders,
    /// All accounts; an own order's is one of them.
    pub(crate) accounts: &'a mut [Account],
    /// Executions of the venue so far.
    pub(crate) trades: &'a mut u64,
    pub(crate) out: &'a mut Vec<VenueEvent>,
    /// The request that the operation carries out, until it is answered.
    pub(crate) answer: Option<(ClientOrderId, u64)>,
    /// What a canceled own order is now: Canceled, or Expired.
    pub(crate) ends_as: OrderStatus,
    /// The maker of the match under way was told: the next execution is the taker's.
    pub(crate) is_maker_told: bool,
}

impl Feed<'_> {
    /// Tells one event of the book.
    pub(crate) fn event(&mut self, kind: EventKind) {
        match kind {
            // an own order was reported as received when it was accepted
            EventKind::Open { order } => {
                self.touch(&order);
                self.public(OrderEventKind::Open, OrderStatus::Open, order, None, Reason::None);
            }
            EventKind::Change { order, last: Some(last) } => self.execution(order, last),
            EventKind::Fill { order, last } => self.execution(order, last),
            EventKind::Change { order, last: None } => self.changed(order),
            EventKind::Cancel { order, reason } => self.canceled(order, reason),
            // the prints told it, match by match
            EventKind::Trade(_) => {}
            EventKind::StopOpen { stop } => self.market.stop_waits(stop.id, stop.stop_price),
            EventKind::StopChange { stop } => {
                self.market.stop_waits(stop.id, stop.stop_price);
                if let Some(own) = self.own.of_book(stop.id) {
                    own.request.stop_price = Some(stop.stop_price);
                    own.updated = self.now;
                    let report = own.report(OrderEventKind::Change, own.status(), Reason::None, self.now);
                    self.answered(report);
                }
            }
            EventKind::StopTrigger { stop } => {
                self.market.stop_ended(stop.id);
                if self.own.of_book(stop.id).is_some() {
                    self.own.goes_on_as(stop.id, stop.target_id);
                } else {
                    self.market.participants.on_trigger(stop.target_id);
                }
            }
            EventKind::StopCancel { stop, reason } => {
                self.market.stop_ended(stop.id);
                self.own_canceled(stop.id, reason);
            }
        }
    }

    /// The end of the operation: levels and quote.
    pub(crate) fn close(&mut self) {
        if !self.market.is_subscribed {
            return;
        }
        if self.config.feeds.book {
            for at in 0..self.market.touched.len() {
                let (side, price) = self.market.touched[at];
                let level = self.market.book.level_at_on(side, price);
                let quantity = level.map_or(Quantity::ZERO, |level| level.quantity);
                let update = level_update(self.market, side, price, quantity, self.now);
                self.out.push(VenueEvent::Market((&update).into()));
            }
        }
        if self.config.feeds.quotes
            && let Some(quote) = self.market.changed_quote(self.now)
        {
            self.out.push(VenueEvent::Market((&quote).into()));
        }
    }

    fn execution(&mut self, order: Order, last: Execution) {
        let order = self.market.whole(order);
        let is_taker = self.is_maker_told;
        self.is_maker_told = !is_taker;
        if !is_taker {
            *self.trades += 1;
            self.touch(&order);
        }
        let trade_id = TextTable::number(*self.trades);
        self.own_execution(&order, last, is_taker, trade_id);
        let (kind, status) = if order.filled >= order.quantity {
            self.market.order_ended(order.id);
            (OrderEventKind::Fill, OrderStatus::Filled)
        } else {
            (OrderEventKind::Change, OrderStatus::PartiallyFilled)
        };
        self.public_whole(kind, status, order, Some((last, trade_id)), Reason::None);
        if is_taker && self.config.feeds.trades && self.market.is_subscribed {
            let trade = Trade {
                ts: self.now,
                ts_recv: Timestamp::default(),
                seq: 0,
                instrument: self.market.instrument.id,
                price: last.price,
                quantity: last.quantity,
                aggressor: Some(order.side),
                is_from_bar: false,
                trade_id,
            };
            self.out.push(VenueEvent::Market((&trade).into()));
        }
    }

    fn own_execution(&mut self, order: &Order, last: Execution, is_taker: bool, trade_id: u64) {
        let Some(own) = self.own.of_book(order.id) else { return };
        own.filled = order.filled.get();
        own.updated = self.now;
        let notional = self.market.instrument.notional(last.price, last.quantity);
        let rate = if is_taker { self.config.taker_fee } else { self.config.maker_fee };
        let value = notional.expect("quantities and prices of own orders are limited on entry");
        let fee = fee(value, rate);
        let kind = match order.side {
            Side::Buy => OrderEventKind::Bought,
            Side::Sell => OrderEventKind::Sold,
        };
        let liquidity = if is_taker { LiquiditySide::Taker } else { LiquiditySide::Maker };
        let report = own.report(kind, own.status(), Reason::None, self.now);
        let report = abi::OrderEvent {
            last_price: last.price.get(),
            last_quantity: last.quantity.get(),
            fee: fee.into(),
            trade_id,
            flags: report.flags | liquidity.event_flag(),
            ..report
        };
        let is_done = own.status() == OrderStatus::Filled;
        self.accounts[own.account.index()].book_fill(fill_record(&report, liquidity), value);
        if is_done {
            self.own.remove(order.id);
        }
        self.out.push(VenueEvent::Order(report));
    }

    /// Changed on request, or reduced by self-trade prevention.
    fn changed(&mut self, order: Order) {
        self.touch(&order);
        let whole = self.market.whole(order);
        if let Some(own) = self.own.of_book(order.id) {
            own.request.quantity = whole.quantity;
            own.request.price = own.request.price.map(|_| whole.price);
            own.updated = self.now;
            let report = own.report(OrderEventKind::Change, own.status(), Reason::None, self.now);
            self.answered(report);
        }
        let status =
            if whole.filled.is_positive() { OrderStatus::PartiallyFilled } else { OrderStatus::Open };
        self.public_whole(OrderEventKind::Change, status, whole, None, Reason::None);
    }

    fn canceled(&mut self, order: Order, reason: Reason) {
        self.touch(&order);
        let whole = self.market.whole(order);
        self.market.order_ended(order.id);
        self.own_canceled(order.id, reason);
        self.public_whole(OrderEventKind::Cancel, OrderStatus::Canceled, whole, None, reason);
    }

    fn own_canceled(&mut self, book_id: OrderId, reason: Reason) {
        let Some(own) = self.own.remove(book_id) else { return };
        let reason = if self.ends_as == OrderStatus::Expired { Reason::None } else { reason };
        let report = own.report(OrderEventKind::Canceled, self.ends_as, reason, self.now);
        if reason == Reason::Requested {
            self.answered(report);
        } else {
            self.out.push(VenueEvent::Order(report));
        }
    }

    /// A report that carries the number of the request if it is the one that was asked for.
    fn answered(&mut self, report: abi::OrderEvent) {
        let is_answer = self.answer.is_some_and(|(id, _)| id.0 == report.client_order_id);
        let correlation =
            if is_answer { self.answer.take().map_or(0, |(_, correlation)| correlation) } else { 0 };
        self.out.push(VenueEvent::Order(abi::OrderEvent { correlation, ..report }));
    }

    /// Orders that may not rest have no level.
    fn touch(&mut self, order: &Order) {
        if order.order_type == OrderType::Limit && !order.flags.is_immediate() {
            self.market.touch(order.side, order.price);
        }
    }

    fn public(
        &mut self,
        kind: OrderEventKind,
        status: OrderStatus,
        order: Order,
        last: Option<(Execution, u64)>,
        reason: Reason,
    ) {
        let whole = self.market.whole(order);
        self.public_whole(kind, status, whole, last, reason);
    }

    fn public_whole(
        &mut self,
        kind: OrderEventKind,
        status: OrderStatus,
        order: Order,
        last: Option<(Execution, u64)>,
        reason: Reason,
    ) {
        if !self.config.feeds.orders || !self.market.is_subscribed {
            return;
        }
        let (last_price, last_quantity, trade_id) =
            last.map_or((0, 0, 0), |(last, id)| (last.price.get(), last.quantity.get(), id));
        self.out.push(VenueEvent::Order(abi::OrderEvent {
            ts: self.now.get(),
            exchange_order_id: TextTable::number(order.id.0),
            instrument: self.market.instrument.id.0,
            kind: kind.code(),
            status: status.code(),
            side: order.side.code(),
            price: order.price.get(),
            quantity: order.quantity.get(),
            last_price,
            last_quantity,
            cumulative_quantity: order.filled.get(),
            trade_id,
            reason: reason.code(),
            order_type: order.order_type.code(),
            flags: order.flags.bits(),
            ..abi::OrderEvent::default()
        }));
    }
}

/// The update of one level.
pub(crate) fn level_update(
    market: &Market,
    side: Side,
    price: Price,
    quantity: Quantity,
    now: Timestamp,
) -> BookUpdate {
    BookUpdate {
        ts: now,
        instrument: market.instrument.id,
        side: Some(side),
        price,
        quantity,
        ..BookUpdate::default()
    }
}

/// `rate` (units of 1e-8) of a notional, rounded once to 1e-8, halves to even.
fn fee(notional: Money, rate: i64) -> Money {
    // the magnitude, so that a trade at a negative price costs a fee and brings none
    notional
        .checked_abs()
        .and_then(|value| value.checked_mul_div(i128::from(rate), i128::from(RATE_ONE)))
        .expect("a fee is at most the notional, which is in range")
}

fn fill_record(report: &abi::OrderEvent, liquidity: LiquiditySide) -> abi::FillRecord {
    abi::FillRecord {
        ts: report.ts,
        client_order_id: report.client_order_id,
        exchange_order_id: report.exchange_order_id,
        trade_id: report.trade_id,
        instrument: report.instrument,
        exchange: report.exchange,
        side: report.side,
        price: report.last_price,
        quantity: report.last_quantity,
        fee: report.fee,
        liquidity: liquidity.code(),
        ..abi::FillRecord::default()
    }
}

/// What an own order that just came in is told.
pub(crate) fn received(own: &OwnOrder, correlation: u64, now: Timestamp) -> VenueEvent {
    let report = own.report(OrderEventKind::Received, OrderStatus::Open, Reason::None, now);
    VenueEvent::Order(abi::OrderEvent { correlation, ..report })
}
