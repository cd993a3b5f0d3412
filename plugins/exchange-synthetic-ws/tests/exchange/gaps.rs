//! Events and reports that are missing, come twice or in another order.

use serde_json::json;

use crate::{
    bench::Bench,
    venue::{order, report},
};

const START: &[&str] = &["snapshot buy 3 at 9900", "sell 5 at 10100", "quote 3 at 9900, 5 at 10100"];

#[test]
fn a_missing_event_is_asked_for_and_nothing_is_told_out_of_order() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    bench.shows(START);
    connection.says(&order("OPEN", 12, 11, (4, "BUY", "99.60", 1, 0)));
    let resume = connection.hears("RESUME");
    assert_eq!(resume["after"], 10);
    connection.accepts(&resume, &json!({}));
    for (seq, id, price) in [(11, 3, "99.50"), (12, 4, "99.60"), (12, 4, "99.60"), (13, 5, "99.70")] {
        connection.says(&order("OPEN", seq, seq - 1, (id, "BUY", price, 1, 0)));
    }
    bench.shows(&[
        "buy 1 at 9950",
        "quote 1 at 9950, 5 at 10100",
        "buy 1 at 9960",
        "quote 1 at 9960, 5 at 10100",
        "buy 1 at 9970",
        "quote 1 at 9970, 5 at 10100",
    ]);
}

#[test]
fn what_the_venue_does_not_keep_any_more_is_replaced_by_a_snapshot() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    bench.shows(START);
    connection.says(&order("OPEN", 12, 11, (4, "BUY", "99.60", 1, 0)));
    let resume = connection.hears("RESUME");
    connection.refuses(&resume, "too_old");
    let subscribe = connection.hears("SUBSCRIBE");
    connection.accepts(&subscribe, &json!({}));
    connection.snapshot(20, &[(9, "SELL", "102.00", 2)]);
    bench.shows(&["gap", "snapshot sell 2 at 10200", "quote 0 at 0, 2 at 10200"]);
    // of the orders, what changed is told
    let notes = bench.host.notes();
    let kinds: Vec<u16> = notes.orders.iter().skip(2).map(|event| event.kind).collect();
    assert_eq!(kinds, [4 - 2, 4 - 2, 1]);
}

#[test]
fn a_snapshot_counts_only_if_it_is_complete() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    bench.shows(START);
    connection.says(&json!({ "type": "HEARTBEAT", "seq": 30, "prev": 30, "order_seq": 0, "time": 1 }));
    let resume = connection.hears("RESUME");
    connection.refuses(&resume, "too_old");
    let subscribe = connection.hears("SUBSCRIBE");
    connection.accepts(&subscribe, &json!({}));
    // one of its orders was lost
    connection.says(&json!({ "type": "SNAPSHOT", "instrument": "AAA", "seq": 30, "orders": 1 }));
    let subscribe = connection.hears("SUBSCRIBE");
    connection.accepts(&subscribe, &json!({}));
    connection.snapshot(31, &[]);
    bench.shows(&["gap", "snapshot buy 0 at 0", "quote 0 at 0, 0 at 0"]);
}

#[test]
fn a_snapshot_whose_end_was_lost_is_asked_for_again() {
    let (bench, mut connection) = Bench::trading(&json!({ "feeds": ["book"], "answer_timeout_ms": 1_000 }));
    bench.shows(&START[..2]);
    connection.says(&order("OPEN", 12, 11, (4, "BUY", "99.60", 1, 0)));
    let resume = connection.hears("RESUME");
    connection.refuses(&resume, "too_old");
    let subscribe = connection.hears("SUBSCRIBE");
    connection.accepts(&subscribe, &json!({}));
    let mut part = order("OPEN", 20, 20, (9, "BUY", "98.00", 2, 0));
    part["snapshot"] = true.into();
    connection.says(&part);
    // what comes after it was heard, so it was
    connection.says(&report("RECEIVED", 1, "open", 0));
    bench.tells(&["7 received open"]);
    bench.host.advance(3_000);
    let subscribe = connection.hears("SUBSCRIBE");
    // of the question before
    connection.says(&json!({ "type": "SNAPSHOT", "instrument": "AAA", "seq": 20, "orders": 1 }));
    connection.accepts(&subscribe, &json!({}));
    connection.snapshot(21, &[(9, "BUY", "98.00", 2)]);
    bench.shows(&["gap", "snapshot buy 2 at 9800"]);
}

#[test]
fn a_loss_at_the_tail_shows_in_the_heartbeat() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    bench.shows(START);
    connection.says(&json!({ "type": "HEARTBEAT", "seq": 11, "prev": 11, "order_seq": 1, "time": 1 }));
    let resume = connection.hears("RESUME");
    assert_eq!(resume["after"], 10);
    let fetch = connection.hears("REPORTS");
    assert_eq!(fetch["after"], 0);
    connection.answers(
        "REPORTS",
        &fetch,
        &json!({ "order_seq": 1, "reports": [report("RECEIVED", 1, "open", 0)], "more": false }),
    );
    bench.tells(&["7 received open"]);
}

#[test]
fn missing_reports_are_fetched_over_all_pages_and_told_once_in_order() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    let new = connection.hears("NEW");
    connection.accepts(&new, &json!({ "order_id": "O-70" }));
    connection.says(&report("BOUGHT", 2, "partially_filled", 4));
    let fetch = connection.hears("REPORTS");
    assert_eq!(fetch["after"], 0);
    let page = |report: serde_json::Value, more| json!({ "order_seq": 2, "reports": [report], "more": more });
    connection.answers("REPORTS", &fetch, &page(report("RECEIVED", 1, "open", 0), true));
    let fetch = connection.hears("REPORTS");
    assert_eq!(fetch["after"], 1);
    connection.answers("REPORTS", &fetch, &page(report("BOUGHT", 2, "partially_filled", 4), false));
    // the first one comes late
    connection.says(&report("RECEIVED", 1, "open", 0));
    connection.says(&report("BOUGHT", 3, "partially_filled", 8));
    bench.tells(&[
        "7 received open to 107",
        "7 bought partially_filled 4 at 9850, 4 of 10",
        "7 bought partially_filled 4 at 9850, 8 of 10",
    ]);
}

#[test]
fn while_the_host_is_busy_reports_overtake_the_market_and_nothing_is_lost() {
    let (bench, mut connection) = Bench::trading(&json!({ "feeds": ["book"] }));
    bench.shows(&START[..2]);
    bench.host.notes().room = 0;
    connection.says(&order("OPEN", 11, 10, (3, "BUY", "99.50", 4, 0)));
    connection.says(&report("RECEIVED", 1, "open", 0));
    bench.tells(&["7 received open"]);
    assert!(bench.host.notes().market.is_empty());
    bench.host.notes().room = 10;
    bench.shows(&["buy 4 at 9950"]);
}

#[test]
fn more_than_can_wait_is_left_out_and_replaced_by_a_snapshot() {
    let (bench, mut connection) = Bench::trading(&json!({ "feeds": ["trades"] }));
    bench.host.notes().room = 0;
    let events = 65_536 + 10;
    for seq in 11..11 + events {
        let mut trade = order("TRADE", seq, seq - 1, (0, "SELL", "99.50", 1, 0));
        trade["target.id"] = format!("T-{seq}").into();
        connection.says(&trade);
    }
    connection.says(&report("RECEIVED", 1, "open", 0));
    bench.tells(&["7 received open"]);
    bench.host.notes().room = usize::MAX;
    connection.hears("SUBSCRIBE");
    bench.host.wait_for_log("10 public events were left out");
    assert_eq!(bench.host.notes().market.len(), 65_536);
}
