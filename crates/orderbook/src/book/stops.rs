//! Stops: a book of their own, elected by trade prices.
//!
//! A trade at p elects every buy stop at p or below and every sell stop at p or above. An operation remembers the range
//! of its trade prices, cascades included, so an elected stop stays elected although the last price moves away; at the
//! end of every operation no stop is left that any of its trades elected.
//! Elected targets enter one at a time, after the order that traded has finished: per side the lowest buy stop or
//! the highest sell stop, the earlier entry first at the same price; of the two sides the head that was entered earlier.
//!
//! The structure is that of the order book itself: two ladders of queues. Adding, cancelling and electing cost what
//! resting, cancelling and matching cost there.

use stratd_plugin_api::{Price, Reason, Side};

use super::OrderBook;
use crate::{
    config::BookConfig,
    event::{Event, EventKind},
    new_order::NewStop,
    order::OrderId,
    store::{BestFirst, IdIndex, LevelRef, Sides, Slab},
};

/// The waiting stops.
#[derive(Clone, Debug)]
pub(super) struct StopBook {
    sides: Sides,
    waiting: Slab<Waiting>,
    index: IdIndex,
    /// Counts entries, so that the heads of the two sides can be compared.
    entries: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    stop: NewStop,
    entry: u64,
    level: LevelRef,
}

impl StopBook {
    pub(super) fn new() -> Self {
        Self {
            // the lowest buy stop and the highest sell stop are elected first
            sides: Sides::new(BestFirst::Lowest),
            waiting: Slab::with_capacity(0),
            index: IdIndex::with_capacity(0),
            entries: 0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.waiting.len()
    }

    /// Puts a stop in as the newest.
    fn insert(&mut self, stop: NewStop, config: &BookConfig) {
        self.entries = self.entries.saturating_add(1);
        let ladder = self.sides.of_mut(stop.side);
        let level = ladder.level_for(ladder.rank(config.ticks(stop.stop_price)));
        let slot = self.waiting.insert(Waiting { stop, entry: self.entries, level });
        ladder.append(level, slot, 0, &mut self.waiting.links);
        self.index.insert(stop.id, slot);
    }

    pub(super) fn find(&self, id: OrderId) -> Option<&NewStop> {
        self.slot_of(id).map(|slot| &self.waiting.get(slot).stop)
    }

    pub(super) fn remove(&mut self, id: OrderId) -> Option<NewStop> {
        let slot = self.slot_of(id)?;
        Some(self.take(slot))
    }

    /// Takes out the stop whose target enters next, if the trade prices from `low` to `high` elected one.
    fn elect(&mut self, low: Price, high: Price) -> Option<NewStop> {
        let buy = self.head(Side::Buy).filter(|(_, head)| head.stop.stop_price <= high);
        let sell = self.head(Side::Sell).filter(|(_, head)| head.stop.stop_price >= low);
        let (slot, _) = [buy, sell].into_iter().flatten().min_by_key(|(_, head)| head.entry)?;
        Some(self.take(slot))
    }

    /// The first of a side.
    fn head(&self, side: Side) -> Option<(u32, &Waiting)> {
        let slot = self.sides.of(side).best()?.head;
        Some((slot, self.waiting.get(slot)))
    }

    fn take(&mut self, slot: u32) -> NewStop {
        let Waiting { stop, level, .. } = *self.waiting.get(slot);
        let ladder = self.sides.of_mut(stop.side);
        ladder.unlink(level, slot, 0, &mut self.waiting.links);
        self.waiting.remove(slot);
        self.index.remove(stop.id, slot);
        stop
    }

    fn slot_of(&self, id: OrderId) -> Option<u32> {
        self.index.find(id, |slot| self.waiting.get(slot).stop.id == id)
    }

    #[cfg(feature = "testing")]
    pub(super) fn assert_invariants(&self) {
        let mut waiting = 0u32;
        for side in [Side::Buy, Side::Sell] {
            let ladder = self.sides.of(side);
            ladder.assert_invariants(&self.waiting.links, |_| 0);
            for (_, queue) in ladder.levels() {
                waiting = waiting.saturating_add(queue.len);
                let entries: Vec<u64> = self.waiting.queue(queue.head).map(|waiting| waiting.entry).collect();
                assert!(entries.is_sorted(), "stops of one price out of order: {entries:?}");
            }
        }
        assert_eq!(waiting, self.waiting.len(), "stops outside of the queues");
    }

    /// The waiting stops in the order in which each side would be elected, buys first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &NewStop> {
        let buys = self.sides.of(Side::Buy).levels();
        buys.chain(self.sides.of(Side::Sell).levels())
            .flat_map(|(_, queue)| self.waiting.queue(queue.head))
            .map(|waiting| &waiting.stop)
    }
}

impl OrderBook {
    /// Lets the targets of elected stops enter until none is left.
    #[inline]
    pub(super) fn run_elected(&mut self, events: &mut Vec<Event>) {
        while self.stops.len() > 0
            && let Some((low, high)) = self.tape.range
            && let Some(stop) = self.stops.elect(low, high)
        {
            self.trigger(&stop, events);
        }
    }

    /// An accepted stop waits, unless the last trade is already through it.
    pub(super) fn place_stop(&mut self, stop: NewStop, events: &mut Vec<Event>) {
        if self.is_through(&stop) {
            self.trigger(&stop, events);
        } else {
            self.stops.insert(stop, &self.config);
        }
    }

    /// Whether the last trade elects the stop.
    pub(super) fn is_through(&self, stop: &NewStop) -> bool {
        self.tape.last.is_some_and(|last| match stop.side {
            Side::Buy => last >= stop.stop_price,
            Side::Sell => last <= stop.stop_price,
        })
    }

    fn trigger(&mut self, stop: &NewStop, events: &mut Vec<Event>) {
        self.emit(EventKind::StopTrigger { stop: stop.snapshot() }, events);
        // its id was accepted with the stop, so what does not fit now is canceled, not refused
        match self.check_admission(&stop.target) {
            Ok(()) => self.enter(&stop.target, events),
            Err(reason) => {
                self.emit(EventKind::Cancel { order: stop.target.snapshot(), reason }, events);
            }
        }
    }

    /// Another stop price: the stop becomes the newest and is tested at once. The same one changes nothing.
    pub(super) fn change_stop(
        &mut self,
        id: OrderId,
        stop_price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), Reason> {
        let old = *self.stops.find(id).ok_or(Reason::UnknownOrder)?;
        let new = NewStop { stop_price, ..old };
        self.emit(EventKind::StopChange { stop: new.snapshot() }, events);
        if stop_price != old.stop_price {
            self.stops.remove(id);
            self.place_stop(new, events);
            self.run_elected(events);
        }
        Ok(())
    }
}
