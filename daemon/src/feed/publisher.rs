//! Makes events of records: numbers, names, JSON.

use std::sync::atomic::Ordering;

use rtrb::Consumer;
use stratd_control::{Event, Happening};
use stratd_plugin_api::{InstrumentId, Timestamp};

use super::{
    Shared, frame,
    history::Entry,
    lock,
    names::Names,
    record::{Record, What},
};

/// Records of one batch: a listener that joins waits for no more.
pub(super) const BATCH: usize = 1_024;

/// The state of the thread.
pub(super) struct Publisher {
    ring: Consumer<Record>,
    /// Events of the event loop that have their number, kept or not.
    counted: u64,
    /// The last number that was given.
    number: u64,
    /// What could not be told by other threads and is not counted yet.
    told_lost: u64,
    batch: Vec<Entry>,
}

impl Publisher {
    pub(super) fn new(ring: Consumer<Record>) -> Self {
        Self { ring, counted: 0, number: 0, told_lost: 0, batch: Vec::new() }
    }

    /// Publishes what waits, at most [`BATCH`] records; true if nothing is left.
    pub(super) fn round(&mut self, shared: &Shared) -> bool {
        // before the ring: all that was counted until now is in it, or lost
        let counted = shared.counted.load(Ordering::Acquire);
        let market_lost = shared.market_lost.load(Ordering::Relaxed);
        // only the tap writes names, and before the record that needs them
        let mut is_empty = false;
        for _ in 0..BATCH {
            let Ok(record) = self.ring.pop() else {
                is_empty = true;
                break;
            };
            let names = lock(&shared.names);
            self.take(record, &names, shared);
        }
        if is_empty {
            self.count_up_to(counted);
        }
        let mut told = lock(&shared.told);
        let waiting = std::mem::take(&mut told.waiting);
        let lost = told.lost;
        drop(told);
        self.number += lost - self.told_lost;
        self.told_lost = lost;
        for (at, what) in waiting {
            self.number += 1;
            let number = self.number;
            self.add(&shared.run, number, at, what);
        }
        let mut history = lock(&shared.history);
        for entry in self.batch.drain(..) {
            history.push(entry);
        }
        history.numbered_up_to(self.number);
        history.market_lost_up_to(market_lost);
        let position = history.position();
        drop(history);
        shared.moved.send_if_modified(|moved| {
            let has_moved = *moved != position + self.number + market_lost;
            *moved = position + self.number + market_lost;
            has_moved
        });
        is_empty
    }

    /// The numbers of events that are not in the ring.
    fn count_up_to(&mut self, counted: u64) {
        if counted > self.counted {
            self.number += counted - self.counted;
            self.counted = counted;
        }
    }

    fn take(&mut self, record: Record, names: &Names, shared: &Shared) {
        if record.number == 0 {
            let What::Market(event) = &record.what else { return };
            let symbol = names.symbol(InstrumentId(event.instrument));
            let kind = frame::market_kind(event);
            let is_wanted = lock(&shared.listeners)
                .all
                .iter()
                .any(|(_, filter)| filter.passes(kind, None, Some(&symbol)));
            // formatting what nobody wants would cost most of the thread's time
            if is_wanted && let Some(what) = frame::market(event, names) {
                self.add(&shared.run, 0, Timestamp::new(event.ts), what);
            }
            return;
        }
        self.count_up_to(record.number);
        let number = self.number;
        let what = frame::happening(&record.what, names, |handle| shared.services.text_of(handle));
        self.add(&shared.run, number, record.at, what);
    }

    fn add(&mut self, run: &str, number: u64, at: Timestamp, what: Happening) {
        let id = (number != 0).then(|| format!("{run}-{number}"));
        let event = Event { id, at: at.to_string(), what };
        self.batch.push(Entry {
            position: 0,
            number,
            kind: event.what.kind(),
            strategy: event.what.strategy().map(str::to_owned),
            instrument: event.what.instrument().map(str::to_owned),
            frame: frame::of(&event),
        });
    }
}
