//! A connection that breaks, and the one after it.

use serde_json::{Value, json};
use stratd_plugin_api::Exchange as _;

use crate::{
    bench::{Bench, command},
    venue::{order, report},
};

#[test]
fn after_a_break_the_missing_events_come_and_trading_goes_on() {
    let (bench, connection) = Bench::trading(&json!({ "feeds": ["quotes"] }));
    drop(connection);
    bench.shows(&["quote 3 at 9900, 5 at 10100", "halt"]);
    bench.host.wait_for_log("broke: ");
    let mut connection = bench.venue.lets_in("run-1", 0);
    let resume = connection.hears("RESUME");
    assert_eq!(resume["after"], 10);
    connection.accepts(&resume, &json!({}));
    connection.says(&order("OPEN", 11, 10, (3, "BUY", "99.50", 4, 0)));
    bench.shows(&["continue", "quote 4 at 9950, 5 at 10100"]);
}

#[test]
fn a_venue_that_began_anew_is_asked_for_snapshots() {
    let (bench, connection) = Bench::trading(&json!({ "feeds": ["book"] }));
    drop(connection);
    bench.shows(&["snapshot buy 3 at 9900", "sell 5 at 10100", "halt"]);
    let mut connection = bench.venue.lets_in("run-2", 0);
    let subscribe = connection.hears("SUBSCRIBE");
    connection.accepts(&subscribe, &json!({}));
    connection.snapshot(2, &[(1, "BUY", "50.00", 1)]);
    bench.shows(&["gap", "snapshot buy 1 at 5000", "continue"]);
    bench.host.wait_for_log("the venue began anew: run run-2 after run-1");
}

/// Breaks the connection after an order was sent, and returns the next one, with what was asked on it.
fn broken(
    bench: &mut Bench,
    mut connection: crate::venue::Connection,
    answer: &Value,
) -> (crate::venue::Connection, Value) {
    bench.sends_order();
    connection.hears("NEW");
    drop(connection);
    bench.tells(&["7 received unknown (exchange) to 107"]);
    let mut connection = bench.venue.greets("run-1");
    let login = connection.hears("LOGIN");
    connection.accepts(&login, answer);
    let question = connection.hears("ORDER");
    assert_eq!(question["client_order_id"], "stratd-7");
    connection.hears("RESUME");
    (connection, question)
}

#[test]
fn an_order_that_was_on_its_way_is_asked_for_and_not_sent_again() {
    let (mut bench, connection) = Bench::trading(&json!({}));
    let (mut connection, question) =
        broken(&mut bench, connection, &json!({ "order_seq": 0, "fenced": true }));
    connection.answers("ORDER", &question, &json!({ "order_seq": 0, "order": report("", 0, "open", 0) }));
    bench.tells(&["7 received unknown (exchange) to 107", "7 received open to 107"]);
    bench.exchange.stop().unwrap();
    let heard = connection.ends();
    assert!(heard.iter().all(|frame| frame["type"] != "NEW"), "{heard:?}");
}

#[test]
fn an_order_of_a_way_that_is_closed_has_not_arrived_and_never_will() {
    let (mut bench, connection) = Bench::trading(&json!({}));
    let (mut connection, question) =
        broken(&mut bench, connection, &json!({ "order_seq": 0, "fenced": true }));
    connection.refuses(&question, "unknown_order");
    bench.tells(&["7 received unknown (exchange) to 107", "7 rejected rejected (unknown_order) to 107"]);
}

#[test]
fn an_order_of_a_way_that_may_be_open_stays_unknown_and_is_asked_for_again() {
    let (mut bench, connection) = Bench::trading(&json!({}));
    let (mut connection, question) = broken(&mut bench, connection, &json!({ "order_seq": 0 }));
    connection.refuses(&question, "unknown_order");
    bench.host.wait_for_log("the venue does not have order 7 yet");
    bench.host.advance(5_001);
    let question = connection.hears("ORDER");
    connection.answers("ORDER", &question, &json!({ "order_seq": 0, "order": report("", 0, "open", 0) }));
    bench.tells(&["7 received unknown (exchange) to 107", "7 received open to 107"]);
}

#[test]
fn reports_of_the_time_without_a_connection_are_fetched_before_anything_else() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    connection.hears("NEW");
    connection.says(&report("RECEIVED", 1, "open", 0));
    bench.tells(&["7 received open to 107"]);
    drop(connection);
    bench.host.wait_for_log("broke: ");
    // canceled without a connection: the cancel waits for one
    bench.exchange.cancel_order(&command(7)).unwrap();
    let mut connection = bench.venue.lets_in("run-1", 2);
    let fetch = connection.hears("REPORTS");
    assert_eq!(fetch["after"], 1);
    let cancel = connection.hears("CANCEL");
    connection.answers(
        "REPORTS",
        &fetch,
        &json!({ "order_seq": 2, "reports": [report("BOUGHT", 2, "partially_filled", 4)], "more": false }),
    );
    connection.accepts(&cancel, &json!({}));
    connection.says(&report("CANCELED", 3, "canceled", 4));
    bench.tells(&[
        "7 received open to 107",
        "7 bought partially_filled 4 at 9850, 4 of 10",
        "7 canceled canceled to 107",
    ]);
}

#[test]
fn without_a_connection_orders_are_refused_and_nothing_is_sent_later() {
    let (mut bench, connection) = Bench::trading(&json!({}));
    drop(connection);
    bench.host.wait_for_log("broke: ");
    let why = bench.exchange.new_order(&command(8)).unwrap_err().to_string();
    assert!(why.starts_with("there is no connection to ws://"), "{why}");
    let mut connection = bench.venue.lets_in("run-1", 0);
    connection.hears("RESUME");
    bench.exchange.stop().unwrap();
    assert!(connection.ends().is_empty());
}

#[test]
fn a_venue_that_is_silent_for_three_heartbeats_is_left() {
    let (bench, mut connection) = Bench::trading(&json!({ "feeds": ["quotes"] }));
    // everything was heard
    bench.shows(&["quote 3 at 9900, 5 at 10100"]);
    bench.host.advance(180_001);
    bench.host.wait_for_log("the venue said nothing for 180001 ms");
    connection.ends();
    bench.venue.lets_in("run-1", 0);
}

#[test]
fn what_cannot_be_read_ends_the_connection() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    connection.says_text("no json");
    bench.host.wait_for_log("a frame cannot be read: it has no type: no json");
    let mut connection = bench.venue.lets_in("run-1", 0);
    connection.says_text(r#"{"type":"BOUGHT","order_seq":"x"}"#);
    bench.host.wait_for_log("a frame cannot be read: invalid type");
}

#[test]
fn the_next_life_knows_what_was_not_answered() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    connection.hears("NEW");
    connection.says(&report("RECEIVED", 1, "open", 0));
    bench.tells(&["7 received open to 107"]);
    bench.exchange.new_order(&command(8)).unwrap();
    connection.hears("NEW");
    let before = bench.exchange.save().unwrap().unwrap();
    bench.exchange.stop().unwrap();
    assert_eq!(bench.exchange.save().unwrap().unwrap(), before, "before and after its end");
    let text = String::from_utf8(before.clone()).unwrap();
    assert_eq!(text, r#"{"run":"run-1","order_seq":1,"unanswered":[8],"cancels":[]}"#);

    let mut next = Bench::made(stratd_plugin_api::TradingType::Sandbox, &json!({}));
    next.exchange.restore(1, &before).unwrap();
    let connect = next.connects();
    let mut connection = next.venue.lets_in("run-1", 3);
    next.is_answered(connect).unwrap();
    let fetch = connection.hears("REPORTS");
    assert_eq!(fetch["after"], 1);
    let question = connection.hears("ORDER");
    assert_eq!(question["client_order_id"], "stratd-8");
    connection.refuses(&question, "unknown_order");
    next.tells(&["8 rejected rejected (unknown_order)"]);
}
