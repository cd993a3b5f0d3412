//! A thread and a bounded queue for handlers whose peer may be slow or away.
//!
//! What cannot be delivered stays first in the queue and is tried again, after pauses that double from one second to
//! thirty, as Python's `SocketHandler` reconnects. A full queue drops, and counts what it drops. It holds up the back end,
//! and with it the other handlers, only if it is told to block, and then for a limited time.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{
    Backoff, Progress,
    delivery::{BatchOptions, Delivery, Pace, QUEUE_WAIT_MAX, QueueOptions, QueueOverflow},
};
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
    level::Level,
    ring::lock,
};

/// Bytes that wait for a peer at most, whatever the number of records.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;

/// How long the thread sleeps while there is nothing to do; whoever brings something wakes it.
const IDLE: Duration = Duration::from_secs(3600);

/// Why an item was not delivered.
#[derive(Debug)]
pub(crate) enum Undelivered {
    /// It may be delivered later.
    Later(io::Error),
    /// It never will.
    Never(io::Error),
}

/// Delivers items to a peer.
pub(crate) trait Transport: Send + 'static {
    /// Delivers items: one, or as many as a batch may hold. Either all of them are delivered or none. It may wait, but
    /// not for ever.
    fn send(&mut self, items: &[Vec<u8>]) -> Result<(), Undelivered>;
}

/// The one item of a transport that has no batches.
pub(crate) fn only(items: &[Vec<u8>]) -> &[u8] {
    items.first().map(Vec::as_slice).unwrap_or_default()
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    options: QueueOptions,
    batch: Option<BatchOptions>,
}

struct Item {
    bytes: Vec<u8>,
    since: Instant,
    /// one that may go when a graver one comes
    is_minor: bool,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// those that are being delivered still count
    delivering: usize,
    delivered: u64,
    /// of those that wait, how many may go when a graver one comes
    minor: usize,
    /// somebody waits for room
    is_awaited: bool,
    /// a wait for room was in vain, and nothing has been delivered since
    is_stuck: bool,
    dropped: u64,
    refused: u64,
    errors: u64,
    last_error: Option<String>,
    /// deliver until then, then end
    closing: Option<Instant>,
    is_ended: bool,
}

impl State {
    fn waiting(&self) -> usize {
        self.items.len() + self.delivering
    }

    fn has_room(&self, capacity: usize, bytes: usize) -> bool {
        self.waiting() < capacity.max(1) && self.bytes + bytes <= QUEUE_BYTES_MAX
    }

    fn put_last(&mut self, item: Item) {
        self.bytes += item.bytes.len();
        self.minor += usize::from(item.is_minor);
        self.items.push_back(item);
    }

    fn put_first(&mut self, item: Item) {
        self.bytes += item.bytes.len();
        self.minor += usize::from(item.is_minor);
        self.items.push_front(item);
    }

    /// Drops one of those that wait; false if there is none at this place.
    fn drop_at(&mut self, index: Option<usize>) -> bool {
        let Some(item) = index.and_then(|index| self.items.remove(index)) else { return false };
        self.bytes -= item.bytes.len();
        self.minor -= usize::from(item.is_minor);
        self.dropped += 1;
        true
    }

    /// Where the oldest is that may go when a graver one comes.
    fn oldest_minor(&self) -> Option<usize> {
        if self.minor == 0 {
            return None;
        }
        self.items.iter().position(|item| item.is_minor)
    }
}

/// The queue of one handler, and its thread.
pub(crate) struct Worker {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(
        name: &str,
        transport: impl Transport,
        delivery: impl Into<Delivery>,
    ) -> Result<Self> {
        let Delivery { queue: options, batch, rate } = delivery.into();
        let queue =
            Arc::new(Queue { state: Mutex::new(State::default()), changed: Condvar::new(), options, batch });
        let for_thread = Arc::clone(&queue);
        let pace = Pace::new(rate);
        let thread = std::thread::Builder::new()
            .name(format!("log-{name}"))
            .spawn(move || run(&for_thread, transport, pace))
            .map_err(|error| Error::io(format!("starting the thread of handler {name}"), error))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Puts an item last into the queue, or does what the policy says if there is no room. The level is that of its record;
    /// None for one that was in a queue before, which counts as grave and waits for nothing.
    pub(crate) fn push(&self, level: Option<Level>, item: Vec<u8>) -> Result<()> {
        let mut state = lock(&self.queue.state);
        if state.closing.is_some() {
            return Err(Error::new(ErrorKind::Handler, "the handler is closed"));
        }
        let QueueOptions { capacity, overflow } = self.queue.options;
        let is_minor = match overflow {
            QueueOverflow::DropBelow(threshold) => level.is_some_and(|level| level < threshold),
            _ => false,
        };
        let is_possible = item.len() <= QUEUE_BYTES_MAX;
        if let QueueOverflow::Block(wait) = overflow
            && level.is_some()
            && is_possible
            && !state.is_stuck
        {
            state = self.wait_for_room(state, item.len(), wait);
        }
        while !state.has_room(capacity, item.len()) {
            let has_dropped = match overflow {
                _ if !is_possible => false,
                QueueOverflow::DropOldest => state.drop_at(Some(0)),
                QueueOverflow::DropBelow(_) if !is_minor => {
                    let oldest = state.oldest_minor();
                    state.drop_at(oldest)
                }
                QueueOverflow::DropNewest | QueueOverflow::Block(_) | QueueOverflow::DropBelow(_) => false,
            };
            if !has_dropped {
                state.dropped += 1;
                return Ok(());
            }
        }
        state.put_last(Item { bytes: item, since: clock::monotonic(), is_minor });
        drop(state);
        self.queue.changed.notify_all();
        Ok(())
    }

    /// Waits until an item of so many bytes has room, or the time is over, or the thread has ended.
    fn wait_for_room<'q>(
        &'q self,
        mut state: MutexGuard<'q, State>,
        bytes: usize,
        within: Duration,
    ) -> MutexGuard<'q, State> {
        let now = clock::monotonic();
        let deadline = now.checked_add(within.min(QUEUE_WAIT_MAX)).unwrap_or(now);
        while !state.has_room(self.queue.options.capacity, bytes) {
            let remaining = deadline.saturating_duration_since(clock::monotonic());
            if remaining.is_zero() || state.is_ended {
                state.is_stuck = true;
                break;
            }
            state.is_awaited = true;
            state = wait(&self.queue, state, remaining);
        }
        state.is_awaited = false;
        state
    }

    /// Takes out what waits. What is being delivered stays.
    pub(crate) fn take_waiting(&self) -> Vec<Vec<u8>> {
        let mut state = lock(&self.queue.state);
        (state.bytes, state.minor) = (0, 0);
        state.items.drain(..).map(|item| item.bytes).collect()
    }

    /// Puts items last into the queue; those for which there is no room count as dropped.
    pub(crate) fn put_waiting(&self, items: Vec<Vec<u8>>) {
        for item in items {
            // a worker that is closed takes nothing more, and its successor was just made
            let _ = self.push(None, item);
        }
    }

    /// Delivers what there is, at most so long; then the thread ends.
    pub(crate) fn close(&mut self, within: Duration) -> Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let now = clock::monotonic();
        let deadline = now.checked_add(within).unwrap_or(now);
        let mut state = lock(&self.queue.state);
        state.closing = Some(deadline);
        self.queue.changed.notify_all();
        while !state.is_ended {
            let remaining = deadline.saturating_duration_since(clock::monotonic());
            if remaining.is_zero() {
                break;
            }
            state = wait(&self.queue, state, remaining);
        }
        let (left, is_ended) = (state.waiting(), state.is_ended);
        drop(state);
        if is_ended {
            // a panic of the transport ended it early; its items are counted as left
            let _ = thread.join();
        }
        if left == 0 {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Handler, format!("{left} records were not delivered in time")))
    }

    /// Waits for the end of the thread after [`Worker::close`] gave up; true if it has ended.
    pub(crate) fn wait_ended(&self, within: Duration) -> bool {
        let now = clock::monotonic();
        let deadline = now.checked_add(within).unwrap_or(now);
        let mut state = lock(&self.queue.state);
        while !state.is_ended {
            let remaining = deadline.saturating_duration_since(clock::monotonic());
            if remaining.is_zero() {
                return false;
            }
            state = wait(&self.queue, state, remaining);
        }
        true
    }

    pub(crate) fn take_progress(&self) -> Progress {
        let mut state = lock(&self.queue.state);
        Progress {
            queued: u64::try_from(state.waiting()).unwrap_or(u64::MAX),
            written: std::mem::take(&mut state.delivered),
            dropped: std::mem::take(&mut state.dropped),
            refused: std::mem::take(&mut state.refused),
            errors: std::mem::take(&mut state.errors),
            last_error: state.last_error.take(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        lock(&self.queue.state).closing = Some(clock::monotonic());
        self.queue.changed.notify_all();
    }
}

fn wait<'q>(queue: &'q Queue, state: MutexGuard<'q, State>, within: Duration) -> MutexGuard<'q, State> {
    queue.changed.wait_timeout(state, within).unwrap_or_else(PoisonError::into_inner).0
}

/// Marks the end of the thread also when the transport panics.
struct Ended<'q>(&'q Queue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_ended = true;
        self.0.changed.notify_all();
    }
}

fn run(queue: &Queue, mut transport: impl Transport, mut pace: Pace) {
    let _ended = Ended(queue);
    let start = clock::monotonic();
    let mut backoff = Backoff::default();
    let mut state = lock(&queue.state);
    loop {
        let now = clock::monotonic();
        let is_late = state.closing.is_some_and(|deadline| now >= deadline);
        if is_late || (state.closing.is_some() && state.items.is_empty()) {
            return;
        }
        let since = now.saturating_duration_since(start);
        let retry = backoff.retry_at().map_or(Duration::ZERO, |at| at.saturating_sub(since));
        let pause = match state.items.front() {
            None => IDLE,
            Some(first) => retry.max(pace.pause(now)).max(age_left(queue, &state, first, now)),
        };
        if !pause.is_zero() {
            let left = state.closing.map_or(pause, |deadline| deadline.saturating_duration_since(now));
            state = wait(queue, state, pause.min(left));
            continue;
        }
        let (items, minor) = take(queue, &mut state);
        drop(state);
        pace.begin(now);
        let sent = transport.send(&items);
        state = lock(&queue.state);
        state.delivering = 0;
        if !matches!(sent, Err(Undelivered::Later(_))) {
            state.is_stuck = false;
            if state.is_awaited {
                queue.changed.notify_all();
            }
        }
        match sent {
            Ok(()) => {
                backoff.succeed();
                state.delivered += u64::try_from(items.len()).unwrap_or(u64::MAX);
            }
            Err(Undelivered::Never(error)) => {
                // it was reached, so that the next one need not wait
                backoff.succeed();
                state.refused += u64::try_from(items.len()).unwrap_or(u64::MAX);
                note(&mut state, &error);
            }
            Err(Undelivered::Later(error)) => {
                note(&mut state, &error);
                for (bytes, is_minor) in items.into_iter().zip(minor).rev() {
                    // a batch that failed does not wait for more
                    state.put_first(Item { bytes, since: start, is_minor });
                }
                backoff.fail(clock::monotonic().saturating_duration_since(start));
            }
        }
    }
}

/// How long a batch waits for more; at the end it does not.
fn age_left(queue: &Queue, state: &State, first: &Item, now: Instant) -> Duration {
    match &queue.batch {
        Some(batch) if state.closing.is_none() && state.items.len() < batch.max_records => {
            batch.max_age.saturating_sub(now.saturating_duration_since(first.since))
        }
        _ => Duration::ZERO,
    }
}

/// Takes what is delivered next, and of each whether it may go when a graver one comes.
fn take(queue: &Queue, state: &mut State) -> (Vec<Vec<u8>>, Vec<bool>) {
    let max = queue.batch.as_ref().map_or(1, |batch| batch.max_records);
    let count = state.items.len().min(max);
    let taken = state.items.drain(..count).map(|item| (item.bytes, item.is_minor));
    let (items, minor): (Vec<Vec<u8>>, Vec<bool>) = taken.unzip();
    state.bytes -= items.iter().map(Vec::len).sum::<usize>();
    state.minor -= minor.iter().filter(|&&is_minor| is_minor).count();
    state.delivering = items.len();
    (items, minor)
}

fn note(state: &mut State, error: &io::Error) {
    state.errors += 1;
    state.last_error = Some(error.to_string());
}
