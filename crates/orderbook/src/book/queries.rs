//! What can be asked of a book. Nothing here changes it.
//!
//! The best level of a side costs O(1), the n-th O(n), a price O(log pages), an order by id O(1).

use stratd_plugin_api::{Price, Quantity, Side};

use super::OrderBook;
use crate::{
    config::BookConfig,
    new_order::NewStop,
    order::{Order, OrderId},
    store::Queue,
};

/// A price level: what rests at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Price.
    pub price: Price,
    /// The sum of what remains of its orders.
    pub quantity: Quantity,
    /// How many orders.
    pub orders: u32,
}

/// The best level of each side; `None` = the side is empty and has no price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopOfBook {
    /// The highest bid.
    pub bid: Option<Level>,
    /// The lowest ask.
    pub ask: Option<Level>,
}

/// The best levels of each side, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// From the highest bid down.
    pub bids: Vec<Level>,
    /// From the lowest ask up.
    pub asks: Vec<Level>,
}

/// Queries. The examples stand on a book with bids of 5 at 99 and 7 at 98, and an ask of 3 at 101.
impl OrderBook {
    /// The best level of each side.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let top = book.top_of_book();
    /// assert_eq!(top.bid.map(|level| level.price), Some(Price::new(99)));
    /// assert_eq!(top.ask.map(|level| level.quantity), Some(Quantity::new(3)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn top_of_book(&self) -> TopOfBook {
        TopOfBook { bid: self.bids(1).next(), ask: self.asks(1).next() }
    }

    /// The best ask minus the best bid; `None` if a side is empty, or if the difference exceeds a price.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.spread(), Some(Price::new(2)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        let TopOfBook { bid, ask } = self.top_of_book();
        ask?.price.checked_sub(bid?.price)
    }

    /// The level `index` steps behind the best one, as (ask, bid).
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let (ask, bid) = book.level(1);
    /// assert_eq!(ask, None);
    /// assert_eq!(bid.map(|level| level.price), Some(Price::new(98)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn level(&self, index: usize) -> (Option<Level>, Option<Level>) {
        (self.level_on(Side::Sell, index), self.level_on(Side::Buy, index))
    }

    /// The level `index` steps behind the best one of a side.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.level_on(Side::Buy, 1).map(|level| level.quantity), Some(Quantity::new(7)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn level_on(&self, side: Side, index: usize) -> Option<Level> {
        self.levels_of(side).nth(index)
    }

    /// The level at a price, as (ask, bid). At most one of them exists: a book is never locked.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let (ask, bid) = book.level_at(Price::new(98));
    /// assert_eq!((ask, bid.map(|level| level.orders)), (None, Some(1)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn level_at(&self, price: Price) -> (Option<Level>, Option<Level>) {
        (self.level_at_on(Side::Sell, price), self.level_at_on(Side::Buy, price))
    }

    /// The level of a side at a price.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.level_at_on(Side::Sell, Price::new(98)), None);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn level_at_on(&self, side: Side, price: Price) -> Option<Level> {
        let queue = self.queue_at(side, price)?;
        Some(Level { price, quantity: Quantity::new(queue.quantity), orders: queue.len })
    }

    /// The best `n` levels of each side.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let levels = book.levels(5);
    /// assert_eq!((levels.asks.len(), levels.bids.len()), (1, 2));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn levels(&self, n: usize) -> Levels {
        Levels { bids: self.bids(n).collect(), asks: self.asks(n).collect() }
    }

    /// The best `n` levels from the highest bid down.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let prices: Vec<i64> = book.bids(5).map(|level| level.price.get()).collect();
    /// assert_eq!(prices, [99, 98]);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    pub fn bids(&self, n: usize) -> impl Iterator<Item = Level> {
        self.levels_of(Side::Buy).take(n)
    }

    /// The best `n` levels from the lowest ask up.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let prices: Vec<i64> = book.asks(5).map(|level| level.price.get()).collect();
    /// assert_eq!(prices, [101]);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    pub fn asks(&self, n: usize) -> impl Iterator<Item = Level> {
        self.levels_of(Side::Sell).take(n)
    }

    /// A resting order.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.find(OrderId(2)).map(|order| order.quantity), Some(Quantity::new(7)));
    /// assert_eq!(book.find(OrderId(9)), None);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn find(&self, id: OrderId) -> Option<Order> {
        self.slot_of(id).map(|slot| self.orders.get(slot).order)
    }

    /// A waiting stop, with its target.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let target = NewOrder::market(OrderId(5), Side::Buy, Quantity::new(1));
    /// book.add_stop(NewStop::new(OrderId(4), Price::new(105), target), &mut Vec::new())?;
    /// assert_eq!(book.find_stop(OrderId(4)).map(|stop| stop.target), Some(target));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn find_stop(&self, id: OrderId) -> Option<NewStop> {
        self.stops.find(id).copied()
    }

    /// The orders at a price, first in time first.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let ids: Vec<OrderId> = book.orders_at(Side::Buy, Price::new(99)).map(|order| order.id).collect();
    /// assert_eq!(ids, [OrderId(1)]);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = Order> {
        let queue = self.queue_at(side, price);
        queue.into_iter().flat_map(|queue| self.queued(queue))
    }

    /// All resting orders: asks from low to high, then bids from high to low, first in time first at each price.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// let ids: Vec<u64> = book.iter().map(|order| order.id.0).collect();
    /// assert_eq!(ids, [3, 1, 2]);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Order> {
        let asks = self.sides.of(Side::Sell).levels();
        asks.chain(self.sides.of(Side::Buy).levels()).flat_map(|(_, queue)| self.queued(queue))
    }

    /// All waiting stops: buys from low to high, then sells from high to low, the earlier entry first at each price.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.stops().count(), 0);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    pub fn stops(&self) -> impl Iterator<Item = NewStop> {
        self.stops.iter().copied()
    }

    /// How many orders rest.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.order_count(), 3);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn order_count(&self) -> u32 {
        self.orders.len()
    }

    /// How many stops wait.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.stop_count(), 0);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn stop_count(&self) -> u32 {
        self.stops.len()
    }

    /// Whether nothing rests and nothing waits.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert!(!book.is_empty());
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order_count() == 0 && self.stop_count() == 0
    }

    /// The price of the last trade.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.last_price(), None);
    /// book.add(NewOrder::market(OrderId(4), Side::Buy, Quantity::new(1)), &mut Vec::new())?;
    /// assert_eq!(book.last_price(), Some(Price::new(101)));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn last_price(&self) -> Option<Price> {
        self.tape.last
    }

    /// The sequence number of the last event; 0 before the first.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.sequence(), 3);
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The grid and the limits.
    ///
    /// ```
    /// # use stratd_orderbook::{BookConfig, Level, NewOrder, NewStop, OrderBook, OrderId};
    /// # use stratd_plugin_api::{Price, Quantity, Side};
    /// # let mut book = OrderBook::new(BookConfig::default());
    /// # for (id, side, quantity, price) in [(1, Side::Buy, 5, 99), (2, Side::Buy, 7, 98), (3, Side::Sell, 3, 101)] {
    /// #     let order = NewOrder::limit(OrderId(id), side, Quantity::new(quantity), Price::new(price));
    /// #     book.add(order, &mut Vec::new())?;
    /// # }
    /// assert_eq!(book.config().tick(), Price::new(1));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn config(&self) -> &BookConfig {
        &self.config
    }

    fn levels_of(&self, side: Side) -> impl Iterator<Item = Level> {
        self.sides.of(side).levels().map(|(tick, queue)| Level {
            price: self.config.price_of(tick),
            quantity: Quantity::new(queue.quantity),
            orders: queue.len,
        })
    }

    fn queue_at(&self, side: Side, price: Price) -> Option<&Queue> {
        self.config.check_tick(price).ok()?;
        let ladder = self.sides.of(side);
        ladder.find(ladder.rank(self.config.ticks(price))).map(|level| ladder.queue(level))
    }

    fn queued(&self, queue: &Queue) -> impl Iterator<Item = Order> {
        self.orders.queue(queue.head).map(|resting| resting.order)
    }
}
