//! A complete synthetic exchange as a library: books, participants, own orders, accounts. No thread, no clock.
//!
//! - Every public trade comes from the book that own orders rest in; participants trade with us and with each other.
//! - Determinism: everything follows from [`VenueConfig`] (its `seed` decides all chance) and from what the venue is told,
//!   step by step. Own orders draw nothing from the chance of participants.
//! - Order: events come in the order of the book, see [`Venue::step`]. Waiting stops are not public, as on real
//!   exchanges; the orders that they submit are.
//! - Memory is constant however long it runs. A book remembers every id that it saw, so after
//!   [`VenueConfig::ids_per_book`] ids it is made anew from its orders; nobody sees it.
//! - Own orders belong to accounts. There is one from the start; [`Venue::open_account`] makes more, which trade with each
//!   other as with participants.
//! - Limits are the constants of this module. There is no margin: own positions may be of any size and sign.
//! - A reduce-only order is checked when it comes in: it and the other open reduce-only orders of its side may together
//!   not trade more than the position; later fills of other orders do not cancel it.
//! - Not served, because the book has none of it: touch orders, trailing stops, groups (OCO). They are rejected.

mod account;
mod accounts;
mod config;
mod feed;
mod market;
mod own;
mod pace;
mod participants;
mod random;
mod resume;
mod submit;

use std::collections::BTreeMap;

use stratd_orderbook::{Event, Operation, OrderBook};
use stratd_plugin_api::{
    ClientOrderId, Instrument, InstrumentId, OrderEventKind, OrderStatus, Price, Quantity, Reason, Side,
    Timestamp, abi,
};

pub use account::AccountId;
pub use accounts::VenueAccount;
pub use config::{
    ACCOUNTS_MAX, FEE_RATE_MAX, FILLS_MAX, Feeds, INSTRUMENTS_MAX, ORDERS_MAX, OWN_ORDERS_MAX, PRICE_MAX,
    QUANTITY_MAX, STOPS_MAX, VenueConfig, VenueError,
};
pub use pace::Pace;
pub use resume::{KeptOrder, Resume};
pub use submit::Submission;

use account::Account;
use feed::{Feed, level_update};
use market::Market;
use own::{OwnOrders, report};
use random::Random;

/// One thing that the venue tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VenueEvent {
    /// Market data: trades, quotes, book updates.
    Market(abi::Event),
    /// Orders: the feed's (client order id 0) and our own.
    Order(abi::OrderEvent),
}

/// The request that an operation carries out.
#[derive(Clone, Copy)]
struct Request {
    answer: Option<(ClientOrderId, u64)>,
    ends_as: OrderStatus,
}

/// Nobody asked for it: a participant's operation.
const UNASKED: Request = Request { answer: None, ends_as: OrderStatus::Canceled };

/// The synthetic exchange.
///
/// ```
/// use stratd_plugin_api::{ClientOrderId, OrderRequest, Quantity};
/// use stratd_simulation::venue::{Submission, Venue, VenueConfig};
/// let mut venue = Venue::new(VenueConfig { seed: 7, ..VenueConfig::default() })?;
/// let mut events = Vec::new();
/// for _ in 0..100 {
///     venue.step(&mut events);
/// }
/// let instrument = venue.instruments().next().unwrap().id;
/// let request = OrderRequest::market(instrument, Quantity::new(1));
/// venue.submit(Submission { client_order_id: ClientOrderId(1), correlation: 0, request }, &mut events);
/// assert_eq!(venue.position(instrument), 1);
/// # Ok::<(), stratd_simulation::venue::VenueError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Venue {
    config: VenueConfig,
    random: Random,
    now: Timestamp,
    markets: Vec<Market>,
    by_instrument: BTreeMap<InstrumentId, usize>,
    own: OwnOrders,
    accounts: Vec<Account>,
    trades: u64,
    /// The events of the operation under way.
    events: Vec<Event>,
}

impl Venue {
    /// A venue with empty books; the first steps fill them.
    ///
    /// # Errors
    /// A number of the configuration is out of its range.
    pub fn new(config: VenueConfig) -> Result<Self, VenueError> {
        config.check()?;
        let mut random = Random::new(config.seed);
        let markets: Vec<_> = (0..config.instruments).map(|index| Market::new(index, &mut random)).collect();
        let by_instrument = markets.iter().enumerate().map(|(at, m)| (m.instrument.id, at)).collect();
        let accounts = vec![Account::new(config.cash)];
        Ok(Self {
            random,
            now: config.start,
            markets,
            by_instrument,
            own: OwnOrders::default(),
            accounts,
            trades: 0,
            events: Vec::new(),
            config,
        })
    }

    /// What it was made from; the seed is here.
    #[must_use]
    pub fn config(&self) -> &VenueConfig {
        &self.config
    }

    /// Its time: never before that of any event it told.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Its instruments, in a fixed order, with ids from 1 until others are given.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.markets.iter().map(|market| &market.instrument)
    }

    /// Gives the instruments, in the order of [`Venue::instruments`], the ids that events and orders carry.
    pub fn set_instrument_ids(&mut self, ids: &[InstrumentId]) {
        for (market, id) in self.markets.iter_mut().zip(ids) {
            market.instrument.id = *id;
        }
        let ids = self.markets.iter().enumerate().map(|(at, market)| (market.instrument.id, at));
        self.by_instrument = ids.collect();
    }

    /// Sends the public feed of the named instruments only; own orders are always reported.
    pub fn set_subscribed(&mut self, is_subscribed: impl Fn(InstrumentId) -> bool) {
        for market in &mut self.markets {
            market.is_subscribed = is_subscribed(market.instrument.id);
        }
    }

    /// Whether the public feed of an instrument is sent.
    #[must_use]
    pub fn is_subscribed(&self, instrument: InstrumentId) -> bool {
        self.market(instrument).is_some_and(|market| market.is_subscribed)
    }

    /// The book of an instrument.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&OrderBook> {
        self.market(instrument).map(|market| &market.book)
    }

    /// One participant does one thing, a while of 1 to `step_ms_max` ms after the last one.
    ///
    /// Appends, per event of the book, the report to us if the order is ours, then the feed event; after the two sides
    /// of a match the print; at the end the touched levels and the quote if it changed. It may append nothing:
    /// the participant's order was refused, or the instrument is not subscribed.
    pub fn step(&mut self, out: &mut Vec<VenueEvent>) {
        let wait_ms = i64::from(self.random.between(1, self.config.step_ms_max));
        let now = self.now.checked_add(wait_ms * 1_000_000).unwrap_or(self.now);
        self.step_at(now, out);
    }

    /// As [`Venue::step`], at a time that the caller names; an earlier time than the venue's is the venue's.
    pub fn step_at(&mut self, now: Timestamp, out: &mut Vec<VenueEvent>) {
        self.advance(now, out);
        let at = self.random.below(self.config.instruments) as usize;
        let operation = self.markets[at].next_operation(&mut self.random);
        // refused: a post-only order that would have traded, an order that was filled meanwhile
        if self.apply(at, operation).is_ok() {
            self.tell(at, UNASKED, out);
        }
        self.markets[at].renew_after(self.config.ids_per_book);
    }

    /// Lets the time pass: own orders whose lifetime ended expire. It never goes back.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<VenueEvent>) {
        self.now = self.now.max(now);
        while let Some(order) = self.own.expired(self.now) {
            let (at, operation) = (order.market, Operation::Cancel(order.book_id));
            self.apply(at, operation).expect("an own order that works is in its book");
            self.tell(at, Request { answer: None, ends_as: OrderStatus::Expired }, out);
        }
    }

    /// Cancels an own order: CANCELED, or REQUEST_REJECTED if none of this id works.
    pub fn cancel(&mut self, id: ClientOrderId, correlation: u64, out: &mut Vec<VenueEvent>) {
        let Some(order) = self.own.get(id) else {
            return self.refuse(id, correlation, Reason::UnknownOrder, out);
        };
        let (at, operation) = (order.market, Operation::Cancel(order.book_id));
        self.carry_out(id, correlation, at, operation, out);
    }

    /// Changes price and total quantity of an own order: CHANGE, or REQUEST_REJECTED with the reason.
    /// Of a waiting stop, `price` is the stop price, and the quantity cannot be changed.
    pub fn change(
        &mut self,
        id: ClientOrderId,
        correlation: u64,
        price: Price,
        quantity: Quantity,
        out: &mut Vec<VenueEvent>,
    ) {
        let Some(order) = self.own.get(id) else {
            return self.refuse(id, correlation, Reason::UnknownOrder, out);
        };
        let reason = if quantity.get() > QUANTITY_MAX
            || price.get().checked_abs().is_none_or(|price| price > PRICE_MAX)
        {
            Some(Reason::MaxOrderQuantity)
        } else if order.is_stop_waiting() && quantity != order.request.quantity {
            Some(Reason::BadOrder)
        } else {
            None
        };
        if let Some(reason) = reason {
            return self.refuse(id, correlation, reason, out);
        }
        let (at, operation) = (order.market, Operation::Change { id: order.book_id, price, quantity });
        self.carry_out(id, correlation, at, operation, out);
    }

    /// All levels of an instrument as book updates, the first with the snapshot flag, and its quote: for a subscriber
    /// that comes late.
    pub fn snapshot(&self, instrument: InstrumentId, out: &mut Vec<VenueEvent>) {
        let Some(market) = self.market(instrument) else { return };
        if self.config.feeds.book {
            let bids = market.book.bids(usize::MAX).map(|level| (Side::Buy, level));
            let asks = market.book.asks(usize::MAX).map(|level| (Side::Sell, level));
            for (count, (side, level)) in bids.chain(asks).enumerate() {
                let mut update = level_update(market, side, level.price, level.quantity, self.now);
                update.is_snapshot = count == 0;
                out.push(VenueEvent::Market((&update).into()));
            }
        }
        if self.config.feeds.quotes {
            out.push(VenueEvent::Market((&market.quote(self.now)).into()));
        }
    }
}

/// Steps of the verbs.
impl Venue {
    fn market(&self, instrument: InstrumentId) -> Option<&Market> {
        self.markets.get(*self.by_instrument.get(&instrument)?)
    }

    /// Lets a book do something; what it told waits in `events`.
    fn apply(&mut self, at: usize, operation: Operation) -> Result<(), Reason> {
        self.events.clear();
        self.markets[at].apply(operation, &mut self.events).map_err(|error| error.reason())
    }

    /// Tells what the book told.
    fn tell(&mut self, at: usize, request: Request, out: &mut Vec<VenueEvent>) {
        let mut feed = Feed {
            config: &self.config,
            now: self.now,
            market: &mut self.markets[at],
            own: &mut self.own,
            accounts: &mut self.accounts,
            trades: &mut self.trades,
            out,
            answer: request.answer,
            ends_as: request.ends_as,
            is_maker_told: false,
        };
        for event in &self.events {
            feed.event(event.kind);
        }
        feed.close();
    }

    fn carry_out(
        &mut self,
        id: ClientOrderId,
        correlation: u64,
        at: usize,
        operation: Operation,
        out: &mut Vec<VenueEvent>,
    ) {
        match self.apply(at, operation) {
            Ok(()) => {
                let answer = Some((id, correlation));
                self.tell(at, Request { answer, ends_as: OrderStatus::Canceled }, out);
            }
            Err(reason) => self.refuse(id, correlation, reason, out),
        }
    }

    /// A cancel or change was refused.
    fn refuse(&self, id: ClientOrderId, correlation: u64, reason: Reason, out: &mut Vec<VenueEvent>) {
        let kind = OrderEventKind::RequestRejected;
        let event = match self.own.get(id) {
            Some(order) => order.report(kind, order.status(), reason, self.now),
            None => abi::OrderEvent {
                ts: self.now.get(),
                client_order_id: id.0,
                kind: kind.code(),
                status: OrderStatus::Unknown.code(),
                reason: reason.code(),
                ..abi::OrderEvent::default()
            },
        };
        out.push(VenueEvent::Order(abi::OrderEvent { correlation, ..event }));
    }

    fn reject(&self, order: &Submission, reason: Reason, out: &mut Vec<VenueEvent>) {
        let (kind, status) = (OrderEventKind::Rejected, OrderStatus::Rejected);
        let event = report(order.client_order_id, &order.request, kind, status, reason, self.now);
        out.push(VenueEvent::Order(abi::OrderEvent { correlation: order.correlation, ..event }));
    }
}
