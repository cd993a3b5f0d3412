//! What makes the book refuse a new order or stop. All that changes here is the set of ids, by what is accepted.

use stratd_plugin_api::{OrderFlags, Price, Quantity, Reason, Side};

use super::OrderBook;
use crate::new_order::{NewOrder, NewStop, Terms};

impl OrderBook {
    /// Checks everything that can make the book refuse a new order, and takes its id.
    #[inline]
    pub(super) fn accept(&mut self, order: &NewOrder) -> Result<(), Reason> {
        order.check_grid(&self.config)?;
        let checked = order
            .check_terms()
            .and_then(|()| self.check_admission(order))
            .and_then(|()| self.check_ids_left(1));
        if let Err(reason) = checked {
            return Err(if self.ids.contains(order.id) { Reason::DuplicateId } else { reason });
        }
        // last, so that one look-up finds the duplicate and enters what is none
        if self.ids.insert(order.id) { Ok(()) } else { Err(Reason::DuplicateId) }
    }

    /// Checks everything that can make the book refuse a new stop, and takes its id and its target's.
    pub(super) fn accept_stop(&mut self, stop: &NewStop) -> Result<(), Reason> {
        stop.check_grid(&self.config)?;
        if self.ids.contains(stop.id) || self.ids.contains(stop.target.id) || stop.id == stop.target.id {
            return Err(Reason::DuplicateId);
        }
        stop.check_terms()?;
        if self.stops.len() >= self.config.max_stops() {
            return Err(Reason::HostLimit);
        }
        self.check_ids_left(2)?;
        self.ids.insert(stop.id);
        self.ids.insert(stop.target.id);
        Ok(())
    }

    #[inline]
    fn check_ids_left(&self, wanted: u64) -> Result<(), Reason> {
        let is_room = self.ids.len().saturating_add(wanted) <= self.config.max_ids();
        if is_room { Ok(()) } else { Err(Reason::HostLimit) }
    }

    /// Whether a correct order can enter the book as it stands now. The target of a stop comes here when it is
    /// elected, not when it is accepted.
    #[inline]
    pub(super) fn check_admission(&self, order: &NewOrder) -> Result<(), Reason> {
        let Terms::Limit { quantity, price } = order.terms else { return Ok(()) };
        if order.flags.is_immediate() {
            return Ok(());
        }
        if order.flags.contains(OrderFlags::POST_ONLY) && self.would_execute(order.side, price) {
            return Err(Reason::WouldExecute);
        }
        if self.orders.len() >= self.config.max_orders() {
            return Err(Reason::HostLimit);
        }
        self.check_total(order.side, Quantity::ZERO, quantity)
    }

    /// Whether the quantities of a side still add up within 64 bits once `new` has replaced `old`.
    #[inline]
    pub(super) fn check_total(&self, side: Side, old: Quantity, new: Quantity) -> Result<(), Reason> {
        let others = self.sides.of(side).total().saturating_sub(old.get());
        others.checked_add(new.get()).map(|_| ()).ok_or(Reason::Overflow)
    }

    /// Whether an order at `price` would meet the best of the other side.
    #[inline]
    pub(super) fn would_execute(&self, side: Side, price: Price) -> bool {
        let opposite = self.sides.of(side.opposite());
        let limit = opposite.rank(self.config.ticks(price));
        opposite.best().is_some_and(|best| best.rank >= limit)
    }
}
