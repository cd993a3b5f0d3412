//! What is said when nothing goes wrong.

use serde_json::json;
use stratd_plugin_api::{ClientOrderId, Exchange as _, Timestamp, abi};

use crate::{
    bench::{Bench, command},
    venue::{Connection, order, report},
};

#[test]
fn the_book_is_made_of_orders_and_prints_are_passed_on() {
    let (bench, mut connection) = Bench::trading(&json!({}));
    bench.shows(&["snapshot buy 3 at 9900", "sell 5 at 10100", "quote 3 at 9900, 5 at 10100"]);
    connection.says(&order("OPEN", 11, 10, (3, "BUY", "99.50", 4, 0)));
    bench.shows(&["buy 4 at 9950", "quote 4 at 9950, 5 at 10100"]);
    // an execution: the maker's order, the taker's, which never rested, and the print
    let mut maker = order("CHANGE", 12, 11, (3, "BUY", "99.50", 4, 1));
    maker["last_price"] = "99.50".into();
    maker["last_volume"] = 1.into();
    maker["trade_id"] = "T-1".into();
    connection.says(&maker);
    connection.says(&order("FILL", 13, 12, (4, "SELL", "0", 1, 1)));
    let mut trade = order("TRADE", 14, 13, (0, "SELL", "99.50", 1, 0));
    trade["target.id"] = "T-1".into();
    trade["target.taker_order"] = order("", 0, 0, (4, "SELL", "0", 1, 1));
    connection.says(&trade);
    bench.shows(&["buy 3 at 9950", "quote 3 at 9950, 5 at 10100", "trade 1 at 9950 sell"]);
    connection.says(&order("CANCEL", 15, 14, (3, "BUY", "99.50", 4, 1)));
    bench.shows(&["buy 0 at 9950", "quote 3 at 9900, 5 at 10100"]);
    let notes = bench.host.notes();
    let kinds: Vec<(u16, i64)> = notes.orders.iter().map(|event| (event.kind, event.last_quantity)).collect();
    use abi::order_event_kind::{CANCEL, CHANGE, FILL, OPEN};
    assert_eq!(kinds, [(OPEN, 0), (OPEN, 0), (OPEN, 0), (CHANGE, 1), (FILL, 0), (CANCEL, 0)]);
}

#[test]
fn an_order_is_sent_and_its_reports_are_told() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    let new = connection.hears("NEW");
    assert_eq!(
        (&new["client_order_id"], &new["price"], &new["volume"]),
        (&json!("stratd-7"), &json!("99.00"), &json!("10"))
    );
    connection.accepts(&new, &json!({ "order_id": "O-70" }));
    connection.says(&report("RECEIVED", 1, "open", 0));
    connection.says(&report("BOUGHT", 2, "partially_filled", 4));
    // twice is once
    connection.says(&report("BOUGHT", 2, "partially_filled", 4));
    bench.tells(&["7 received open to 107", "7 bought partially_filled 4 at 9850, 4 of 10"]);
    bench.exchange.cancel_order(&command(7)).unwrap();
    let cancel = connection.hears("CANCEL");
    assert_eq!(cancel["client_order_id"], "stratd-7");
    connection.accepts(&cancel, &json!({}));
    let mut canceled = report("CANCELED", 3, "canceled", 4);
    canceled["reason"] = "requested".into();
    connection.says(&canceled);
    bench.tells(&[
        "7 received open to 107",
        "7 bought partially_filled 4 at 9850, 4 of 10",
        "7 canceled canceled (requested) to 107",
    ]);
    let notes = bench.host.notes();
    let fill = notes.orders.iter().find(|event| event.last_quantity > 0).unwrap();
    assert_eq!(stratd_plugin_api::Money::from(fill.fee), "0.25".parse().unwrap());
    assert_eq!(fill.flags & abi::order_event_flag::MAKER, abi::order_event_flag::MAKER);
}

#[test]
fn what_the_venue_refuses_is_told_with_its_reason() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    let new = connection.hears("NEW");
    connection.refuses(&new, "off_tick");
    bench.tells(&["7 rejected rejected (off_tick) to 107"]);
    bench.exchange.cancel_order(&command(8)).unwrap();
    let cancel = connection.hears("CANCEL");
    connection.refuses(&cancel, "unknown_order");
    bench.exchange.change_order(&command(9)).unwrap();
    let change = connection.hears("CHANGE");
    assert_eq!((&change["volume"], &change["price"]), (&json!("10"), &json!("99.00")));
    connection.refuses(&change, "rejected");
    bench.tells(&[
        "7 rejected rejected (off_tick) to 107",
        "8 request_rejected unknown (unknown_order) to 108",
        "9 request_rejected unknown (exchange) to 109",
    ]);
}

#[test]
fn an_id_that_the_venue_knows_means_that_the_order_stands() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    bench.sends_order();
    let new = connection.hears("NEW");
    connection.refuses(&new, "duplicate_id");
    let question = connection.hears("ORDER");
    connection.answers(
        "ORDER",
        &question,
        &json!({ "order_seq": 0, "order": report("ORDER", 0, "open", 0) }),
    );
    bench.tells(&["7 received open to 107"]);
}

#[test]
fn one_order_is_found_whatever_became_of_it() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    let asks = |bench: &mut Bench, connection: &mut Connection| {
        let reply = bench.reply();
        bench.exchange.find_order(ClientOrderId(7), 0, reply).unwrap();
        let question = connection.hears("ORDER");
        assert_eq!(question["client_order_id"], "stratd-7");
        question
    };
    let question = asks(&mut bench, &mut connection);
    let found = json!({ "order_seq": 0, "order": report("", 0, "canceled", 4) });
    connection.answers("ORDER", &question, &found);
    bench.is_answered(bench.last_call()).unwrap();
    let found = bench.host.notes().open_orders.clone();
    assert_eq!(
        (found[0].client_order_id, found[0].filled, found[0].status),
        (7, 4, abi::order_status::CANCELED)
    );
    // the venue has closed all other ways, so it never comes
    let question = asks(&mut bench, &mut connection);
    connection.refuses(&question, "unknown_order");
    bench.is_answered(bench.last_call()).unwrap();
    assert_eq!(bench.host.notes().open_orders.len(), 1);
}

#[test]
fn accounts_orders_and_fills_are_answered_over_all_pages() {
    let (mut bench, mut connection) = Bench::trading(&json!({}));
    let reply = bench.reply();
    bench.exchange.accounts(reply).unwrap();
    let question = connection.hears("ACCOUNT");
    let account = json!({ "order_seq": 0, "account": "desk", "currency": "USD", "cash": 999_605.75, "equity": "1000001" });
    connection.answers("ACCOUNT", &question, &account);
    bench.is_answered(bench.last_call()).unwrap();

    let reply = bench.reply();
    bench.exchange.open_orders(reply).unwrap();
    let question = connection.hears("OPEN_ORDERS");
    connection.answers(
        "OPEN_ORDERS",
        &question,
        &json!({ "order_seq": 0, "orders": [report("", 0, "open", 0)], "more": true }),
    );
    let question = connection.hears("OPEN_ORDERS");
    assert_eq!(question["after"], "stratd-7");
    let mut strange = report("", 0, "partially_filled", 4);
    strange["client_order_id"] = "somebody-else".into();
    connection.answers(
        "OPEN_ORDERS",
        &question,
        &json!({ "order_seq": 0, "orders": [strange], "more": false }),
    );
    bench.is_answered(bench.last_call()).unwrap();

    let reply = bench.reply();
    bench.exchange.fills_since(Timestamp::new(5_000_000_000), reply).unwrap();
    let question = connection.hears("FILLS");
    assert_eq!(question["since"], "5.000000000");
    let page = |seq| json!({ "order_seq": 0, "fills": [report("BOUGHT", seq, "partially_filled", 4)], "more": seq == 1 });
    connection.answers("FILLS", &question, &page(1));
    let question = connection.hears("FILLS");
    assert_eq!(question["after_order_seq"], 1);
    connection.answers("FILLS", &question, &page(2));
    bench.is_answered(bench.last_call()).unwrap();

    let notes = bench.host.notes();
    assert_eq!(stratd_plugin_api::Money::from(notes.accounts[0].cash), "999605.75".parse().unwrap());
    let ids: Vec<_> = notes.open_orders.iter().map(|order| (order.client_order_id, order.filled)).collect();
    assert_eq!(ids, [(7, 0), (0, 4)]);
    assert_eq!(notes.fills.iter().map(|fill| fill.quantity).collect::<Vec<_>>(), [4, 4]);
    assert_ne!(notes.fills[0].trade_id, notes.fills[1].trade_id);
}
