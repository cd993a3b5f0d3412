//! The exchange of a backtest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, InstrumentId, OrderEventKind, OrderFlags, OrderRequest,
    OrderStatus, Price, Quantity, Reason, Side, Timestamp, abi,
};

use crate::{FillRule, trigger::Offer, working_order::WorkingOrder};

/// An order on its way to the simulated exchange.
#[derive(Clone, Copy, Debug)]
pub struct OrderToFill {
    /// Our id.
    pub id: ClientOrderId,
    /// The exchange that it simulates.
    pub exchange: ExchangeId,
    /// What.
    pub request: OrderRequest,
}

/// Fills orders by a rule, and reports like an exchange.
///
/// Show it every market event before the strategies see it ([`SimulatedExchange::on_event`]), give it the orders
/// ([`SimulatedExchange::submit`]), and take the reports out ([`SimulatedExchange::pop_report`]) in order.
///
/// Complexity: an event costs time in proportion to the orders that wait in its instrument.
/// Liquidity is unlimited: an order fills wholly or not at all.
pub struct SimulatedExchange {
    rule: FillRule,
    // by instrument, in the order of their entry
    waiting: BTreeMap<InstrumentId, Vec<WorkingOrder>>,
    instrument_of: BTreeMap<ClientOrderId, InstrumentId>,
    last_offer: BTreeMap<InstrumentId, Offer>,
    // instruments that have bars: their trades at the close are no executions
    with_bars: BTreeSet<InstrumentId>,
    reports: VecDeque<abi::OrderEvent>,
}

impl SimulatedExchange {
    /// An exchange without orders.
    #[must_use]
    pub fn new(rule: FillRule) -> Self {
        Self {
            rule,
            waiting: BTreeMap::new(),
            instrument_of: BTreeMap::new(),
            last_offer: BTreeMap::new(),
            with_bars: BTreeSet::new(),
            reports: VecDeque::new(),
        }
    }

    /// The next report, in order.
    pub fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.reports.pop_front()
    }

    /// Takes an order.
    pub fn submit(&mut self, order: &OrderToFill, instrument: &Instrument, now: Timestamp) {
        let mut working = WorkingOrder::new(order.id, order.exchange, order.request, now);
        self.report(&working, OrderEventKind::Received, OrderStatus::Open, Reason::None, now);
        let last = self.last_offer.get(&instrument.id).copied();
        let price = match self.rule {
            FillRule::NextPrice => None,
            FillRule::SamePrice => last.and_then(|offer| {
                let at = offer.last(order.request.side)?;
                working.take(Offer::Trade(at))
            }),
            FillRule::AsAsked => order
                .request
                .price
                .or(order.request.stop_price)
                .or(last.and_then(|o| o.last(order.request.side))),
        };
        if let Some(price) = price {
            self.fill(&mut working, instrument, price, now);
            return;
        }
        let has_had_its_chance = self.rule != FillRule::NextPrice && last.is_some();
        if has_had_its_chance && order.request.flags.is_immediate() {
            self.report(&working, OrderEventKind::Canceled, OrderStatus::Canceled, Reason::Unfilled, now);
            return;
        }
        self.instrument_of.insert(order.id, instrument.id);
        self.waiting.entry(instrument.id).or_default().push(working);
    }

    /// Cancels an order.
    pub fn cancel(&mut self, id: ClientOrderId, now: Timestamp) {
        match self.remove(id) {
            Some(order) => {
                self.report(&order, OrderEventKind::Canceled, OrderStatus::Canceled, Reason::Requested, now);
            }
            None => self.refuse(id, Reason::UnknownOrder, now),
        }
    }

    /// Changes price and total quantity of an order.
    pub fn change(&mut self, id: ClientOrderId, price: Price, quantity: Quantity, now: Timestamp) {
        let order = self
            .instrument_of
            .get(&id)
            .and_then(|instrument| self.waiting.get_mut(instrument)?.iter_mut().find(|order| order.id == id));
        let Some(order) = order else { return self.refuse(id, Reason::UnknownOrder, now) };
        if quantity <= order.filled {
            return self.refuse(id, Reason::VolumeNotAboveFilled, now);
        }
        order.request.quantity = quantity;
        if order.request.price.is_some() {
            order.request.price = Some(price);
        }
        order.is_fresh = true;
        let order = order.clone();
        self.report(&order, OrderEventKind::Change, OrderStatus::Open, Reason::None, now);
    }

    /// Looks whether a market event lets waiting orders trade. To be called before the strategies see the event.
    pub fn on_event(&mut self, event: &abi::Event, instrument: &Instrument) {
        let Some(offer) = Offer::of(event) else { return };
        let now = Timestamp::new(event.ts);
        match offer {
            Offer::Bar { .. } => {
                self.with_bars.insert(instrument.id);
            }
            // where there are bars, they alone decide: ticks beside them would fill at prices within the bar
            Offer::Trade(_) if self.with_bars.contains(&instrument.id) => return,
            Offer::Trade(_) | Offer::Quote { .. } => {}
        }
        self.last_offer.insert(instrument.id, offer);
        let Some(waiting) = self.waiting.get_mut(&instrument.id).filter(|waiting| !waiting.is_empty()) else {
            return;
        };
        let mut left = Vec::new();
        for mut order in std::mem::take(waiting) {
            if self.offer_to(&mut order, instrument, offer, now) {
                self.instrument_of.remove(&order.id);
            } else {
                left.push(order);
            }
        }
        self.waiting.insert(instrument.id, left);
    }

    /// The data ended: what still waits is canceled.
    pub fn end(&mut self, now: Timestamp) {
        for order in std::mem::take(&mut self.waiting).into_values().flatten() {
            self.report(&order, OrderEventKind::Canceled, OrderStatus::Canceled, Reason::DataEnded, now);
        }
        self.instrument_of.clear();
    }

    /// Offers prices to an order; true if that was its end.
    fn offer_to(
        &mut self,
        order: &mut WorkingOrder,
        instrument: &Instrument,
        offer: Offer,
        now: Timestamp,
    ) -> bool {
        if order.is_expired(now) {
            self.report(order, OrderEventKind::Canceled, OrderStatus::Expired, Reason::None, now);
            return true;
        }
        let was_fresh = order.is_fresh;
        let price = order.take(offer);
        match price {
            Some(_) if was_fresh && order.request.flags.contains(OrderFlags::POST_ONLY) => {
                self.report(
                    order,
                    OrderEventKind::Rejected,
                    OrderStatus::Rejected,
                    Reason::WouldExecute,
                    now,
                );
                true
            }
            Some(price) => {
                self.fill(order, instrument, price, now);
                true
            }
            None if order.request.flags.is_immediate() => {
                self.report(order, OrderEventKind::Canceled, OrderStatus::Canceled, Reason::Unfilled, now);
                true
            }
            None => false,
        }
    }

    /// Fills all of an order.
    fn fill(&mut self, order: &mut WorkingOrder, instrument: &Instrument, price: Price, now: Timestamp) {
        let Some(quantity) = order.quantity_at(instrument, price).filter(|quantity| quantity.is_positive())
        else {
            // the notional does not pay for one lot
            self.report(order, OrderEventKind::Canceled, OrderStatus::Canceled, Reason::Unfilled, now);
            return;
        };
        order.request.quantity = order.filled.checked_add(quantity).unwrap_or(quantity);
        order.filled = order.request.quantity;
        let kind = match order.request.side {
            Side::Buy => OrderEventKind::Bought,
            Side::Sell => OrderEventKind::Sold,
        };
        let report = report(order, kind, OrderStatus::Filled, Reason::None, now);
        self.reports.push_back(abi::OrderEvent {
            last_price: price.get(),
            last_quantity: quantity.get(),
            ..report
        });
    }

    fn remove(&mut self, id: ClientOrderId) -> Option<WorkingOrder> {
        let waiting = self.waiting.get_mut(&self.instrument_of.remove(&id)?)?;
        let at = waiting.iter().position(|order| order.id == id)?;
        Some(waiting.remove(at))
    }

    fn refuse(&mut self, id: ClientOrderId, reason: Reason, now: Timestamp) {
        self.reports.push_back(abi::OrderEvent {
            ts: now.get(),
            client_order_id: id.0,
            kind: OrderEventKind::RequestRejected.code(),
            status: OrderStatus::Unknown.code(),
            reason: reason.code(),
            ..abi::OrderEvent::default()
        });
    }

    fn report(
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
