//! Public data: from the events of the venue to those of the host, without a gap.
//!
//! The venue numbers its public events, and each says which one came before it on this connection. An event that does
//! not follow the last one is not taken: the missing ones are asked for (RESUME), and if the venue does not keep them
//! any more, new snapshots (SUBSCRIBE). A snapshot counts if it has as many orders as the venue said.

use std::collections::{BTreeMap, BTreeSet};

use stratd_plugin_api::{
    BookUpdate, ExchangeHandle, Instrument, InstrumentId, OrderEventKind, OrderStatus, Price, Quantity,
    Quote, Side, Timestamp, Trade,
    abi::{self, TextHandle},
};

use super::book::{Book, Resting};
use crate::{
    config::Feeds,
    tell::Tell,
    wire::{self, Names, OrderFields},
};

/// Orders that a book may hold. A book with more is not kept: its snapshot counts as incomplete.
const ORDERS_MAX: usize = 1_000_000;

/// What the market needs from the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing: it is up to date, or has asked.
    Nothing,
    /// The events after this one.
    Resume(u64),
    /// New snapshots.
    Snapshot,
}

/// What is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nobody subscribed, or the connection is closed.
    #[default]
    Idle,
    /// Snapshots of these instruments are to come.
    Snapshots(BTreeSet<String>),
    /// Missing events are to come.
    Resuming,
    Live,
}

/// A snapshot on its way.
#[derive(Debug, Default)]
struct Incoming {
    seq: u64,
    orders: BTreeMap<TextHandle, Resting>,
}

/// The public data of all instruments.
pub(super) struct Market {
    host: ExchangeHandle,
    feeds: Feeds,
    state: State,
    /// The last event that was taken.
    last: Option<u64>,
    books: BTreeMap<String, Book>,
    incoming: BTreeMap<String, Incoming>,
    /// The venue has accepted the question for snapshots; those that come before are of an earlier question.
    is_begun: bool,
    /// The host knows that books miss something.
    is_gap_told: bool,
}

impl Market {
    pub(super) fn new(host: ExchangeHandle, feeds: Feeds) -> Self {
        let (state, books, incoming) = Default::default();
        Self { host, feeds, state, last: None, books, incoming, is_begun: false, is_gap_told: false }
    }

    /// The connection is gone; what is known of the books is kept.
    pub(super) fn close(&mut self) {
        self.state = State::Idle;
        self.incoming.clear();
    }

    /// The venue is another one: nothing that was known counts.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// What to ask for on a new connection.
    pub(super) fn open(&self) -> Need {
        self.last.map_or(Need::Snapshot, Need::Resume)
    }

    /// Whether snapshots are to come.
    pub(super) fn awaits(&self) -> bool {
        matches!(self.state, State::Snapshots(_))
    }

    pub(super) fn is_live(&self) -> bool {
        self.state == State::Live
    }

    /// Snapshots of these instruments were asked for.
    pub(super) fn awaits_snapshots(&mut self, names: BTreeSet<String>) {
        self.incoming.clear();
        self.is_begun = false;
        self.last = None;
        self.state = if names.is_empty() { State::Live } else { State::Snapshots(names) };
    }

    /// The snapshots that were asked for come from here on.
    pub(super) fn begins(&mut self) {
        self.is_begun = true;
    }

    /// The books miss something that cannot be had any more.
    pub(super) fn tell_gaps(&mut self, names: &Names, tell: &mut Tell) {
        if std::mem::replace(&mut self.is_gap_told, true) {
            return;
        }
        let now = self.host.now();
        let known = self.books.keys().filter(|_| self.feeds.book);
        for instrument in known.filter_map(|name| names.named(name)) {
            let update = BookUpdate { is_gap: true, side: None, ..level(instrument, (Side::Buy, 0, 0), now) };
            tell.market((&update).into());
        }
    }

    /// The missing events were asked for.
    pub(super) fn awaits_events(&mut self) {
        self.state = State::Resuming;
    }

    /// The missing events come from here on.
    pub(super) fn resumes(&mut self) {
        if self.state == State::Resuming {
            self.state = State::Live;
        }
    }

    /// The venue's word of the last event that was due: one lost at the tail shows here.
    pub(super) fn heartbeat(&mut self, prev: u64) -> Need {
        match (&self.state, self.last) {
            (State::Live, Some(last)) if prev > last => Need::Resume(last),
            _ => Need::Nothing,
        }
    }

    /// An order of a snapshot.
    pub(super) fn snapshot_order(&mut self, fields: &OrderFields<'_>, names: &Names) {
        let State::Snapshots(awaited) = &self.state else { return };
        if !self.is_begun {
            return;
        }
        let name: &str = &fields.instrument.name;
        let seq = fields.seq.unwrap_or(0);
        if !awaited.contains(name) {
            return;
        }
        let Some(order) = names.named(name).and_then(|instrument| resting(fields, instrument)) else {
            return;
        };
        let incoming = self.incoming.entry(name.to_owned()).or_default();
        if seq > incoming.seq {
            *incoming = Incoming { seq, ..Incoming::default() };
        }
        if seq == incoming.seq && incoming.orders.len() <= ORDERS_MAX {
            incoming.orders.insert(wire::handle(&self.host, &fields.id), order);
        }
    }

    /// The end of the snapshot of an instrument, with the number of its orders.
    pub(super) fn snapshot_end(
        &mut self,
        (name, seq, count): (&str, u64, usize),
        names: &Names,
        tell: &mut Tell,
    ) -> Need {
        let State::Snapshots(awaited) = &mut self.state else { return Need::Nothing };
        if !self.is_begun || !awaited.contains(name) {
            return Need::Nothing;
        }
        let mut incoming = self.incoming.remove(name).unwrap_or_default();
        if incoming.seq != seq {
            // of an earlier snapshot, or none came
            incoming = Incoming { seq, ..Incoming::default() };
        }
        if incoming.orders.len() != count {
            return Need::Snapshot;
        }
        awaited.remove(name);
        let is_whole = awaited.is_empty();
        // of several subscriptions the first counts: what is missing since is asked for
        self.last.get_or_insert(seq);
        if is_whole {
            self.is_gap_told = false;
            self.state = State::Live;
        }
        if let Some(instrument) = names.named(name).cloned() {
            self.install(&instrument, Book::of(seq, incoming.orders), tell);
        }
        Need::Nothing
    }

    /// A new book: told as a whole, and order by order where it differs from what was known.
    fn install(&mut self, instrument: &Instrument, book: Book, tell: &mut Tell) {
        let now = self.host.now();
        let before = self.books.remove(&instrument.symbol).unwrap_or_default();
        if self.feeds.orders {
            let event = |kind, (id, order): (&TextHandle, &Resting)| {
                let status =
                    if kind == OrderEventKind::Cancel { OrderStatus::Canceled } else { OrderStatus::Open };
                order_event(instrument, kind, status, (*id, *order), now)
            };
            for known in before.orders().filter(|(id, _)| book.get(**id).is_none()) {
                tell.order(event(OrderEventKind::Cancel, known));
            }
            for (id, order) in book.orders() {
                match before.get(*id) {
                    None => tell.order(event(OrderEventKind::Open, (id, order))),
                    Some(known) if known != order => tell.order(event(OrderEventKind::Change, (id, order))),
                    Some(_) => {}
                }
            }
        }
        if self.feeds.book {
            // an empty book is told, too: forget what was known
            let empty = [(Side::Buy, 0, 0)];
            let is_empty = book.all_levels().next().is_none();
            let levels = book.all_levels().chain(empty.into_iter().filter(|_| is_empty));
            let levels: Vec<_> = levels.collect();
            tell_levels(instrument, &levels, true, (now, now), tell);
        }
        self.books.insert(instrument.symbol.clone(), book);
        self.tell_quote(instrument, now, tell);
    }

    /// A public event; what it shows to be missing.
    pub(super) fn event(&mut self, fields: &OrderFields<'_>, names: &Names, tell: &mut Tell) -> Need {
        let (Some(seq), Some(prev)) = (fields.seq, fields.prev) else { return Need::Nothing };
        let (State::Live | State::Resuming, Some(last)) = (&self.state, self.last) else {
            return Need::Nothing;
        };
        if seq <= last {
            return Need::Nothing;
        }
        if prev > last {
            return if self.state == State::Live { Need::Resume(last) } else { Need::Nothing };
        }
        self.last = Some(seq);
        let Some(instrument) = names.named(&fields.instrument.name).cloned() else { return Need::Nothing };
        if fields.kind == "TRADE" {
            if self.feeds.trades {
                self.trade(fields, &instrument, tell);
            }
        } else if self.feeds.needs_book() {
            self.order(fields, &instrument, tell);
        }
        Need::Nothing
    }

    fn trade(&self, fields: &OrderFields<'_>, instrument: &Instrument, tell: &mut Tell) {
        let price = wire::decimal(fields.price).and_then(|price| instrument.price(price).ok());
        let quantity = wire::decimal(fields.volume).and_then(|volume| instrument.quantity(volume).ok());
        let (Some(price), Some(quantity)) = (price, quantity) else { return };
        let now = self.host.now();
        let trade = Trade {
            ts: wire::timestamp(fields.timestamp).unwrap_or(now),
            ts_recv: now,
            seq: 0,
            instrument: instrument.id,
            price,
            quantity,
            aggressor: wire::side(&fields.taker.side).or_else(|| wire::side(&fields.side)),
            is_from_bar: false,
            trade_id: wire::handle(&self.host, &fields.id),
        };
        tell.market((&trade).into());
    }

    fn order(&mut self, fields: &OrderFields<'_>, instrument: &Instrument, tell: &mut Tell) {
        let (kind, status) = match &*fields.kind {
            "OPEN" => (OrderEventKind::Open, OrderStatus::Open),
            "CANCEL" => (OrderEventKind::Cancel, OrderStatus::Canceled),
            "FILL" => (OrderEventKind::Fill, OrderStatus::Filled),
            "CHANGE" if fields.last_volume.is_some() => {
                (OrderEventKind::Change, OrderStatus::PartiallyFilled)
            }
            _ => (OrderEventKind::Change, OrderStatus::Open),
        };
        let Some(order) = resting(fields, instrument) else { return };
        let (now, id) = (self.host.now(), wire::handle(&self.host, &fields.id));
        let ts = wire::timestamp(fields.timestamp).unwrap_or(now);
        if self.feeds.orders {
            let execution = execution(fields, instrument);
            tell.order(abi::OrderEvent {
                ts_recv: now.get(),
                last_price: execution.map_or(0, |(price, _)| price),
                last_quantity: execution.map_or(0, |(_, quantity)| quantity),
                trade_id: execution.map_or(0, |_| wire::handle(&self.host, &fields.trade_id)),
                reason: wire::reason(&fields.reason).code(),
                ..order_event(instrument, kind, status, (id, order), ts)
            });
        }
        let Some(book) = self.books.get_mut(&instrument.symbol) else { return };
        if fields.seq.is_none_or(|seq| seq <= book.seq) {
            // it is in the snapshot
            return;
        }
        let touched = match kind {
            OrderEventKind::Open => book.put(id, Some(order)),
            // what never rested is not in the book
            OrderEventKind::Change if book.get(id).is_none() => Vec::new(),
            OrderEventKind::Change => book.put(id, Some(order)),
            _ => book.put(id, None),
        };
        if self.feeds.book {
            let levels: Vec<_> =
                touched.into_iter().map(|(side, price)| (side, price, book.level(side, price))).collect();
            tell_levels(instrument, &levels, false, (ts, now), tell);
        }
        self.tell_quote(instrument, ts, tell);
    }

    /// The best prices, if they changed.
    fn tell_quote(&mut self, instrument: &Instrument, ts: Timestamp, tell: &mut Tell) {
        let Some(book) = self.books.get_mut(&instrument.symbol).filter(|_| self.feeds.quotes) else { return };
        let best = book.best();
        if book.told.replace(best) == Some(best) {
            return;
        }
        let [(bid, bid_quantity), (ask, ask_quantity)] = best;
        let quote = Quote {
            ts,
            ts_recv: self.host.now(),
            seq: 0,
            instrument: instrument.id,
            bid: Price::new(bid),
            bid_quantity: Quantity::new(bid_quantity),
            ask: Price::new(ask),
            ask_quantity: Quantity::new(ask_quantity),
        };
        tell.market((&quote).into());
    }
}

/// Trading in an instrument stops, or goes on.
pub(super) fn halt(instrument: InstrumentId, kind: u16, now: Timestamp) -> abi::Event {
    abi::Event {
        ts: now.get(),
        instrument: instrument.0,
        kind,
        data: [i64::from(abi::reason::EXCHANGE), 0, 0, 0, 0],
        ..abi::Event::default()
    }
}

/// Levels that changed together.
fn tell_levels(
    instrument: &Instrument,
    levels: &[(Side, i64, i64)],
    is_snapshot: bool,
    (ts, ts_recv): (Timestamp, Timestamp),
    tell: &mut Tell,
) {
    for (at, one) in levels.iter().enumerate() {
        let update = BookUpdate {
            ts_recv,
            is_snapshot: is_snapshot && at == 0,
            has_more: at + 1 < levels.len(),
            ..level(instrument, *one, ts)
        };
        tell.market((&update).into());
    }
}

/// An order as it is told; `None` if its numbers are not on the grid.
fn resting(fields: &OrderFields<'_>, instrument: &Instrument) -> Option<Resting> {
    let quantity = |raw| wire::decimal(raw).and_then(|number| instrument.quantity(number).ok());
    // a market order has no price
    let price =
        wire::decimal(fields.price).map_or(Some(Price::default()), |price| instrument.price(price).ok());
    Some(Resting {
        side: wire::side(&fields.side)?,
        price: price?.get(),
        quantity: quantity(fields.volume)?.get(),
        filled: quantity(fields.filled).unwrap_or_default().get(),
    })
}

fn execution(fields: &OrderFields<'_>, instrument: &Instrument) -> Option<(i64, i64)> {
    let price = instrument.price(wire::decimal(fields.last_price)?).ok()?;
    let quantity = instrument.quantity(wire::decimal(fields.last_volume)?).ok()?;
    Some((price.get(), quantity.get()))
}

fn level(instrument: &Instrument, (side, price, quantity): (Side, i64, i64), ts: Timestamp) -> BookUpdate {
    BookUpdate {
        ts,
        ts_recv: Timestamp::default(),
        seq: 0,
        instrument: instrument.id,
        side: Some(side),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        order_id: 0,
        is_snapshot: false,
        is_gap: false,
        has_more: false,
        feed_number: 0,
    }
}

/// An event of anyone's order.
fn order_event(
    instrument: &Instrument,
    kind: OrderEventKind,
    status: OrderStatus,
    (id, order): (TextHandle, Resting),
    ts: Timestamp,
) -> abi::OrderEvent {
    abi::OrderEvent {
        ts: ts.get(),
        exchange_order_id: id,
        instrument: instrument.id.0,
        kind: kind.code(),
        status: status.code(),
        side: order.side.code(),
        price: order.price,
        quantity: order.quantity,
        cumulative_quantity: order.filled,
        order_type: if order.price == 0 { abi::order_type::MARKET } else { abi::order_type::LIMIT },
        ..abi::OrderEvent::default()
    }
}
