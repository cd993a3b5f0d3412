//! What is refused at once, and what when it connects.

use serde_json::json;
use stratd_plugin_api::{Exchange as _, TradingType};

use crate::bench::{Bench, command};

#[test]
fn a_venue_that_is_not_there_is_told_with_its_address() {
    let mut bench =
        Bench::made(TradingType::Sandbox, &json!({ "url": "ws://127.0.0.1:1/", "connect_timeout_ms": 10 }));
    let connect = bench.connects();
    bench.host.wait_for_log("no connection to ws://127.0.0.1:1/");
    bench.host.advance(11);
    let why = bench.is_answered(connect).unwrap_err();
    assert!(why.starts_with("no connection to ws://127.0.0.1:1/: connection refused"), "{why}");
    bench.exchange.stop().unwrap();
}

#[test]
fn a_login_that_is_refused_is_told_at_once() {
    let mut bench = Bench::made(TradingType::Live, &json!({ "token": "wrong" }));
    let connect = bench.connects();
    let mut connection = bench.venue.greets("run-1");
    let login = connection.hears("LOGIN");
    assert_eq!(
        (&login["account"], &login["token"], &login["session"]),
        (&json!("desk"), &json!("wrong"), &json!("stratd-"))
    );
    connection.refuses(&login, "not_logged_in");
    let why = bench.is_answered(connect).unwrap_err();
    assert!(why.contains("the venue refused the login: not_logged_in: as the script says"), "{why}");
}

#[test]
fn another_protocol_is_not_spoken() {
    let mut bench = Bench::made(TradingType::Sandbox, &json!({}));
    bench.connects();
    let mut connection = bench.venue.greets("run-1");
    connection.hears("LOGIN");
    drop(connection);
    let (stream, url) = (bench.venue.greets("run-1"), bench.venue.url());
    drop(stream);
    bench.host.wait_for_log(&format!("no connection to {url}"));
}

#[test]
fn a_simulation_logs_nobody_in_and_sends_nothing() {
    let mut bench = Bench::made(TradingType::Simulation, &json!({ "account": "" }));
    let connect = bench.connects();
    let mut connection = bench.venue.greets("run-1");
    bench.is_answered(connect).unwrap();
    bench.knows_instruments(&mut connection);
    bench.subscribes(&mut connection);
    let why = bench.exchange.new_order(&command(7)).unwrap_err().to_string();
    assert!(why.contains("accepted: sandbox, live"), "{why}");
    bench.exchange.stop().unwrap();
    assert!(connection.ends().is_empty());
}

#[test]
fn a_state_of_another_version_is_refused() {
    let mut bench = Bench::made(TradingType::Sandbox, &json!({}));
    let why = bench.exchange.restore(9, b"{}").unwrap_err().to_string();
    assert_eq!(why, "a state of version 9 (accepted: 1)");
}
