//! The crate `orderbook-rs`: a concurrent book, here used by one thread, without listeners, fees or risk limits.
//!
//! A market order that finds nothing at all is an error there; it trades as little as ours.

use orderbook_rs::{Id, OrderBook, TimeInForce};

use crate::{Book, Side, Tally};

pub(crate) struct OrderbookRs(OrderBook<()>);

impl OrderbookRs {
    pub(crate) fn new() -> Self {
        Self(OrderBook::new("PEER"))
    }
}

impl Book for OrderbookRs {
    #[inline]
    fn add(&mut self, side: Side, id: u64, price: u16, quantity: u32, tally: &mut Tally) {
        let id = Id::sequential(id);
        let outcome = self.0.add_limit_order_with_result(
            id,
            price.into(),
            quantity.into(),
            of(side),
            TimeInForce::Gtc,
            None,
        );
        if let Ok((_, Some(result))) = outcome {
            count(result.match_result.trades().as_vec(), tally);
        }
    }

    #[inline]
    fn market(&mut self, side: Side, id: u64, quantity: u32, tally: &mut Tally) {
        if let Ok(result) = self.0.submit_market_order(Id::sequential(id), quantity.into(), of(side)) {
            count(result.trades().as_vec(), tally);
        }
    }

    #[inline]
    fn cancel(&mut self, id: u64) -> bool {
        matches!(self.0.cancel_order(Id::sequential(id)), Ok(Some(_)))
    }
}

#[inline]
fn of(side: Side) -> orderbook_rs::Side {
    match side {
        Side::Buy => orderbook_rs::Side::Buy,
        Side::Sell => orderbook_rs::Side::Sell,
    }
}

#[inline]
fn count(trades: &[pricelevel::Trade], tally: &mut Tally) {
    for trade in trades {
        let number = |id: Id| id.as_u64().unwrap_or(u64::MAX);
        let price = u64::try_from(trade.price().as_u128()).unwrap_or(u64::MAX);
        tally.count(
            number(trade.taker_order_id()),
            number(trade.maker_order_id()),
            price,
            trade.quantity().as_u64(),
        );
    }
}
