//! The producing side: each thread that logs has a ring of bytes of its own, so that threads never wait for each other.
//!
//! A record is made in room that the thread keeps, then copied into the ring whole or not at all. What does not fit is
//! dealt with as [`Overflow`] says; whatever is lost is counted with its logger and times, and told in the log itself.
//! A record above a quarter of the ring waits beside it and leaves a marker, so that order is kept.
//! The order of one thread's records is that of its ring, also when the clock is set back meanwhile.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use rtrb::{Consumer, RingBuffer};

use crate::{
    clock,
    encoding::{Message, Origin, Parts, encode, encode_marker},
    level::Level,
    loss::{Loss, count_loss},
};

/// Bytes of the ring of one thread.
pub const RING_BYTES: usize = 1 << 20;
/// Bytes that records beside the rings may hold together; more are lost and counted.
pub const LARGE_BYTES_MAX: usize = 64 << 20;
/// How long a blocked thread waits before it looks again, should it miss being woken.
const RETRY: Duration = Duration::from_millis(1);

/// What happens to a record that finds its thread's ring full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Its thread waits for room, at most so long; then the record is lost and counted.
    Block(Duration),
    /// It is lost and counted.
    DropNewest,
    /// It is lost and counted if it is below the level, else its thread waits at most so long.
    DropBelow(Level, Duration),
}

impl Default for Overflow {
    fn default() -> Self {
        Self::Block(Duration::from_secs(10))
    }
}

impl Overflow {
    /// What the configuration calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Block(_) => "block",
            Self::DropNewest => "drop_newest",
            Self::DropBelow(..) => "drop_below",
        }
    }
}

/// What the producing threads and the back end share.
#[derive(Debug)]
pub(crate) struct Channel {
    id: u64,
    ring_bytes: usize,
    pub(crate) overflow: Mutex<Overflow>,
    /// rings that the back end has not taken over yet
    pub(crate) new_sources: Mutex<Vec<Source>>,
    pub(crate) has_new_sources: AtomicBool,
    large: Mutex<LargeRecords>,
    large_key: AtomicU64,
    pub(crate) lost: AtomicU64,
    /// what threads logged after their rings were gone, and whether there is some
    late_losses: Mutex<Vec<Loss>>,
    has_late_losses: AtomicBool,
    pub(crate) renamed_fields: AtomicU64,
    is_closed: AtomicBool,
    sleep: AtomicU8,
    back_end: OnceLock<Thread>,
    waiting: AtomicUsize,
    room: (Mutex<()>, Condvar),
    process: (u32, i64),
}

/// Records that are too large for a ring.
#[derive(Debug, Default)]
struct LargeRecords {
    records: HashMap<u64, Vec<u8>>,
    bytes: usize,
}

/// The back end works.
const AWAKE: u8 = 0;
/// It looks again within a millisecond: only a ring that fills up wakes it.
const NAPPING: u8 = 1;
/// It sleeps for long: any record wakes it.
const ASLEEP: u8 = 2;

/// The consuming side of one thread's ring.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) ring: Consumer<u8>,
    pub(crate) origin: Origin,
    pub(crate) losses: Arc<Mutex<Vec<Loss>>>,
    pub(crate) has_losses: Arc<AtomicBool>,
}

impl Source {
    /// True if at least half of the ring is free. Only then are waiting threads told: waking them for each bit of room
    /// costs more than the room is worth.
    pub(crate) fn has_room(&self) -> bool {
        self.ring.slots() <= self.ring.buffer().capacity() / 2
    }
}

struct Producer {
    channel: u64,
    ring: rtrb::Producer<u8>,
    scratch: Vec<u8>,
    losses: Arc<Mutex<Vec<Loss>>>,
    has_losses: Arc<AtomicBool>,
}

thread_local! {
    // one for each logging system of the process; programs have one, tests have more
    static PRODUCERS: RefCell<Vec<Producer>> = const { RefCell::new(Vec::new()) };
}

static CHANNELS: AtomicU64 = AtomicU64::new(1);
static THREADS: AtomicU64 = AtomicU64::new(1);

/// Locks, also after a panic of another holder: what these locks guard is valid at every moment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Channel {
    pub(crate) fn new(ring_bytes: usize, start_ns: i64) -> Self {
        Self {
            id: CHANNELS.fetch_add(1, Ordering::Relaxed),
            ring_bytes,
            overflow: Mutex::new(Overflow::default()),
            new_sources: Mutex::new(Vec::new()),
            has_new_sources: AtomicBool::new(false),
            large: Mutex::new(LargeRecords::default()),
            large_key: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            late_losses: Mutex::new(Vec::new()),
            has_late_losses: AtomicBool::new(false),
            renamed_fields: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            sleep: AtomicU8::new(AWAKE),
            back_end: OnceLock::new(),
            waiting: AtomicUsize::new(0),
            room: (Mutex::new(()), Condvar::new()),
            process: (std::process::id(), start_ns),
        }
    }

    /// Its number: no other channel of the process has it.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The number of the process, and when it started to log.
    pub(crate) fn process(&self) -> (u32, i64) {
        self.process
    }

    /// Says which thread empties the rings.
    pub(crate) fn set_back_end(&self, thread: Thread) {
        // a second call would be a second back end, which there is not
        let _ = self.back_end.set(thread);
    }

    /// Says that nobody will empty the rings any more: a full one loses records at once.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Wakes the back end if it sleeps.
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.back_end.get() {
            thread.unpark();
        }
    }

    /// Called by the back end when it has nothing to do. `is_long` sleeps end with the next record, short ones only when
    /// a ring fills up: a wake-up costs the thread that logs a call of the system.
    pub(crate) fn sleep(&self, duration: Duration, is_long: bool) {
        self.sleep.store(if is_long { ASLEEP } else { NAPPING }, Ordering::SeqCst);
        // a record that comes between the last look and here is found when this ends, at the latest
        thread::park_timeout(duration);
        self.sleep.store(AWAKE, Ordering::Relaxed);
    }

    /// Tells waiting threads that there is room.
    pub(crate) fn announce_room(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            let _guard = lock(&self.room.0);
            self.room.1.notify_all();
        }
    }

    /// Whether this thread may put more in: half of its ring is free, and half of the room for large records. For those
    /// who can let somebody else wait.
    pub(crate) fn has_room(&self) -> bool {
        let half = self.ring_bytes / 2;
        let in_ring = with_producer(self, |producer| {
            producer.ring.cached_slots() >= half || producer.ring.slots() >= half
        });
        in_ring.unwrap_or(true) && lock(&self.large).bytes <= LARGE_BYTES_MAX / 2
    }

    /// Waits a moment for the back end to make room.
    pub(crate) fn await_room(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.wake();
        let guard = lock(&self.room.0);
        drop(self.room.1.wait_timeout(guard, RETRY).unwrap_or_else(PoisonError::into_inner));
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Logs: makes the record and puts it into this thread's ring.
    pub(crate) fn send(&self, parts: &Parts<'_>) {
        let about = (parts.logger, parts.level, parts.at_ns);
        if let Message::Text(_) = parts.message {
            let sent = with_producer(self, |producer| {
                let mut scratch = std::mem::take(&mut producer.scratch);
                self.encode(&mut scratch, parts);
                producer.push(self, &scratch, about);
                producer.scratch = scratch;
            });
            return self.count_unsent(sent, about);
        }
        // the message may log while it is printed, so that nothing is borrowed meanwhile
        let mut scratch =
            with_producer(self, |producer| std::mem::take(&mut producer.scratch)).unwrap_or_default();
        self.encode(&mut scratch, parts);
        self.send_bytes(scratch, about);
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>, parts: &Parts<'_>) {
        let renamed = encode(out, parts);
        if renamed > 0 {
            self.renamed_fields.fetch_add(renamed, Ordering::Relaxed);
        }
    }

    fn count_unsent(&self, sent: Option<()>, (logger, _, at_ns): (u32, Level, i64)) {
        if sent.is_none() {
            // the thread is ending and its ring is gone already
            self.lost.fetch_add(1, Ordering::Relaxed);
            count_loss(&mut lock(&self.late_losses), logger, at_ns);
            self.has_late_losses.store(true, Ordering::Release);
            self.wake();
        }
    }

    /// What was lost since the last time because its thread was ending.
    pub(crate) fn take_late_losses(&self) -> Vec<Loss> {
        match self.has_late_losses.swap(false, Ordering::AcqRel) {
            true => std::mem::take(&mut *lock(&self.late_losses)),
            false => Vec::new(),
        }
    }

    /// Puts a finished record into this thread's ring.
    pub(crate) fn send_bytes(&self, bytes: Vec<u8>, about: (u32, Level, i64)) {
        let sent = with_producer(self, |producer| {
            producer.push(self, &bytes, about);
            producer.scratch = bytes;
        });
        self.count_unsent(sent, about);
    }

    /// Takes out a record that waited beside the rings.
    pub(crate) fn take_large(&self, key: u64) -> Vec<u8> {
        let mut large = lock(&self.large);
        let record = large.records.remove(&key).unwrap_or_default();
        large.bytes -= record.len();
        record
    }

    fn connect(&self) -> Producer {
        let (ring, consumer) = RingBuffer::new(self.ring_bytes);
        let losses = Arc::new(Mutex::new(Vec::new()));
        let has_losses = Arc::new(AtomicBool::new(false));
        let source = Source {
            ring: consumer,
            origin: origin(self.process),
            losses: Arc::clone(&losses),
            has_losses: Arc::clone(&has_losses),
        };
        lock(&self.new_sources).push(source);
        self.has_new_sources.store(true, Ordering::Release);
        Producer { channel: self.id, ring, scratch: Vec::with_capacity(1024), losses, has_losses }
    }
}

/// This thread, as Python would name it.
pub(crate) fn origin((process, start_ns): (u32, i64)) -> Origin {
    let current = thread::current();
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    let thread_name = match current.name() {
        Some("main") => "MainThread".to_owned(),
        Some(name) => name.to_owned(),
        None => name_of_system().unwrap_or_else(|| format!("Thread-{number}")),
    };
    let thread = u64::try_from(nix::unistd::gettid().as_raw()).unwrap_or(number);
    Origin { thread, thread_name, process, process_name: "MainProcess".to_owned(), start_ns }
}

/// The name that the system knows of this thread, if it is another than the process's: code of another library, a
/// plugin, may have named it.
fn name_of_system() -> Option<String> {
    let name = std::fs::read_to_string("/proc/thread-self/comm").ok()?;
    let of_process = std::fs::read_to_string("/proc/self/comm").ok()?;
    (name != of_process).then(|| name.trim_end().to_owned()).filter(|name| !name.is_empty())
}

fn with_producer<R>(channel: &Channel, work: impl FnOnce(&mut Producer) -> R) -> Option<R> {
    PRODUCERS
        .try_with(|producers| {
            let mut producers = producers.try_borrow_mut().ok()?;
            if let Some(producer) = producers.iter_mut().find(|producer| producer.channel == channel.id) {
                return Some(work(producer));
            }
            // rings of logging systems that have ended
            producers.retain(|producer| !producer.ring.is_abandoned());
            producers.push(channel.connect());
            producers.last_mut().map(work)
        })
        .ok()
        .flatten()
}

impl Producer {
    fn push(&mut self, channel: &Channel, bytes: &[u8], about: (u32, Level, i64)) {
        if bytes.len() > channel.ring_bytes / 4 {
            return self.push_large(channel, bytes, about);
        }
        if self.ring.push_entire_slice(bytes).is_err() && !self.push_full(channel, bytes, about.1) {
            return self.lose(channel, about);
        }
        let sleep = channel.sleep.load(Ordering::Relaxed);
        if sleep == AWAKE {
            return;
        }
        // what is cached may be old: only a second look tells
        let half = channel.ring_bytes / 2;
        let is_filling = self.ring.cached_slots() < half && self.ring.slots() < half;
        if sleep == ASLEEP || (sleep == NAPPING && is_filling) {
            // the next to come need not wake it again
            if channel.sleep.swap(AWAKE, Ordering::Relaxed) != AWAKE {
                channel.wake();
            }
        }
    }

    /// Does what the policy says about a full ring; true if the record is in it after all.
    fn push_full(&mut self, channel: &Channel, bytes: &[u8], level: Level) -> bool {
        let wait = match *lock(&channel.overflow) {
            Overflow::Block(wait) => wait,
            Overflow::DropBelow(threshold, wait) if level >= threshold => wait,
            Overflow::DropNewest | Overflow::DropBelow(..) => {
                channel.wake();
                return false;
            }
        };
        let deadline = clock::monotonic().checked_add(wait);
        channel.waiting.fetch_add(1, Ordering::Relaxed);
        let is_sent = loop {
            channel.wake();
            let guard = lock(&channel.room.0);
            if self.ring.push_entire_slice(bytes).is_ok() {
                break true;
            }
            let is_over = channel.is_closed.load(Ordering::Relaxed) || self.ring.is_abandoned();
            if is_over || deadline.is_some_and(|deadline| clock::monotonic() >= deadline) {
                break false;
            }
            drop(channel.room.1.wait_timeout(guard, RETRY).unwrap_or_else(PoisonError::into_inner));
        };
        channel.waiting.fetch_sub(1, Ordering::Relaxed);
        is_sent
    }

    fn push_large(&mut self, channel: &Channel, bytes: &[u8], about: (u32, Level, i64)) {
        let key = channel.large_key.fetch_add(1, Ordering::Relaxed);
        {
            let mut large = lock(&channel.large);
            if large.bytes + bytes.len() > LARGE_BYTES_MAX {
                drop(large);
                return self.lose(channel, about);
            }
            large.bytes += bytes.len();
            large.records.insert(key, bytes.to_vec());
        }
        let mut marker = Vec::new();
        encode_marker(&mut marker, about.2, key);
        if self.ring.push_entire_slice(&marker).is_err() && !self.push_full(channel, &marker, about.1) {
            let mut large = lock(&channel.large);
            if large.records.remove(&key).is_some() {
                large.bytes -= bytes.len();
            }
            drop(large);
            self.lose(channel, about);
        }
        channel.wake();
    }

    fn lose(&self, channel: &Channel, (logger, _, at_ns): (u32, Level, i64)) {
        channel.lost.fetch_add(1, Ordering::Relaxed);
        count_loss(&mut lock(&self.losses), logger, at_ns);
        self.has_losses.store(true, Ordering::Release);
    }
}
