//! The whole engine against an adversarial exchange and random strategies, by seed.
//!
//! A run draws everything from its seed: limits of every scope and when they change, the account, netted or hedged
//! positions, how cost is found, what the market, the strategies, people and the exchanges do. After every step a naive twin says whether books, limits and orders
//! are as they must be; it knows nothing of the engine's state and recomputes from inputs and outputs alone. At the end
//! the exchanges are asked for everything, and every order must be final.
//!
//! A seed runs twice: where one strategy alone listens, the first run hands it several events in one call, the second one
//! at a time. Outputs, what the strategies were told, and what can be looked up at the end must be the same.
//!
//! Ordering: the twin reads an input before the engine does, and the outputs in their order, so that it judges an order
//! by the books of the moment at which it was sent. Known limits: a denied change is judged by its effect alone, because
//! the output does not tell its price; orders of `close_all` pass every limit by design and are not judged by them.

mod books;
mod compare;
mod costs;
mod counts;
mod cuts;
mod excluded;
mod gambler;
mod gate;
mod happenings;
mod market;
mod mind;
mod random;
mod requests;
mod scenario;
mod sent;
mod simulation;
mod twin;
mod venue;
mod working;

use std::{any::Any, collections::BTreeMap, panic};

use stratd_engine::SLICE_MAX;

use counts::Count;
pub use counts::Counts;

/// What came of one seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// FNV-1a of the text of all outputs, of what the strategies were told, and of all that can be looked up at the end.
    pub hash: u64,
    /// How often what happened.
    pub counts: Counts,
    /// Calls of strategies with several events.
    pub slices: u64,
    /// The invariant that did not hold, if one did not.
    pub violation: Option<Violation>,
    /// The hash after each step.
    trace: Vec<(u64, u64)>,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// After which step; the steps of the end count on.
    pub step: u64,
    /// What was expected and what was found.
    pub what: String,
}

/// Runs a seed for so many steps, and its end: twice, with events in slices and spans and with one at a time. Both must
/// bring the same, byte for byte.
#[must_use]
pub fn run(seed: u64, steps: u64) -> Outcome {
    let mut sliced = run_with(seed, steps, SLICE_MAX);
    if sliced.violation.is_some() {
        return sliced;
    }
    let single = run_with(seed, steps, 1);
    let is_same = (sliced.hash, &sliced.counts) == (single.hash, &single.counts);
    sliced.violation = single.violation.or_else(|| {
        (!is_same).then(|| {
            // of a slice only the last event has a hash
            let by_step: BTreeMap<u64, u64> = single.trace.iter().copied().collect();
            let differs = |(step, hash): &&(u64, u64)| by_step.get(step) != Some(hash);
            let step = sliced.trace.iter().find(differs).map_or(steps, |(step, _)| *step);
            let what = "events in slices bring other outputs than one event after the other".to_owned();
            Violation { step, what }
        })
    });
    sliced.trace = Vec::new();
    sliced
}

/// One run, with so many events in a call at most.
fn run_with(seed: u64, steps: u64, slice_max: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let simulate = || simulation::run(seed, steps, slice_max, &mut outcome);
    let what = match panic::catch_unwind(panic::AssertUnwindSafe(simulate)) {
        Ok(Ok(())) => return outcome,
        Ok(Err(what)) => what,
        Err(payload) => format!("the engine panicked: {}", message(&*payload)),
    };
    let step = outcome.counts.of(Count::Steps);
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
