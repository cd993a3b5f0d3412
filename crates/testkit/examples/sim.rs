//! The simulation of `cargo xtask soak sim`: many seeds, as many at a time as there are processors.
//!
//! Arguments: `SEED STEPS`. A run has at most [`RUN_STEPS`] steps; seeds count up from SEED until STEPS are done.
//! Prints a flat JSON object of counts; a failing seed goes to standard error with its shortest failing run.

use std::process::ExitCode;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use std::thread;

use stratd_testkit::adversary::{self, Counts, Violation};

/// Steps of one seed: enough for orders, losses and sessions to come to their end, and few to be replayed.
const RUN_STEPS: u64 = 1_000;
/// So many failing seeds are told.
const TOLD_MAX: usize = 5;

#[derive(Default)]
struct Total {
    counts: Counts,
    seeds: u64,
    /// Calls of strategies with several events.
    slices: u64,
    /// FNV-like sum of the hashes of all seeds, in no order.
    hash: u64,
    failed: Vec<(u64, u64, Violation)>,
}

fn main() -> ExitCode {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let [first, steps] = arguments[..] else {
        eprintln!("usage: sim SEED STEPS");
        return ExitCode::from(2);
    };
    // a panic of the engine is a finding: it is told with its seed, and not by the hook
    std::panic::set_hook(Box::new(|_| {}));
    let total = simulate(first, steps);
    let mut counts: Vec<(String, u64)> =
        total.counts.kinds().map(|(name, count)| (name.to_owned(), count)).collect();
    counts.extend(total.counts.denied().map(|(reason, count)| (format!("denied.{reason}"), count)));
    let failed = u64::try_from(total.failed.len()).unwrap_or(u64::MAX);
    let (passed, asked) = total.counts.passed();
    for (name, count) in [
        ("passed", passed),
        ("asked", asked),
        ("slices", total.slices),
        ("seeds", total.seeds),
        ("violations", failed),
    ] {
        counts.push((name.to_owned(), count));
    }
    let fields: Vec<String> = counts.iter().map(|(name, count)| format!("\"sim.{name}\": {count}")).collect();
    println!("{{{}}}", fields.join(", "));
    eprintln!("hash of all outputs {:016x}", total.hash);
    for (seed, steps, violation) in total.failed.iter().take(TOLD_MAX) {
        tell(*seed, *steps, violation);
    }
    if total.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn simulate(first: u64, steps: u64) -> Total {
    let total = Mutex::new(Total::default());
    let next = AtomicU64::new(0);
    let runs = steps.div_ceil(RUN_STEPS);
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= runs || lock(&total).failed.len() >= TOLD_MAX {
                return;
            }
            let seed = first.wrapping_add(run);
            let steps = RUN_STEPS.min(steps - run * RUN_STEPS);
            let outcome = adversary::run(seed, steps);
            let mut total = lock(&total);
            total.seeds += 1;
            total.slices += outcome.slices;
            total.hash = total.hash.wrapping_add(outcome.hash);
            total.counts.merge(&outcome.counts);
            total.failed.extend(outcome.violation.map(|violation| (seed, steps, violation)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn tell(seed: u64, steps: u64, violation: &Violation) {
    eprintln!("seed {seed} failed at step {}: {}", violation.step, violation.what);
    let shortest = adversary::shortest_failing(seed, steps.min(violation.step));
    let steps = shortest.as_ref().map_or(steps, |(steps, _)| *steps);
    if let Some((steps, violation)) = &shortest {
        eprintln!("  it fails with its first {steps} steps: {}", violation.what);
    }
    eprintln!("  replay: cargo xtask soak sim --seed {seed} --steps {steps}");
}

fn lock(total: &Mutex<Total>) -> std::sync::MutexGuard<'_, Total> {
    total.lock().unwrap_or_else(PoisonError::into_inner)
}
