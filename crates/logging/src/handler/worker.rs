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

use super::Progress;
use crate::{
    clock,
    error::{Error, ErrorKind, Result},
    ring::lock,
};

/// Records that wait for a peer if nobody says otherwise.
pub const QUEUE_RECORDS: usize = 10_000;
/// Bytes that wait for a peer at most, whatever the number of records.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;

/// What a full queue of a handler drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueOverflow {
    /// The record that waited longest.
    #[default]
    DropOldest,
    /// The record that comes.
    DropNewest,
}

/// The queue of a handler.
///
/// ```
/// use stratd_logging::QueueOptions;
///
/// assert_eq!(QueueOptions::default().capacity, 10_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// Records that may wait.
    pub capacity: usize,
    /// What is dropped when there are more.
    pub overflow: QueueOverflow,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self { capacity: QUEUE_RECORDS, overflow: QueueOverflow::DropOldest }
    }
}

/// Pauses between attempts that double.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::Backoff;
///
/// let mut backoff = Backoff::default();
/// assert!(backoff.may_try(Duration::ZERO));
/// backoff.fail(Duration::ZERO);
/// assert!(!backoff.may_try(Duration::from_millis(999)));
/// assert_eq!(backoff.retry_at(), Some(Duration::from_secs(1)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub max: Duration,
    /// Each pause is so many times the one before.
    pub factor: u32,
    period: Duration,
    retry_at: Option<Duration>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(30),
            factor: 2,
            period: Duration::ZERO,
            retry_at: None,
        }
    }
}

impl Backoff {
    /// True if it is time for an attempt.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert!(Backoff::default().may_try(std::time::Duration::ZERO));
    /// ```
    #[must_use]
    pub fn may_try(&self, now: Duration) -> bool {
        self.retry_at.is_none_or(|at| now >= at)
    }

    /// An attempt failed.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// let mut backoff = Backoff::default();
    /// backoff.fail(std::time::Duration::ZERO);
    /// assert_eq!(backoff.period().as_secs(), 1);
    /// ```
    pub fn fail(&mut self, now: Duration) {
        self.period = match self.retry_at {
            None => self.first,
            Some(_) => self.period.saturating_mul(self.factor).min(self.max),
        };
        self.retry_at = Some(now.saturating_add(self.period));
    }

    /// An attempt succeeded.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// let mut backoff = Backoff::default();
    /// backoff.succeed();
    /// assert_eq!(backoff.retry_at(), None);
    /// ```
    pub fn succeed(&mut self) {
        self.retry_at = None;
    }

    /// When the next attempt may be made.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert_eq!(Backoff::default().retry_at(), None);
    /// ```
    #[must_use]
    pub fn retry_at(&self) -> Option<Duration> {
        self.retry_at
    }

    /// The last pause.
    ///
    /// ```
    /// # use stratd_logging::Backoff;
    /// assert!(Backoff::default().period().is_zero());
    /// ```
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}

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
    /// Delivers one item. It may wait, but not for ever.
    fn send(&mut self, item: &[u8]) -> Result<(), Undelivered>;
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    options: QueueOptions,
}

#[derive(Default)]
struct State {
    items: VecDeque<Vec<u8>>,
    bytes: usize,
    /// one that is being delivered still counts
    is_delivering: bool,
    dropped: u64,
    errors: u64,
    last_error: Option<String>,
    /// deliver until then, then end
    closing: Option<Instant>,
    is_ended: bool,
}

impl State {
    fn waiting(&self) -> usize {
        self.items.len() + usize::from(self.is_delivering)
    }
}

/// The queue of one handler, and its thread.
pub(crate) struct Worker {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(name: &str, transport: impl Transport, options: QueueOptions) -> Result<Self> {
        let queue = Arc::new(Queue { state: Mutex::new(State::default()), changed: Condvar::new(), options });
        let for_thread = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name(format!("log-{name}"))
            .spawn(move || run(&for_thread, transport))
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
                    let oldest = state.items.pop_front().unwrap_or_default();
                    state.bytes -= oldest.len();
                }
                QueueOverflow::DropOldest | QueueOverflow::DropNewest => return Ok(()),
            }
        }
        state.bytes += item.len();
        state.items.push_back(item);
        drop(state);
        self.queue.changed.notify_all();
        Ok(())
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

    pub(crate) fn take_progress(&self) -> Progress {
        let mut state = lock(&self.queue.state);
        Progress {
            queued: u64::try_from(state.waiting()).unwrap_or(u64::MAX),
            dropped: std::mem::take(&mut state.dropped),
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

fn run(queue: &Queue, mut transport: impl Transport) {
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
        let pause = match (state.items.is_empty(), backoff.retry_at()) {
            (true, _) => Some(Duration::from_secs(3600)),
            (false, Some(at)) if since < at => Some(at - since),
            (false, _) => None,
        };
        if let Some(pause) = pause {
            let left = state.closing.map_or(pause, |deadline| deadline.saturating_duration_since(now));
            state = wait(queue, state, pause.min(left));
            continue;
        }
        let item = state.items.pop_front().unwrap_or_default();
        state.bytes -= item.len();
        state.is_delivering = true;
        drop(state);
        let sent = transport.send(&item);
        state = lock(&queue.state);
        state.is_delivering = false;
        match sent {
            Ok(()) => backoff.succeed(),
            Err(Undelivered::Never(error)) => {
                state.dropped += 1;
                note(&mut state, &error);
            }
            Err(Undelivered::Later(error)) => {
                note(&mut state, &error);
                state.bytes += item.len();
                state.items.push_front(item);
                backoff.fail(clock::monotonic().saturating_duration_since(start));
            }
        }
    }
}

fn note(state: &mut State, error: &io::Error) {
    state.errors += 1;
    state.last_error = Some(error.to_string());
}
