//! How far a run is, on a terminal.

use std::{
    cell::Cell,
    io::IsTerminal as _,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stratd_plugin_api::{Money, Timestamp};

use crate::runtime::clock::Stopwatch;

/// Redraws per second are limited by the bar; asking it at every event would cost more than the event.
const SHOW_EVERY: u32 = 64;

/// The bar that log lines must not be written through.
static BAR: OnceLock<Mutex<Option<ProgressBar>>> = OnceLock::new();

fn bar() -> &'static Mutex<Option<ProgressBar>> {
    BAR.get_or_init(Mutex::default)
}

/// Who else wants to know how far a run is: one at most in a process.
static LISTENER: OnceLock<Mutex<Listener>> = OnceLock::new();

/// Hears the time of the market, the events so far, and how long they took.
type Hear = Box<dyn FnMut(Timestamp, u64, Duration) + Send>;

struct Listener {
    every: Duration,
    told: Stopwatch,
    hear: Hear,
}

/// Has the run of this process told to `hear`, at most so often. The first one counts.
pub(crate) fn listen(every: Duration, hear: impl FnMut(Timestamp, u64, Duration) + Send + 'static) {
    let listener = Listener { every, told: Stopwatch::start(), hear: Box::new(hear) };
    let _ = LISTENER.set(Mutex::new(listener));
}

/// The bar of a run; draws nothing unless stderr is a terminal.
pub struct Progress {
    calls: Cell<u32>,
    stopwatch: Stopwatch,
}

impl Progress {
    /// Shows the bar.
    #[must_use]
    pub fn start() -> Self {
        if std::io::stderr().is_terminal() {
            let shown = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            shown.set_style(style);
            shown.enable_steady_tick(Duration::from_millis(120));
            *bar().lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        }
        Self { calls: Cell::new(0), stopwatch: Stopwatch::start() }
    }

    /// Shows how a live run stands.
    pub fn show_now(&self, now: Timestamp, events: u64, equity: Option<Money>) {
        if let Some(shown) = &*bar().lock().unwrap_or_else(PoisonError::into_inner) {
            let equity = equity.map_or_else(String::new, |equity| format!("  equity {equity:.2}"));
            shown.set_message(format!("{now}  {events} events  {:.0}/s{equity}", self.rate(events)));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    fn rate(&self, events: u64) -> f64 {
        events as f64 / self.stopwatch.elapsed().as_secs_f64().max(0.001)
    }

    /// Shows the time of the market and the events so far.
    pub fn show(&self, now: Timestamp, events: u64) {
        let calls = self.calls.get().wrapping_add(1);
        self.calls.set(calls);
        if !calls.is_multiple_of(SHOW_EVERY) {
            return;
        }
        if let Some(shown) = &*bar().lock().unwrap_or_else(PoisonError::into_inner) {
            shown.set_message(format!("{now}  {events} events  {:.0}/s", self.rate(events)));
        }
        if let Some(listener) = LISTENER.get() {
            let mut listener = listener.lock().unwrap_or_else(PoisonError::into_inner);
            if listener.told.elapsed() >= listener.every {
                listener.told = Stopwatch::start();
                (listener.hear)(now, events, self.stopwatch.elapsed());
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(shown) = bar().lock().unwrap_or_else(PoisonError::into_inner).take() {
            shown.finish_and_clear();
        }
    }
}

/// Writes to stderr with the bar out of the way.
pub fn suspended<T>(body: impl FnOnce() -> T) -> T {
    match &*bar().lock().unwrap_or_else(PoisonError::into_inner) {
        Some(shown) => shown.suspend(body),
        None => body(),
    }
}
