//! The naive twin of the book: the same rules, written for the reader rather than the machine.
//!
//! Levels are a `BTreeMap` of `VecDeque`s, ids a `HashMap`, stops a list that is searched; sums are 128-bit, so that
//! none can overflow. It shares the types of operations and events with the fast book, and the checks that an order
//! passes or fails by itself, but no line of matching. The tests run both and compare everything they say.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "128-bit sums of 64-bit numbers, and counts of things in memory"
)]

mod queries;
mod taker;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
};

use stratd_plugin_api::{OrderFlags, Price, Quantity, Reason, Side};

use crate::{
    config::BookConfig,
    error::{Attempt, Error},
    event::{Event, EventKind},
    new_order::{NewOrder, NewStop, Operation, Terms},
    order::{Order, OrderId},
};
use taker::{Limit, Taker};

/// Price levels; each queue is first in time first, and never empty.
type PriceLevels = BTreeMap<Price, VecDeque<Order>>;

/// The naive twin of `OrderBook`, with the same verbs and queries.
#[derive(Clone, Debug)]
pub struct NaiveBook {
    config: BookConfig,
    bids: PriceLevels,
    asks: PriceLevels,
    /// What rests on each side, kept so that the limit of a side costs no walk over it.
    bids_total: i128,
    asks_total: i128,
    /// Where the resting orders are.
    places: HashMap<OrderId, (Side, Price)>,
    ids: HashSet<OrderId>,
    stops: Vec<Waiting>,
    entries: u64,
    last_price: Option<Price>,
    sequence: u64,
}

/// A stop that waits, or that was elected and whose turn comes.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    stop: NewStop,
    entry: u64,
    is_elected: bool,
}

impl NaiveBook {
    /// An empty book.
    #[must_use]
    pub fn new(config: BookConfig) -> Self {
        Self {
            config,
            bids: PriceLevels::new(),
            asks: PriceLevels::new(),
            bids_total: 0,
            asks_total: 0,
            places: HashMap::new(),
            ids: HashSet::new(),
            stops: Vec::new(),
            entries: 0,
            last_price: None,
            sequence: 0,
        }
    }

    /// As `OrderBook::apply`.
    ///
    /// # Errors
    /// The same.
    pub fn apply(&mut self, operation: Operation, events: &mut Vec<Event>) -> Result<(), Error> {
        match operation {
            Operation::Add(order) => self.add(order, events),
            Operation::AddStop(stop) => self.add_stop(stop, events),
            Operation::Cancel(id) => self.cancel(id, events),
            Operation::Change { id, price, quantity } => self.change(id, price, quantity, events),
        }
    }

    /// As `OrderBook::add`.
    ///
    /// # Errors
    /// The same.
    pub fn add(&mut self, order: NewOrder, events: &mut Vec<Event>) -> Result<(), Error> {
        self.check_add(&order).map_err(|reason| Error::new(Attempt::Add(order.id), reason))?;
        self.ids.insert(order.id);
        self.enter(&order, events);
        self.run_elected(events);
        Ok(())
    }

    /// As `OrderBook::add_stop`.
    ///
    /// # Errors
    /// The same.
    pub fn add_stop(&mut self, stop: NewStop, events: &mut Vec<Event>) -> Result<(), Error> {
        self.check_add_stop(&stop).map_err(|reason| Error::new(Attempt::AddStop(stop.id), reason))?;
        self.ids.insert(stop.id);
        self.ids.insert(stop.target.id);
        self.emit(EventKind::StopOpen { stop: stop.snapshot() }, events);
        self.wait(stop);
        self.run_elected(events);
        Ok(())
    }

    /// As `OrderBook::cancel`.
    ///
    /// # Errors
    /// The same.
    pub fn cancel(&mut self, id: OrderId, events: &mut Vec<Event>) -> Result<(), Error> {
        let reason = Reason::Requested;
        if let Some(order) = self.take_out(id) {
            self.emit(EventKind::Cancel { order, reason }, events);
        } else if let Some(stop) = self.find_stop(id) {
            self.stops.retain(|waiting| waiting.stop.id != id);
            self.emit(EventKind::StopCancel { stop: stop.snapshot(), reason }, events);
        } else {
            return Err(Error::new(Attempt::Cancel(id), Reason::UnknownOrder));
        }
        Ok(())
    }

    /// As `OrderBook::change`.
    ///
    /// # Errors
    /// The same.
    pub fn change(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let refused = |reason| Error::new(Attempt::Change(id), reason);
        self.config.check_tick(price).map_err(refused)?;
        self.config.check_lot(quantity).map_err(refused)?;
        if let Some(old) = self.find(id) {
            let new = Order { price, quantity, ..old };
            self.check_change(&old, &new).map_err(refused)?;
            self.emit(EventKind::Change { order: new, last: None }, events);
            self.change_order(&old, new, events);
        } else if let Some(old) = self.find_stop(id) {
            let new = NewStop { stop_price: price, ..old };
            self.emit(EventKind::StopChange { stop: new.snapshot() }, events);
            if price != old.stop_price {
                self.stops.retain(|waiting| waiting.stop.id != id);
                self.wait(new);
            }
        } else {
            return Err(refused(Reason::UnknownOrder));
        }
        self.run_elected(events);
        Ok(())
    }

    fn check_add(&self, order: &NewOrder) -> Result<(), Reason> {
        order.check_grid(&self.config)?;
        if self.ids.contains(&order.id) {
            return Err(Reason::DuplicateId);
        }
        order.check_terms()?;
        self.check_admission(order)?;
        self.check_ids_left(1)
    }

    fn check_add_stop(&self, stop: &NewStop) -> Result<(), Reason> {
        stop.check_grid(&self.config)?;
        let ids = [stop.id, stop.target.id];
        if ids[0] == ids[1] || ids.iter().any(|id| self.ids.contains(id)) {
            return Err(Reason::DuplicateId);
        }
        stop.check_terms()?;
        if self.stops.len() >= self.config.max_stops() as usize {
            return Err(Reason::HostLimit);
        }
        self.check_ids_left(2)
    }

    fn check_ids_left(&self, wanted: u64) -> Result<(), Reason> {
        let is_room = self.ids.len() as u64 + wanted <= self.config.max_ids();
        if is_room { Ok(()) } else { Err(Reason::HostLimit) }
    }

    /// What can keep a correct order out of the book as it stands: only an order that may rest.
    fn check_admission(&self, order: &NewOrder) -> Result<(), Reason> {
        match order.terms {
            Terms::Limit { quantity, price } if !order.flags.is_immediate() => {
                if order.flags.contains(OrderFlags::POST_ONLY) && self.is_crossed_by(order.side, price) {
                    return Err(Reason::WouldExecute);
                }
                if self.places.len() >= self.config.max_orders() as usize {
                    return Err(Reason::HostLimit);
                }
                self.check_total(order.side, i128::from(quantity.get()))
            }
            Terms::Limit { .. } | Terms::Market { .. } | Terms::MarketNotional { .. } => Ok(()),
        }
    }

    fn check_change(&self, old: &Order, new: &Order) -> Result<(), Reason> {
        if new.quantity <= old.filled {
            return Err(Reason::VolumeNotAboveFilled);
        }
        let is_post_only = new.flags.contains(OrderFlags::POST_ONLY);
        if new.price != old.price && is_post_only && self.is_crossed_by(new.side, new.price) {
            return Err(Reason::WouldExecute);
        }
        self.check_total(new.side, i128::from(new.quantity.get()) - i128::from(old.quantity.get()))
    }

    fn check_total(&self, side: Side, added: i128) -> Result<(), Reason> {
        let total = match side {
            Side::Buy => self.bids_total,
            Side::Sell => self.asks_total,
        };
        if total + added > i128::from(i64::MAX) { Err(Reason::Overflow) } else { Ok(()) }
    }

    fn is_crossed_by(&self, side: Side, price: Price) -> bool {
        self.first_reachable(side, Limit::At(price)).is_some()
    }

    fn change_order(&mut self, old: &Order, new: Order, events: &mut Vec<Event>) {
        if new.price == old.price && new.quantity <= old.quantity {
            self.rewrite(new);
            return;
        }
        self.take_out(old.id);
        if new.price == old.price {
            self.put_in(new);
            return;
        }
        let mut taker = Taker::new(new, Limit::At(new.price), None);
        self.trade(&mut taker, events);
        match taker.canceled {
            Some(reason) => self.emit(EventKind::Cancel { order: taker.order, reason }, events),
            None if taker.is_done() => {}
            None => self.put_in(taker.order),
        }
    }

    /// Appends an order to its level.
    fn put_in(&mut self, order: Order) {
        self.levels_mut(order.side).entry(order.price).or_default().push_back(order);
        self.places.insert(order.id, (order.side, order.price));
        *self.total_mut(order.side) += i128::from(order.remaining().get());
    }

    /// Removes an order, and its level if that was the last one there.
    fn take_out(&mut self, id: OrderId) -> Option<Order> {
        let (side, price) = self.places.remove(&id)?;
        let levels = self.levels_mut(side);
        let queue = levels.get_mut(&price)?;
        let order = queue.remove(queue.iter().position(|order| order.id == id)?)?;
        if queue.is_empty() {
            levels.remove(&price);
        }
        *self.total_mut(side) -= i128::from(order.remaining().get());
        Some(order)
    }

    /// Replaces the state of a resting order, in its place.
    fn rewrite(&mut self, new: Order) {
        let queue = self.levels_mut(new.side).get_mut(&new.price);
        if let Some(old) = queue.and_then(|queue| queue.iter_mut().find(|order| order.id == new.id)) {
            let difference = i128::from(new.remaining().get()) - i128::from(old.remaining().get());
            *old = new;
            *self.total_mut(new.side) += difference;
        }
    }

    fn levels_mut(&mut self, side: Side) -> &mut PriceLevels {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn total_mut(&mut self, side: Side) -> &mut i128 {
        match side {
            Side::Buy => &mut self.bids_total,
            Side::Sell => &mut self.asks_total,
        }
    }

    fn emit(&mut self, kind: EventKind, events: &mut Vec<Event>) {
        self.sequence += 1;
        events.push(Event { sequence: self.sequence, kind });
    }
}

/// Stops.
impl NaiveBook {
    /// Puts a stop among the others as the newest; the last trade may elect it at once.
    fn wait(&mut self, stop: NewStop) {
        self.entries += 1;
        let is_elected = self.last_price.is_some_and(|price| elects(price, &stop));
        self.stops.push(Waiting { stop, entry: self.entries, is_elected });
    }

    /// Notes a trade.
    fn print(&mut self, price: Price) {
        self.last_price = Some(price);
        for waiting in &mut self.stops {
            waiting.is_elected |= elects(price, &waiting.stop);
        }
    }

    /// One elected stop after the other, until none is left.
    fn run_elected(&mut self, events: &mut Vec<Event>) {
        while let Some(Waiting { stop, entry, .. }) = self.next_elected() {
            self.stops.retain(|waiting| waiting.entry != entry);
            self.emit(EventKind::StopTrigger { stop: stop.snapshot() }, events);
            match self.check_admission(&stop.target) {
                Ok(()) => self.enter(&stop.target, events),
                Err(reason) => {
                    self.emit(EventKind::Cancel { order: stop.target.snapshot(), reason }, events);
                }
            }
        }
    }

    /// Of the lowest elected buy stop and the highest elected sell stop (each the earliest at its price) the one that
    /// was entered earlier.
    fn next_elected(&self) -> Option<Waiting> {
        let elected =
            |side| self.stops.iter().filter(move |waiting| waiting.is_elected && waiting.stop.side == side);
        let buy = elected(Side::Buy).min_by_key(|waiting| (waiting.stop.stop_price, waiting.entry));
        let sell =
            elected(Side::Sell).min_by_key(|waiting| (Reverse(waiting.stop.stop_price), waiting.entry));
        [buy, sell].into_iter().flatten().min_by_key(|waiting| waiting.entry).copied()
    }
}

/// Whether a trade at `price` elects the stop.
fn elects(price: Price, stop: &NewStop) -> bool {
    match stop.side {
        Side::Buy => price >= stop.stop_price,
        Side::Sell => price <= stop.stop_price,
    }
}
