//! Replaying a generated stream on a book, and what it comes to.

use stratd_orderbook::{Error, Event, EventKind, Execution, NaiveBook, NewOrder, Order, OrderBook, OrderId};
use stratd_plugin_api::{Price, Quantity, Side};

use crate::genops::{Answers, GenOp, HASH_START, mix};

/// A book that can replay a stream.
pub(crate) trait Book {
    fn add(&mut self, order: NewOrder, events: &mut Vec<Event>) -> Result<(), Error>;
    fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), Error>;
    fn orders(&self) -> Vec<Order>;
}

impl Book for OrderBook {
    #[inline]
    fn add(&mut self, order: NewOrder, events: &mut Vec<Event>) -> Result<(), Error> {
        self.add(order, events)
    }

    #[inline]
    fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), Error> {
        self.cancel(id, events)
    }

    fn orders(&self) -> Vec<Order> {
        self.iter().collect()
    }
}

impl Book for NaiveBook {
    #[inline]
    fn add(&mut self, order: NewOrder, events: &mut Vec<Event>) -> Result<(), Error> {
        self.add(order, events)
    }

    #[inline]
    fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), Error> {
        self.cancel(id, events)
    }

    fn orders(&self) -> Vec<Order> {
        self.iter().collect()
    }
}

/// What was traded.
pub(crate) struct Tally {
    trade_hash: u64,
    trades: u64,
    volume: u64,
    notional: u64,
    /// Operations that were refused: cancels of finished orders.
    pub(crate) refused: u64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { trade_hash: HASH_START, trades: 0, volume: 0, notional: 0, refused: 0 }
    }

    /// Does one operation and looks through its events, as a user would.
    #[inline]
    pub(crate) fn replay(&mut self, operation: GenOp, book: &mut impl Book, events: &mut Vec<Event>) {
        let outcome = operate(operation, book, events);
        self.note(outcome, events);
    }

    #[inline]
    pub(crate) fn note(&mut self, outcome: Result<(), Error>, events: &[Event]) {
        self.refused += u64::from(outcome.is_err());
        let mut maker = None;
        for event in events {
            let (taker, last) = match &event.kind {
                EventKind::Change { order, last: Some(last) } | EventKind::Fill { order, last } => {
                    (order.id, *last)
                }
                _ => continue,
            };
            // the events of a match come in pairs: the maker's, then the taker's
            match maker.take() {
                None => maker = Some(taker),
                Some(maker) => self.count(taker, maker, last),
            }
        }
    }

    #[inline]
    fn count(&mut self, taker: OrderId, maker: OrderId, last: Execution) {
        let (price, quantity) = (last.price.get().cast_unsigned(), last.quantity.get().cast_unsigned());
        for word in [taker.0, maker.0, price, quantity] {
            mix(&mut self.trade_hash, word);
        }
        self.trades += 1;
        self.volume += quantity;
        self.notional += price * quantity;
    }

    /// The answers that the stream asks for: bids first, each side from its best price.
    pub(crate) fn answers(&self, book: &impl Book) -> Answers {
        let orders = book.orders();
        let (mut l2, mut l3) = (HASH_START, HASH_START);
        let mut levels = [0, 0];
        for (side, levels) in [Side::Buy, Side::Sell].into_iter().zip(&mut levels) {
            let orders: Vec<&Order> = orders.iter().filter(|order| order.side == side).collect();
            for queue in orders.chunk_by(|a, b| a.price == b.price) {
                let remaining = |order: &Order| order.remaining().get().cast_unsigned();
                let total: u64 = queue.iter().map(|order| remaining(order)).sum();
                for word in [queue[0].price.get().cast_unsigned(), total, queue.len() as u64] {
                    mix(&mut l2, word);
                }
                for order in queue {
                    mix(&mut l3, order.id.0);
                    mix(&mut l3, remaining(order));
                }
                *levels += 1;
            }
        }
        Answers {
            trades: self.trades,
            volume: self.volume,
            notional: self.notional,
            trade_hash: self.trade_hash,
            live: orders.len(),
            bid_levels: levels[0],
            ask_levels: levels[1],
            l2,
            l3,
        }
    }
}

/// Does one operation; `events` are its own afterwards.
#[inline]
pub(crate) fn operate(operation: GenOp, book: &mut impl Book, events: &mut Vec<Event>) -> Result<(), Error> {
    events.clear();
    match operation {
        GenOp::Add { side, id, price, quantity } => book.add(limit(side, id, price, quantity), events),
        GenOp::Cancel { id } => book.cancel(OrderId(id), events),
        GenOp::Replace { side, old, id, price, quantity } => book
            .cancel(OrderId(old), events)
            .and_then(|()| book.add(limit(side, id, price, quantity), events)),
        GenOp::Market { side, id, quantity } => {
            book.add(NewOrder::market(OrderId(id), side, Quantity::new(quantity.into())), events)
        }
    }
}

#[inline]
fn limit(side: Side, id: u64, price: u16, quantity: u32) -> NewOrder {
    NewOrder::limit(OrderId(id), side, Quantity::new(quantity.into()), Price::new(price.into()))
}
