//! The queries of the twin, each as `OrderBook`'s of the same name.
#![expect(missing_docs, reason = "each is documented at OrderBook's of the same name")]

use std::cmp::Reverse;

use stratd_plugin_api::{Price, Quantity, Side};

use super::{NaiveBook, PriceLevels};
use crate::{
    book::{Level, Levels, TopOfBook},
    config::BookConfig,
    new_order::NewStop,
    order::{Order, OrderId},
};

impl NaiveBook {
    #[must_use]
    pub fn top_of_book(&self) -> TopOfBook {
        TopOfBook { bid: self.level_on(Side::Buy, 0), ask: self.level_on(Side::Sell, 0) }
    }

    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        let (ask, bid) = self.level(0);
        let spread = i128::from(ask?.price.get()) - i128::from(bid?.price.get());
        i64::try_from(spread).ok().map(Price::new)
    }

    #[must_use]
    pub fn level(&self, index: usize) -> (Option<Level>, Option<Level>) {
        (self.level_on(Side::Sell, index), self.level_on(Side::Buy, index))
    }

    #[must_use]
    pub fn level_on(&self, side: Side, index: usize) -> Option<Level> {
        match side {
            Side::Buy => self.bids(usize::MAX).nth(index),
            Side::Sell => self.asks(usize::MAX).nth(index),
        }
    }

    #[must_use]
    pub fn level_at(&self, price: Price) -> (Option<Level>, Option<Level>) {
        (self.level_at_on(Side::Sell, price), self.level_at_on(Side::Buy, price))
    }

    #[must_use]
    pub fn level_at_on(&self, side: Side, price: Price) -> Option<Level> {
        let mut orders = self.orders_at(side, price).peekable();
        orders.peek()?;
        Some(level(price, orders))
    }

    #[must_use]
    pub fn levels(&self, n: usize) -> Levels {
        Levels { bids: self.bids(n).collect(), asks: self.asks(n).collect() }
    }

    pub fn bids(&self, n: usize) -> impl Iterator<Item = Level> {
        self.bids.iter().rev().map(|(price, queue)| level(*price, queue.iter().copied())).take(n)
    }

    pub fn asks(&self, n: usize) -> impl Iterator<Item = Level> {
        self.asks.iter().map(|(price, queue)| level(*price, queue.iter().copied())).take(n)
    }

    #[must_use]
    pub fn find(&self, id: OrderId) -> Option<Order> {
        let (side, price) = self.places.get(&id)?;
        self.orders_at(*side, *price).find(|order| order.id == id)
    }

    #[must_use]
    pub fn find_stop(&self, id: OrderId) -> Option<NewStop> {
        self.stops().find(|stop| stop.id == id)
    }

    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = Order> {
        self.price_levels(side).get(&price).into_iter().flatten().copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = Order> {
        let asks = self.asks.values();
        asks.chain(self.bids.values().rev()).flatten().copied()
    }

    pub fn stops(&self) -> impl Iterator<Item = NewStop> {
        let on = |side| self.stops.iter().filter(move |waiting| waiting.stop.side == side);
        let mut buys: Vec<_> = on(Side::Buy).collect();
        let mut sells: Vec<_> = on(Side::Sell).collect();
        buys.sort_by_key(|waiting| (waiting.stop.stop_price, waiting.entry));
        sells.sort_by_key(|waiting| (Reverse(waiting.stop.stop_price), waiting.entry));
        buys.into_iter().chain(sells).map(|waiting| waiting.stop)
    }

    #[must_use]
    pub fn order_count(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    #[must_use]
    pub fn stop_count(&self) -> u32 {
        u32::try_from(self.stops.len()).unwrap_or(u32::MAX)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.stops.is_empty()
    }

    #[must_use]
    pub fn last_price(&self) -> Option<Price> {
        self.last_price
    }

    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    #[must_use]
    pub fn config(&self) -> &BookConfig {
        &self.config
    }

    fn price_levels(&self, side: Side) -> &PriceLevels {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }
}

fn level(price: Price, queue: impl Iterator<Item = Order>) -> Level {
    let (quantity, orders) =
        queue.fold((0, 0), |(quantity, orders), order| (quantity + order.remaining().get(), orders + 1));
    Level { price, quantity: Quantity::new(quantity), orders }
}
