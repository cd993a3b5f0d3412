//! The venue on a thread of its own, paced by the clock.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use stratd_plugin_api::{Error, ExchangeHandle, Result};
use stratd_simulation::venue::{Pace, Venue, VenueEvent};

use crate::deliver::deliver;

/// Name of the thread.
const THREAD: &str = "synthetic-venue";
/// Actions of participants between two looks at the requests that wait for the lock.
const BATCH_MAX: i64 = 1_000;
/// Events that may wait for delivery before further orders are refused.
const OUTBOX_MAX: usize = 1 << 16;
/// How long a full inbox is left alone.
const ROOM_WAIT: Duration = Duration::from_millis(1);

/// The venue and what it told but nobody took yet.
pub(crate) struct Floor {
    pub(crate) venue: Venue,
    outbox: Vec<VenueEvent>,
    is_open: bool,
    is_stopped: bool,
}

/// What the two sides share. The lock is held for a look or an operation, never while the host takes events.
pub(crate) struct Shared {
    floor: Mutex<Floor>,
    wake: Condvar,
    host: ExchangeHandle,
    rate: u32,
}

impl Shared {
    pub(crate) fn new(venue: Venue, host: ExchangeHandle, rate: u32) -> Arc<Self> {
        let floor = Floor { venue, outbox: Vec::new(), is_open: false, is_stopped: false };
        Arc::new(Self { floor: Mutex::new(floor), wake: Condvar::new(), host, rate })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread; it delivers at once, and steps once the floor is open.
    pub(crate) fn start(self: &Arc<Self>) -> Result<JoinHandle<()>> {
        let shared = Arc::clone(self);
        Ok(thread::Builder::new().name(THREAD.to_owned()).spawn(move || shared.run())?)
    }

    /// Lets participants begin. `body` sees whether they had begun before, and may tell something.
    pub(crate) fn open(&self, body: impl FnOnce(&mut Venue, bool, &mut Vec<VenueEvent>)) {
        let mut floor = self.lock();
        let Floor { venue, outbox, is_open, .. } = &mut *floor;
        body(venue, *is_open, outbox);
        *is_open = true;
        drop(floor);
        self.wake.notify_all();
    }

    /// Does something at the venue, at the host's time; what it tells is delivered by the thread.
    pub(crate) fn operate(&self, body: impl FnOnce(&mut Venue, &mut Vec<VenueEvent>)) -> Result<()> {
        let now = self.host.now();
        let mut floor = self.lock();
        let Floor { venue, outbox, is_stopped, .. } = &mut *floor;
        if *is_stopped {
            return Err(Error::new("the exchange is stopped"));
        }
        if outbox.len() >= OUTBOX_MAX {
            return Err(Error::new(format!("{OUTBOX_MAX} events wait for the host to take them")));
        }
        venue.advance(now, outbox);
        body(venue, outbox);
        drop(floor);
        self.wake.notify_all();
        Ok(())
    }

    /// Asks the thread to end.
    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.wake.notify_all();
    }

    /// The thread: step what is due, deliver what was told, wait.
    fn run(&self) {
        let mut pace = Pace::new(self.rate, self.host.now());
        let mut told = Vec::new();
        loop {
            let is_stopped = self.collect(&mut pace, &mut told);
            // the last events are offered once more, so that the reports of the last cancels are not left behind
            deliver(&self.host, &told, || !is_stopped && self.wait_for_room());
            told.clear();
            if is_stopped {
                return;
            }
        }
    }

    /// Waits until something is to be delivered and moves it to `told`; true = stopped.
    fn collect(&self, pace: &mut Pace, told: &mut Vec<VenueEvent>) -> bool {
        let mut floor = self.lock();
        loop {
            let now = self.host.now();
            let due = if floor.is_open && !floor.is_stopped { pace.due(now).min(BATCH_MAX) } else { 0 };
            let Floor { venue, outbox, .. } = &mut *floor;
            for _ in 0..due {
                venue.step_at(now, outbox);
            }
            pace.did(due);
            if floor.is_stopped || !floor.outbox.is_empty() {
                mem::swap(told, &mut floor.outbox);
                return floor.is_stopped;
            }
            let patience = pace.until_next(now);
            // a wake-up without a reason only looks again
            floor = self.wake.wait_timeout(floor, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Leaves a full inbox alone for a moment; false once stopped.
    fn wait_for_room(&self) -> bool {
        let waited = self.wake.wait_timeout_while(self.lock(), ROOM_WAIT, |floor| !floor.is_stopped);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_stopped
    }
}
