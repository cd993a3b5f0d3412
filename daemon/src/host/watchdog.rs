//! Ends a process whose event loop hangs in a plugin, after saying which plugin.
//!
//! A call that does not return cannot be taken back: the thread is inside of the plugin. An event loop that hangs
//! trades no more and cancels no more, so the honest end is SIGABRT: the note names the culprit, a supervisor
//! starts the daemon again, and the next start puts the plugin in quarantine.
//!
//! Only calls of the event loop's thread end the process. A call elsewhere (a new instance being created beside the
//! loop, a plugin isolated on a thread of its own, whose caller has a deadline) is told once and left alone.
//!
//! Time is counted in samples, each of which weighs at most twice the interval: a process that was stopped, or a machine that
//! slept, has not hung.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::crash::{
    self,
    seat::{self, Call, Seat},
};
use crate::runtime::{clock::Stopwatch, notify};

/// How long a log line may take whose writer may be what hangs.
const LAST_LOG_TIME_MAX: Duration = Duration::from_secs(1);

/// When a call counts as hung.
#[derive(Clone, Copy, Debug)]
pub struct WatchdogOptions {
    /// A call of the event loop that lasts longer ends the process.
    pub limit: Duration,
    /// How often is looked. The end comes at most two intervals after the limit.
    pub interval: Duration,
}

impl Default for WatchdogOptions {
    fn default() -> Self {
        Self { limit: Duration::from_secs(10), interval: Duration::from_millis(250) }
    }
}

/// The thread that watches; stopped when dropped.
#[derive(Debug)]
pub struct Watchdog {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl Stop {
    /// Waits so long at most for the end to be asked for.
    fn is_asked_within(&self, time: Duration) -> bool {
        let is_asked = self.is_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.asked.wait_timeout_while(is_asked, time, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Watchdog {
    /// Watches the calls that the calling thread makes from now on: the event loop's.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(options: WatchdogOptions) -> io::Result<Self> {
        let event_loop = seat::thread_key();
        let stop = Arc::new(Stop::default());
        let asked = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watch(options, event_loop, &asked))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.stop.is_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.asked.notify_all();
        if let Some(thread) = self.thread.take() {
            // it ends by itself; if it panicked, the panic was printed
            let _ = thread.join();
        }
    }
}

fn watch(options: WatchdogOptions, event_loop: usize, stop: &Stop) {
    let mut samples = Samples::default();
    let mut since = Stopwatch::start();
    while !stop.is_asked_within(options.interval) {
        notify::pet();
        let step = since.elapsed().min(options.interval * 2);
        since = Stopwatch::start();
        for (seat, call, lasted) in samples.take(seat::seats(), step, options.limit) {
            if call.thread == event_loop {
                end(seat, call, lasted);
            }
            tracing::warn!(
                logger = "watchdog",
                "{} {} has been in `{}` for {lasted:.1?}, not on the event loop's thread: {}",
                seat.kind(),
                seat.instance(),
                call.entry.name(),
                seat.plugin()
            );
        }
    }
}

/// Says it and ends the process.
fn end(seat: &'static Seat, call: Call, lasted: Duration) -> ! {
    // first what cannot block
    crash::note_hang(seat, call.entry, &format!("{:.1}s", lasted.as_secs_f64()));
    // The log may be what the event loop hangs in, so another thread writes it, and has a moment to do so.
    let (sender, done) = mpsc::channel::<()>();
    let log = move || {
        tracing::error!(
            logger = "watchdog",
            "{} {} has not returned from `{}` for {lasted:.1?}; ends the process (SIGABRT): {}",
            seat.kind(),
            seat.instance(),
            call.entry.name(),
            seat.plugin()
        );
        crate::logging::dump_flight(&format!("{}.{}", seat.kind(), seat.instance()), "hang");
        crate::logging::flush_within(LAST_LOG_TIME_MAX);
        drop(sender);
    };
    if thread::Builder::new().name("last-log".to_owned()).spawn(log).is_ok() {
        match done.recv_timeout(LAST_LOG_TIME_MAX) {
            Ok(()) | Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
    }
    std::process::abort()
}

/// The calls that were going on at the last sample.
#[derive(Default)]
struct Samples {
    seen: Vec<Seen>,
}

struct Seen {
    seat: &'static Seat,
    call: Call,
    lasted: Duration,
    is_told: bool,
}

impl Samples {
    /// Looks at all seats, `step` after the last time; returns the calls that have lasted longer than `limit`, each once.
    fn take(
        &mut self,
        seats: impl Iterator<Item = &'static Seat>,
        step: Duration,
        limit: Duration,
    ) -> Vec<(&'static Seat, Call, Duration)> {
        let mut overdue = Vec::new();
        let mut seen = Vec::new();
        for seat in seats {
            let Some(call) = seat.call() else { continue };
            let before = self.seen.iter().find(|old| std::ptr::eq(old.seat, seat) && old.call == call);
            let (lasted, was_told) =
                before.map_or((Duration::ZERO, false), |old| (old.lasted + step, old.is_told));
            let is_late = lasted > limit;
            if is_late && !was_told {
                overdue.push((seat, call, lasted));
            }
            seen.push(Seen { seat, call, lasted, is_told: is_late });
        }
        self.seen = seen;
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::{Identity, crash::seat::Entry},
        plugin_kind::PluginKind,
    };

    #[test]
    fn a_call_is_late_once_and_only_if_it_is_the_same_call() {
        let seat: &'static Seat =
            Box::leak(Box::new(Seat::new(PluginKind::Strategy, "a", &Identity::default())));
        let second = Duration::from_secs(1);
        let mut samples = Samples::default();
        let mut look = || samples.take([seat].into_iter(), second, 2 * second).len();
        seat.during(Entry::OnEvents, || {
            assert_eq!([look(), look(), look()], [0, 0, 0]);
            assert_eq!([look(), look()], [1, 0]);
        });
        // as many samples, all in calls of the same entry, but none of them lasts
        for _ in 0..10 {
            assert_eq!(seat.during(Entry::OnEvents, &mut look), 0);
        }
        assert_eq!(look(), 0);
        seat.during(Entry::Save, || {
            assert_eq!([look(), look(), look(), look()], [0, 0, 0, 1]);
        });
    }
}
