//! A plugin that is built so that its first panic would end the daemon.

use stratd_tests::{Ended, Variant};

use crate::desk::{Desk, has_line};

#[test]
fn a_build_whose_panics_end_the_process_is_refused_in_every_mode() {
    let library = Variant { name: "aborting", edits: &[], rustc: &["-C", "panic=abort"] }.build();
    for mode in ["none", "thread", "process"] {
        let mut desk = Desk::of(&format!(
            "trading_type = \"sandbox\"
[[exchange]]
plugin = \"synthetic\"
[[strategy]]
plugin = \"{}\"
isolation = \"{mode}\"
",
            library.display()
        ));
        desk.spawn_with(&[]);
        let Ended { status, err, .. } = desk.wait_for_end();
        assert_eq!(status.code(), Some(78), "{mode}: {err}");
        assert!(
            has_line(&err, "panic mode: a plugin in which a panic ends the process", ""),
            "{mode}: {err}"
        );
    }
}
