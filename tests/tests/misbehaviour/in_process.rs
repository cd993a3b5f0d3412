//! Without isolation: a panic or an error ends the strategy; a crash or a hang ends the daemon, which says whose it was.

use crate::{table::Mode, whole};

#[test]
fn what_is_contained_ends_one_strategy_and_never_another() {
    whole::contained(Mode::None);
}

#[test]
fn what_is_not_contained_ends_the_daemon_with_a_note() {
    whole::fatal(Mode::None);
}

#[test]
fn a_strategy_that_ends_the_daemon_again_and_again_is_quarantined() {
    whole::counted(Mode::None, "segfault", 2);
}

#[test]
fn what_cannot_be_created_is_refused_before_the_run() {
    whole::refused(Mode::None);
}

#[test]
fn a_version_that_cannot_be_left_or_taken_up_is_refused() {
    whole::replaced(Mode::None);
}

#[test]
fn one_hang_is_enough_for_the_quarantine() {
    whole::counted(Mode::None, "spin", 1);
}
