//! Loading plugins from real files, good and bad.

use stratd::host::Loader;
use stratd_tests::{Edit, Variant};

/// Two numbers of one type change places: every size stays as it was.
const SWAPPED: &[Edit] = &[(
    "plugin-api/abi/src/event.rs",
    "    /// Price of the order; 0 for a market order.\n    pub price: i64,\n    /// Total quantity of the order.\n    pub quantity: i64,",
    "    /// Total quantity of the order.\n    pub quantity: i64,\n    /// Price of the order; 0 for a market order.\n    pub price: i64,",
)];

#[test]
fn a_changed_layout_is_refused() {
    let file = Variant { name: "other-layout", edits: SWAPPED, rustc: &[] }.build();
    let base = tempfile::tempdir().unwrap();
    let loader = Loader::new(base.path()).unwrap();
    panic!("{:?}", loader.load(&file));
}
