//! A new version that fails soon after it took over.

use stratd_control::{PluginState, Request};

use crate::{
    desk::{COUNTER, COUNTING, Desk, SYNTHETIC, instance_of},
    figures::Figures,
};

/// The event after the restore at which it fails.
const FAILS_AT: u64 = 50;

/// A `counter` that fails some events after it was restored, with the second build put in place.
fn failing(how: &str, at: u64, plugins: &str) -> Desk {
    let mut desk = Desk::new(&format!(
        "[plugins]\n{plugins}\n{SYNTHETIC}{COUNTING}config = {{ {how}_after_restore = {at} }}\n"
    ));
    desk.start();
    desk.wait_for_events("counter", "counter", 100);
    desk.put("strategy_counter_second", COUNTER);
    desk
}

fn check_rolled_back(how: &str) {
    let mut desk = failing(how, FAILS_AT, "");
    let found = desk.wait("counter", "rollback", |found| found.rollbacks == 1);
    let instance = instance_of(&found, "counter");
    assert_eq!((found.version.as_str(), found.generation, instance.generation), ("0.1.0", 1, 1));
    assert_eq!((found.state, instance.state), (PluginState::Started, PluginState::Started));
    assert_eq!((instance.faults, instance.restarts), (1, 0));
    let fault = instance.last_fault.clone().expect("a fault");
    assert!(fault.contains("as configured, at event 50 after restore"), "{fault}");

    // not by itself again
    desk.put("strategy_counter_second", COUNTER);
    desk.wait_for_watcher();
    assert_eq!(desk.plugin("counter").rollbacks, 1);
    // but by command, with the same end
    desk.act(&Request::reload("counter"));
    let found = desk.wait("counter", "rollback", |found| found.rollbacks == 2);
    assert_eq!((found.version.as_str(), found.generation), ("0.1.0", 1));
    desk.wait_for_events("counter", "counter", 100);

    let figures = Figures::last_of(&desk.end().err, "counter");
    assert_eq!((figures.build.as_str(), figures.get("restores")), ("first", 0));
    // it goes on as it was when it was saved: what the failed version took is gone, the event that it failed at is not
    assert_eq!(figures.get("gaps"), 2 * (FAILS_AT - 1), "{figures:?}");
    assert_eq!((figures.get("duplicates"), figures.get("out_of_order")), (0, 0), "{figures:?}");
}

#[test]
fn a_panic_in_the_probation_puts_the_old_version_back() {
    check_rolled_back("panic");
}

#[test]
fn an_error_in_the_probation_puts_the_old_version_back() {
    check_rolled_back("error");
}

#[test]
fn after_the_probation_a_fault_is_a_fault() {
    let mut desk = failing("error", 500, "probation_events = 20");
    desk.running().wait_for_log("passed the probation of generation 2");
    let found = desk.wait("counter", "fault", |found| found.state == PluginState::Faulted);
    assert_eq!((found.version.as_str(), found.rollbacks), ("0.2.0", 0));
    let instance = instance_of(&found, "counter");
    assert_eq!((instance.faults, instance.state), (1, PluginState::Faulted));
    assert!(desk.status().warnings.iter().any(|warning| warning.contains("as configured")));
    // a person puts the version before back, which starts it with its last state
    let done = desk.act(&Request::rollback("counter"));
    assert_eq!((done.plugin.version.as_str(), done.plugin.state), ("0.1.0", PluginState::Started));
    desk.wait_for_events("counter", "counter", 50);
    assert_eq!(Figures::last_of(&desk.end().err, "counter").build, "first");
}
