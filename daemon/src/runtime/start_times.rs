//! How long the parts of a start took, for `/v1/metrics`. A process starts one run: the parts are those of the process.
//!
//! Each part lasts from the end of the one before, so that together they are the whole start, from `main` to the run that
//! trades. What the kernel and the loader need before `main` is not in them.

use std::sync::{Mutex, PoisonError};

use super::clock::Moment;

/// A part of a start, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartPart {
    /// The configuration is read, and with its plugins checked.
    Check,
    /// `state.db` is opened and checked, and what a crash means is decided.
    Database,
    /// Plugins are loaded, and what was kept of orders is read.
    Read,
    /// Exchanges are connected, instances made.
    Connect,
    /// What was kept is in the engine, and the control socket answers.
    TakeUp,
    /// The exchanges have answered how our orders are.
    Reconcile,
    /// Strategies are started, market data is asked for.
    Start,
}

impl StartPart {
    const ALL: [Self; 7] =
        [Self::Check, Self::Database, Self::Read, Self::Connect, Self::TakeUp, Self::Reconcile, Self::Start];

    fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Database => "database",
            Self::Read => "read",
            Self::Connect => "connect",
            Self::TakeUp => "take_up",
            Self::Reconcile => "reconcile",
            Self::Start => "start",
        }
    }
}

struct Times {
    last: Moment,
    seconds: [Option<f64>; StartPart::ALL.len()],
}

static TIMES: Mutex<Option<Times>> = Mutex::new(None);

fn with<T>(change: impl FnOnce(&mut Option<Times>) -> T) -> T {
    change(&mut TIMES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The program begins.
pub(crate) fn begins() {
    with(|times| *times = Some(Times { last: Moment::now(), seconds: Default::default() }));
}

/// A part is over, which began when the one before was; nothing in a process that starts no run.
pub(crate) fn ends(part: StartPart) {
    with(|times| {
        let Some(times) = times else { return };
        let now = Moment::now();
        if let Some(seconds) = times.seconds.get_mut(part as usize) {
            *seconds = Some(times.last.elapsed().as_secs_f64());
        }
        times.last = now;
    });
}

/// The parts that are over, with their seconds.
pub(crate) fn all() -> Vec<(&'static str, f64)> {
    with(|times| {
        let Some(times) = times else { return Vec::new() };
        let parts = StartPart::ALL.into_iter().zip(times.seconds);
        parts.filter_map(|(part, seconds)| Some((part.name(), seconds?))).collect()
    })
}
