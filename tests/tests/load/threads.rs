//! Instances that are created on one thread and called on others.

use std::thread;

use serde_json::json;
use stratd_plugin_api::{Fault, Reason, Timestamp};
use stratd_tests::plugin;

use crate::place::{Place, Running};

/// Runs `body` on a thread of its own, one of many that a host may have.
fn elsewhere<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(body).join().expect("the body does not panic"))
}

fn faulty(place: &Place, fault: &str) -> Running {
    let plugin = place.load(&plugin("strategy_faulty"));
    elsewhere(|| Running::new(&plugin, &json!({ "fault": fault })).expect("it is created"))
}

/// The fault tells where and what; the log has nothing of it.
fn is_told_once(fault: &Fault, what: &str, running: &Running) {
    assert_eq!(fault.reason, Reason::Panic);
    assert!(fault.message.starts_with("panicked at plugins/faulty/src/lib.rs:"), "{fault}");
    assert!(fault.message.ends_with(what), "{fault}");
    assert_eq!(running.services.messages(), [""; 0]);
}

#[test]
fn a_panic_on_another_host_thread_reaches_the_fault() {
    let place = Place::new();
    let mut running = faulty(&place, "panic-in-trade");
    let fault = elsewhere(|| {
        // what the host does before it hands an instance over
        running.call(|s, host| s.quiesce(host, Timestamp::new(1))).expect("it agrees");
        running.trades(&[10])
    });
    is_told_once(&fault.expect_err("it panics"), "as configured, in on_trade", &running);
}

#[test]
fn every_entry_off_the_hot_path_makes_its_thread_known() {
    let place = Place::new();
    let mut save = faulty(&place, "panic-in-save");
    let fault = elsewhere(|| save.call(|s, host| s.save(host))).expect_err("it panics");
    is_told_once(&fault, "as configured, in save", &save);
    let mut restore = faulty(&place, "panic-in-restore");
    let fault = elsewhere(|| restore.call(|s, host| s.restore(host, 1, &[0; 8]))).expect_err("it panics");
    is_told_once(&fault, "as configured, in restore", &restore);
    let mut quiesce = faulty(&place, "panic-in-quiesce");
    let fault = elsewhere(|| quiesce.call(|s, host| s.quiesce(host, Timestamp::new(1))));
    is_told_once(&fault.expect_err("it panics"), "as configured, in quiesce", &quiesce);
    let mut config = faulty(&place, "panic-in-config");
    let fault = elsewhere(|| config.call(|s, host| s.on_config(host, "{}"))).expect_err("it panics");
    is_told_once(&fault, "as configured, in on_config", &config);
    let mut exit = faulty(&place, "panic-in-exit");
    let fault = elsewhere(|| exit.event(stratd_plugin_api::abi::event_kind::EXIT)).expect_err("it panics");
    is_told_once(&fault, "as configured, in on_exit", &exit);
}

#[test]
fn a_host_thread_that_nothing_is_known_of_loses_nothing() {
    let place = Place::new();
    let mut running = faulty(&place, "panic-in-trade");
    let fault = elsewhere(|| running.trades(&[10])).expect_err("it panics");
    assert!(fault.message.starts_with("panicked at plugins/faulty/src/lib.rs:"), "{fault}");
    assert!(fault.message.ends_with("as configured, in on_trade"), "{fault}");
    // told once too often rather than never
    assert_eq!(running.services.messages(), [fault.message]);
}

#[test]
fn a_panic_of_a_thread_of_the_plugin_is_logged_wherever_the_host_calls_from() {
    let place = Place::new();
    let mut running = faulty(&place, "panic-in-thread");
    for _ in 0..2 {
        assert_eq!(elsewhere(|| running.trades(&[10])), Ok(1));
    }
    let messages = running.services.messages();
    assert!(messages[0].starts_with("panicked at plugins/faulty/src/"), "{messages:?}");
    assert!(messages[0].ends_with("as configured, in a thread"), "{messages:?}");
    assert_eq!(messages[1..], ["the thread panicked"]);
}
