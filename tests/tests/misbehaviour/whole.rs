//! One daemon in which everything misbehaves at once that a mode contains, and one daemon for each that it does not.

use std::os::unix::process::ExitStatusExt as _;

use stratd_control::{PluginState, Request};
use stratd_tests::Ended;

use crate::{
    desk::{Desk, has_line},
    table::{Mode, Status, Verdict, When, rows},
};

/// Deaths within ten minutes, of which the last is followed by the quarantine.
const DEATHS: u64 = 3;

/// All that the mode contains, side by side: each comes to what the table says, and the strategy that counts goes on.
pub(crate) fn contained(mode: Mode) {
    let while_it_runs = rows(When::Run, mode, |verdict| !matches!(verdict, Verdict::Ends(..)));
    let at_its_end = rows(When::End, mode, |_| true);
    assert!(!while_it_runs.is_empty() && !at_its_end.is_empty());
    let mut desk = Desk::new(mode, &[&while_it_runs[..], &at_its_end[..]].concat());
    desk.start();
    for row in &while_it_runs {
        let (name, logger) = (row.fault, format!("strategy.{}", row.fault));
        match row.verdict(mode) {
            Verdict::Fails(text) => {
                desk.wait_for_line(&logger, &format!("failed: {text}"));
                desk.wait_for_instance(name, "the end", |i| {
                    i.state == PluginState::Faulted && i.restarts == 0
                });
            }
            Verdict::Told(logger, text) => {
                desk.wait_for_line(logger, text);
                desk.wait_for_instance(name, "life", |i| i.state == PluginState::Started && i.faults == 0);
            }
            Verdict::Unseen(_) => {
                desk.wait_for_instance(name, "events", |i| i.state == PluginState::Started && i.events > 20);
            }
            Verdict::Restarts(text) => {
                desk.wait_for_line(&logger, &format!("failed: {text}"));
                desk.wait_for_line(&format!("strategy {name} is quarantined: it died 3 times"), text);
                desk.wait_for_instance(name, "quarantine", |i| {
                    let is_counted = i.faults == DEATHS && i.restarts == DEATHS - 1;
                    i.state == PluginState::Quarantined && is_counted && i.pid.is_none()
                });
            }
            Verdict::Ends(..) | Verdict::Refused(_) => panic!("{name} does not belong here"),
        }
    }
    desk.wait_for_events();
    let Ended { status, err, .. } = desk.stop();
    // strategies have failed, and all else ended in good order
    assert_eq!(status.code(), Some(1), "{err}");
    assert!(err.contains("ends on SIGTERM") && err.contains("strategy.counter: first build: count"), "{err}");
    for row in at_its_end {
        let Verdict::Fails(text) = row.verdict(mode) else { panic!("{} ends the strategy", row.fault) };
        assert!(has_line(&err, &format!("strategy.{}: failed", row.fault), text), "{}: {err}", row.fault);
    }
}

/// Each that ends the daemon, alone: the note names it and the call, and the next start knows it.
pub(crate) fn fatal(mode: Mode) {
    for row in rows(When::Run, mode, |verdict| matches!(verdict, Verdict::Ends(..))) {
        let Verdict::Ends(note, expected) = row.verdict(mode) else { panic!("{} is fatal", row.fault) };
        let mut desk = Desk::new(mode, &[row]);
        desk.spawn();
        let Ended { status, err, .. } = desk.wait_for_end();
        assert!(err.lines().any(|line| line == note), "{}: no `{note}` in {err}", row.fault);
        let found = status.signal().map_or(Status::Code(status.code().unwrap_or(0)), Status::Signal);
        assert_eq!(found, expected, "{}: {err}", row.fault);
    }
}

/// A strategy that ends the daemon again and again is left out at last, and the others run.
pub(crate) fn counted(mode: Mode, fault: &str) {
    let row = crate::table::row(fault);
    let mut desk = Desk::with("crash_limit = 2", mode, &[row]);
    for _ in 0..2 {
        desk.spawn();
        let ended = desk.wait_for_end();
        assert!(!ended.status.success(), "{}", ended.err);
    }
    desk.start();
    desk.wait_for_line("stratd: the last run crashed: ", &format!("of {fault} (strategy-faulty/0.1.0/BUILD"));
    desk.wait_for_line(&format!("strategy.{fault} is quarantined: "), "");
    desk.wait_for_events();
    assert_eq!(desk.instance("faulty", fault).state, PluginState::Quarantined);
    // released and started, it does it again
    desk.client().send(&Request::release("faulty")).unwrap_or_else(|error| panic!("{error}"));
    desk.client().send(&Request::start("faulty")).map(drop).unwrap_or_default();
    let ended = desk.wait_for_end();
    assert!(!ended.status.success(), "{}", ended.err);
}

/// What is refused before the run begins.
pub(crate) fn refused(mode: Mode) {
    for row in rows(When::Check, mode, |_| true) {
        let Verdict::Refused(text) = row.verdict(mode) else { panic!("{} is refused", row.fault) };
        let mut desk = Desk::new(mode, &[row]);
        desk.spawn();
        let Ended { status, err, .. } = desk.wait_for_end();
        assert_eq!(status.code(), Some(78), "{}: {err}", row.fault);
        assert!(has_line(&err, "strategy[1].config: instance faulty: ", text), "{}: {err}", row.fault);
    }
}
