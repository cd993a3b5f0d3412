//! What a receiver's thread and the rest of the system share: orders one way, counters the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::options::Settings;
use crate::{
    clock,
    error::{Error, Result},
    ring::lock,
};

/// What a receiver did so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverStatus {
    /// Its name.
    pub name: String,
    /// Its kind, as the configuration calls it.
    pub kind: String,
    /// Where it listens, as `tcp 127.0.0.1:9020`.
    pub address: String,
    /// Connections that are open.
    pub connections: u64,
    /// Records that it took.
    pub received: u64,
    /// Frames that it could not read.
    pub refused: u64,
    /// Connections that it closed at once, because there were too many.
    pub connections_refused: u64,
    /// Datagrams that came faster than they were read, and that the kernel dropped.
    pub dropped: u64,
    /// The last thing that went wrong, and whose it was.
    pub last_error: Option<String>,
}

/// What a receiver's thread counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) connections: u64,
    pub(super) received: u64,
    pub(super) refused: u64,
    pub(super) connections_refused: u64,
    pub(super) dropped: u64,
    pub(super) last_error: Option<String>,
}

/// What a receiver's thread is to do.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) name: String,
    pub(super) settings: Settings,
    /// the configuration that it belongs to is in force
    pub(super) is_active: bool,
    version: u64,
}

/// Between a receiver's thread and the rest.
#[derive(Debug)]
pub(super) struct Link {
    orders: Mutex<Orders>,
    tally: Mutex<Tally>,
    is_ending: AtomicBool,
    /// its sockets are for the next process
    is_left: AtomicBool,
    has_ended: (Mutex<bool>, Condvar),
    pub(super) waker: EventFd,
    address: String,
}

impl Link {
    pub(super) fn new(name: &str, address: String, settings: Settings) -> Result<Self> {
        let waker = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|error| Error::io("making an eventfd", error.into()))?;
        Ok(Self {
            orders: Mutex::new(Orders { name: name.to_owned(), settings, is_active: false, version: 0 }),
            tally: Mutex::default(),
            is_ending: AtomicBool::new(false),
            is_left: AtomicBool::new(false),
            has_ended: (Mutex::new(false), Condvar::new()),
            waker,
            address,
        })
    }

    /// Gives the thread its settings. The first time it begins to listen, too.
    pub(super) fn activate(&self, name: &str, settings: Settings) {
        {
            let mut orders = lock(&self.orders);
            name.clone_into(&mut orders.name);
            orders.settings = settings;
            orders.is_active = true;
            orders.version += 1;
        }
        self.wake();
    }

    /// Has the thread take what has arrived, and end.
    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.wake();
    }

    /// As [`Link::end`], at the end of the process: sockets that are kept stay open for the next one.
    pub(super) fn leave(&self) {
        self.is_left.store(true, Ordering::Release);
        self.end();
    }

    pub(super) fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire)
    }

    fn wake(&self) {
        // it fails only if the counter is at its end, and then the thread is awake
        let _ = self.waker.write(1);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Called by the thread when it was woken.
    pub(super) fn take_wake(&self) {
        // nothing to be read is no news
        let _ = self.waker.read();
    }

    /// The orders, if they are others than those of this version.
    pub(super) fn newer_orders(&self, known: &Orders) -> Option<Orders> {
        let orders = lock(&self.orders);
        (orders.version != known.version).then(|| orders.clone())
    }

    pub(super) fn orders(&self) -> Orders {
        lock(&self.orders).clone()
    }

    pub(super) fn count(&self, work: impl FnOnce(&mut Tally)) {
        work(&mut lock(&self.tally));
    }

    /// Called by the thread as the last thing.
    pub(super) fn set_ended(&self) {
        *lock(&self.has_ended.0) = true;
        self.has_ended.1.notify_all();
    }

    pub(super) fn wait_for_end(&self, deadline: Instant) {
        let mut has_ended = lock(&self.has_ended.0);
        while !*has_ended {
            let left = deadline.saturating_duration_since(clock::monotonic());
            if left.is_zero() {
                return;
            }
            let woken = self.has_ended.1.wait_timeout(has_ended, left);
            has_ended = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn status(&self, name: &str, kind: &str) -> ReceiverStatus {
        let tally = lock(&self.tally);
        ReceiverStatus {
            name: name.to_owned(),
            kind: kind.to_owned(),
            address: self.address.clone(),
            connections: tally.connections,
            received: tally.received,
            refused: tally.refused,
            connections_refused: tally.connections_refused,
            dropped: tally.dropped,
            last_error: tally.last_error.clone(),
        }
    }
}
