//! Reloads of strategies on threads and processes of their own, and processes that die.

use std::path::Path;

use stratd_control::{PluginState, Request};

use crate::{
    desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of},
    figures::Figures,
};

const RELOADS: u64 = 5;

/// A `counter` in a place of its own, replaced under load.
fn check_reloads(isolation: &str) {
    let mut desk =
        Desk::new(&format!("[plugins]\nwatch = false\n{SYNTHETIC}{COUNTING}isolation = \"{isolation}\"\n"));
    desk.start();
    let mut pids = Vec::new();
    for reload in 1..=RELOADS {
        desk.wait_for_events("counter", "counter", 100);
        let library = if reload % 2 == 1 { "strategy_counter_second" } else { "strategy_counter" };
        desk.put(library, COUNTER);
        let done = desk.act(&Request::reload("counter"));
        let instance = instance_of(&done.plugin, "counter");
        assert_eq!((instance.state, instance.isolation.as_str()), (PluginState::Started, isolation));
        pids.push(instance.pid);
    }
    desk.wait_for_events("counter", "counter", 100);
    if isolation == "process" {
        let known: Vec<u32> = pids.iter().map(|pid| pid.expect("a process of its own")).collect();
        assert!(known.windows(2).all(|pair| pair[0] != pair[1]), "each version has its own: {known:?}");
        // all but the last two (one stands by for a rollback) have ended
        let is_there = |pid: &&u32| Path::new(&format!("/proc/{pid}")).exists();
        desk.running().wait_until("end of the old processes", || known.iter().filter(is_there).count() <= 2);
    } else {
        assert!(pids.iter().all(Option::is_none), "{pids:?}");
    }
    let figures = desk.end_whole();
    assert_eq!((figures.build.as_str(), figures.get("restores")), ("second", RELOADS));
}

#[test]
fn reloads_on_a_thread_lose_nothing() {
    check_reloads("thread");
}

#[test]
fn reloads_in_a_process_lose_nothing() {
    check_reloads("process");
}

#[test]
fn a_process_that_is_killed_is_started_again_with_its_last_state() {
    let mut desk = Desk::new(&format!(
        "[state]\nsave_interval = \"100ms\"\n{SYNTHETIC}{COUNTING}isolation = \"process\"\n"
    ));
    desk.start();
    desk.wait_for_events("counter", "counter", 200);
    let before = desk.plugin("counter");
    let saved = instance_of(&before, "counter").last_save.clone();
    let before = desk.wait("counter", "a save", |found| instance_of(found, "counter").last_save > saved);
    let pid = instance_of(&before, "counter").pid.expect("a process of its own");
    let killed = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    let after = desk.wait("counter", "restart", |found| {
        let instance = instance_of(found, "counter");
        instance.restarts == 1 && instance.pid.is_some_and(|other| other != pid)
    });
    let instance = instance_of(&after, "counter");
    assert_eq!((instance.state, instance.faults), (PluginState::Started, 1), "{instance:?}");
    assert!(instance.last_fault.as_ref().is_some_and(|fault| fault.contains("SIGKILL")), "{instance:?}");
    desk.wait_for_events("counter", "counter", 100);
    let figures = Figures::last_of(&desk.end().err, "counter");
    assert_eq!(figures.get("restores"), 1);
    assert_eq!((figures.get("duplicates"), figures.get("out_of_order")), (0, 0), "{figures:?}");
    assert!(figures.get("count") > 200, "{figures:?}");
}

#[test]
fn a_process_that_dies_again_and_again_is_quarantined_and_the_daemon_trades_on() {
    let faulty = "[[strategy]]\nplugin = \"faulty\"\nisolation = \"process\"\n\
                  config = { fault = \"segfault\", at = 20 }\n";
    let mut desk = Desk::new(&format!("{SYNTHETIC}{COUNTING}{faulty}"));
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    desk.start();
    let found = desk.wait("faulty", "quarantine", |found| found.state == PluginState::Quarantined);
    let instance = instance_of(&found, "faulty");
    assert!(instance.last_fault.as_ref().is_some_and(|fault| fault.contains("SIGSEGV")), "{instance:?}");
    assert_eq!((instance.faults, instance.restarts), (3, 2), "{instance:?}");
    desk.wait_for_events("counter", "counter", 100);
    let log = desk.running().log();
    assert!(log.contains("strategy faulty is quarantined"), "{log}");
    desk.kill();
    // the quarantine is kept by the next daemon
    desk.start();
    assert_eq!(desk.plugin("faulty").state, PluginState::Quarantined);
    desk.wait_for_events("counter", "counter", 50);
}
