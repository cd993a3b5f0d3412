//! The simulation of the whole engine, as many seeds as a test may take; `cargo xtask soak sim` runs more.

use stratd_testkit::adversary::{Counts, run};

const SEEDS: u64 = 60;
const STEPS: u64 = 600;

#[test]
fn books_limits_and_orders_hold_against_an_adversarial_exchange() {
    let (mut counts, mut slices) = (Counts::default(), 0);
    for seed in 0..SEEDS {
        let outcome = run(seed, STEPS);
        let replay = format!("cargo xtask soak sim --seed {seed} --steps {STEPS}");
        assert_eq!(outcome.violation, None, "seed {seed}; replay: {replay}");
        counts.merge(&outcome.counts);
        slices += outcome.slices;
    }
    // a simulation that never gets anywhere proves nothing
    for (what, count) in counts.kinds() {
        assert!(count >= 10, "only {count} {what} in all runs");
    }
    assert!(slices >= 300, "only {slices} calls with several events");
    assert!(counts.denied().count() >= 15, "too few reasons: {:?}", counts.denied().collect::<Vec<_>>());
    let (passed, asked) = counts.passed();
    assert!(passed * 3 >= asked, "only {passed} of {asked} requests passed");
}

#[test]
fn equal_seeds_are_equal_runs_and_another_seed_is_another_one() {
    assert_eq!(run(1, STEPS), run(1, STEPS));
    assert_ne!(run(1, STEPS).hash, run(2, STEPS).hash);
}
