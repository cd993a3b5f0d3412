//! The whole engine against an adversarial exchange and random strategies, by seed.
//!
//! A run draws everything from its seed: limits of every scope, the account, how cost is found, what the market, the
//! strategies, the operator and the exchanges do. After every step a naive twin says whether books, limits and orders
//! are as they must be; it knows nothing of the engine's state and recomputes from inputs and outputs alone. At the end
//! the exchanges are asked for everything, and every order must be final.
//!
//! Ordering: the twin reads an input before the engine does, and the outputs in their order, so that it judges an order
//! by the books of the moment at which it was sent. Known limits: a denied change is judged by its effect alone, because
//! the output does not tell its price; orders of `close_all` pass every limit by design and are not judged by them.

mod books;
mod compare;
mod cuts;
mod gambler;
mod gate;
mod random;
mod scenario;
mod simulation;
mod twin;
mod venue;
mod working;

use std::{any::Any, panic};

/// What came of one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// FNV-1a of the text of all outputs.
    pub hash: u64,
    /// How often what happened.
    pub counts: Counts,
    /// The invariant that did not hold, if one did not.
    pub violation: Option<Violation>,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// After which step; the steps of the end count on.
    pub step: u64,
    /// What was expected and what was found.
    pub what: String,
}

/// How often what happened, so that a simulation that never gets anywhere is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Counts::NAMES.len()]);

/// What is counted; the order is that of [`Counts::NAMES`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Steps,
    Orders,
    Changes,
    Cancels,
    Fills,
    Denials,
    Reductions,
    UnknownReports,
    Overfills,
    Faults,
    Stops,
    Swaps,
    Rollbacks,
    Restarts,
    StateChanges,
    SessionsClosed,
    Disconnects,
    TimedOut,
    ByAmount,
    FillsHedged,
}

impl Counts {
    /// The names, in the order in which [`Counts::iter`] has them.
    pub const NAMES: [&str; 20] = [
        "steps",
        "orders",
        "changes",
        "cancels",
        "fills",
        "denials",
        "reductions",
        "unknown_reports",
        "overfills",
        "faults",
        "stops",
        "swaps",
        "rollbacks",
        "restarts",
        "state_changes",
        "sessions_closed",
        "disconnects",
        "timed_out",
        "orders_by_amount",
        "fills_hedged",
    ];

    pub(crate) fn add(&mut self, what: Count) {
        if let Some(count) = self.0.get_mut(what as usize) {
            *count += 1;
        }
    }

    /// Adds the counts of another seed.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Names with counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::NAMES.into_iter().zip(self.0)
    }
}

/// Runs a seed for so many steps, and its end.
#[must_use]
pub fn run(seed: u64, steps: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| simulation::run(seed, steps, &mut outcome)));
    let what = match result {
        Ok(Ok(())) => return outcome,
        Ok(Err(what)) => what,
        Err(payload) => format!("the engine panicked: {}", message(&*payload)),
    };
    let step = outcome.counts.0.first().copied().unwrap_or_default();
    outcome.violation = Some(Violation { step, what });
    outcome
}

/// The shortest run of a failing seed that fails; `None` if the seed does not fail within so many steps.
///
/// A run of fewer steps is the beginning of a longer one, followed by its end. All lengths are tried from the shortest
/// on, because the end can find what the steps hide.
#[must_use]
pub fn shortest_failing(seed: u64, steps: u64) -> Option<(u64, Violation)> {
    (1..=steps).find_map(|steps| run(seed, steps).violation.map(|violation| (steps, violation)))
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// What the twin says of something that must be so.
fn ensure(is_so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(what()) }
}
