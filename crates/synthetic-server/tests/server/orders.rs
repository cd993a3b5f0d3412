//! Orders of accounts that meet each other and participants.

use serde_json::{Value, json};

use crate::bench::{Client, FILLED, QUIET, Server, limit};

/// What a report says: type, status, volume, filled, price of the order.
fn said(report: &Value) -> String {
    let text = |key: &str| report[key].to_string().trim_matches('"').to_owned();
    let words = ["type", "status", "target.volume", "target.filled", "target.price"].map(text);
    format!("{} {}", text("order_seq"), words.join(" "))
}

fn cash(client: &mut Client) -> String {
    client.ask("ACCOUNT", json!({}))["cash"].to_string()
}

#[test]
fn two_accounts_trade_with_each_other_and_both_are_told() {
    let fees = ["--maker-fee", "-0.0001", "--taker-fee", "0.0002"];
    let server = Server::start(&[QUIET.as_slice(), &fees].concat());
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    let mut second = server.log_in("desk");
    let answer = desk.ask("NEW", limit("d1", "BUY", 10, "50.00"));
    assert_eq!((&answer["type"], &answer["order_id"]), (&json!("ACCEPTED"), &json!("O-1")));
    assert_eq!(said(&desk.report()), "1 RECEIVED open 10 0 50.0");
    other.ask("NEW", limit("o1", "SELL", 4, "49.50"));
    assert_eq!(said(&other.report()), "1 RECEIVED open 4 0 49.5");
    let (bought, sold) = (desk.report(), other.report());
    assert_eq!(said(&bought), "2 BOUGHT partially_filled 10 4 50.0");
    assert_eq!(said(&sold), "2 SOLD filled 4 4 49.5");
    assert_eq!(bought["trade_id"], sold["trade_id"]);
    assert_eq!((&bought["liquidity"], &sold["liquidity"]), (&json!("maker"), &json!("taker")));
    assert_eq!((&bought["last_price"], &sold["last_price"]), (&json!(50.0), &json!(50.0)));
    assert_eq!((&bought["fee"], &sold["fee"]), (&json!(-0.02), &json!(0.04)));
    // 200 paid, 2 cents of rebate; 200 taken, 4 cents of fee
    assert_eq!((cash(&mut desk).as_str(), cash(&mut other).as_str()), ("999800.02", "1000199.96"));
    // every connection of the account hears of it
    assert_eq!(said(&second.report()), "1 RECEIVED open 10 0 50.0");
    assert_eq!(said(&second.report()), said(&bought));
    // and nobody sees the orders of another account
    let answer = other.ask("ORDER", json!({"client_order_id": "d1"}));
    assert_eq!(answer["code"], "unknown_order");
    let answer = other.ask("CANCEL", json!({"order_id": "O-1"}));
    assert_eq!(answer["code"], "unknown_order");
}

#[test]
fn the_same_client_order_id_never_makes_two_orders() {
    let server = Server::start(&QUIET);
    let mut desk = server.log_in("desk");
    let first = desk.ask("NEW", limit("same", "BUY", 10, "50.00"));
    let again = desk.ask("NEW", limit("same", "BUY", 10, "50.00"));
    assert_eq!((&again["code"], &again["order_id"]), (&json!("duplicate_id"), &first["order_id"]));
    desk.ask("CANCEL", json!({"client_order_id": "same"}));
    let after = desk.ask("NEW", limit("same", "BUY", 10, "50.00"));
    assert_eq!((&after["code"], &after["status"]), (&json!("duplicate_id"), &json!("canceled")));
    // of another account it is another order
    assert_eq!(server.log_in("other").ask("NEW", limit("same", "BUY", 10, "50.00"))["type"], "ACCEPTED");
    // an order that was refused by its form is none: the id is free
    let refused = desk.ask("NEW", limit("free", "BUY", 10, "50.001"));
    assert_eq!(refused["code"], "off_tick");
    assert_eq!(desk.ask("NEW", limit("free", "BUY", 10, "50.00"))["type"], "ACCEPTED");
}

#[test]
fn orders_are_changed_canceled_and_looked_up() {
    let server = Server::start(&QUIET);
    let mut desk = server.log_in("desk");
    desk.ask("NEW", limit("a", "BUY", 10, "50.00"));
    desk.ask("NEW", limit("b", "SELL", 10, "60.00"));
    assert_eq!(
        desk.ask("CHANGE", json!({"client_order_id": "a", "price": 51, "volume": 7}))["type"],
        "ACCEPTED"
    );
    desk.report();
    desk.report();
    assert_eq!(said(&desk.report()), "3 CHANGED open 7 0 51.0");
    let open = desk.ask("OPEN_ORDERS", json!({}));
    let ids: Vec<_> =
        open["orders"].as_array().unwrap().iter().map(|order| &order["client_order_id"]).collect();
    assert_eq!(
        (ids, &open["order_seq"], &open["more"]),
        (vec![&json!("a"), &json!("b")], &json!(3), &json!(false))
    );
    assert_eq!(desk.ask("CANCEL", json!({"order_id": "O-1"}))["type"], "ACCEPTED");
    let report = desk.report();
    assert_eq!(
        (said(&report).as_str(), &report["reason"]),
        ("4 CANCELED canceled 7 0 51.0", &json!("requested"))
    );
    let late = desk.ask("CANCEL", json!({"client_order_id": "a"}));
    assert_eq!((&late["code"], &late["status"]), (&json!("rejected"), &json!("canceled")));
    let order = desk.ask("ORDER", json!({"client_order_id": "a"}));
    assert_eq!(order["order"]["status"], "canceled");
    let open = desk.ask("OPEN_ORDERS", json!({"after": "a"}));
    assert_eq!(open["orders"][0]["client_order_id"], "b");
}

#[test]
fn what_the_venue_refuses_is_an_order_that_was_rejected() {
    let server = Server::start(&QUIET);
    let mut desk = server.log_in("desk");
    server.log_in("other").ask("NEW", limit("o", "SELL", 5, "50.00"));
    let mut order = limit("post", "BUY", 5, "50.00");
    order["post_only"] = true.into();
    let answer = desk.ask("NEW", order);
    assert_eq!((&answer["type"], &answer["order_id"]), (&json!("ACCEPTED"), &json!("")));
    let report = desk.report();
    assert_eq!((&report["type"], &report["reason"]), (&json!("REJECTED"), &json!("would_execute")));
    let mut order = limit("reduce", "SELL", 5, "50.00");
    order["reduce_only"] = true.into();
    desk.ask("NEW", order);
    assert_eq!(desk.report()["reason"], "reducing");
    assert_eq!(desk.ask("ORDER", json!({"client_order_id": "reduce"}))["order"]["status"], "rejected");
    assert_eq!(desk.ask("OPEN_ORDERS", json!({}))["orders"], json!([]));
}

#[test]
fn a_stop_waits_triggers_and_says_so() {
    let server = Server::start(&QUIET);
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    let stop = json!({"client_order_id": "s", "instrument": "AAA", "side": "BUY", "volume": 5,
        "order_type": "STOP_LIMIT", "stop_price": "50.00", "price": "49.00"});
    desk.ask("NEW", stop);
    assert_eq!(desk.report()["target.stop_target"], 50.0);
    let answer = desk.ask("CHANGE", json!({"client_order_id": "s", "price": 48}));
    assert_eq!(
        (&answer["code"], answer["message"].as_str().unwrap().contains("accepted: stop_price")),
        (&json!("bad_order"), true)
    );
    desk.ask("CHANGE", json!({"client_order_id": "s", "stop_price": "51.00"}));
    assert_eq!(desk.report()["target.stop_target"], 51.0);
    // a trade at the stop price, between others
    other.ask("NEW", limit("o1", "SELL", 1, "51.00"));
    server.log_in("third").ask("NEW", limit("t1", "BUY", 1, "51.00"));
    let report = desk.report();
    assert_eq!((&report["type"], &report["triggered"]), (&json!("CHANGED"), &json!(true)));
    assert_ne!(report["public_id"], report["order_id"]);
    // now it rests at 49 and is met there
    other.ask("NEW", limit("o2", "SELL", 5, "49.00"));
    assert_eq!(said(&desk.report()), "4 BOUGHT filled 5 5 49.0");
}

#[test]
fn a_stop_that_triggers_on_entry_is_told_before_it_trades_under_its_public_id() {
    let server = Server::start(&QUIET);
    let (mut desk, mut other) = (server.log_in("desk"), server.log_in("other"));
    let mut watcher = server.connect();
    watcher.ask("SUBSCRIBE", json!({"instrument": "AAA"}));
    other.ask("NEW", limit("o1", "SELL", 6, "50.00"));
    desk.ask("NEW", limit("d1", "BUY", 1, "50.00"));
    let first = watcher.next("TRADE");
    assert_eq!(
        first["target.taker_order"]["id"],
        desk.ask("ORDER", json!({"client_order_id": "d1"}))["order"]["order_id"]
    );
    let stop = json!({"client_order_id": "s", "instrument": "AAA", "side": "BUY", "volume": 2, "order_type": "STOP",
        "stop_price": "50.00"});
    desk.ask("NEW", stop);
    let reports: Vec<Value> = (0..3)
        .map(|_| desk.wait(|message| crate::bench::is_report(message) && message["client_order_id"] == "s"))
        .collect();
    let kinds: Vec<_> = reports.iter().map(|report| report["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["RECEIVED", "CHANGED", "BOUGHT"]);
    assert_eq!(reports[1]["triggered"], true);
    assert_eq!(watcher.next("TRADE")["target.taker_order"]["id"], reports[1]["public_id"]);
}

#[test]
fn lifetimes_end_and_open_orders_end_with_their_connection_if_asked() {
    let server = Server::start(&QUIET);
    let mut desk = server.log_in("desk");
    let hello = server.connect().next("HELLO");
    let mut order = limit("gtd", "BUY", 5, "50.00");
    order["lifetime"] = "GTD".into();
    order["expires"] = (hello["time"].as_f64().unwrap() + 0.5).into();
    assert_eq!(desk.ask("NEW", order)["type"], "ACCEPTED");
    desk.report();
    assert_eq!(said(&desk.report()), "2 CANCELED expired 5 0 50.0");
    let mut guest = server.connect();
    guest.ask("LOGIN", json!({"protocol": 1, "account": "desk", "cancel_on_disconnect": true}));
    guest.ask("NEW", limit("guest", "BUY", 5, "50.00"));
    desk.ask("NEW", limit("stays", "BUY", 5, "50.00"));
    drop(guest);
    let canceled = desk.wait(|message| message["type"] == "CANCELED");
    assert_eq!(canceled["client_order_id"], "guest");
    assert_eq!(desk.ask("OPEN_ORDERS", json!({}))["orders"][0]["client_order_id"], "stays");
}

#[test]
fn answers_come_in_pages_and_reports_again_as_they_were() {
    let server = Server::start(&FILLED);
    let mut desk = server.log_in("desk");
    for number in 0..600 {
        let kind = json!({"client_order_id": format!("c{number}"), "instrument": "AAA", "side": "BUY",
            "volume": 1, "order_type": "MARKET"});
        desk.send("NEW", kind);
    }
    let last = desk.wait(|message| message["client_order_id"] == "c599" && message["type"] != "RECEIVED");
    assert!(last["type"] == "BOUGHT" || last["type"] == "CANCELED", "{last}");
    let reports = desk.ask("REPORTS", json!({"after": 0}));
    assert_eq!((reports["reports"].as_array().unwrap().len(), &reports["more"]), (1_000, &json!(true)));
    let rest = desk.ask("REPORTS", json!({"after": 1_000}));
    assert_eq!((rest["reports"].as_array().unwrap().len(), &rest["more"]), (200, &json!(false)));
    assert_eq!(rest["reports"][199], last);
    let fills = desk.ask("FILLS", json!({"after_order_seq": 0}));
    let by_time = desk.ask("FILLS", json!({"since": 0}));
    assert_eq!(fills["fills"], by_time["fills"]);
    assert_eq!(fills["fills"][0], reports["reports"][1]);
    let answer = desk.ask("REPORTS", json!({"after": 5_000}));
    assert_eq!(
        (&answer["code"], answer["message"].as_str().unwrap()),
        (&json!("bad_request"), "after is 5000 (accepted: at most 1200, the last report)")
    );
}

#[test]
fn refusals_name_what_was_found_and_what_is_accepted() {
    let server = Server::start(&QUIET);
    let mut client = server.connect();
    client.next("HELLO");
    let answer = client.ask("NEW", limit("a", "BUY", 5, "50.00"));
    assert_eq!(answer["code"], "not_logged_in");
    let answer = client.ask("LOGIN", json!({"protocol": 2, "account": "desk"}));
    assert_eq!(answer["message"], "protocol is 2 (accepted: 1)");
    let answer = client.ask("LOGIN", json!({"protocol": 1, "account": "my desk"}));
    assert!(answer["message"].as_str().unwrap().contains("accepted: 1 to 64 letters"), "{answer}");
    client.ask("LOGIN", json!({"protocol": 1, "account": "desk"}));
    let cases = [
        ("side", json!("buy"), "bad_request", r#"side is "buy" (accepted: "BUY", "SELL")"#),
        ("order_type", json!("PEG"), "bad_request", r#"accepted: "LIMIT", "MARKET", "STOP", "STOP_LIMIT""#),
        ("order_type", json!("MARKET"), "bad_order", "MARKET with price (accepted: without"),
        ("order_type", json!("STOP_LIMIT"), "bad_order", "STOP_LIMIT without stop_price"),
        ("stop_price", json!(5), "bad_order", "LIMIT with stop_price"),
        ("instrument", json!("XYZ"), "unknown_instrument", "accepted: AAA, BBB, CCC"),
        ("volume", json!(0), "bad_quantity", "above 0, at most 1000000000"),
        ("volume", json!(-5), "bad_quantity", "volume is -5"),
        ("volume", json!(1.5), "off_lot", "at most 0 decimals"),
        ("volume", json!("ten"), "bad_request", "volume: `ten` is not a number"),
        ("price", json!("50.005"), "off_tick", "50.005 is off the grid"),
        ("price", json!("99999999999"), "bad_order", "at most 10000000.00"),
        ("lifetime", json!("GTD"), "bad_order", "\"GTD\" without expires"),
        ("expires", json!(5), "bad_order", "\"GTC\" with expires"),
        ("flag", json!("IOC"), "bad_request", "\"IMMEDIATE_OR_CANCEL\""),
        ("client_order_id", json!(""), "bad_request", "client_order_id has 0 bytes"),
        ("tif", json!("x"), "bad_request", "unknown field `tif`"),
    ];
    for (key, value, code, part) in cases {
        let mut order = limit("a", "BUY", 5, "50.00");
        order[key] = value;
        let answer = client.ask("NEW", order);
        let message = answer["message"].as_str().unwrap();
        assert_eq!((&answer["type"], &answer["code"]), (&json!("ERROR"), &json!(code)), "{key}: {answer}");
        assert!(
            message.contains(part) && message.contains("accepted") || message.contains("expected"),
            "{key}: {answer}"
        );
    }
    assert_eq!(client.ask("OPEN_ORDERS", json!({}))["orders"], json!([]));
}
