//! Trading by hand over the socket: methods, queries, and the words of refusals.

use expect_test::{Expect, expect};
use serde_json::Value;

use super::{Place, fake_trading::ORDER};

/// What is answered: the status, and the detail of a problem with its pointer and code.
fn check(place: &Place, method: &str, target: &str, body: &str, expected: Expect) {
    let (head, body) = place.ask_all(method, target, body);
    let status = head.split(' ').nth(1).unwrap_or_default();
    let answer: Value = serde_json::from_str(&body).unwrap();
    let mut text = status.to_owned();
    for key in ["report", "pointer", "code", "detail"] {
        if let Some(value) = answer[key].as_str() {
            text = format!("{text} {value}");
        }
    }
    expected.assert_eq(&text);
}

#[test]
fn an_order_is_asked_for_changed_and_canceled() {
    let place = Place::new();
    let order = r#"{"instrument":"SYN0001","side":"buy","quantity":"10","price":"99.50"}"#;
    check(&place, "POST", "/v1/orders", order, expect!["200 order 1: 1099511627777"]);
    let target = format!("/v1/orders/{ORDER}");
    check(&place, "PATCH", &target, r#"{"price":"99"}"#, expect!["200 change 1099511627777"]);
    check(&place, "DELETE", &target, "", expect!["200 cancel 1099511627777"]);
    check(&place, "DELETE", "/v1/orders/7", "", expect!["404 the fake has no order"]);
    check(&place, "POST", "/v1/orders/cancel-all", "", expect!["200 cancel all"]);
}

#[test]
fn what_risk_denies_says_which_limit() {
    let place = Place::new();
    let order = r#"{"instrument":"SYN0001","side":"buy","quantity":"1000"}"#;
    let (_, body) = place.ask_all("POST", "/v1/orders", order);
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&problem["code"], &problem["step"]), (&"max_order_quantity".into(), &"risk".into()));
    assert_eq!((&problem["found"], &problem["status"]), (&"1000".into(), &422.into()));
    check(
        &place,
        "POST",
        "/v1/orders",
        order,
        expect!["422 max_order_quantity order 7 denied: max_order_quantity"],
    );
}

#[test]
fn a_typing_error_is_refused() {
    let place = Place::new();
    check(
        &place,
        "POST",
        "/v1/orders",
        r#"{"instrument":"SYN0001","side":"buy","quantity":10}"#,
        expect!["400 /quantity the body: invalid type: integer `10`, expected a string at line 1 column 50"],
    );
    check(
        &place,
        "POST",
        "/v1/risk/kill",
        r#"{"exit":"sell"}"#,
        expect![
            "400 /exit the body: unknown variant `sell`, expected one of `none`, `cancel_all`, `close_all` at line 1 column 14"
        ],
    );
    check(
        &place,
        "POST",
        "/v1/risk/state",
        r#"{"scope":"run","state":"paused"}"#,
        expect![
            "400 /state the body: unknown variant `paused`, expected one of `active`, `reducing`, `halted` at line 1 column 31"
        ],
    );
    check(
        &place,
        "POST",
        "/v1/risk/state",
        r#"{"scope":"strategy","state":"halted"}"#,
        expect![
            "400 /scope the scope and its keys do not fit together (accepted: run alone, strategy with `strategy`, or instrument with `instrument` and, if several have it, `exchange`)"
        ],
    );
    check(
        &place,
        "GET",
        "/v1/orders?strategie=a",
        "",
        expect![
            "400 the query: Failed to deserialize query string: strategie: unknown field `strategie`, expected one of `state`, `strategy`, `instrument`, `exchange`, `limit`, `cursor`"
        ],
    );
    check(
        &place,
        "GET",
        "/v1/orders?limit=many",
        "",
        expect!["400 the query: Failed to deserialize query string: limit: invalid digit found in string"],
    );
    assert!(place.fake.done().is_empty());
}

#[test]
fn a_halt_says_what_is_done_besides() {
    let place = Place::new();
    check(
        &place,
        "POST",
        "/v1/risk/kill",
        r#"{"note":"odd prices"}"#,
        expect![[r#"200 all strategies halted None Some("odd prices")"#]],
    );
    check(&place, "POST", "/v1/risk/release", "", expect!["200 all strategies active Some(None) None"]);
    check(
        &place,
        "POST",
        "/v1/strategies/a/halt",
        r#"{"exit":"close_all"}"#,
        expect!["200 strategy a halted Some(CloseAll) None"],
    );
    check(&place, "POST", "/v1/exchanges/x/halt", "", expect!["200 exchange x halted Some(None) None"]);
    check(
        &place,
        "POST",
        "/v1/risk/state",
        r#"{"scope":"instrument","instrument":"X","exchange":"x","state":"reducing"}"#,
        expect!["200 instrument X of x reducing Some(None) None"],
    );
}
