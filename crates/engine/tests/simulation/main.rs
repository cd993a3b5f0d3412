//! Random runs by seed, of the engine with its driver: slices of one and of many, and swaps at any moment.
//!
//! The whole engine against adversarial exchanges, with a naive twin that judges every step, is
//! `crates/testkit/src/adversary`: `cargo xtask soak sim`.

mod brackets;
mod cut;
mod desk;
mod filling_link;
mod random;
mod relay;
mod slices;

const SEEDS: u64 = 200;

/// The seeds to run: `STRATD_SEED=7` replays one.
fn seeds() -> Vec<u64> {
    match std::env::var("STRATD_SEED") {
        Ok(seed) => vec![seed.parse().expect("STRATD_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    }
}

/// Names the seed when a run panics, whatever panicked.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            eprintln!(
                "seed {seed} failed; replay: STRATD_SEED={seed} cargo test -p stratd-engine --test simulation"
            );
        }
    }
}
