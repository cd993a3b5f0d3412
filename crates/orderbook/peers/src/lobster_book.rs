//! The crate `lobster`: levels in a tree, queues of indices into an arena.
//!
//! It does not tell whether a cancel found its order, and it keeps the record of a filled order until it is canceled.

use lobster::{OrderBook, OrderEvent, OrderType};

use crate::{Book, Side, Tally};

/// As many orders as the stream has at once, generously; the default of its queues.
const ORDERS: usize = 20_000;
const QUEUE: usize = 10;

pub(crate) struct Lobster(OrderBook);

impl Lobster {
    pub(crate) fn new() -> Self {
        Self(OrderBook::new(ORDERS, QUEUE, false))
    }

    #[inline]
    fn execute(&mut self, order: OrderType, tally: &mut Tally) {
        let (OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. }) =
            self.0.execute(order)
        else {
            return;
        };
        for fill in fills {
            tally.count(number(fill.order_1), number(fill.order_2), fill.price, fill.qty);
        }
    }
}

impl Book for Lobster {
    #[inline]
    fn add(&mut self, side: Side, id: u64, price: u16, quantity: u32, tally: &mut Tally) {
        let order =
            OrderType::Limit { id: id.into(), side: of(side), qty: quantity.into(), price: price.into() };
        self.execute(order, tally);
    }

    #[inline]
    fn market(&mut self, side: Side, id: u64, quantity: u32, tally: &mut Tally) {
        self.execute(OrderType::Market { id: id.into(), side: of(side), qty: quantity.into() }, tally);
    }

    /// The stream only replaces live orders, so that the answer does not matter.
    #[inline]
    fn cancel(&mut self, id: u64) -> bool {
        matches!(self.0.execute(OrderType::Cancel { id: id.into() }), OrderEvent::Canceled { .. })
    }
}

#[inline]
fn of(side: Side) -> lobster::Side {
    match side {
        Side::Buy => lobster::Side::Bid,
        Side::Sell => lobster::Side::Ask,
    }
}

#[inline]
fn number(id: u128) -> u64 {
    u64::try_from(id).unwrap_or(u64::MAX)
}
