//! The fast book and its naive twin, side by side: every operation goes to both, and everything they say is compared.

use stratd_orderbook::{BookConfig, Error, Event, NaiveBook, NewStop, Operation, Order, OrderBook, OrderId};
use stratd_plugin_api::{Price, Reason, Side};

/// Both implementations in the same state.
pub(crate) struct Pair {
    pub(crate) fast: OrderBook,
    naive: NaiveBook,
    fast_events: Vec<Event>,
    naive_events: Vec<Event>,
    /// Every id that an operation named.
    ids: Vec<OrderId>,
}

impl Pair {
    pub(crate) fn new(config: BookConfig) -> Self {
        Self {
            fast: OrderBook::new(config),
            naive: NaiveBook::new(config),
            fast_events: Vec::new(),
            naive_events: Vec::new(),
            ids: Vec::new(),
        }
    }

    /// Applies one operation to both, asserts that they agree and that the invariants hold, and returns the outcome.
    pub(crate) fn apply(&mut self, operation: Operation) -> Result<&[Event], Reason> {
        self.fast_events.clear();
        self.naive_events.clear();
        let sequence = self.fast.sequence();
        let before = self.state();
        let fast = self.fast.apply(operation, &mut self.fast_events);
        let naive = self.naive.apply(operation, &mut self.naive_events);
        assert_eq!(fast, naive, "outcome of {operation:?}");
        assert_eq!(self.fast_events, self.naive_events, "events of {operation:?}");
        let sequences: Vec<u64> = self.fast_events.iter().map(|event| event.sequence).collect();
        let expected: Vec<u64> = (sequence + 1..=sequence + sequences.len() as u64).collect();
        assert_eq!(sequences, expected, "sequence numbers of {operation:?}");
        assert_eq!(fast.is_err(), sequences.is_empty(), "events of {operation:?}");
        if fast.is_err() {
            assert_eq!(self.state(), before, "refused: {operation:?}");
        }
        self.remember(operation);
        self.compare();
        fast.map(|()| self.fast_events.as_slice()).map_err(|error| error_reason(&error, operation))
    }

    /// What a refused operation must leave as it is.
    fn state(&self) -> (Vec<Order>, Vec<NewStop>, Option<Price>) {
        (self.fast.iter().collect(), self.fast.stops().collect(), self.fast.last_price())
    }

    fn remember(&mut self, operation: Operation) {
        match operation {
            Operation::Add(order) => self.ids.push(order.id),
            Operation::AddStop(stop) => self.ids.extend([stop.id, stop.target.id]),
            Operation::Cancel(id) | Operation::Change { id, .. } => self.ids.push(id),
        }
        self.ids.sort_unstable();
        self.ids.dedup();
    }

    /// Every query, on both.
    fn compare(&self) {
        let (fast, naive) = (&self.fast, &self.naive);
        fast.assert_invariants();
        assert!(fast.iter().eq(naive.iter()), "iter");
        assert!(fast.stops().eq(naive.stops()), "stops");
        assert_eq!(fast.top_of_book(), naive.top_of_book());
        assert_eq!(fast.spread(), naive.spread());
        assert_eq!(fast.last_price(), naive.last_price());
        assert_eq!(fast.sequence(), naive.sequence());
        assert_eq!(fast.order_count(), naive.order_count());
        assert_eq!(fast.stop_count(), naive.stop_count());
        assert_eq!(fast.is_empty(), naive.is_empty());
        assert_eq!(fast.config(), naive.config());
        let levels = fast.levels(usize::MAX);
        assert_eq!(levels, naive.levels(usize::MAX));
        assert_eq!(fast.levels(2), naive.levels(2));
        assert!(fast.bids(3).eq(naive.bids(3)) && fast.asks(3).eq(naive.asks(3)));
        for index in 0..=levels.bids.len().max(levels.asks.len()) {
            assert_eq!(fast.level(index), naive.level(index), "level({index})");
            for side in [Side::Buy, Side::Sell] {
                assert_eq!(fast.level_on(side, index), naive.level_on(side, index));
            }
        }
        for level in levels.bids.iter().chain(&levels.asks) {
            self.compare_at(level.price);
            self.compare_at(level.price.checked_add(Price::new(1)).unwrap_or(Price::MIN));
        }
        for id in &self.ids {
            assert_eq!(fast.find(*id), naive.find(*id), "find({id})");
            assert_eq!(fast.find_stop(*id), naive.find_stop(*id), "find_stop({id})");
        }
    }

    fn compare_at(&self, price: Price) {
        let (fast, naive) = (&self.fast, &self.naive);
        assert_eq!(fast.level_at(price), naive.level_at(price), "level_at({price})");
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(fast.level_at_on(side, price), naive.level_at_on(side, price));
            assert!(fast.orders_at(side, price).eq(naive.orders_at(side, price)), "orders_at({price})");
        }
    }
}

/// The reason of a refusal, whose error names the operation's id.
fn error_reason(error: &Error, operation: Operation) -> Reason {
    let id = match operation {
        Operation::Add(order) => order.id,
        Operation::AddStop(stop) => stop.id,
        Operation::Cancel(id) | Operation::Change { id, .. } => id,
    };
    assert_eq!(error.id(), Some(id));
    assert!(error.to_string().contains(error.reason().name()), "{error}");
    error.reason()
}
