//! What is true of a book after every operation, as assertions. For tests: they walk over everything.

use stratd_plugin_api::Side;

use super::OrderBook;

impl OrderBook {
    /// Checks what the modules promise: rule 3 of the book, and the structures underneath.
    ///
    /// # Panics
    /// If the book is broken.
    pub fn assert_invariants(&self) {
        let (bid, ask) = (self.bids(1).next(), self.asks(1).next());
        if let (Some(bid), Some(ask)) = (bid, ask) {
            assert!(bid.price < ask.price, "crossed or locked: {bid:?} {ask:?}");
        }
        let mut resting = 0u32;
        for side in [Side::Buy, Side::Sell] {
            let ladder = self.sides.of(side);
            ladder.assert_invariants(&self.orders.links, |slot| self.orders.get(slot).remaining());
            for (tick, queue) in ladder.levels() {
                let level = ladder.find(ladder.rank(tick));
                assert_eq!(
                    queue.len as usize,
                    self.orders.queue(queue.head).count(),
                    "{side} at tick {tick}"
                );
                for order in self.orders.queue(queue.head) {
                    assert_eq!(order.order.side, side, "{:?}", order.order);
                    assert!(order.order.filled < order.order.quantity, "{:?}", order.order);
                    assert!(!order.order.filled.get().is_negative(), "{:?}", order.order);
                    assert_eq!(Some(order.level), level, "{:?}", order.order);
                    assert_eq!(self.config.ticks(order.order.price), tick, "{:?}", order.order);
                    assert!(self.ids.contains(order.order.id), "{:?}", order.order);
                    assert_eq!(self.find(order.order.id), Some(order.order));
                    resting = resting.saturating_add(1);
                }
            }
        }
        assert_eq!(resting, self.orders.len(), "orders outside of the queues");
        assert!(resting <= self.config.max_orders(), "{resting} orders");
        self.assert_stops();
    }

    fn assert_stops(&self) {
        self.stops.assert_invariants();
        for stop in self.stops() {
            assert!(!self.is_through(&stop), "{stop:?} waits, last trade {:?}", self.tape.last);
            assert!(self.ids.contains(stop.id) && self.ids.contains(stop.target.id), "{stop:?}");
            assert_eq!(self.find_stop(stop.id), Some(stop));
        }
        assert!(self.stop_count() <= self.config.max_stops(), "{} stops", self.stop_count());
    }
}
