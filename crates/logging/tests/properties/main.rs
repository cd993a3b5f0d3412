//! Properties, against naive models: formats, levels and propagation as Python's source has them, rotation.
//!
//! A failing case is printed with its seed; `PROPTEST_CASES=1000 cargo test -p stratd-logging --test properties` looks
//! longer.

mod formats;
mod propagation;
mod rotation;

use proptest::prelude::ProptestConfig;

fn config(cases: u32) -> ProptestConfig {
    // the seed is printed: a file of them would be one more thing to keep
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}
