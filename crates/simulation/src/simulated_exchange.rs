//! The exchange of a backtest or simulation.

use std::collections::{BTreeMap, VecDeque};

use stratd_plugin_api::{
    ClientOrderId, ExchangeId, Instrument, InstrumentId, OrderRequest, Price, Quantity, Reason, Takes,
    Timestamp, abi,
};

use crate::{FillModel, FillRule, market::Market, reporter::Reporter, working_order::WorkingOrder};

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

/// Fills orders by a model, and reports like an exchange.
///
/// Show it every market event before the strategies see it ([`SimulatedExchange::on_event`]), give it the orders
/// ([`SimulatedExchange::submit`]), and take the reports out ([`SimulatedExchange::pop_report`]) in order.
/// It has no clock: with a latency, what is on its way arrives with the first event or
/// [`SimulatedExchange::advance`] at or after its time, before that event is looked at.
///
/// Complexity: an event costs time in proportion to the orders that wait in its instrument.
pub struct SimulatedExchange {
    model: FillModel,
    markets: Markets,
    // of orders that have arrived and have not ended
    instrument_of: BTreeMap<ClientOrderId, InstrumentId>,
    // in the order of the requests: one line, nothing overtakes
    on_the_way: VecDeque<(Timestamp, Request)>,
    has_ended: bool,
    reporter: Reporter,
}

/// What is known of each instrument, by id. Every market event looks here.
#[derive(Default)]
struct Markets(Vec<Option<Box<Market>>>);

impl Markets {
    fn get_mut(&mut self, id: InstrumentId) -> Option<&mut Market> {
        self.0.get_mut(index(id))?.as_deref_mut()
    }

    /// That of an instrument; made if it is new.
    fn of(&mut self, instrument: &Instrument) -> &mut Market {
        let index = index(instrument.id);
        if index >= self.0.len() {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index].get_or_insert_with(|| Box::new(Market::new(instrument)))
    }

    /// All of them, in the order of their ids.
    fn all_mut(&mut self) -> impl Iterator<Item = &mut Market> {
        self.0.iter_mut().filter_map(Option::as_deref_mut)
    }
}

/// Ids are counted by the host, from 1 and without gaps; an instrument without one has the first place.
fn index(instrument: InstrumentId) -> usize {
    usize::try_from(instrument.0).unwrap_or(usize::MAX)
}

enum Request {
    New(OrderToFill),
    Cancel(ClientOrderId),
    Change(ClientOrderId, Price, Quantity),
}

impl SimulatedExchange {
    /// The orders that it takes, whatever the exchange takes that it stands for.
    pub const TAKES: Takes = Takes::ALL;

    /// An exchange without orders.
    #[must_use]
    pub fn new(model: impl Into<FillModel>) -> Self {
        let model = model.into();
        Self {
            reporter: Reporter::new(model.fees),
            model,
            markets: Markets::default(),
            instrument_of: BTreeMap::new(),
            on_the_way: VecDeque::new(),
            has_ended: false,
        }
    }

    /// The next report, in order.
    #[inline]
    pub fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.reporter.pop()
    }

    /// Takes an order.
    pub fn submit(&mut self, order: &OrderToFill, instrument: &Instrument, now: Timestamp) {
        self.markets.of(instrument);
        if self.is_at_once() {
            return self.enter(order, now);
        }
        self.send(Request::New(*order), now);
    }

    /// Cancels an order.
    pub fn cancel(&mut self, id: ClientOrderId, now: Timestamp) {
        self.send(Request::Cancel(id), now);
    }

    /// Changes price and total quantity of an order.
    pub fn change(&mut self, id: ClientOrderId, price: Price, quantity: Quantity, now: Timestamp) {
        self.send(Request::Change(id, price, quantity), now);
    }

    /// Whether no market event can cause a report: no order waits or is on its way, and no report is left to take.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.instrument_of.is_empty() && self.on_the_way.is_empty() && self.reporter.is_empty()
    }

    /// When the next request arrives, if one is on its way: a shell with a clock calls
    /// [`SimulatedExchange::advance`] then.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Timestamp> {
        self.on_the_way.front().map(|(due, _)| *due)
    }

    /// Lets everything arrive that is due by `now`.
    pub fn advance(&mut self, now: Timestamp) {
        while self.next_arrival().is_some_and(|due| due <= now) {
            if let Some((due, request)) = self.on_the_way.pop_front() {
                self.arrive(&request, due);
            }
        }
    }

    /// Looks whether a market event lets waiting orders trade. To be called before the strategies see the event.
    pub fn on_event(&mut self, event: &abi::Event, instrument: &Instrument) {
        self.advance(Timestamp::new(event.ts));
        let market = self.markets.of(instrument);
        market.on_event(event, &self.model, &mut self.reporter);
        self.forget_ended();
    }

    /// Whether an event tells nothing that the `next` one does not, as long as the exchange is idle: of trades of an
    /// instrument in a row the last one counts. Where a book is displayed, each event changes it.
    #[must_use]
    #[inline]
    pub fn is_outdone(&self, event: &abi::Event, next: &abi::Event) -> bool {
        let is_trade = |event: &abi::Event| event.kind == abi::event_kind::TRADE;
        is_trade(event)
            && is_trade(next)
            && next.flags & abi::event_flag::FROM_BAR == 0
            && event.instrument == next.instrument
            && self.model.rule != FillRule::Book
    }

    /// The data ended: what still waits is canceled, and what is on its way never arrives. What is requested from now
    /// on arrives at once.
    pub fn end(&mut self, now: Timestamp) {
        self.has_ended = true;
        for market in self.markets.all_mut() {
            for order in std::mem::take(&mut market.waiting) {
                self.reporter.canceled(&order, Reason::DataEnded, now);
            }
        }
        for (_, request) in std::mem::take(&mut self.on_the_way) {
            if let Request::New(OrderToFill { id, exchange, request }) = request {
                let order = WorkingOrder::new(id, exchange, request, now);
                self.reporter.canceled(&order, Reason::DataEnded, now);
            }
        }
        self.forget_ended();
    }

    fn send(&mut self, request: Request, now: Timestamp) {
        if self.is_at_once() {
            self.arrive(&request, now);
            return;
        }
        let due = now.checked_add(self.model.latency_ns).unwrap_or(Timestamp::MAX);
        self.on_the_way.push_back((due, request));
    }

    /// Whether requests arrive at once.
    fn is_at_once(&self) -> bool {
        self.model.latency_ns <= 0 || self.has_ended
    }

    fn arrive(&mut self, request: &Request, now: Timestamp) {
        let id = match request {
            Request::New(order) => return self.enter(order, now),
            Request::Cancel(id) | Request::Change(id, ..) => *id,
        };
        let market = self.instrument_of.get(&id).and_then(|instrument| self.markets.get_mut(*instrument));
        let Some(market) = market else { return self.reporter.refused(id, Reason::UnknownOrder, now) };
        match request {
            Request::New(_) => {}
            Request::Cancel(_) => market.cancel(id, &mut self.reporter, now),
            Request::Change(_, price, quantity) => {
                market.change((id, *price, *quantity), &mut self.reporter, now);
            }
        }
        self.forget_ended();
    }

    fn enter(&mut self, order: &OrderToFill, now: Timestamp) {
        let OrderToFill { id, exchange, request } = *order;
        // `submit` made it
        let Some(market) = self.markets.get_mut(request.instrument) else { return };
        let mut order = WorkingOrder::new(id, exchange, request, now);
        if market.enter(&mut order, &self.model, &mut self.reporter, now) {
            // most market orders end at once, and nobody needs to find them any more
            self.reporter.ended.clear();
        } else {
            market.waiting.push(order);
            self.instrument_of.insert(id, request.instrument);
            self.forget_ended();
        }
    }

    fn forget_ended(&mut self) {
        if self.reporter.ended.is_empty() {
            return;
        }
        for id in self.reporter.ended.drain(..) {
            self.instrument_of.remove(&id);
        }
    }
}
