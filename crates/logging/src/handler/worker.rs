//! A thread and a bounded queue for handlers whose peer may be slow or away.
//!
//! What cannot be delivered stays first in the queue and is tried again, after pauses that double from one second to
//! thirty, as Python's `SocketHandler` reconnects. A full queue drops, and counts what it drops; it never holds up the back
//! end, nor the other handlers.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{
    Backoff, Progress,
    delivery::{BatchOptions, Delivery, Pace, QueueOptions, QueueOverflow},
};
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
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
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// those that are being delivered still count
    delivering: usize,
    delivered: u64,
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

    /// Puts an item last into the queue.
    pub(crate) fn push(&self, item: Vec<u8>) -> Result<()> {
        let mut state = lock(&self.queue.state);
        if state.closing.is_some() {
            return Err(Error::new(ErrorKind::Handler, "the handler is closed"));
        }
        let options = &self.queue.options;
        while state.waiting() >= options.capacity.max(1) || state.bytes + item.len() > QUEUE_BYTES_MAX {
            state.dropped += 1;
            match options.overflow {
                QueueOverflow::DropOldest if !state.items.is_empty() => {
                    let oldest = state.items.pop_front().map_or(0, |item| item.bytes.len());
                    state.bytes -= oldest;
                }
                QueueOverflow::DropOldest | QueueOverflow::DropNewest => return Ok(()),
            }
        }
        state.bytes += item.len();
        state.items.push_back(Item { bytes: item, since: clock::monotonic() });
        drop(state);
        self.queue.changed.notify_all();
        Ok(())
    }

    /// Takes out what waits. What is being delivered stays.
    pub(crate) fn take_waiting(&self) -> Vec<Vec<u8>> {
        let mut state = lock(&self.queue.state);
        state.bytes = 0;
        state.items.drain(..).map(|item| item.bytes).collect()
    }

    /// Puts items last into the queue; those for which there is no room count as dropped.
    pub(crate) fn put_waiting(&self, items: Vec<Vec<u8>>) {
        for item in items {
            // a worker that is closed takes nothing more, and its successor was just made
            let _ = self.push(item);
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
        let items = take(queue, &mut state);
        drop(state);
        pace.begin(now);
        let sent = transport.send(&items);
        state = lock(&queue.state);
        state.delivering = 0;
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
                for bytes in items.into_iter().rev() {
                    state.bytes += bytes.len();
                    // a batch that failed does not wait for more
                    state.items.push_front(Item { bytes, since: start });
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

/// Takes what is delivered next.
fn take(queue: &Queue, state: &mut State) -> Vec<Vec<u8>> {
    let max = queue.batch.as_ref().map_or(1, |batch| batch.max_records);
    let count = state.items.len().min(max);
    let items: Vec<Vec<u8>> = state.items.drain(..count).map(|item| item.bytes).collect();
    state.bytes -= items.iter().map(Vec::len).sum::<usize>();
    state.delivering = items.len();
    items
}

fn note(state: &mut State, error: &io::Error) {
    state.errors += 1;
    state.last_error = Some(error.to_string());
}
