//! What a daemon leaves, and what the next one makes of it.

use std::path::Path;

use stratd::store::{SavedState, Store};
use stratd_control::{PluginState, Request};
use stratd_tests::{Ended, Running};

use crate::{
    desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of},
    figures::Figures,
};

const FAULTY: &str = "libstrategy_faulty.so";
/// States are saved so often that a test can wait for it.
const SAVES_OFTEN: &str = "[state]\nsave_interval = \"100ms\"\n";

/// What is stored of the instance `counter`, read as the daemon reads it.
fn stored(directory: &Path) -> SavedState {
    let store = Store::open(directory).expect("a state directory that nobody uses");
    let reader = store.reader().expect("a database that can be read");
    let state = reader.state_of("strategy.counter").expect("a database that can be read");
    state.expect("a state of `counter`")
}

#[test]
fn a_stop_keeps_the_states_and_the_next_start_goes_on_from_them() {
    let mut desk = Desk::counting("");
    desk.wait_for_events("counter", "counter", 100);
    let before = desk.end_whole();
    let saved = stored(&desk.path("state"));
    assert_eq!((saved.plugin.as_str(), saved.plugin_version.as_str()), ("strategy-counter", "0.1.0"));
    assert_eq!((saved.state_version, saved.state.len()), (1, 24));
    assert!(saved.seq >= before.get("last"), "{} {before:?}", saved.seq);

    // a better build may come while nobody runs
    desk.put("strategy_counter_third", COUNTER);
    desk.start();
    desk.wait_for_events("counter", "counter", 100);
    let after = Figures::last_of(&desk.end().err, "counter");
    assert_eq!((after.build.as_str(), after.get("restores"), after.get("migrations")), ("third", 1, 1));
    assert_eq!(after.get("first"), before.get("first"));
    assert!(after.get("count") > before.get("count"), "{before:?} {after:?}");
    assert_eq!(stored(&desk.path("state")).state_version, 2);
}

#[test]
fn after_a_kill_the_next_start_goes_on_from_the_last_periodic_save() {
    let mut desk = Desk::counting(SAVES_OFTEN);
    for kills in 1..=2 {
        desk.wait_for_events("counter", "counter", 100);
        let found = desk.plugin("counter");
        let saved = instance_of(&found, "counter").last_save.clone();
        desk.wait("counter", "another save", |found| instance_of(found, "counter").last_save > saved);
        desk.kill();
        let saved = stored(&desk.path("state"));
        // a short form, which only a count without a gap has, or the long one after a restart of the sequence
        assert!(matches!(saved.state.len(), 24 | 72), "{saved:?}");
        desk.start();
        desk.running().wait_for_log("the last run crashed: ended without a word");
        desk.wait_for_events("counter", "counter", 50);
        assert_eq!(instance_of(&desk.plugin("counter"), "counter").state, PluginState::Started, "{kills}");
    }
    let figures = Figures::last_of(&desk.end().err, "counter");
    assert_eq!(figures.get("restores"), 2);
    assert!(figures.get("count") > 250, "{figures:?}");
}

/// A daemon with a strategy that misbehaves in process.
fn faulty(fault: &str, plugins: &str) -> Desk {
    let desk = Desk::new(&misbehaving(fault, plugins));
    desk.put("strategy_faulty", FAULTY);
    desk
}

fn misbehaving(fault: &str, plugins: &str) -> String {
    format!(
        "[plugins]\n{plugins}\n{SYNTHETIC}[[strategy]]\nplugin = \"faulty\"\nconfig = {{ fault = \"{fault}\", at = 20 }}\n"
    )
}

/// The daemon dies of its strategy so often that it does not start again.
fn check_crash_loop(fault: &str, signal: &str, number: i32) {
    use std::os::unix::process::ExitStatusExt as _;

    let mut desk = faulty(fault, "");
    for start in 1..=3 {
        desk.spawn();
        let Ended { status, err, .. } = desk.wait_for_end();
        assert_eq!(status.signal(), Some(number), "{status}: {err}");
        assert_eq!(err.contains("the last run crashed"), start > 1, "{err}");
    }
    desk.start();
    let found = desk.plugin("faulty");
    assert_eq!(found.state, PluginState::Quarantined);
    let reason = instance_of(&found, "faulty").last_fault.clone().expect("a reason");
    for text in [&desk.log(), &reason] {
        assert!(text.contains(signal), "{text}");
        assert!(text.contains("on_events"), "{text}");
        assert!(text.contains("of faulty (strategy-faulty/"), "{text}");
    }
    let problem = desk.refused(&Request::start("faulty"));
    assert!(problem.detail.contains("quarantined"), "{problem}");
    desk.end();
}

#[test]
fn a_strategy_that_segfaults_again_and_again_is_quarantined() {
    check_crash_loop("segfault", "SIGSEGV", 11);
}

#[test]
fn a_strategy_that_aborts_again_and_again_is_quarantined() {
    check_crash_loop("abort", "SIGABRT", 6);
}

#[test]
fn a_hang_ends_the_daemon_and_the_strategy_waits_for_its_release() {
    let mut desk = faulty("hang", "hang_timeout = \"1s\"");
    desk.spawn();
    let Ended { status, err, .. } = desk.wait_for_end();
    assert!(!status.success(), "{status}: {err}");
    assert!(err.contains("strategy faulty has not returned from `on_events`"), "{err}");
    // it is mended, and still nobody has released it
    desk.configure(&misbehaving("none", ""));
    desk.start();
    let found = desk.plugin("faulty");
    assert_eq!(found.state, PluginState::Quarantined);
    let reason = instance_of(&found, "faulty").last_fault.clone().expect("a reason");
    assert!(reason.contains("did not return from `on_events`"), "{reason}");
    let released = desk.act(&Request::release("faulty"));
    assert_eq!(released.plugin.state, PluginState::Retired);
    let started = desk.act(&Request::start("faulty"));
    assert_eq!(started.plugin.state, PluginState::Started);
    desk.wait("faulty", "order", |found| instance_of(found, "faulty").orders == 1);
    desk.end();
    // and it stays released
    desk.start();
    assert_eq!(desk.plugin("faulty").state, PluginState::Started);
    desk.end();
}

#[test]
fn a_second_daemon_in_the_same_state_directory_is_refused() {
    let mut desk = Desk::new(&format!("{SYNTHETIC}{COUNTING}"));
    desk.start();
    let Ended { status, err, .. } = Running::start(desk.command(), "second").wait_for_end();
    assert_eq!(status.code(), Some(1), "{err}");
    assert!(err.contains("the state in state"), "{err}");
    desk.wait_for_events("counter", "counter", 50);
    desk.end_whole();
}
