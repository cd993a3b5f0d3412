//! Whatever clients send: nobody falls over, nothing is made or lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::bench::{Client, Server, exact, is_report};

/// Splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) % n
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }
}

/// A request that makes sense more often than not.
fn request(random: &mut Random, number: u64) -> Value {
    let known = format!("c{}", random.below(number.max(1)));
    let price = format!("{}.{:02}", 150 + random.below(60), random.below(100));
    match random.below(100) {
        0..55 => {
            let mut order = json!({"type": "NEW", "client_order_id": format!("c{number}"),
                "instrument": random.pick(&["AAA", "AAA", "BBB", "CCC", "QQQ"]), "side": random.pick(&["BUY", "SELL"]),
                "volume": random.below(50), "order_type": random.pick(&["LIMIT", "LIMIT", "MARKET", "STOP", "STOP_LIMIT"]),
                "flag": random.pick(&["NONE", "NONE", "FILL_OR_KILL", "ALL_OR_NONE", "IMMEDIATE_OR_CANCEL"])});
            if order["order_type"] != "MARKET" && order["order_type"] != "STOP" {
                order["price"] = price.clone().into();
            }
            if order["order_type"].as_str().unwrap().starts_with("STOP") {
                order["stop_price"] = price.into();
            }
            order["post_only"] = (random.below(10) == 0).into();
            order["reduce_only"] = (random.below(10) == 0).into();
            order
        }
        55..70 => json!({"type": "CANCEL", "client_order_id": known}),
        70..80 => {
            json!({"type": "CHANGE", "client_order_id": known, "price": price, "volume": random.below(60)})
        }
        80..85 => json!({"type": "CHANGE", "client_order_id": known, "stop_price": price}),
        85..90 => {
            json!({"type": random.pick(&["OPEN_ORDERS", "ACCOUNT", "INSTRUMENTS", "PING"])})
        }
        90..93 => json!({"type": "FILLS", "after_order_seq": random.below(100)}),
        93..96 => json!({"type": "REPORTS", "after": random.below(100)}),
        _ => json!({"type": "ORDER", "client_order_id": known}),
    }
}

/// A text that was a request until something was done to it.
fn garbage(random: &mut Random, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(4) {
        let at = usize::try_from(random.below(chars.len() as u64)).unwrap();
        match random.below(3) {
            0 => chars.truncate(at.max(1)),
            1 => chars[at] = *['"', '{', '\\', '9', 'e', '-', '\u{0}', 'ž'].get(at % 8).unwrap(),
            _ => chars.insert(at, '5'),
        }
    }
    chars.into_iter().collect()
}

/// An account's fills, page by page.
fn fills(client: &mut Client) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = json!(0);
    loop {
        let page = client.ask("FILLS", json!({"after_order_seq": after}));
        let list = page["fills"].as_array().unwrap();
        all.extend(list.iter().cloned());
        if page["more"] == false {
            return all;
        }
        after = list.last().unwrap()["order_seq"].clone();
    }
}

/// What fills moved: cash in units of 10^-8, and positions.
fn moved(fills: &[Value]) -> (i128, BTreeMap<String, i64>) {
    let mut cash = 0;
    let mut positions = BTreeMap::new();
    for fill in fills {
        let sign = if fill["type"] == "BOUGHT" { 1 } else { -1 };
        let volume = sign * fill["last_volume"].as_i64().unwrap();
        cash -= exact(&fill["last_price"].to_string()) * i128::from(volume);
        cash -= exact(&fill["fee"].to_string());
        let name = fill["target.instrument"]["name"].as_str().unwrap().to_owned();
        *positions.entry(name).or_default() += volume;
    }
    positions.retain(|_, volume| *volume != 0);
    (cash, positions)
}

/// What the public trades moved for these orders.
fn seen(trades: &[Value], ids: &BTreeSet<String>) -> BTreeMap<String, i64> {
    let mut positions: BTreeMap<String, i64> = BTreeMap::new();
    for trade in trades {
        let (taker, maker) = (&trade["target.taker_order"], &trade["target.maker_orders"][0]);
        assert_ne!(taker["side"], maker["side"], "{trade}");
        let volume = trade["target.volume"].as_i64().unwrap();
        let name = trade["target.instrument"]["name"].as_str().unwrap();
        for order in [taker, maker] {
            if ids.contains(order["id"].as_str().unwrap()) {
                let sign = if order["side"] == "BUY" { 1 } else { -1 };
                *positions.entry(name.to_owned()).or_default() += sign * volume;
            }
        }
    }
    positions.retain(|_, volume| *volume != 0);
    positions
}

#[test]
fn nothing_is_made_and_nothing_is_lost() {
    let seed: u64 = std::env::var("STRATD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("replay with STRATD_SEED={seed} cargo test -p stratd-synthetic --test server random");
    let options = ["--rate", "500", "--warm-up", "500", "--maker-fee", "-0.0001", "--taker-fee", "0.00025"];
    let server = Server::start(&options);
    let mut watcher = server.connect();
    watcher.ask("SUBSCRIBE", json!({}));
    let mut clients: Vec<Client> = ["a", "b", "c"].iter().map(|name| server.log_in(name)).collect();
    let mut random = Random(seed);
    for number in 0..800 {
        let at = usize::try_from(random.below(3)).unwrap();
        let mut body = request(&mut random, number);
        if random.below(20) == 0 {
            body["request"] = 1.into();
            let text = garbage(&mut random, &body.to_string());
            clients[at].send_text(&text);
        } else {
            let kind = body["type"].as_str().unwrap().to_owned();
            clients[at].send(&kind, body);
        }
        if number % 16 == 15 {
            // everybody keeps up
            for client in &mut clients {
                client.ask("PING", json!({}));
            }
            watcher.ask("PING", json!({}));
        }
    }
    let mut events = watcher.rest();
    let mut traded = 0;
    for client in &mut clients {
        // a garbled LOGIN cannot have changed who it is: it was logged in
        client.ask("PING", json!({}));
        let account = client.ask("ACCOUNT", json!({}));
        let order_seq = account["order_seq"].as_u64().unwrap();
        let fills: Vec<Value> = fills(client)
            .into_iter()
            .filter(|fill| fill["order_seq"].as_u64().unwrap() <= order_seq)
            .collect();
        traded += fills.len();
        let (cash, positions) = moved(&fills);
        assert_eq!(exact(&account["cash"].to_string()), 1_000_000 * 100_000_000 + cash);
        let said: BTreeMap<String, i64> = account["positions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p["instrument"].as_str().unwrap().to_owned(), p["volume"].as_i64().unwrap()))
            .collect();
        assert_eq!(said, positions);
        // what the public saw of the orders of these fills is the same
        events.extend(watcher.rest());
        let trades: BTreeMap<String, Value> = events
            .iter()
            .filter(|event| event["type"] == "TRADE")
            .map(|trade| (trade["target.id"].as_str().unwrap().to_owned(), trade.clone()))
            .collect();
        let ids = ids(client, order_seq);
        let of_fills: BTreeSet<&str> = fills.iter().map(|fill| fill["trade_id"].as_str().unwrap()).collect();
        let trades: Vec<Value> = of_fills
            .iter()
            .map(|id| trades.get(*id).unwrap_or_else(|| panic!("nobody saw {id}")).clone())
            .collect();
        assert_eq!(seen(&trades, &ids), positions);
    }
    assert!(traded > 100, "{traded} fills");
}

/// The public ids of an account's orders.
fn ids(client: &mut Client, order_seq: u64) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut after = 0;
    while after < order_seq {
        let page = client.ask("REPORTS", json!({"after": after}));
        for report in page["reports"].as_array().unwrap() {
            assert!(is_report(report));
            ids.extend(
                ["order_id", "public_id"].iter().filter_map(|key| report[*key].as_str()).map(str::to_owned),
            );
            after = report["order_seq"].as_u64().unwrap();
        }
    }
    ids
}
