//! Orders without an answer: asked for, never sent again.

use serde_json::{Value, json};
use stratd_plugin_api::Exchange as _;

use crate::{
    bench::{Bench, command},
    venue::report,
};

fn patient() -> Value {
    json!({ "answer_timeout_ms": 1_000 })
}

#[test]
fn an_order_without_an_answer_is_unknown_and_asked_for() {
    let (mut bench, mut connection) = Bench::trading(&patient());
    bench.sends_order();
    connection.hears("NEW");
    bench.host.advance(1_001);
    let question = connection.hears("ORDER");
    assert_eq!(question["client_order_id"], "stratd-7");
    bench.tells(&["7 received unknown (exchange) to 107"]);
    connection.answers("ORDER", &question, &json!({ "order_seq": 0, "order": report("", 0, "open", 0) }));
    bench.tells(&["7 received unknown (exchange) to 107", "7 received open to 107"]);
}

#[test]
fn fills_that_were_not_told_come_before_the_end_of_an_order_that_was_asked_for() {
    let (mut bench, mut connection) = Bench::trading(&patient());
    bench.sends_order();
    connection.hears("NEW");
    bench.host.advance(1_001);
    let question = connection.hears("ORDER");
    connection.answers("ORDER", &question, &json!({ "order_seq": 3, "order": report("", 0, "canceled", 4) }));
    let fetch = connection.hears("REPORTS");
    let reports = [
        report("RECEIVED", 1, "open", 0),
        report("BOUGHT", 2, "partially_filled", 4),
        report("CANCELED", 3, "canceled", 4),
    ];
    connection.answers("REPORTS", &fetch, &json!({ "order_seq": 3, "reports": reports, "more": false }));
    bench.tells(&[
        "7 received unknown (exchange) to 107",
        "7 received open to 107",
        "7 bought partially_filled 4 at 9850, 4 of 10",
        "7 canceled canceled",
    ]);
}

#[test]
fn an_order_that_cannot_arrive_any_more_is_rejected() {
    let (mut bench, mut connection) = Bench::trading(&patient());
    bench.sends_order();
    connection.hears("NEW");
    bench.host.advance(1_001);
    // the question went the same way, after the order
    let question = connection.hears("ORDER");
    connection.refuses(&question, "unknown_order");
    bench.tells(&["7 received unknown (exchange) to 107", "7 rejected rejected (unknown_order) to 107"]);
}

#[test]
fn a_cancel_of_an_order_that_is_not_answered_waits_until_it_turns_up() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    connection.hears("NEW");
    bench.exchange.cancel_order(&command(7)).unwrap();
    let cancel = connection.hears("CANCEL");
    connection.refuses(&cancel, "unknown_order");
    connection.says(&report("RECEIVED", 1, "open", 0));
    let cancel = connection.hears("CANCEL");
    connection.accepts(&cancel, &json!({}));
    connection.says(&report("CANCELED", 2, "canceled", 0));
    bench.tells(&["7 received open to 107", "7 canceled canceled to 107"]);
}

#[test]
fn a_cancel_without_an_answer_is_sent_again() {
    let (mut bench, mut connection) = Bench::trading(&patient());
    bench.exchange.cancel_order(&command(7)).unwrap();
    connection.hears("CANCEL");
    bench.host.advance(1_001);
    let cancel = connection.hears("CANCEL");
    connection.refuses(&cancel, "rejected");
    bench.tells(&["7 request_rejected unknown (exchange) to 107"]);
}

#[test]
fn a_change_without_an_answer_ends_with_how_the_order_stands() {
    let (mut bench, mut connection) = Bench::trading(&patient());
    bench.exchange.change_order(&command(7)).unwrap();
    connection.hears("CHANGE");
    bench.host.advance(1_001);
    let question = connection.hears("ORDER");
    connection.answers("ORDER", &question, &json!({ "order_seq": 0, "order": report("", 0, "open", 0) }));
    bench.tells(&["7 change open to 107"]);
}
