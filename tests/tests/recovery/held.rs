//! What stratd holds is there after any end: stops, groups, and what is attached to an order.

use serde_json::{Value, json};
use stratd_control::{NewOrderRequest, Order, OrderDone, Request};

use crate::desk::Desk;

pub(crate) const RECOVERED: &str = "orders of ours worked there";
/// What an answer at the start did not tell is asked for again soon.
const CHECKS: &str = "[recovery]\ncheck_every = \"1s\"";

/// A daemon at a market where nothing happens.
fn quiet() -> Desk {
    let mut desk = Desk::new(CHECKS);
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk
}

fn asked(side: &str, quantity: &str) -> NewOrderRequest {
    NewOrderRequest {
        instrument: "FAKE-A".to_owned(),
        side: side.to_owned(),
        quantity: Some(quantity.to_owned()),
        ..NewOrderRequest::default()
    }
}

fn limit(side: &str, quantity: &str, price: &str) -> NewOrderRequest {
    NewOrderRequest { price: Some(price.to_owned()), ..asked(side, quantity) }
}

fn stop(side: &str, quantity: &str, stop_price: &str) -> NewOrderRequest {
    NewOrderRequest {
        order_type: Some("stop_market".to_owned()),
        stop_price: Some(stop_price.to_owned()),
        ..asked(side, quantity)
    }
}

#[track_caller]
fn submit(desk: &Desk, order: &NewOrderRequest) -> OrderDone {
    desk.ask(&Request::new_order(order).expect("a body"))
}

fn id_of(order: &Order) -> u64 {
    order.client_order_id.parse().expect("an id")
}

/// Kills the daemon once the orders that are held are on the disk, and starts it again.
fn kill_and_start(desk: &mut Desk, ids: &[u64]) {
    let kept = |desk: &Desk, id: &u64| {
        let waits = desk.rows(&format!("SELECT waits FROM stand_ins WHERE client_order_id = {id}"));
        waits.first().is_some_and(|waits| waits != "-")
    };
    desk.wait("rows of what is held", |desk| ids.iter().all(|id| kept(desk, id)));
    desk.kill();
    desk.start();
    desk.wait_for_log(RECOVERED);
}

/// How an order stands: status, what it waits for, how much of how much is filled.
fn standing(desk: &Desk, id: u64) -> String {
    let Order { status, held, filled, quantity, reason, .. } = desk.order(id);
    let held = held.map(|held| format!(" for {held}")).unwrap_or_default();
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{status}{held}{reason} {filled}/{quantity}")
}

/// The exchange executes so much of an order while nobody listens, and the rest of it is gone if it is to end.
pub(crate) fn fill_at_exchange(ledger: &mut Value, id: u64, quantity: i64, ends: bool) {
    let orders = ledger["orders"].as_array_mut().expect("orders");
    let at = orders.iter().position(|order| order["client_order_id"] == json!(id)).expect("it works there");
    let price = orders[at]["price"].as_i64().expect("a limit");
    let sign = if orders[at]["is_buy"] == json!(true) { 1 } else { -1 };
    orders[at]["filled"] = json!(orders[at]["filled"].as_i64().expect("a number") + quantity);
    let order = orders[at].clone();
    if ends {
        orders.remove(at);
    }
    let count = ledger["fills_ever"].as_u64().expect("a number") + 1;
    ledger["fills_ever"] = json!(count);
    let created = order["created"].as_i64().expect("a time");
    let fill = json!({
        "id": format!("EXEC-{count:08}"), "order": order, "ts": created + 1, "price": price, "quantity": quantity,
    });
    ledger["fills"].as_array_mut().expect("fills").push(fill);
    let position = ledger["positions"][0].as_i64().expect("a number");
    ledger["positions"][0] = json!(position + sign * quantity);
    let cash = ledger["cash_cents"].as_i64().expect("a number");
    ledger["cash_cents"] = json!(cash - sign * quantity * price);
}

#[test]
fn a_stop_is_there_after_a_kill_and_goes_out_once_at_the_first_price() {
    let mut desk = quiet();
    let near = id_of(&submit(&desk, &stop("buy", "3", "100.50")).order);
    let far = id_of(&submit(&desk, &stop("sell", "4", "50")).order);
    for _ in 0..2 {
        kill_and_start(&mut desk, &[near, far]);
        for id in [near, far] {
            assert!(standing(&desk, id).starts_with("open for price"), "{}", standing(&desk, id));
        }
        assert_eq!(desk.received(), Vec::<u64>::new(), "nothing is at the exchange");
    }
    desk.remove("quiet");
    desk.wait("a fill", |desk| desk.order(near).status == "filled");
    assert_eq!(desk.received().iter().filter(|id| **id == near).count(), 1);
    assert_eq!(standing(&desk, far), "open for price 0/4");
    desk.touch("quiet");
    kill_and_start(&mut desk, &[far]);
    assert_eq!(
        (standing(&desk, near), standing(&desk, far)),
        ("filled 3/3".into(), "open for price 0/4".into())
    );
    desk.client().send(&Request::cancel_order(&far.to_string())).expect("a cancel that is taken");
    desk.wait("its row", |desk| {
        desk.rows(&format!("SELECT phase FROM orders WHERE client_order_id = {far}")) == ["ended"]
    });
    desk.kill();
    desk.start();
    desk.wait_for_log(RECOVERED);
    assert_eq!(standing(&desk, far), "canceled (requested) 0/4", "it does not come back");
}

/// As after a kill between the disk and the wire: the server never heard of any order.
fn lose_all_orders(ledger: &mut Value) {
    for list in ["received", "orders", "fills"] {
        ledger[list] = json!([]);
    }
    (ledger["positions"], ledger["cash_cents"]) = (json!([0, 0]), json!(0));
}

/// A stop whose price had come, and that was killed before it was sent.
fn with_lost_stop() -> (Desk, u64) {
    let mut desk = quiet();
    let id = id_of(&submit(&desk, &stop("buy", "3", "100.50")).order);
    desk.touch("silent");
    desk.remove("quiet");
    desk.wait("its way out", |desk| desk.received().contains(&id));
    desk.touch("quiet");
    desk.kill();
    desk.edit_ledger(lose_all_orders);
    (desk, id)
}

#[test]
fn a_stop_that_was_killed_before_it_was_sent_is_held_again_and_goes_out_once() {
    let (mut desk, id) = with_lost_stop();
    desk.remove("silent");
    for is_first in [true, false] {
        desk.start();
        desk.wait_for_log(RECOVERED);
        assert_eq!(standing(&desk, id), "open for group 0/3", "its price had come");
        if is_first {
            desk.wait_for_log("had gone out, and never came to its exchange: it is held again");
        }
        desk.wait("its row", |desk| {
            desk.rows(&format!("SELECT waits FROM stand_ins WHERE client_order_id = {id}")) == ["group"]
        });
        desk.kill();
        assert!(!desk.received().contains(&id), "nothing was sent while nothing was known of a price");
    }
    desk.start();
    desk.remove("quiet");
    desk.wait("a fill", |desk| desk.order(id).status == "filled");
    desk.touch("quiet");
    desk.kill();
    assert_eq!(desk.received().iter().filter(|sent| **sent == id).count(), 1);
}

#[test]
fn a_stop_of_which_nobody_tells_whether_it_was_sent_is_unknown_and_not_sent_again() {
    let (mut desk, id) = with_lost_stop();
    desk.touch("forgetful");
    desk.start();
    desk.wait_for_log("are in an unknown state");
    assert_eq!(standing(&desk, id), "unknown 0/3");
    // another one shows that its price came
    let other = id_of(&submit(&desk, &stop("buy", "1", "100.50")).order);
    desk.remove("quiet");
    desk.wait("a fill", |desk| desk.order(other).status == "filled");
    assert_eq!(standing(&desk, id), "unknown 0/3");
    desk.kill();
    assert!(!desk.received().contains(&id));
}

#[test]
fn a_trailing_stop_goes_on_from_where_it_had_come_to() {
    let mut desk = Desk::new("");
    desk.start();
    let trail = NewOrderRequest {
        order_type: Some("trailing_stop".to_owned()),
        trail: Some("50".to_owned()),
        ..asked("sell", "2")
    };
    desk.wait_for_orders(1);
    let id = id_of(&submit(&desk, &trail).order);
    let level = |desk: &Desk| desk.rows(&format!("SELECT level FROM stand_ins WHERE client_order_id = {id}"));
    // the market swings between 100 and 101
    desk.wait("the highest level", |desk| level(desk) == ["51"]);
    desk.kill();
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    assert_eq!((standing(&desk, id), level(&desk)), ("open for price 0/2".to_owned(), vec!["51".to_owned()]));
}

#[test]
fn one_that_was_filled_while_nobody_listened_ends_the_other_of_its_group() {
    let mut desk = quiet();
    let profit = NewOrderRequest { group: Some(7), ..limit("sell", "10", "120") };
    let loss = NewOrderRequest { group: Some(7), ..stop("sell", "10", "50") };
    let [profit, loss] = [profit, loss].map(|order| id_of(&submit(&desk, &order).order));
    desk.wait("the limit order", |desk| desk.working() == [profit]);
    kill_and_start(&mut desk, &[loss]);
    assert_eq!(standing(&desk, loss), "open for price 0/10");
    desk.kill();
    desk.edit_ledger(|ledger| fill_at_exchange(ledger, profit, 4, false));
    desk.start();
    desk.wait("the rest", |desk| standing(desk, loss) == "open for price 0/6");
    assert_eq!(standing(&desk, profit), "partially_filled 4/10");
    desk.wait("the group", |desk| {
        desk.rows("SELECT order_group, total, filled FROM order_groups") == ["7 10 4"]
    });
    desk.kill();
    desk.edit_ledger(|ledger| fill_at_exchange(ledger, profit, 6, true));
    for _ in 0..2 {
        desk.start();
        desk.wait_for_log(RECOVERED);
        assert_eq!(
            (standing(&desk, profit), standing(&desk, loss)),
            ("filled 10/10".to_owned(), "canceled (group) 0/6".to_owned())
        );
        desk.wait("no group", |desk| desk.rows("SELECT * FROM order_groups").is_empty());
        desk.kill();
    }
    assert_eq!(desk.received(), [profit], "the stop was never sent");
    desk.assert_equal();
}

#[test]
fn a_bracket_protects_what_its_entry_was_filled_before_and_after_a_kill() {
    let mut desk = quiet();
    let bracket = NewOrderRequest {
        take_profit: Some("120".to_owned()),
        stop_loss: Some("50".to_owned()),
        ..limit("buy", "10", "90")
    };
    let done = submit(&desk, &bracket);
    let (entry, exits) = (id_of(&done.order), done.attached.iter().map(id_of).collect::<Vec<_>>());
    let [profit, loss] = exits[..] else { panic!("two ways out: {done:?}") };
    assert!(done.report.contains("held by stratd for entry"), "{}", done.report);
    desk.wait("the entry", |desk| desk.working() == [entry]);
    kill_and_start(&mut desk, &exits);
    assert_eq!(standing(&desk, loss), "open for entry 0/10");
    desk.kill();
    desk.edit_ledger(|ledger| fill_at_exchange(ledger, entry, 4, false));
    desk.start();
    // as long as the entry works nobody knows of how much
    desk.wait("a watched stop", |desk| standing(desk, loss) == "open for price 0/10");
    kill_and_start(&mut desk, &exits);
    assert_eq!(standing(&desk, profit), "open for price 0/10");
    desk.kill();
    // the rest of the entry is gone
    desk.edit_ledger(|ledger| ledger["orders"] = json!([]));
    desk.start();
    desk.wait("a profit at the exchange", |desk| desk.working() == [profit]);
    desk.wait("its answer", |desk| standing(desk, profit) == "open 0/4");
    assert_eq!(standing(&desk, loss), "open for price 0/4");
    kill_and_start(&mut desk, &[loss]);
    assert_eq!(standing(&desk, profit), "open 0/4");
    desk.kill();
    desk.edit_ledger(|ledger| fill_at_exchange(ledger, profit, 4, true));
    desk.start();
    desk.wait("the end of the stop", |desk| standing(desk, loss) == "canceled (group) 0/4");
    desk.wait("its row", |desk| desk.rows("SELECT * FROM order_groups").is_empty());
    desk.kill();
    assert_eq!(desk.received(), [entry, profit]);
    desk.assert_equal();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lifetime ends by the clock that the daemon reads")]
fn a_lifetime_that_ended_meanwhile_is_over_when_the_run_starts() {
    let mut desk = quiet();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    let end =
        stratd_plugin_api::Timestamp::new(i64::try_from(now.as_nanos()).expect("a time") + 4_000_000_000);
    let order = NewOrderRequest { lifetime: Some(end.to_string()), ..stop("sell", "5", "50") };
    let id = id_of(&submit(&desk, &order).order);
    kill_and_start(&mut desk, &[id]);
    desk.wait("its end", |desk| standing(desk, id) == "expired 0/5");
    desk.wait("its row", |desk| desk.rows("SELECT phase FROM orders") == ["ended"]);
    desk.kill();
    assert_eq!(desk.received(), Vec::<u64>::new());
}
