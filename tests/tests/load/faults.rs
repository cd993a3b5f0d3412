//! What misbehaving strategies get from a host in whose process they run.

use std::{os::unix::process::ExitStatusExt as _, process::Command};

use serde_json::{Value, json};
use stratd_plugin_api::{Fault, Reason, Timestamp, abi};
use stratd_tests::{plugin, plugins, program};

use crate::place::{Place, Running};

fn faulty(place: &Place, config: Value) -> Running {
    Running::new(&place.load(&plugin("strategy_faulty")), &config).expect("it is created")
}

type Call = fn(&mut Running) -> Result<(), Fault>;

/// The call that leads to each entry that a running strategy has.
const CALLS: [(&str, &str, Call); 10] = [
    ("start", "on_start", |running| running.event(abi::event_kind::START).map(drop)),
    ("trade", "on_trade", |running| running.trades(&[10]).map(drop)),
    ("quote", "on_quote", |running| running.event(abi::event_kind::QUOTE).map(drop)),
    ("timer", "on_timer", |running| running.event(abi::event_kind::TIMER).map(drop)),
    ("exit", "on_exit", |running| running.event(abi::event_kind::EXIT).map(drop)),
    ("config", "on_config", |running| running.call(|s, host| s.on_config(host, "{}"))),
    ("save", "save", |running| running.call(|s, host| s.save(host).map(drop))),
    ("restore", "restore", |running| running.call(|s, host| s.restore(host, 1, &[0; 8]))),
    ("quiesce", "quiesce", |running| running.call(|s, host| s.quiesce(host, Timestamp::new(1)))),
    ("slippage", "slippage", |running| {
        let fill = abi::FillRecord { side: abi::side::BUY, ..abi::FillRecord::default() };
        running.call(|s, host| s.slippage(host, &fill).map(drop))
    }),
];

#[test]
fn a_panic_in_any_entry_is_a_fault_that_names_it() {
    let place = Place::new();
    for (name, method, call) in CALLS {
        let mut running = faulty(&place, json!({ "fault": format!("panic-in-{name}") }));
        let fault = call(&mut running).expect_err(method);
        assert_eq!(fault.reason, Reason::Panic, "{method}");
        assert!(fault.message.ends_with(&format!(": as configured, in {method}")), "{fault}");
        assert_eq!(call(&mut running).expect_err("it is poisoned").reason, Reason::Panic, "{method}");
    }
}

#[test]
fn an_error_in_any_entry_is_a_fault_and_the_instance_lives_on() {
    let place = Place::new();
    for (name, method, call) in CALLS {
        let mut running = faulty(&place, json!({ "fault": format!("error-in-{name}") }));
        if name == "slippage" {
            // it has no way to return one
            assert_eq!(call(&mut running), Ok(()));
            continue;
        }
        let fault = call(&mut running).expect_err(method);
        assert_eq!(fault, Fault::error(format!("as configured, in {method}")));
        assert_eq!(call(&mut running), Ok(()), "{method}");
    }
}

#[test]
fn an_order_is_placed_where_the_fault_needs_one() {
    let place = Place::new();
    for fault in ["panic-in-order", "panic-in-slippage"] {
        let mut running = faulty(&place, json!({ "fault": fault, "at": 2 }));
        assert_eq!(running.trades(&[10, 11, 12]), Ok(2));
        assert_eq!(running.host.calls, ["buy 1 of 1"], "{fault}");
    }
    let mut timer = faulty(&place, json!({ "fault": "panic-in-timer" }));
    timer.event(abi::event_kind::START).expect("all is well");
    assert_eq!(timer.host.calls, [format!("timer of kind {}", abi::schedule_kind::PERIODIC)]);
}

#[test]
fn a_state_of_another_version_than_the_manifest_says_is_refused() {
    let place = Place::new();
    let mut running = faulty(&place, json!({ "fault": "wrong-state-version" }));
    let state = running.call(|s, host| s.save(host)).expect("it saves").expect("it has a state");
    let refused = running.call(|s, host| s.restore(host, 1, &state)).expect_err("it takes another");
    assert_eq!(refused.message, "state version 1 (expected 2)");
}

#[test]
fn what_a_call_survives_is_no_fault() {
    let place = Place::new();
    for fault in ["slow", "leak", "detached-thread", "thread-local", "print"] {
        let mut running = faulty(&place, json!({ "fault": fault, "ms": 1, "bytes": 4096 }));
        assert_eq!(running.trades(&[10, 11]), Ok(2), "{fault}");
        running.end();
    }
}

#[test]
fn what_a_call_does_not_survive_ends_the_process_that_it_runs_in() {
    let folder =
        stratd_tests::Place::new(&[("prices.csv", "date,symbol,price,volume\n2024-01-02,AAPL,10,5\n")]);
    // signals by their numbers on Linux
    let (abort, segfault) = (Some(6), Some(11));
    let ends = [
        ("abort", abort, None),
        ("segfault", segfault, None),
        ("stack-overflow", abort, None),
        ("exit", None, Some(3)),
    ];
    for (fault, signal, code) in ends {
        let mut command = Command::new(program());
        let strategy = format!("{},fault={fault}", plugin("strategy_faulty").display());
        command.args(["backtest", "--strategy", &strategy, "--exchange", "csv,file=prices.csv"]);
        command.current_dir(folder.path()).env("STRATD_PLUGINS", plugins());
        command.env("STRATD_STAGE_DIR", folder.path().join("stage"));
        let ended = command.output().unwrap_or_else(|e| panic!("starting {command:?}: {e}")).status;
        assert_eq!((ended.signal(), ended.code()), (signal, code), "{fault}");
    }
}

#[test]
fn an_unknown_fault_is_refused_with_those_that_exist() {
    let place = Place::new();
    let plugin = place.load(&plugin("strategy_faulty"));
    let refusal = Running::new(&plugin, &json!({ "fault": "laugh" })).err().expect("there is none");
    let found =
        "reading the configuration: fault is `laugh` (expected WHAT or WHAT-in-ENTRY; what: none, panic,";
    assert!(refusal.found.starts_with(found), "{refusal}");
}

#[test]
fn a_strategy_that_calls_after_its_end_gets_nothing_but_a_log() {
    let place = Place::new();
    let mut running = Running::of(&place.load(&place.c_strategy("after", &[])));
    // a thread that goes on calling, whatever becomes of the instance
    running.trades(&[11]).expect("all is well");
    running.end();
    let at_the_end = running.services.messages().len();
    running.services.wait_for(at_the_end + 20);
    for message in &running.services.messages()[at_the_end..] {
        assert!(message.starts_with("submit 0 cancel -1 change -1"), "{message}");
    }
    assert!(running.host.calls.is_empty(), "{:?}", running.host.calls);
}

#[test]
fn a_runtime_inside_of_a_plugin_works_on_any_thread() {
    let place = Place::new();
    let mut running = Running::of(&place.load(&plugin("strategy_faulty_tokio")));
    assert_eq!(running.trades(&[10, 11]), Ok(2));
    let other = std::thread::scope(|scope| scope.spawn(|| running.trades(&[12])).join());
    assert_eq!(other.expect("it does not panic"), Ok(1));
    running.event(abi::event_kind::EXIT).expect("all is well");
    running.end();
}
