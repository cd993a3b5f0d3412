//! One instrument's book, made of the orders that rest in it.

use std::collections::BTreeMap;

use stratd_plugin_api::{Side, abi::TextHandle};

/// An order that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resting {
    pub(super) side: Side,
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) filled: i64,
}

impl Resting {
    fn open(&self) -> i64 {
        self.quantity.saturating_sub(self.filled)
    }
}

/// Best bid and offer with their quantities; an empty side is all 0.
pub(super) type Best = [(i64, i64); 2];

/// A book. Levels are sums of the orders on them, so that both always agree.
#[derive(Debug, Default)]
pub(super) struct Book {
    orders: BTreeMap<TextHandle, Resting>,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    /// Everything up to this event of the venue is in it.
    pub(super) seq: u64,
    /// What was last told of its best prices.
    pub(super) told: Option<Best>,
}

impl Book {
    pub(super) fn of(seq: u64, orders: BTreeMap<TextHandle, Resting>) -> Self {
        let mut book = Self { seq, ..Self::default() };
        for (id, order) in orders {
            book.put(id, Some(order));
        }
        book
    }

    pub(super) fn get(&self, id: TextHandle) -> Option<&Resting> {
        self.orders.get(&id)
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = (&TextHandle, &Resting)> {
        self.orders.iter()
    }

    /// Puts an order as it is now, or takes it out; the levels that it touched.
    pub(super) fn put(&mut self, id: TextHandle, order: Option<Resting>) -> Vec<(Side, i64)> {
        let order = order.filter(|order| order.open() > 0);
        let before = match order {
            Some(order) => self.orders.insert(id, order),
            None => self.orders.remove(&id),
        };
        let mut touched = Vec::new();
        for (order, sign) in [(before, -1), (order, 1)] {
            let Some(order) = order else { continue };
            let levels = self.levels_mut(order.side);
            let quantity = levels.entry(order.price).or_default();
            *quantity = quantity.saturating_add(sign * order.open());
            if *quantity <= 0 {
                levels.remove(&order.price);
            }
            if !touched.contains(&(order.side, order.price)) {
                touched.push((order.side, order.price));
            }
        }
        touched
    }

    /// The quantity of a level.
    pub(super) fn level(&self, side: Side, price: i64) -> i64 {
        self.levels(side).get(&price).copied().unwrap_or(0)
    }

    /// All levels, bids from the highest, then offers from the lowest.
    pub(super) fn all_levels(&self) -> impl Iterator<Item = (Side, i64, i64)> {
        let bids = self.bids.iter().rev().map(|(price, quantity)| (Side::Buy, *price, *quantity));
        bids.chain(self.asks.iter().map(|(price, quantity)| (Side::Sell, *price, *quantity)))
    }

    pub(super) fn best(&self) -> Best {
        let level =
            |level: Option<(&i64, &i64)>| level.map_or((0, 0), |(price, quantity)| (*price, *quantity));
        [level(self.bids.last_key_value()), level(self.asks.first_key_value())]
    }

    fn levels(&self, side: Side) -> &BTreeMap<i64, i64> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn levels_mut(&mut self, side: Side) -> &mut BTreeMap<i64, i64> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bid(price: i64, quantity: i64, filled: i64) -> Option<Resting> {
        Some(Resting { side: Side::Buy, price, quantity, filled })
    }

    #[test]
    fn levels_are_the_sums_of_their_orders() {
        let mut book = Book::default();
        assert_eq!(book.put(1, bid(100, 10, 0)), [(Side::Buy, 100)]);
        book.put(2, bid(100, 5, 2));
        assert_eq!((book.level(Side::Buy, 100), book.best()), (13, [(100, 13), (0, 0)]));
        // it moves: both levels are touched
        assert_eq!(book.put(1, bid(99, 10, 4)), [(Side::Buy, 100), (Side::Buy, 99)]);
        assert_eq!((book.level(Side::Buy, 100), book.level(Side::Buy, 99)), (3, 6));
        // completely filled is gone
        assert_eq!(book.put(2, bid(100, 5, 5)), [(Side::Buy, 100)]);
        assert_eq!(book.all_levels().collect::<Vec<_>>(), [(Side::Buy, 99, 6)]);
        assert!(book.put(7, None).is_empty());
    }
}
