//! Snapshots, events and their numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bench::{Client, FILLED, QUIET, Server, limit};

/// What a client knows of the books by the rule of the protocol.
#[derive(Default)]
struct Books {
    last: u64,
    /// Orders by id: instrument, side, price, volume, filled.
    orders: BTreeMap<String, (String, String, String, i64, i64)>,
}

impl Books {
    fn take(&mut self, message: &Value) {
        let kind = message["type"].as_str().unwrap();
        if kind == "SNAPSHOT" {
            self.last = message["seq"].as_u64().unwrap();
            return;
        }
        let Some(prev) = message["prev"].as_u64().filter(|_| kind != "HEARTBEAT") else { return };
        if message["snapshot"] != true {
            assert_eq!(prev, self.last, "a gap before {message}");
            self.last = message["seq"].as_u64().unwrap();
        }
        if kind == "TRADE" {
            return;
        }
        let text = |key: &str| message[key].to_string().trim_matches('"').to_owned();
        let id = text("target.id");
        let order = (
            text("target.instrument"),
            text("target.side"),
            text("target.price"),
            message["target.volume"].as_i64().unwrap(),
            message["target.filled"].as_i64().unwrap(),
        );
        match kind {
            "OPEN" => assert!(self.orders.insert(id, order).is_none()),
            "CHANGE" => {
                if let Some(known) = self.orders.get_mut(&id) {
                    *known = order;
                }
            }
            "CANCEL" | "FILL" => {
                self.orders.remove(&id);
            }
            other => panic!("{other} is no event of a book"),
        }
    }
}

/// Reads until the snapshots of so many instruments have come.
fn snapshots(client: &mut Client, books: &mut Books, count: usize) {
    let mut left = count;
    let mut opens = 0;
    while left > 0 {
        let message = client.read().unwrap();
        books.take(&message);
        if message["snapshot"] == true {
            opens += 1;
        }
        if message["type"] == "SNAPSHOT" {
            assert_eq!(message["orders"], opens);
            (left, opens) = (left - 1, 0);
        }
    }
}

#[test]
fn events_after_a_snapshot_make_the_book_of_a_later_snapshot() {
    let server = Server::start(&["--rate", "2000", "--instruments", "2"]);
    let mut client = server.connect();
    let mut books = Books::default();
    client.next("HELLO");
    client.ask("SUBSCRIBE", json!({}));
    snapshots(&mut client, &mut books, 2);
    let start = books.last;
    while books.last < start + 3_000 {
        let message = client.read().unwrap();
        books.take(&message);
    }
    // a second snapshot of one instrument, in the middle of the stream: what both say of it is equal
    let number = client.send("SUBSCRIBE", json!({"instrument": "AAA"}));
    loop {
        let message = client.read().unwrap();
        if message["request"] == number {
            assert_eq!(message["type"], "ACCEPTED");
            break;
        }
        books.take(&message);
    }
    let mut again = Books::default();
    loop {
        let message = client.read().unwrap();
        match message["snapshot"] == true || message["type"] == "SNAPSHOT" {
            true => again.take(&message),
            false => books.take(&message),
        }
        if message["type"] == "SNAPSHOT" {
            books.last = again.last;
            break;
        }
    }
    let of_aaa = books.orders.iter().filter(|(_, order)| order.0.contains("AAA"));
    assert!(of_aaa.clone().count() > 50);
    assert_eq!(
        of_aaa.map(|(id, order)| (id.clone(), order.clone())).collect::<BTreeMap<_, _>>(),
        again.orders
    );
    // and the stream goes on after it without a gap
    for _ in 0..100 {
        let message = client.read().unwrap();
        books.take(&message);
    }
}

#[test]
fn who_resumes_gets_what_it_missed() {
    let server = Server::start(&QUIET);
    let (mut desk, mut lost) = (server.log_in("desk"), server.connect());
    let mut books = Books::default();
    lost.next("HELLO");
    lost.ask("SUBSCRIBE", json!({"instrument": "AAA"}));
    books.take(&lost.next("SNAPSHOT"));
    desk.ask("NEW", limit("a", "BUY", 5, "100.00"));
    books.take(&lost.next("OPEN"));
    drop(lost);
    // what it does not see: another instrument, a trade
    desk.ask("NEW", json!({"client_order_id": "b", "instrument": "BBB", "side": "BUY", "volume": 1, "order_type": "LIMIT", "price": 1}));
    server.log_in("other").ask("NEW", limit("a", "SELL", 2, "100.00"));
    let mut back = server.connect();
    back.next("HELLO");
    let answer = back.ask("RESUME", json!({"after": books.last, "instruments": ["AAA"]}));
    assert_eq!(answer["type"], "ACCEPTED");
    for kind in ["CHANGE", "FILL", "TRADE"] {
        let message = back.wait(|message| message["type"] != "HEARTBEAT");
        assert_eq!(message["type"], kind, "{message}");
        books.take(&message);
    }
    let order = books.orders.values().next().unwrap();
    assert_eq!((order.3, order.4), (5, 2));
    // further than the venue is nobody
    let answer = back.ask("RESUME", json!({"after": 1_000_000}));
    assert_eq!(answer["code"], "bad_request");
    assert!(answer["message"].as_str().unwrap().contains("accepted: at most 5"), "{answer}");
}

#[test]
fn instruments_have_the_keys_of_aat() {
    let server = Server::start(&[FILLED.as_slice(), &["--instruments", "2"]].concat());
    let mut client = server.connect();
    client.next("HELLO");
    let answer = client.ask("INSTRUMENTS", json!({}));
    let list = answer["instruments"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!((&list[1]["name"], &list[1]["type"]), (&json!("BBB"), &json!("EQUITY")));
    assert_eq!(list[0]["exchanges"], json!([{"name": "synthetic"}]));
    for key in
        ["broker_exchange", "broker_id", "underlying", "leg1", "leg2_side", "expiration", "option_type"]
    {
        assert_eq!(list[0][key], "", "{key}");
    }
    assert_eq!((&list[0]["price_decimals"], &list[0]["price_increment"]), (&json!(2), &json!(0.01)));
    let answer = client.ask("SUBSCRIBE", json!({"instrument": "ZZZ"}));
    assert_eq!(answer["code"], "unknown_instrument");
    assert_eq!(answer["message"], r#"instrument is "ZZZ" (accepted: AAA, BBB)"#);
}

#[test]
fn as_fast_as_possible_waits_for_who_subscribed() {
    let server = Server::start(&["--as-fast-as-possible", "--instruments", "1"]);
    let mut client = server.connect();
    let mut books = Books::default();
    let hello = client.next("HELLO");
    assert!(hello["time"].as_f64().unwrap() < 1_710_000_000.0, "time is the venue's: {hello}");
    client.ask("SUBSCRIBE", json!({}));
    snapshots(&mut client, &mut books, 1);
    // it reads nothing: the venue goes on until the client is far behind, and stops there
    let seq = || server.connect().next("HELLO")["seq"].as_u64().unwrap();
    let mut last = seq();
    loop {
        let next = seq();
        if next == last && last > books.last + 50_000 {
            break;
        }
        last = next;
    }
    assert!(last < books.last + 100_000, "it was not waited for: {last}");
    // then it reads, and the venue goes on
    while books.last < last + 1 {
        let message = client.read().unwrap();
        books.take(&message);
    }
}
