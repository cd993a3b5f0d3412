//! In a process of its own: everything is contained, reported and started again.

use crate::{table::Mode, whole};

#[test]
fn everything_is_contained_and_the_others_go_on() {
    whole::contained(Mode::Process);
}

#[test]
fn what_cannot_be_created_is_refused_before_the_run() {
    whole::refused(Mode::Process);
}

#[test]
fn a_version_that_cannot_be_left_or_taken_up_is_refused() {
    whole::replaced(Mode::Process);
}
