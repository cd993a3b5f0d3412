//! States that the next start cannot use.

use stratd_control::PluginState;
use stratd_tests::Ended;

use crate::{
    desk::Desk,
    table::{Mode, Verdict, When, rows},
};

/// A strategy that refuses its state has failed before the run begins; the others run, and the state stays where it is.
fn refused_states(mode: Mode) {
    let wanted = rows(When::NextStart, mode, |_| true);
    let mut desk = Desk::new(mode, &wanted);
    desk.start();
    for row in &wanted {
        desk.wait_for_instance(row.fault, "a saved state", |i| i.last_save.is_some());
    }
    let Ended { status, err, .. } = desk.stop();
    assert_eq!(status.code(), Some(0), "nothing misbehaved yet: {err}");
    // each time anew: what was refused is not lost
    for _ in 0..2 {
        desk.start();
        for row in &wanted {
            let Verdict::Fails(text) = row.verdict(mode) else { panic!("{} ends the strategy", row.fault) };
            desk.wait_for_line(&format!("strategy.{}", row.fault), &format!("failed: {text}"));
            desk.wait_for_instance(row.fault, "the end", |i| i.state == PluginState::Faulted);
        }
        desk.wait_for_events();
        let Ended { status, err, .. } = desk.stop();
        assert_eq!(status.code(), Some(1), "{err}");
    }
}

#[test]
fn a_state_that_is_refused_ends_its_strategy_without_isolation() {
    refused_states(Mode::None);
}

#[test]
fn a_state_that_is_refused_ends_its_strategy_on_a_thread() {
    refused_states(Mode::Thread);
}

#[test]
fn a_state_that_is_refused_ends_its_strategy_in_a_process() {
    refused_states(Mode::Process);
}
