//! The simulation of the whole engine, as many seeds as a test may take; `cargo xtask soak sim` runs more.

use stratd_testkit::adversary::{Counts, run};

const SEEDS: u64 = 60;
const STEPS: u64 = 600;

#[test]
fn books_limits_and_orders_hold_against_an_adversarial_exchange() {
    let mut counts = Counts::default();
    for seed in 0..SEEDS {
        let outcome = run(seed, STEPS);
        let replay = format!("cargo xtask soak sim --seed {seed} --steps {STEPS}");
        assert_eq!(outcome.violation, None, "seed {seed}; replay: {replay}");
        assert_eq!(outcome, run(seed, STEPS), "two runs of seed {seed} differ; replay: {replay}");
        counts.merge(&outcome.counts);
    }
    // a simulation that never gets anywhere proves nothing
    for (what, count) in counts.iter() {
        assert!(count >= 20, "only {count} {what} in all runs");
    }
}

#[test]
fn another_seed_is_another_run() {
    assert_ne!(run(1, STEPS).hash, run(2, STEPS).hash);
}
