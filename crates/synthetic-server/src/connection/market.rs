//! Market data of one connection: what it subscribed, and what it is owed.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use stratd_plugin_api::InstrumentId;

use crate::{floor::Floor, json::Object, limits::SNAPSHOTS_MAX, public::OrderNews};

use super::session::Lagging;

/// The instruments of a subscription.
type Subscription = Rc<BTreeSet<InstrumentId>>;

/// A place in the public history, and what comes before the rest of it.
#[derive(Debug)]
pub(crate) struct Market {
    subscription: Subscription,
    /// The last public event that was looked at.
    place: u64,
    /// The last one that the client was due to get: `prev` of the next.
    prev: u64,
    owed: VecDeque<Owed>,
}

/// What the client gets before it goes on with its subscription.
#[derive(Debug)]
enum Owed {
    /// The events up to a number, as they were subscribed then.
    Events {
        until: u64,
        subscription: Subscription,
    },
    Snapshot(Snapshot),
}

/// The orders of one book when it was subscribed.
#[derive(Debug)]
struct Snapshot {
    instrument: InstrumentId,
    seq: u64,
    orders: VecDeque<OrderNews>,
    count: usize,
}

impl Market {
    pub(crate) fn new(place: u64) -> Self {
        Self { subscription: Subscription::default(), place, prev: place, owed: VecDeque::new() }
    }

    /// The last event that the client was due to get.
    pub(crate) fn last_due(&self) -> u64 {
        self.prev
    }

    pub(crate) fn is_subscribed(&self) -> bool {
        !self.subscription.is_empty()
    }

    pub(crate) fn instruments(&self) -> Vec<InstrumentId> {
        self.subscription.iter().copied().collect()
    }

    /// The last event that was looked at, if it matters.
    pub(crate) fn place(&self) -> Option<u64> {
        self.is_subscribed().then_some(self.place)
    }

    /// Adds instruments, each with a snapshot; false if too many are owed already.
    pub(crate) fn subscribe(&mut self, floor: &Floor, instruments: &[InstrumentId]) -> bool {
        if self.owed.len() + instruments.len() + 1 > SNAPSHOTS_MAX {
            return false;
        }
        let seq = floor.public.last();
        self.owed.push_back(Owed::Events { until: seq, subscription: Rc::clone(&self.subscription) });
        for instrument in instruments {
            let orders: VecDeque<_> = floor.resting(*instrument).into();
            let count = orders.len();
            self.owed.push_back(Owed::Snapshot(Snapshot { instrument: *instrument, seq, orders, count }));
        }
        let both = self.subscription.iter().chain(instruments).copied().collect();
        self.subscription = Rc::new(both);
        true
    }

    /// Goes on after an event, with these instruments; what was owed is not any more.
    pub(crate) fn resume(&mut self, after: u64, instruments: impl IntoIterator<Item = InstrumentId>) {
        self.owed.clear();
        self.subscription = Rc::new(instruments.into_iter().collect());
        self.place = after;
        self.prev = after;
    }

    /// The next message.
    pub(crate) fn next(&mut self, floor: &Floor) -> Result<Option<String>, Lagging> {
        loop {
            match self.owed.front_mut() {
                Some(Owed::Events { until, subscription }) => {
                    let (until, subscription) = (*until, Rc::clone(subscription));
                    if let Some(text) = self.next_event(floor, until, &subscription)? {
                        return Ok(Some(text));
                    }
                }
                Some(Owed::Snapshot(snapshot)) => {
                    if let Some(order) = snapshot.orders.pop_front() {
                        return Ok(floor
                            .instrument(snapshot.instrument)
                            .map(|i| order.snapshot(snapshot.seq, i)));
                    }
                    self.place = snapshot.seq;
                    self.prev = snapshot.seq;
                    let name =
                        floor.instrument(snapshot.instrument).map_or("", |instrument| &instrument.symbol);
                    let text = Object::message("SNAPSHOT")
                        .text("instrument", name)
                        .raw("seq", snapshot.seq)
                        .raw("orders", snapshot.count)
                        .end();
                    self.owed.pop_front();
                    return Ok(Some(text));
                }
                None => {
                    let subscription = Rc::clone(&self.subscription);
                    return self.next_event(floor, floor.public.last(), &subscription);
                }
            }
            self.owed.pop_front();
        }
    }

    fn next_event(
        &mut self,
        floor: &Floor,
        until: u64,
        subscription: &Subscription,
    ) -> Result<Option<String>, Lagging> {
        if subscription.is_empty() {
            self.place = self.place.max(until);
            return Ok(None);
        }
        if !floor.public.reaches_back_to(self.place) {
            return Err(Lagging::new("public events", floor.public.last() - self.place));
        }
        while self.place < until {
            self.place += 1;
            let Some(event) = floor.public.get(self.place) else { continue };
            if subscription.contains(&event.instrument())
                && let Some(instrument) = floor.instrument(event.instrument())
            {
                let text = event.message(self.place, self.prev, instrument);
                self.prev = self.place;
                return Ok(Some(text));
            }
        }
        Ok(None)
    }
}
