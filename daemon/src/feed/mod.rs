//! What happens in a run, for whoever listens: from the event loop and the threads around it to `/v1/events`.
//!
//! ```text
//! event loop ─ Tap ─► ring ─┐
//! plugins, backtests ─► queue ─┴► thread "feed": names, JSON, ids ─► history ─► Listener (one a connection)
//! ```
//! - The event loop pays one branch for what nobody listens to. Otherwise it copies a fixed-size record into a ring and
//!   never waits: a full ring loses the record. Names, texts and JSON are made by the thread.
//! - Orders, fills and denials are copied while somebody listens, and for `LINGER` after the last one has gone, so that
//!   a listener can come back; market data only while somebody asks for it; everything else, which is rare, always.
//! - Every event but market data has a number, whether it is kept or not, in the order in which the thread takes them. So
//!   what was lost, for whatever reason, is a hole in the numbers, and a listener is told how large it is.
//! - A listener that does not keep up is not disconnected: it reads from the history at its own pace, and is told of a
//!   gap when what it wants is not kept any more. Nobody waits for it.
//!
//! Limits: `RING_RECORDS`, `TOLD_MAX`, `LISTENERS_MAX`, and those of the history (`history.rs`).

mod filter;
mod frame;
mod history;
mod listener;
mod names;
mod publisher;
mod record;
mod tap;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result};
use stratd_control::Happening;
use stratd_plugin_api::Timestamp;
use tokio::sync::watch;

pub(crate) use self::{
    filter::Filter,
    listener::{After, Listener},
    record::OrderReport,
    tap::Tap,
};
use self::{history::History, names::Names, publisher::Publisher};
use crate::runtime::{Services, clock::Stopwatch};

/// Records that the event loop may be ahead of the thread; further ones are lost and counted. At a round of
/// [`ROUND_BUSY`] that is room for a million and a half events a second.
const RING_RECORDS: usize = 16_384;
/// So much of the ring market data leaves free for what is numbered.
const RING_RESERVE: usize = RING_RECORDS / 4;
/// So many batches empty a full ring.
const RING_ROUNDS: usize = RING_RECORDS / publisher::BATCH + 1;
/// What other threads may have told before the thread takes it; further ones are lost and counted. They tell of rare
/// things.
const TOLD_MAX: usize = 4_096;
/// Listeners at once; one more is refused.
const LISTENERS_MAX: usize = 16;
/// So long after the last listener has gone the event loop goes on copying.
const LINGER: Duration = Duration::from_secs(120);
/// How often the thread looks into the ring while somebody listens, while somebody did, and else.
const ROUND_BUSY: Duration = Duration::from_millis(10);
const ROUND_LINGERING: Duration = Duration::from_millis(100);
const ROUND_IDLE: Duration = Duration::from_millis(500);

/// Orders, fills and denials are wanted.
const WANTS_ORDERS: u8 = 1;
/// Market data is wanted.
const WANTS_MARKET: u8 = 2;

/// The feed of a run, as everybody but the event loop sees it.
#[derive(Clone)]
pub struct Feed(Arc<Shared>);

/// The thread of a feed; ends when it is dropped.
pub(crate) struct FeedThread {
    feed: Feed,
    thread: Option<JoinHandle<()>>,
}

/// What everybody shares.
struct Shared {
    /// The name of the run: what tells the ids of two runs apart.
    run: String,
    /// Bits of what is wanted: what the event loop looks at.
    wants: AtomicU8,
    /// Numbered events of the event loop so far, kept or not: written by the tap only.
    counted: AtomicU64,
    /// Market events that found no room: written by the tap only.
    market_lost: AtomicU64,
    names: Mutex<Names>,
    /// What other threads told.
    told: Mutex<Told>,
    came: Condvar,
    publisher: Mutex<Publisher>,
    history: Mutex<History>,
    listeners: Mutex<Listeners>,
    /// Moves when the history grew.
    moved: watch::Sender<u64>,
    services: Arc<Services>,
    is_over: AtomicBool,
}

#[derive(Default)]
struct Told {
    waiting: VecDeque<(Timestamp, Happening)>,
    lost: u64,
}

#[derive(Default)]
struct Listeners {
    all: Vec<(u64, Filter)>,
    next: u64,
    /// When the last one went.
    gone: Option<Stopwatch>,
}

/// What a feed has done, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FeedFigures {
    /// Who listens.
    pub(crate) listeners: u64,
    /// Numbered events so far, kept or not.
    pub(crate) events: u64,
    /// Numbered events in the history.
    pub(crate) kept: u64,
    /// Market events that found no room.
    pub(crate) market_lost: u64,
}

impl Feed {
    /// A feed of the run that began at `started`, and the end of it that the event loop holds.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(started: Timestamp, services: &Arc<Services>) -> Result<(FeedThread, Tap)> {
        let (feed, tap) = Self::new(started, services);
        let of_thread = feed.clone();
        let run = move || of_thread.publish();
        let thread = thread::Builder::new().name("feed".to_owned()).spawn(run);
        let thread = thread.context("starting the thread of the event stream")?;
        Ok((FeedThread { feed, thread: Some(thread) }, tap))
    }

    fn new(started: Timestamp, services: &Arc<Services>) -> (Self, Tap) {
        let (producer, consumer) = rtrb::RingBuffer::new(RING_RECORDS);
        let shared = Shared {
            // milliseconds: two runs of one daemon never start within one
            run: format!("{:x}", started.get() / 1_000_000),
            wants: AtomicU8::new(0),
            counted: AtomicU64::new(0),
            market_lost: AtomicU64::new(0),
            names: Mutex::default(),
            told: Mutex::default(),
            came: Condvar::new(),
            publisher: Mutex::new(Publisher::new(consumer)),
            history: Mutex::default(),
            listeners: Mutex::default(),
            moved: watch::Sender::new(0),
            services: Arc::clone(services),
            is_over: AtomicBool::new(false),
        };
        let feed = Self(Arc::new(shared));
        let tap = Tap::new(feed.clone(), producer);
        (feed, tap)
    }

    /// The name of the run.
    pub(crate) fn run(&self) -> &str {
        &self.0.run
    }

    /// Tells what happened away from the event loop.
    pub(crate) fn tell(&self, at: Timestamp, what: Happening) {
        let mut told = lock(&self.0.told);
        if told.waiting.len() < TOLD_MAX {
            told.waiting.push_back((at, what));
        } else {
            told.lost += 1;
        }
        drop(told);
        self.0.came.notify_one();
    }

    /// Somebody listens from now on, or from where it was.
    ///
    /// # Errors
    /// Too many listen, or the id is none; the text says which.
    pub(crate) fn listen(&self, filter: Filter, after: After) -> Result<Listener, ListenError> {
        Listener::begin(self, filter, after)
    }

    /// What it has done.
    pub(crate) fn figures(&self) -> FeedFigures {
        let listeners = lock(&self.0.listeners).all.len() as u64;
        let history = lock(&self.0.history);
        FeedFigures {
            listeners,
            events: history.last_number(),
            kept: history.kept(),
            market_lost: self.0.market_lost.load(Ordering::Relaxed),
        }
    }

    /// The thread: makes events of records until the run is over.
    fn publish(&self) {
        while !self.0.is_over.load(Ordering::Relaxed) {
            let round = self.look_after_listeners();
            let is_empty = self.publish_once();
            let told = lock(&self.0.told);
            if is_empty && told.waiting.is_empty() {
                drop(self.0.came.wait_timeout(told, round).unwrap_or_else(PoisonError::into_inner));
            }
        }
        // the last words of the run
        while !self.publish_once() {}
    }

    /// One batch; true if nothing is left.
    fn publish_once(&self) -> bool {
        lock(&self.0.publisher).round(&self.0)
    }

    /// Tells the event loop what is wanted; how long the thread may rest.
    fn look_after_listeners(&self) -> Duration {
        let listeners = lock(&self.0.listeners);
        let is_lingering = listeners.gone.is_some_and(|gone| gone.elapsed() < LINGER);
        let (wants, round) = match (listeners.all.is_empty(), is_lingering) {
            (false, _) => (listeners.wants(), ROUND_BUSY),
            (true, true) => (WANTS_ORDERS, ROUND_LINGERING),
            (true, false) => (0, ROUND_IDLE),
        };
        self.0.wants.store(wants, Ordering::Relaxed);
        round
    }
}

impl Listeners {
    fn wants(&self) -> u8 {
        let wants_market = self.all.iter().any(|(_, filter)| filter.wants_market());
        WANTS_ORDERS | if wants_market { WANTS_MARKET } else { 0 }
    }
}

/// Why somebody cannot listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenError {
    /// There are too many.
    Busy(String),
    /// The id is none of this protocol.
    BadId(String),
}

impl FeedThread {
    /// The feed.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }
}

impl Drop for FeedThread {
    fn drop(&mut self) {
        self.feed.0.is_over.store(true, Ordering::Relaxed);
        self.feed.0.came.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(logger = "control", "the thread of the event stream has panicked");
        }
        // who listens hears the end, so that its connection does not keep the control server
        self.feed.0.moved.send_modify(|moved| *moved = moved.wrapping_add(1));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
