//! One instrument: its book, its crowd, and the renewal that keeps its memory constant.

use std::collections::BTreeMap;

use stratd_orderbook::{BookConfig, Event, NewOrder, NewStop, Operation, Order, OrderBook, OrderId, Terms};
use stratd_plugin_api::{Instrument, InstrumentId, InstrumentType, Price, Quantity, Quote, Side, Timestamp};

use super::{
    config::{ORDERS_MAX, STOPS_MAX},
    participants::Participants,
    random::Random,
};

/// Bits of an id that count within one market; the market's number stands above them, so ids are unique in the venue
/// and in sequence within a book, which is what the book's memory of ids wants.
const ID_BITS: u32 = 40;
/// Two ids that no market gives out.
const NOBODY: [OrderId; 2] = [OrderId(u64::MAX - 1), OrderId(u64::MAX)];

/// One instrument.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) instrument: Instrument,
    pub(crate) book: OrderBook,
    pub(crate) ids: Ids,
    pub(crate) participants: Participants,
    /// Price levels that the operation under way touched.
    pub(crate) touched: Vec<(Side, Price)>,
    /// Whether its market data is wanted.
    pub(crate) is_subscribed: bool,
    quote: Option<Quote>,
    /// What orders had filled when the book was renewed: the book does not know of it.
    carried: BTreeMap<OrderId, i64>,
    /// Waiting stops with their price and the count of their entry, to keep their order in a renewal.
    stops: BTreeMap<OrderId, (Price, u64)>,
    stop_entries: u64,
    /// The number above the ids' count.
    index: u32,
    /// The last price of an earlier venue, for as long as nothing traded in this one.
    resumed_price: Option<Price>,
}

/// Ids of one market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    next: u64,
    since_renewal: u64,
}

impl Ids {
    pub(crate) fn take(&mut self) -> OrderId {
        let id = OrderId(self.next);
        self.next += 1;
        self.since_renewal += 1;
        id
    }
}

impl Market {
    /// The market number `index` with a start price by chance.
    pub(crate) fn new(index: u32, random: &mut Random) -> Self {
        // 20.00 to 420.00
        let price = 2_000 + i64::from(random.below(40_000));
        let mut instrument =
            Instrument::new(symbol(index), InstrumentType::Equity).price_decimals(2).currency("USD");
        instrument.id = InstrumentId(index + 1);
        Self {
            instrument,
            book: OrderBook::new(book_config()),
            ids: Ids { next: first_id(index), since_renewal: 0 },
            participants: Participants::new(price),
            touched: Vec::new(),
            is_subscribed: true,
            quote: None,
            carried: BTreeMap::new(),
            stops: BTreeMap::new(),
            stop_entries: 0,
            index,
            resumed_price: None,
        }
    }

    /// Goes on with ids above `ids` and around a price.
    pub(crate) fn resume(&mut self, ids: u64, price: Option<Price>) {
        self.ids.next = self.ids.next.max(first_id(self.index).saturating_add(ids));
        if let Some(price) = price {
            self.resumed_price = Some(price);
            self.participants.resume(price.get());
        }
    }

    /// How many ids it gave out, those of the venue that it goes on from included.
    pub(crate) fn ids_given(&self) -> u64 {
        self.ids.next.saturating_sub(first_id(self.index))
    }

    /// The last price, or 0.
    pub(crate) fn last_price(&self) -> Price {
        self.book.last_price().or(self.resumed_price).unwrap_or_default()
    }

    /// An order had filled so much before this book knew it.
    pub(crate) fn carry(&mut self, id: OrderId, filled: i64) {
        if filled > 0 {
            *self.carried.entry(id).or_default() += filled;
        }
    }

    /// What a participant does next.
    pub(crate) fn next_operation(&mut self, random: &mut Random) -> Operation {
        let operation = self.participants.decide(&self.book, random, &mut self.ids);
        match operation {
            // they look into the book, which does not know what orders had filled before a renewal
            Operation::Change { id, price, quantity } => {
                let quantity = Quantity::new(quantity.get().saturating_add(self.carried(id)));
                Operation::Change { id, price, quantity }
            }
            Operation::Add(_) | Operation::AddStop(_) | Operation::Cancel(_) => operation,
        }
    }

    fn carried(&self, id: OrderId) -> i64 {
        self.carried.get(&id).copied().unwrap_or(0)
    }

    /// Does an operation. `Change` has the whole order in mind, as everyone outside.
    pub(crate) fn apply(
        &mut self,
        operation: Operation,
        events: &mut Vec<Event>,
    ) -> Result<(), stratd_orderbook::Error> {
        self.touched.clear();
        let operation = match operation {
            Operation::Change { id, price, quantity } => {
                if let Some(old) = self.book.find(id) {
                    self.touch(old.side, old.price);
                }
                let quantity = Quantity::new(quantity.get().saturating_sub(self.carried(id)));
                Operation::Change { id, price, quantity }
            }
            Operation::Add(_) | Operation::AddStop(_) | Operation::Cancel(_) => operation,
        };
        self.book.apply(operation, events)
    }

    pub(crate) fn touch(&mut self, side: Side, price: Price) {
        if !self.touched.contains(&(side, price)) {
            self.touched.push((side, price));
        }
    }

    /// The order with what it had filled before the last renewal.
    pub(crate) fn whole(&self, order: Order) -> Order {
        let carried = self.carried(order.id);
        let plus = |quantity: Quantity| Quantity::new(quantity.get().saturating_add(carried));
        Order { quantity: plus(order.quantity), filled: plus(order.filled), ..order }
    }

    pub(crate) fn order_ended(&mut self, id: OrderId) {
        self.carried.remove(&id);
    }

    pub(crate) fn stop_waits(&mut self, id: OrderId, price: Price) {
        // the same price keeps its place in the queue
        if self.stops.get(&id).is_none_or(|(old, _)| *old != price) {
            self.stop_entries += 1;
            self.stops.insert(id, (price, self.stop_entries));
        }
    }

    pub(crate) fn stop_ended(&mut self, id: OrderId) {
        self.stops.remove(&id);
    }

    /// Best bid and offer.
    pub(crate) fn quote(&self, now: Timestamp) -> Quote {
        let top = self.book.top_of_book();
        let of = |level: Option<stratd_orderbook::Level>| {
            level.map_or((Price::ZERO, Quantity::ZERO), |level| (level.price, level.quantity))
        };
        let ((bid, bid_quantity), (ask, ask_quantity)) = (of(top.bid), of(top.ask));
        Quote {
            ts: now,
            ts_recv: Timestamp::default(),
            seq: 0,
            instrument: self.instrument.id,
            bid,
            bid_quantity,
            ask,
            ask_quantity,
        }
    }

    /// The quote, if it differs from the one before.
    pub(crate) fn changed_quote(&mut self, now: Timestamp) -> Option<Quote> {
        let quote = self.quote(now);
        let is_same = self.quote.is_some_and(|old| Quote { ts: now, ..old } == quote);
        self.quote = Some(quote);
        (!is_same).then_some(quote)
    }

    /// Makes the book anew from what is in it once it has seen `ids_max` ids, because it remembers each.
    /// Queues, the last price and the order of stops stay; nobody sees it.
    pub(crate) fn renew_after(&mut self, ids_max: u64) {
        if self.ids.since_renewal < ids_max {
            return;
        }
        self.ids.since_renewal = 0;
        let mut book = OrderBook::new(book_config());
        let mut events = Vec::new();
        let mut add = |operation| {
            book.apply(operation, &mut events).expect("what an equal book accepted is accepted again");
        };
        if let Some(last) = self.book.last_price() {
            // one lot changes hands between nobody and nobody, so that the book knows the last price
            add(Operation::Add(NewOrder::limit(NOBODY[0], Side::Sell, Quantity::new(1), last)));
            add(Operation::Add(NewOrder::market(NOBODY[1], Side::Buy, Quantity::new(1))));
        }
        for order in self.book.iter() {
            let Order { id, owner, side, price, flags, self_trade, .. } = order;
            if order.filled.is_positive() {
                *self.carried.entry(id).or_default() += order.filled.get();
            }
            let terms = Terms::Limit { quantity: order.remaining(), price };
            add(Operation::Add(NewOrder { id, owner, side, terms, flags, self_trade }));
        }
        let mut stops: Vec<NewStop> = self.book.stops().collect();
        stops.sort_by_key(|stop| self.stops.get(&stop.id).map(|(_, entry)| *entry));
        for stop in stops {
            add(Operation::AddStop(stop));
        }
        self.book = book;
    }
}

fn first_id(index: u32) -> u64 {
    (u64::from(index) << ID_BITS) + 1
}

fn book_config() -> BookConfig {
    // ids are not limited: the renewal comes long before
    BookConfig::default().orders_max(ORDERS_MAX).stops_max(STOPS_MAX).ids_max(u64::MAX)
}

/// AAA, BBB, … ZZZ, then AAB, AAC, …
fn symbol(index: u32) -> String {
    let letter = |n: u32| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
    if index < 26 {
        return String::from(letter(index)).repeat(3);
    }
    // every word of three letters but those of one letter repeated: 26 of each 676 + 26 + 1 are left out
    let mut words = (0..26 * 26 * 26).filter(|n| n % (676 + 26 + 1) != 0);
    let n = words.nth((index - 26) as usize).unwrap_or(0);
    [letter(n / 676), letter(n / 26), letter(n)].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::venue::config::INSTRUMENTS_MAX;

    #[test]
    fn symbols_are_words_and_unique() {
        assert_eq!([symbol(0), symbol(25), symbol(26), symbol(27)], ["AAA", "ZZZ", "AAB", "AAC"]);
        let all: BTreeSet<_> = (0..INSTRUMENTS_MAX).map(symbol).collect();
        assert_eq!(all.len(), INSTRUMENTS_MAX as usize);
    }
}
