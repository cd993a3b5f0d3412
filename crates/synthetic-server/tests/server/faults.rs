//! Faults that are injected, and that are the same again.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::bench::{QUIET, Server, is_report, limit};

fn with(faults: &[&str]) -> Server {
    Server::start(&[QUIET.as_slice(), &["--admin"], faults].concat())
}

/// The faults that were injected, without their times.
fn injected(server: &Server) -> Vec<Value> {
    let mut admin = server.connect();
    let mut list = admin.ask("FAULTS", json!({}))["injected"].as_array().unwrap().clone();
    for fault in &mut list {
        fault.as_object_mut().unwrap().remove("time");
    }
    list
}

fn set(server: &Server, rules: &Value) {
    let answer = server.connect().ask("FAULTS", json!({"rules": rules}));
    assert_eq!(answer["type"], "FAULTS", "{answer}");
}

#[test]
fn equal_seeds_and_requests_give_equal_faults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faults.toml");
    let rules = "[[fault]]\nkind = \"drop\"\nscope = \"orders\"\nppm = 100000\n
        [[fault]]\nkind = \"duplicate\"\nppm = 100000\n
        [[fault]]\nkind = \"reject\"\nppm = 100000\n
        [[fault]]\nkind = \"accept_then_silence\"\nppm = 50000\n";
    fs::write(&path, rules).unwrap();
    let run = |seed: &str| {
        let server = with(&["--faults", path.to_str().unwrap(), "--fault-seed", seed]);
        let (mut desk, mut watcher) = (server.log_in("desk"), server.connect());
        watcher.ask("SUBSCRIBE", json!({}));
        for number in 0..200 {
            desk.send("NEW", limit(&format!("c{number}"), "BUY", 1, "50.00"));
            // the answer may be dropped: PONG is not
            let ping = desk.send("PING", json!({}));
            desk.answer(ping);
        }
        // heartbeats go by the clock
        let mut messages = desk.rest();
        messages.retain(|message| message["type"] != "HEARTBEAT");
        watcher.rest();
        (injected(&server), messages.iter().map(|message| message["type"].clone()).collect::<Vec<_>>())
    };
    let (faults, messages) = run("3");
    let kinds: BTreeSet<&str> = faults.iter().map(|fault| fault["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["accept_then_silence", "drop", "duplicate", "reject"]));
    // two clients are served at once, so the order of their faults may differ, but not which they are
    let sorted = |mut list: Vec<Value>| {
        list.sort_by_key(Value::to_string);
        list
    };
    let again = run("3");
    assert_eq!(sorted(faults.clone()), sorted(again.0));
    assert_eq!(messages, again.1);
    assert_ne!(sorted(faults), sorted(run("4").0));
}

#[test]
fn accepted_then_silent_is_resolved_by_asking() {
    let server = with(&[]);
    let mut desk = server.log_in("desk");
    set(&server, &json!([{"kind": "accept_then_silence", "at": [1], "account": "desk"}]));
    desk.send("NEW", limit("lost", "BUY", 5, "50.00"));
    let seen = desk.rest();
    assert!(seen.iter().all(|message| message["request"].is_null() && !is_report(message)), "{seen:?}");
    // it is there nevertheless, and sending it again does not make another
    assert_eq!(desk.ask("NEW", limit("lost", "BUY", 5, "50.00"))["code"], "duplicate_id");
    let order = desk.ask("ORDER", json!({"client_order_id": "lost"}));
    assert_eq!((&order["order"]["status"], &order["order_seq"]), (&json!("open"), &json!(1)));
    let reports = desk.ask("REPORTS", json!({"after": 0}));
    assert_eq!(reports["reports"][0]["type"], "RECEIVED");
    // from now on it is told of
    server.log_in("other").ask("NEW", limit("o", "SELL", 5, "50.00"));
    assert_eq!(desk.report()["type"], "BOUGHT");
}

#[test]
fn messages_are_dropped_doubled_swapped_and_late() {
    let server = with(&[]);
    let mut desk = server.log_in("desk");
    // the messages of each NEW: its answer, then RECEIVED
    set(
        &server,
        &json!([
            {"kind": "drop", "scope": "orders", "at": [2]},
            {"kind": "duplicate", "scope": "orders", "at": [4]},
            {"kind": "reorder", "scope": "orders", "at": [6]},
            {"kind": "delay", "scope": "orders", "at": [9], "delay_ms": 20},
        ]),
    );
    let mut seen = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        desk.send("NEW", limit(id, "BUY", 1, "50.00"));
        seen.extend(desk.rest());
    }
    let told = seen.iter().filter(|message| is_report(message) || message["type"] == "ACCEPTED");
    let told: Vec<String> = told
        .map(|message| {
            format!("{} {}", message["type"].as_str().unwrap(), message["order_id"].as_str().unwrap())
        })
        .collect();
    let expected = [
        "ACCEPTED O-1", // its report is dropped
        "ACCEPTED O-2",
        "RECEIVED O-2",
        "RECEIVED O-2",
        "ACCEPTED O-3",
        "RECEIVED O-3", // held back until the heartbeat
        "ACCEPTED O-4",
        "RECEIVED O-4",
        "ACCEPTED O-5", // late, and its report behind it
        "RECEIVED O-5",
    ];
    assert_eq!(told, expected);
    let kinds: Vec<_> = injected(&server).iter().map(|fault| fault["kind"].clone()).collect();
    assert_eq!(kinds, ["drop", "duplicate", "reorder", "delay"]);
    // the numbers show the loss, and what was lost can be had
    assert_eq!(desk.ask("REPORTS", json!({"after": 0}))["reports"][0]["order_id"], "O-1");
}

#[test]
fn a_reordered_event_comes_after_the_next_one_and_a_cut_has_no_goodbye() {
    let server = with(&[]);
    let (mut desk, mut watcher) = (server.log_in("desk"), server.connect());
    watcher.ask("SUBSCRIBE", json!({"instrument": "AAA"}));
    watcher.next("SNAPSHOT");
    set(
        &server,
        &json!([
            {"kind": "reorder", "scope": "market", "at": [1]},
            {"kind": "disconnect", "scope": "market", "at": [3]},
        ]),
    );
    for id in ["a", "b", "c"] {
        desk.ask("NEW", limit(id, "BUY", 1, "50.00"));
    }
    let is_open = |message: &Value| message["type"] == "OPEN";
    let seqs = [watcher.wait(is_open)["seq"].clone(), watcher.wait(is_open)["seq"].clone()];
    assert_eq!(seqs, [json!(2), json!(1)]);
    assert!(watcher.end().is_none());
    // back again, the gap is closed
    let mut back = server.connect();
    back.ask("RESUME", json!({"after": 2, "instruments": ["AAA"]}));
    let open = back.wait(is_open);
    assert_eq!((&open["seq"], &open["prev"]), (&json!(3), &json!(2)));
}

#[test]
fn a_reject_is_told_and_faults_are_for_admins() {
    let server = with(&["--fault", "reject:orders:1000000"]);
    let mut desk = server.log_in("desk");
    assert_eq!(desk.ask("NEW", limit("a", "BUY", 1, "50.00"))["type"], "ACCEPTED");
    let report = desk.report();
    assert_eq!((&report["type"], &report["reason"]), (&json!("REJECTED"), &json!("exchange")));
    set(&server, &json!([]));
    desk.ask("NEW", limit("b", "BUY", 1, "50.00"));
    set(&server, &json!([{"kind": "reject", "ppm": 1_000_000}]));
    assert_eq!(desk.ask("CANCEL", json!({"client_order_id": "b"}))["code"], "rejected");
    let answer = server.connect().ask("FAULTS", json!({"rules": [{"kind": "drop"}]}));
    assert!(
        answer["message"].as_str().unwrap().starts_with("rule 1: a rule with both of ppm and at or neither"),
        "{answer}"
    );
    let quiet = Server::start(&QUIET);
    assert_eq!(quiet.connect().ask("FAULTS", json!({}))["code"], "rejected");
}
