//! On a thread of its own: as without isolation, but a hang loses that thread only.

use crate::{table::Mode, whole};

#[test]
fn what_is_contained_ends_one_strategy_and_never_another() {
    whole::contained(Mode::Thread);
}

#[test]
fn what_is_not_contained_ends_the_daemon_with_a_note() {
    whole::fatal(Mode::Thread);
}

#[test]
fn a_version_that_cannot_be_left_or_taken_up_is_refused() {
    whole::replaced(Mode::Thread);
}
