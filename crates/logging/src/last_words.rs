//! What is done of the log while the process dies of a signal.
//!
//! The thread that dies may hold any lock, that of the allocator included, so it does nothing but ask, and wait a while:
//! the back end's thread writes what is in the rings. If that thread needs a lock that the dying one holds, the time runs
//! out and the process dies as it would have; nobody waits for ever.
//!
//! Limit: what the back end's thread itself dies of is not written.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::unistd::gettid;

use crate::logging::{Logging, Shared};

/// How long the dying thread sleeps between two looks.
const LOOK: Duration = Duration::from_millis(1);
/// Stands for nobody to blame.
const NOBODY: usize = usize::MAX;

type Culprits = Box<dyn Fn(usize) -> Option<String> + Send + Sync>;

/// Where last words are asked for.
#[derive(Default)]
pub(crate) struct LastWordsDesk {
    is_asked: AtomicBool,
    is_done: AtomicBool,
    culprit: AtomicUsize,
    back_end: AtomicI32,
    culprits: OnceLock<Culprits>,
}

/// Asks for the last words of a process, from a signal handler.
///
/// ```
/// use std::time::Duration;
/// use stratd_logging::Logging;
///
/// let logging = Logging::new();
/// let last_words = logging.last_words(|_| None);
/// assert!(last_words.say(None, Duration::from_secs(5)));
/// ```
#[derive(Clone)]
pub struct LastWords(Arc<Shared>);

impl fmt::Debug for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastWords").finish_non_exhaustive()
    }
}

impl LastWords {
    /// Has everything that was logged written, and waits for it so long; true if it was. Whoever is to blame, by a number
    /// that `culprits` of [`Logging::last_words`] understands, has its flight recorder handed over first.
    ///
    /// It neither locks nor allocates, so that a signal handler may call it.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// # use std::time::Duration;
    /// let last_words = Logging::new().last_words(|_| None);
    /// // the system is gone, and its thread with it
    /// assert!(!last_words.say(Some(7), Duration::from_millis(2)));
    /// ```
    #[must_use]
    pub fn say(&self, culprit: Option<usize>, within: Duration) -> bool {
        let desk = &self.0.last_words;
        if desk.back_end.load(Ordering::Relaxed) == gettid().as_raw() {
            return false;
        }
        desk.culprit.store(culprit.unwrap_or(NOBODY), Ordering::Relaxed);
        desk.is_done.store(false, Ordering::Relaxed);
        desk.is_asked.store(true, Ordering::Release);
        self.0.channel.wake();
        let looks = within.as_millis() / LOOK.as_millis();
        for _ in 0..=looks {
            if desk.is_done.load(Ordering::Acquire) {
                return true;
            }
            let _ = nix::time::clock_nanosleep(
                nix::time::ClockId::CLOCK_MONOTONIC,
                nix::time::ClockNanosleepFlags::empty(),
                &nix::sys::time::TimeSpec::from_duration(LOOK),
            );
        }
        false
    }
}

impl Logging {
    /// The way to the last words of this process. `culprits` gives the logger whose flight recorder is handed over for a
    /// number; it is called on the back end's thread, and only that of the first call of this function counts.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// let _ = Logging::new().last_words(|number| (number == 7).then(|| "strategy.momentum".to_owned()));
    /// ```
    #[must_use]
    pub fn last_words(
        &self,
        culprits: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
    ) -> LastWords {
        let _ = self.shared().last_words.culprits.set(Box::new(culprits));
        LastWords(Arc::clone(self.shared()))
    }
}

impl Shared {
    /// Says which thread is the back end's: the calling one.
    pub(crate) fn begin_back_end(&self) {
        self.last_words.back_end.store(gettid().as_raw(), Ordering::Relaxed);
    }

    /// Called by the back end's thread between two looks: writes everything if somebody is dying.
    pub(crate) fn say_last_words(&self) {
        let desk = &self.last_words;
        if !desk.is_asked.load(Ordering::Relaxed) || !desk.is_asked.swap(false, Ordering::Acquire) {
            return;
        }
        let mut backend = self.claim();
        backend.drain_logged();
        let culprit = Some(desk.culprit.load(Ordering::Relaxed)).filter(|&culprit| culprit != NOBODY);
        let logger = culprit.and_then(|culprit| desk.culprits.get()?(culprit));
        let recorder = logger.and_then(|logger| crate::ring::lock(&self.tree).flights.find(&logger));
        for (mut record, logger) in recorder.into_iter().flat_map(|recorder| recorder.untold(self, "crash")) {
            backend.router.route(logger, &mut record, None);
        }
        backend.drain_all();
        drop(backend);
        desk.is_done.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{flight::FlightOptions, handler::Capture, level::Level, logging::Logging};

    #[test]
    fn the_flight_of_the_culprit_and_everything_that_was_logged_is_written() {
        let logging = Logging::new();
        let (capture, captured) = Capture::new(100);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        logging.attach("root", "capture").unwrap();
        let options = FlightOptions { below: vec!["s".to_owned()], ..FlightOptions::default() };
        logging.set_flight_recorder(Some(options));
        for name in ["s.a", "s.b"] {
            logging.logger(name).unwrap().log(Level::DEBUG, name);
        }
        logging.logger("s.a").unwrap().log(Level::WARNING, "before the end");
        let last_words = logging.last_words(|number| (number == 7).then(|| "s.b".to_owned()));
        assert!(last_words.say(Some(7), Duration::from_secs(60)));
        let lines = captured.take();
        assert_eq!(lines, ["before the end", "flight recorder: 1 earlier records follow (crash)", "s.b"]);
    }
}
