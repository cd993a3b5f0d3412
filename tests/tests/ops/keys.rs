//! An order by hand with a key, through a running daemon and its command: sent once.

use std::process::Command;

use stratd_control::{Filter, NewOrderRequest, Order, OrderDone, OrderList, Request, TradingDone};
use stratd_tests::stratctl;

use crate::desk::Desk;

fn of_manual() -> Filter {
    Filter { strategy: Some("manual".to_owned()), ..Filter::default() }
}

fn order(quantity: &str) -> Request {
    let order = NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: "buy".to_owned(),
        quantity: Some(quantity.to_owned()),
        price: Some("1.00".to_owned()),
        ..NewOrderRequest::default()
    };
    Request::new_order(&order).expect("plain data")
}

#[test]
fn an_order_that_is_asked_for_again_by_its_key_is_sent_once() {
    let mut desk = Desk::start("[risk]\nmax_order_quantity = 100\n");
    desk.wait_for_prices();
    let all = |desk: &Desk| -> Vec<String> {
        let list: OrderList = desk.ask(&Request::orders(Some("all"), &of_manual()));
        list.orders.into_iter().map(|order| order.client_order_id).collect()
    };
    let first: OrderDone = desk.ask(&order("5").key("morning-1"));
    let id = first.order.client_order_id.clone();
    // whatever became of it and of trading meanwhile
    desk.wait_for_order(&id, "open");
    let _: OrderDone = desk.ask(&Request::cancel_order(&id));
    desk.wait_for_order(&id, "canceled");
    let again: OrderDone = desk.ask(&order("5").key("morning-1").if_match("\"old\""));
    assert_eq!(again, first);
    assert_eq!(all(&desk), [id.as_str()]);
    let order_now: Order = desk.ask(&Request::order(&id));
    assert_eq!(order_now.status, "canceled", "the answer is that of the first time");
    let other = desk.refused(&order("6").key("morning-1"));
    assert_eq!((other.status, other.code.as_deref()), (422, Some("idempotency_key")), "{other:?}");
    // what a limit denied is not tried again either
    let denied = desk.refused(&order("101").key("morning-2"));
    assert_eq!(denied.code.as_deref(), Some("max_order_quantity"));
    assert_eq!(desk.refused(&order("101").key("morning-2")), denied);
    assert_eq!(all(&desk).len(), 2);
    // what was refused before may be tried
    let halt = stratd_control::HaltRequest::default();
    let tag = desk.client().send(&Request::orders(None, &of_manual())).expect("a list");
    let tag = tag.etag().expect("a tag").to_owned();
    let _: TradingDone = desk.ask(&Request::kill(&halt).expect("a body"));
    let _: TradingDone = desk.ask(&Request::release_trading());
    assert_eq!(desk.refused(&order("7").key("morning-3").if_match(&tag)).status, 412);
    let done: OrderDone = desk.ask(&order("7").key("morning-3"));
    assert_eq!(all(&desk).len(), 3);
    desk.wait_for_order(&done.order.client_order_id, "open");
    desk.end();
}

#[test]
fn stratctl_sends_an_order_once_a_key() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    let run = |quantity: &str| {
        let mut command = Command::new(stratctl());
        command.args(["order", "submit", "buy", "AAA", quantity, "--price", "1.00", "--key", "k1"]);
        let output = command.env("STRATD_SOCKET", desk.socket()).output().expect("stratctl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let first = run("5");
    assert_eq!(first.0, Some(0), "{first:?}");
    assert_eq!(run("5"), first);
    let other = run("6");
    assert_eq!(other.0, Some(1), "{other:?}");
    assert!(other.2.contains("Idempotency-Key k1 stands for another order"), "{other:?}");
    desk.end();
}
