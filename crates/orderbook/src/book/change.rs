//! Changing a resting order: in its place, to the back of its queue, or out and in again at another price.

use stratd_plugin_api::{OrderFlags, Price, Quantity, Reason};

use super::{
    OrderBook,
    matching::{Outcome, Taker},
};
use crate::{
    event::{Event, EventKind},
    exact::{difference, remaining},
    order::{Order, OrderId},
};

impl OrderBook {
    /// Checks a change and carries it out: of a resting order, or of a waiting stop.
    pub(super) fn change_by_id(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        events: &mut Vec<Event>,
    ) -> Result<(), Reason> {
        self.config.check_tick(price)?;
        self.config.check_lot(quantity)?;
        self.tape.range = None;
        let Some(slot) = self.slot_of(id) else { return self.change_stop(id, price, events) };
        let old = self.orders.get(slot).order;
        if quantity <= old.filled {
            return Err(Reason::VolumeNotAboveFilled);
        }
        let new = Order { price, quantity, ..old };
        let is_post_only = new.flags.contains(OrderFlags::POST_ONLY);
        if price != old.price && is_post_only && self.would_execute(new.side, price) {
            return Err(Reason::WouldExecute);
        }
        self.check_total(new.side, remaining(&old), remaining(&new))?;
        self.emit(EventKind::Change { order: new, last: None }, events);
        if price == old.price {
            self.requantify(slot, new);
        } else {
            self.replace(slot, new, events);
            self.run_elected(events);
        }
        Ok(())
    }

    /// Another quantity at the same price.
    fn requantify(&mut self, slot: u32, new: Order) {
        let resting = self.orders.get_mut(slot);
        let (level, old) = (resting.level, resting.remaining());
        resting.order = new;
        let ladder = self.sides.of_mut(new.side);
        let left = remaining(&new).get();
        if left <= old {
            ladder.reduce(level, difference(old, left));
        } else {
            ladder.unlink(level, slot, old, &mut self.orders.links);
            let level = ladder.level_for(ladder.rank(self.config.ticks(new.price)));
            ladder.append(level, slot, left, &mut self.orders.links);
            self.orders.get_mut(slot).level = level;
        }
    }

    /// Another price: out of the book, and in again as the incoming order.
    fn replace(&mut self, slot: u32, new: Order, events: &mut Vec<Event>) {
        self.remove(slot);
        let mut taker = Taker::changed(new);
        self.trade(&mut taker, events);
        match taker.outcome() {
            Outcome::Filled => {}
            // no second Open: it was open all the time
            Outcome::Rests => self.rest(taker.order),
            Outcome::Canceled(reason) => self.emit(EventKind::Cancel { order: taker.order, reason }, events),
        }
    }
}
