//! Orders by hand with a key: one order a key.

use std::{thread, time::Duration};

use stratd_control::{NewOrderRequest, OrderDone, Request};

use super::{PATIENCE, Place, wait_for};
use crate::control::{SOCKET_MODE, keys::KeyLimits, limits::Limits};

fn order(quantity: &str) -> Request {
    let order = NewOrderRequest {
        instrument: "X".to_owned(),
        side: "buy".to_owned(),
        quantity: Some(quantity.to_owned()),
        ..NewOrderRequest::default()
    };
    Request::new_order(&order).unwrap()
}

/// What is said to a request: the status, and the report or the detail.
fn said(place: &Place, request: &Request) -> (u16, String) {
    match place.client().send(request) {
        Ok(answer) => (answer.status(), answer.read::<OrderDone>().unwrap().report),
        Err(error) => {
            let problem = error.problem().unwrap_or_else(|| panic!("{request}: {error}")).clone();
            (problem.status, problem.detail)
        }
    }
}

const ID: &str = super::fake_trading::ORDER;

#[test]
fn of_one_key_there_is_one_order_and_one_answer() {
    let place = Place::new();
    let first = place.client().send(&order("5").key("a")).unwrap();
    let again = place.client().send(&order("5").key("a").if_match("\"old\"")).unwrap();
    assert_eq!((first.status(), first.body()), (again.status(), again.body()));
    assert_eq!(first.etag(), again.etag());
    assert_eq!(place.fake.done(), [format!("order 1: {ID}")]);
    // with quotation marks it is the same key
    assert_eq!(said(&place, &order("5").key("\"a\"")), (200, format!("order 1: {ID}")));
    let detail = "Idempotency-Key a stands for another order (accepted: that order, or another key)";
    assert_eq!(said(&place, &order("6").key("a")), (422, detail.to_owned()));
    assert_eq!(said(&place, &order("5").key("b")), (200, format!("order 2: {ID}")));
    assert_eq!(said(&place, &order("5")), (200, format!("order 3: {ID}")));
    assert_eq!(place.fake.done().len(), 3);
}

#[test]
fn what_a_limit_denied_is_denied_again_and_what_was_never_tried_may_be_tried() {
    let place = Place::new();
    let denied = (422, "order 7 denied: max_order_quantity".to_owned());
    assert_eq!(said(&place, &order("1000").key("a")), denied);
    assert_eq!(said(&place, &order("1000").key("a")), denied);
    assert_eq!(said(&place, &order("5").key("a")).0, 422);
    // nothing was done: the key is free
    assert_eq!(said(&place, &order("0").key("b")).0, 400);
    assert_eq!(said(&place, &order("5").key("b").if_match("\"old\"")).0, 412);
    assert_eq!(said(&place, &order("5").key("b").dry_run()).0, 200);
    assert_eq!(said(&place, &order("6").key("b")).0, 200);
    assert_eq!(said(&place, &order("5").key("b")).0, 422);
}

#[test]
fn a_key_whose_order_is_under_way_makes_no_second_one() {
    let place = Place::new();
    place.fake.close();
    thread::scope(|scope| {
        let first = scope.spawn(|| said(&place, &order("5").key("a")));
        wait_for("the order", || place.fake.waiting() == 1);
        let again = said(&place, &order("5").key("a"));
        assert_eq!(again.0, 409, "{again:?}");
        place.fake.open();
        assert_eq!(first.join().unwrap().0, 200);
    });
    assert_eq!(said(&place, &order("5").key("a")).0, 200);
    assert_eq!(place.fake.done().len(), 1);
}

#[test]
fn so_many_keys_are_remembered_and_so_long() {
    let limited = |count, age| {
        let limits = Limits { keys: KeyLimits { count, age }, ..Limits::default() };
        Place::with(limits, SOCKET_MODE)
    };
    let place = limited(2, PATIENCE);
    for key in ["a", "b", "b", "c", "b", "c"] {
        said(&place, &order("5").key(key));
    }
    assert_eq!(place.fake.done().len(), 3);
    // the oldest has gone, and its order would be a new one
    said(&place, &order("5").key("a"));
    assert_eq!(place.fake.done().len(), 4);
    let place = limited(100, Duration::ZERO);
    for _ in 0..2 {
        said(&place, &order("5").key("a"));
    }
    assert_eq!(place.fake.done().len(), 2);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let place = Place::new();
    for headers in ["", "\"\"", "a,b", "a b", "\"a", &"x".repeat(65)] {
        let headers = format!("if-match: *\r\nidempotency-key: {headers}\r\n");
        let body = r#"{"instrument": "X", "side": "buy", "quantity": "5"}"#;
        let (head, body) = place.ask_with(&headers, "POST", "/v1/orders", body);
        assert!(head.starts_with("HTTP/1.1 400 "), "{headers}: {head}");
        assert!(body.contains("1 to 64 visible characters"), "{body}");
    }
    let twice = "if-match: *\r\nidempotency-key: a\r\nidempotency-key: a\r\n";
    let (head, _) = place.ask_with(twice, "POST", "/v1/orders", "{}");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(place.fake.done().is_empty());
}
