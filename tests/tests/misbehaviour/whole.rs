//! One daemon in which everything misbehaves at once that a mode contains, and one daemon for each that it does not.

use std::{fs, os::unix::process::ExitStatusExt as _, thread};

use stratd_control::{PluginState, Request};
use stratd_tests::{Ended, plugin};

use crate::{
    desk::{Desk, has_line, normal},
    table::{Misbehaviour, Mode, Status, Verdict, When, rows},
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
            Verdict::Ends(..) | Verdict::Keeps(_) | Verdict::Refused(_) => {
                panic!("{name} does not belong here")
            }
        }
    }
    desk.wait_for_events();
    let Ended { status, err, .. } = desk.stop();
    // strategies have failed, and all else ended in good order
    assert_eq!(status.code(), Some(1), "{err}");
    assert!(err.contains("ends on SIGTERM") && err.contains("strategy.counter: first build: count"), "{err}");
    for row in at_its_end {
        let (logger, text) = match row.verdict(mode) {
            Verdict::Fails(text) => (format!("strategy.{}: failed", row.fault), text),
            Verdict::Told(logger, text) => (logger.to_owned(), text),
            other => panic!("{}: {other:?} is none of an end", row.fault),
        };
        assert!(has_line(&err, &logger, text), "{}: {err}", row.fault);
    }
}

/// Each that ends the daemon, alone: the note names it and the call, and the next start knows it.
pub(crate) fn fatal(mode: Mode) {
    for row in rows(When::Run, mode, |verdict| matches!(verdict, Verdict::Ends(..))) {
        let Verdict::Ends(note, expected) = row.verdict(mode) else { panic!("{} is fatal", row.fault) };
        let mut desk = Desk::new(mode, &[row]);
        desk.spawn();
        check_end(&mut desk, row.fault, note, expected);
    }
}

fn check_end(desk: &mut Desk, name: &str, note: &str, expected: Status) {
    let Ended { status, err, .. } = desk.wait_for_end();
    assert!(err.lines().any(|line| line == note), "{name}: no `{note}` in {err}");
    let found = status.signal().map_or(Status::Code(status.code().unwrap_or(0)), Status::Signal);
    assert_eq!(found, expected, "{name}: {err}");
}

/// A strategy that ends the daemon so often is left out at last, and the others run.
pub(crate) fn counted(mode: Mode, fault: &str, ends: u32) {
    let row = crate::table::row(fault);
    let mut desk = Desk::with("crash_limit = 2", mode, &[row]);
    for _ in 0..ends {
        desk.spawn();
        let ended = desk.wait_for_end();
        assert!(!ended.status.success(), "{}", ended.err);
    }
    desk.start();
    desk.wait_for_line("stratd: the last run crashed: ", &format!("{fault} (strategy-faulty/0.1.0/BUILD"));
    desk.wait_for_line(&format!("strategy.{fault} is quarantined: "), "");
    desk.wait_for_events();
    assert_eq!(desk.instance("faulty", fault).state, PluginState::Quarantined);
    // released and started, it does it again; that ends the daemon, so whether the start was answered is open
    desk.client().send(&Request::release("faulty")).unwrap_or_else(|error| panic!("{error}"));
    let _ = desk.client().send(&Request::start("faulty"));
    let ended = desk.wait_for_end();
    assert!(!ended.status.success(), "{}", ended.err);
}

/// Another version is to take over from each, alone.
pub(crate) fn replaced(mode: Mode) {
    for row in rows(When::Reload, mode, |_| true) {
        let mut desk = Desk::with("quiesce_timeout = \"300ms\"", mode, &[row]);
        let folder = desk.path("plug");
        fs::create_dir(&folder).expect("a new folder");
        for library in ["strategy_faulty", "strategy_counter"] {
            let file = plugin(library);
            fs::copy(&file, folder.join(file.file_name().expect("a file"))).expect("a copy of a plugin");
        }
        let file = folder.join("libstrategy_faulty.so");
        desk.spawn_with(&[folder]);
        desk.wait_for_answer();
        desk.wait_for_instance(row.fault, "events", |i| i.events > 5);
        // another version by its content, the same code
        let mut content = fs::read(&file).expect("a copy of a plugin");
        content.push(0);
        fs::write(file.with_extension("unfinished"), content).expect("a file that can be written");
        fs::rename(file.with_extension("unfinished"), &file).expect("a file that can be renamed");
        let client = desk.client();
        let asked = thread::spawn(move || client.send(&Request::reload("faulty")).map(drop));
        check_replaced(&mut desk, row, mode);
        // one that ends the daemon has no answer
        let refused = asked.join().expect("a client does not panic").expect_err("no new version runs");
        if let Verdict::Keeps(text) = row.verdict(mode) {
            assert!(normal(&refused.to_string()).contains(text), "{}: {refused}", row.fault);
        }
    }
}

fn check_replaced(desk: &mut Desk, row: &Misbehaviour, mode: Mode) {
    let (name, logger) = (row.fault, format!("strategy.{}", row.fault));
    match row.verdict(mode) {
        Verdict::Fails(text) => {
            desk.wait_for_line(&logger, &format!("failed: {text}"));
            desk.wait_for_instance(name, "the end", |i| i.state == PluginState::Faulted);
            desk.wait_for_events();
        }
        Verdict::Keeps(text) => {
            desk.wait_for_line("strategy-faulty runs on as it was", text);
            let before = desk.instance("faulty", name).events;
            desk.wait_for_instance(name, "events", |i| {
                i.state == PluginState::Started && i.generation == 1 && i.events > before + 20
            });
        }
        Verdict::Restarts(text) => {
            let [start, end] = text.split("LIMIT").collect::<Vec<_>>()[..] else { panic!("{text}") };
            desk.wait_for_line(&format!("{logger}: failed: {start}"), end);
            desk.wait_for_instance(name, "a restart", |i| {
                i.state == PluginState::Started && i.generation == 1 && i.restarts == 1
            });
            desk.wait_for_events();
        }
        Verdict::Ends(note, expected) => check_end(desk, name, note, expected),
        other => panic!("{name}: {other:?} is none of a reload"),
    }
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
