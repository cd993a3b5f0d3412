//! The logging system as a whole: its start, its end, and the handle that everything else is asked of.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{
    backend::{Backend, Slot},
    clock,
    error::Result,
    handler::{Handler, StreamHandler, StreamTarget},
    last_words::LastWordsDesk,
    level::Level,
    logger::Logger,
    receiver::Receivers,
    ring::{self, Channel, Overflow, RING_BYTES, lock},
    tree::Tree,
};

/// How long the back end sleeps between two looks while records come now and then.
const NAP: Duration = Duration::from_millis(1);
/// After so many naps without a record it sleeps until it is woken.
const NAPS_MAX: u32 = 100;
/// How long it sleeps at most: timers are looked at this often.
const SLEEP: Duration = Duration::from_millis(100);
/// How much of that receivers get to take what has arrived.
const RECEIVERS_END_TIME: Duration = Duration::from_secs(1);
/// How long the end of a system takes at most if nobody says otherwise.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A logging system: a tree of loggers, handlers, and the thread between them. Cheap to clone; when the last clone goes
/// the system is shut down. A process may have several, which know nothing of each other.
///
/// ```
/// use stratd_logging::{Level, Logging};
///
/// let logging = Logging::new();
/// logging.logger("quiet")?.log(Level::INFO, "below the root's level, which is WARNING");
/// logging.flush();
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone)]
pub struct Logging {
    inner: Arc<Inner>,
}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared().fmt(f)
    }
}

struct Inner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// their threads hold what is shared, but not this
    receivers: Mutex<Receivers>,
}

type LowestListener = Box<dyn Fn(Level) + Send + Sync>;

/// What loggers and the back end's thread hold.
pub(crate) struct Shared {
    pub(crate) tree: Arc<Mutex<Tree>>,
    pub(crate) channel: Arc<Channel>,
    backend: Mutex<Backend>,
    /// how many threads wait for the back end: its own thread steps back for them
    claims: AtomicUsize,
    /// who is told of the lowest level that anybody takes, and what was told last
    lowest: (Mutex<Vec<LowestListener>>, AtomicI32),
    pub(crate) last_words: LastWordsDesk,
    is_stopped: AtomicBool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("tree", &self.tree).finish_non_exhaustive()
    }
}

/// How a system is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingOptions {
    /// Bytes of the ring of each thread that logs.
    pub ring_bytes: usize,
    /// What happens to a record that finds its ring full.
    pub overflow: Overflow,
    /// Write records of WARNING and above that reach no handler to standard error.
    pub last_resort: bool,
    /// Log failures of handlers, on the logger `stratd.logging`.
    pub reports_failures: bool,
}

impl Default for LoggingOptions {
    fn default() -> Self {
        Self {
            ring_bytes: RING_BYTES,
            overflow: Overflow::default(),
            last_resort: true,
            reports_failures: true,
        }
    }
}

/// What a shutdown left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shutdown {
    /// Records that handlers still kept when the time was over.
    pub left: u64,
    /// Handlers that could not be flushed and closed.
    pub failed: u64,
    /// The names of the handlers that still kept something or failed, the youngest first.
    pub handlers: Vec<String>,
}

impl Default for Logging {
    fn default() -> Self {
        Self::new()
    }
}

impl Logging {
    /// A system without handlers: records of WARNING and above go to standard error.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert!(Logging::new().handlers().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(&LoggingOptions::default())
    }

    /// A system made to measure.
    ///
    /// ```
    /// # use stratd_logging::{Logging, LoggingOptions, Overflow};
    /// let options = LoggingOptions { overflow: Overflow::DropNewest, ..LoggingOptions::default() };
    /// let logging = Logging::with_options(&options);
    /// ```
    #[must_use]
    pub fn with_options(options: &LoggingOptions) -> Self {
        let start_ns = clock::now_ns();
        let channel = Arc::new(Channel::new(options.ring_bytes.max(4096), start_ns));
        *lock(&channel.overflow) = options.overflow;
        let tree = Arc::new(Mutex::new(Tree::new()));
        let origin = ring::origin((std::process::id(), start_ns));
        let mut backend = Backend::new(Arc::clone(&channel), Arc::clone(&tree), origin);
        backend.reports_failures = options.reports_failures;
        let shared = Arc::new(Shared {
            tree,
            channel,
            backend: Mutex::new(backend),
            claims: AtomicUsize::new(0),
            lowest: (Mutex::default(), AtomicI32::new(Level::WARNING.get())),
            last_words: LastWordsDesk::default(),
            is_stopped: AtomicBool::new(false),
        });
        let for_thread = Arc::clone(&shared);
        // without its thread the system works still: whoever flushes does the work
        let thread =
            std::thread::Builder::new().name("logging".to_owned()).spawn(move || run(&for_thread)).ok();
        if let Some(thread) = &thread {
            shared.channel.set_back_end(thread.thread().clone());
        }
        let inner = Inner { shared, thread: Mutex::new(thread), receivers: Mutex::default() };
        let logging = Self { inner: Arc::new(inner) };
        if options.last_resort
            && let Ok(stderr) = StreamHandler::new(StreamTarget::Stderr, "\n")
        {
            logging.set_last_resort(Some(Box::new(stderr)));
        }
        logging
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    pub(crate) fn receiver_set(&self) -> &Mutex<Receivers> {
        &self.inner.receivers
    }

    /// Sets who takes records of WARNING and above that reach no handler; None for nobody.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// Logging::new().set_last_resort(None);
    /// ```
    pub fn set_last_resort(&self, handler: Option<Box<dyn Handler>>) {
        self.shared().change(|backend, _| backend.router.set_last_resort(handler));
    }

    /// The logger of a name, made now if it is new. `""` and `"root"` are the root.
    ///
    /// # Errors
    /// If there are too many loggers, or the name is too long.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().logger("")?.name(), "root");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn logger(&self, name: &str) -> Result<Logger> {
        Shared::logger(self.shared(), name)
    }

    /// Routes and writes everything that was logged before the call.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// Logging::new().flush();
    /// ```
    pub fn flush(&self) {
        self.shared().claim().drain_all();
    }

    /// As [`Logging::flush`], but only if the back end is free within the time given: for a panic's way out.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// # use std::time::Duration;
    /// assert!(Logging::new().flush_within(Duration::from_secs(5)));
    /// ```
    #[must_use]
    pub fn flush_within(&self, within: Duration) -> bool {
        let deadline = deadline(within);
        loop {
            match self.shared().backend.try_lock() {
                Ok(mut backend) => {
                    backend.drain_all();
                    return true;
                }
                Err(std::sync::TryLockError::Poisoned(poisoned)) => {
                    PoisonError::into_inner(poisoned).drain_all();
                    return true;
                }
                Err(std::sync::TryLockError::WouldBlock) if clock::monotonic() >= deadline => return false,
                Err(std::sync::TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }

    /// Tells `listener` the lowest level that anybody takes, now and whenever it changes: what is below it reaches nobody,
    /// and whoever asks this first need not ask a logger. It must not ask the system anything.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// # use std::sync::{Arc, atomic::{AtomicI32, Ordering}};
    /// let (logging, lowest) = (Logging::new(), Arc::new(AtomicI32::new(0)));
    /// let told = Arc::clone(&lowest);
    /// logging.on_lowest_level(move |level| told.store(level.get(), Ordering::Relaxed));
    /// logging.set_level("a", Level::DEBUG)?;
    /// assert_eq!(lowest.load(Ordering::Relaxed), 10);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn on_lowest_level(&self, listener: impl Fn(Level) + Send + Sync + 'static) {
        let mut listeners = lock(&self.shared().lowest.0);
        listener(lock(&self.shared().tree).lowest());
        listeners.push(Box::new(listener));
    }

    /// Says what happens from now on to a record that finds its ring full.
    ///
    /// ```
    /// # use stratd_logging::{Logging, Overflow};
    /// Logging::new().set_overflow(Overflow::DropNewest);
    /// ```
    pub fn set_overflow(&self, overflow: Overflow) {
        *lock(&self.shared().channel.overflow) = overflow;
    }

    /// Records that were lost before they reached the back end.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().lost(), 0);
    /// ```
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared().channel.lost.load(Ordering::Relaxed)
    }

    /// Fields that arrived as `x_NAME`, because their name is that of an attribute, or were written so, because it is that
    /// of a part of a JSON or logfmt line.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().renamed_fields(), 0);
    /// ```
    #[must_use]
    pub fn renamed_fields(&self) -> u64 {
        let arrived = self.shared().channel.renamed_fields.load(Ordering::Relaxed);
        arrived + self.shared().claim().router.renamed_fields()
    }

    /// Writes what there is, then flushes and closes every handler, the youngest first. A second call does it again, with
    /// what came in between.
    ///
    /// ```
    /// # use stratd_logging::{Logging, SHUTDOWN_TIMEOUT};
    /// assert_eq!(Logging::new().shutdown(SHUTDOWN_TIMEOUT).left, 0);
    /// ```
    pub fn shutdown(&self, within: Duration) -> Shutdown {
        self.inner.shutdown(within)
    }
}

impl Inner {
    fn shutdown(&self, within: Duration) -> Shutdown {
        let deadline = deadline(within);
        let mut receivers = lock(&self.receivers);
        // while the back end makes room for what they take
        receivers.end(clock::monotonic() + within.min(RECEIVERS_END_TIME));
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.channel.close();
        receivers.close();
        drop(receivers);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            self.shared.channel.wake();
            // it ends after the look it is at; a panic of its was reported where it happened
            let _ = thread.join();
        }
        let mut backend = self.shared.claim();
        backend.drain_all();
        backend.report_last_drops();
        let mut result = Shutdown::default();
        for handler in backend.router.youngest_first() {
            let remaining = deadline.saturating_duration_since(clock::monotonic());
            let has_failed = !backend.router.end(handler, remaining);
            result.failed += u64::from(has_failed);
            let slot = backend.router.slots.get_mut(handler as usize).and_then(Option::as_mut);
            let Some(status) = slot.map(Slot::status) else { continue };
            result.left += status.queued;
            if has_failed || status.queued > 0 {
                result.handlers.push(status.name);
            }
        }
        backend.router.failures.clear();
        result
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.shared.is_stopped.load(Ordering::Acquire) {
            self.shutdown(SHUTDOWN_TIMEOUT);
        }
    }
}

impl Shared {
    /// The back end, for a thread other than its own. Locks are not fair, and under load its own thread would take it again
    /// and again.
    pub(crate) fn claim(&self) -> MutexGuard<'_, Backend> {
        self.claims.fetch_add(1, Ordering::Relaxed);
        let backend = lock(&self.backend);
        self.claims.fetch_sub(1, Ordering::Relaxed);
        backend
    }

    /// Changes the system between two records: those logged before are routed as it was, those after as it is then.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut Backend, &mut Tree) -> R) -> R {
        let mut backend = self.claim();
        backend.drain_logged();
        let mut tree = lock(&self.tree);
        let result = work(&mut backend, &mut tree);
        tree.refresh();
        drop(tree);
        backend.refresh();
        drop(backend);
        self.announce_lowest();
        result
    }

    /// Tells who wants to know if the lowest level that anybody takes is another one.
    pub(crate) fn announce_lowest(&self) {
        // under the lock of the listeners, so that the last of two changes is told last
        let listeners = lock(&self.lowest.0);
        let lowest = lock(&self.tree).lowest();
        if self.lowest.1.swap(lowest.get(), Ordering::Relaxed) != lowest.get() {
            listeners.iter().for_each(|listener| listener(lowest));
        }
    }
}

/// The back end's thread: looks at the rings until the system is stopped.
fn run(shared: &Arc<Shared>) {
    let mut naps = 0;
    shared.begin_back_end();
    while !shared.is_stopped.load(Ordering::Acquire) {
        shared.say_last_words();
        if shared.claims.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
            continue;
        }
        let drained = {
            let mut backend = lock(&shared.backend);
            let drained = backend.drain();
            backend.flush_if_due(drained.routed == 0);
            drained
        };
        if drained.routed > 0 {
            naps = 0;
            continue;
        }
        shared.revert_due();
        let is_long = naps >= NAPS_MAX && !drained.has_more;
        naps = naps.saturating_add(1);
        shared.channel.sleep(if is_long { SLEEP } else { NAP }, is_long);
    }
}

fn deadline(within: Duration) -> Instant {
    let now = clock::monotonic();
    // a time beyond the end of the clock is as good as an hour
    now.checked_add(within).unwrap_or_else(|| now + Duration::from_secs(3600))
}
