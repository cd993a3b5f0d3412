//! The rules, by their numbers.

use serde_json::{Value, json};
use stratd_control::{Filter, OrderList, Request, Status};

use crate::desk::Desk;

const TABLES: [&str; 5] = ["orders", "fills", "positions", "portfolios", "losses"];

/// Asks again and again.
const CHECKS: &str = "[recovery]\ncheck_every = \"50ms\"";

/// A run that traded and was killed, at a market that is quiet from then on.
fn killed() -> Desk {
    let mut desk = Desk::new("");
    desk.start();
    desk.wait_for_orders(40);
    desk.kill();
    desk.touch("quiet");
    desk
}

const RECOVERED: &str = "orders of ours worked there";

/// Starts the daemon, and waits until the exchange was compared and the rows are written.
fn recover(desk: &mut Desk) {
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk.end();
}

#[test]
fn rule_1_an_order_is_kept_before_it_is_sent_and_its_id_is_of_no_other() {
    let mut desk = Desk::new("");
    for _ in 0..3 {
        desk.start();
        desk.wait_for_orders(30);
        desk.kill();
    }
    let kept = desk.rows("SELECT client_order_id FROM orders");
    let received = desk.received();
    let lost = received.iter().filter(|id| !kept.contains(&id.to_string())).count();
    assert_eq!((lost, received.len() >= 90), (0, true));
    let numbers = desk.rows("SELECT identity.number, portfolios.number FROM identity, portfolios");
    let (identity, owner) = numbers[0].split_once(' ').expect("two numbers");
    let base =
        identity.parse::<u64>().expect("a number") << 52 | owner.parse::<u64>().expect("a number") << 40;
    assert!(received.iter().all(|id| (base..base + (1 << 39)).contains(id)), "{base} {received:?}");
    desk.touch("quiet");
    recover(&mut desk);
    desk.assert_equal();
}

#[test]
fn rule_2_an_order_without_an_answer_is_unknown_and_neither_sent_again_nor_rejected() {
    let mut desk = Desk::new(CHECKS);
    desk.touch("silent");
    desk.touch("forgetful");
    desk.start();
    desk.wait_for_orders(1);
    desk.kill();
    // they are gone: no list and no fill tells of them
    desk.edit_ledger(|ledger| {
        ledger["orders"] = json!([]);
        ledger["fills"] = json!([]);
        (ledger["positions"], ledger["cash_cents"]) = (json!([0, 0]), json!(0));
    });
    desk.touch("quiet");
    let received = desk.received();
    let unknown = |desk: &Desk| desk.rows("SELECT client_order_id FROM orders WHERE status = 'unknown'");
    for _ in 0..2 {
        desk.start();
        desk.wait_for_log("are in an unknown state");
        desk.wait("unknown orders", |desk| received.iter().all(|id| unknown(desk).contains(&id.to_string())));
        let order = desk.order(received[0]);
        assert_eq!(order.status, "unknown");
        desk.kill();
    }
    assert_eq!(desk.received(), received, "nothing was sent again");
    // one that can be asked for single orders tells what became of them
    desk.remove("forgetful");
    desk.start();
    let id = received[0];
    desk.wait("an end", |desk| desk.order(id).status == "canceled");
    desk.kill();
    assert_eq!(desk.received(), received);
}

#[test]
fn rule_3_strategies_start_after_the_exchange_has_answered() {
    let mut desk = killed();
    desk.touch("deaf");
    desk.remove("quiet");
    let received = desk.received().len();
    desk.start();
    desk.wait("a warning", |desk| {
        desk.warnings()
            .iter()
            .any(|text| text.contains("nothing new is traded: exchange fake: its open orders"))
    });
    assert_eq!(desk.received().len(), received, "nobody trades");
    desk.remove("deaf");
    desk.wait_for_orders(10);
    assert!(
        !desk.warnings().iter().any(|text| text.contains("nothing new is traded")),
        "{:?}",
        desk.warnings()
    );
    desk.kill();
    desk.touch("quiet");
    recover(&mut desk);
    desk.assert_equal();
}

#[test]
fn rule_4_a_fill_counts_once() {
    let mut desk = killed();
    for _ in 0..3 {
        // each start asks for the fills of the last hour
        recover(&mut desk);
        desk.assert_equal();
    }
}

#[test]
fn rule_5_the_exchange_is_right_about_quantity_and_a_fill_stays_as_it_was_booked() {
    let mut desk = killed();
    let mut id = 0;
    desk.edit_ledger(|ledger| {
        let order = &mut ledger["orders"][0];
        id = order["client_order_id"].as_u64().expect("an order that works");
        order["quantity"] = json!(25);
        let fill = ledger["fills"].as_array_mut().and_then(|fills| fills.first_mut()).expect("a fill");
        fill["price"] = json!(fill["price"].as_i64().expect("a price") + 7);
    });
    let before = desk.rows("SELECT trade_id, price FROM fills ORDER BY booked_at LIMIT 5");
    desk.start();
    desk.wait_for_log("what was booked stays");
    desk.wait("the quantity", |desk| desk.order(id).quantity == "25");
    desk.kill();
    assert_eq!(desk.rows("SELECT trade_id, price FROM fills ORDER BY booked_at LIMIT 5"), before);
}

#[test]
fn rule_5_a_position_that_does_not_add_up_is_told_and_nothing_is_dropped_for_it() {
    let mut desk = killed();
    desk.edit_ledger(|ledger| {
        let size = ledger["positions"][0].as_i64().expect("a position");
        ledger["positions"][0] = json!(size + 3);
    });
    let working = desk.working();
    desk.start();
    desk.wait_for_log("something was traded without stratd, or is missing here");
    desk.wait_for_log("1 positions that our books have otherwise");
    desk.kill();
    assert!(!working.is_empty() && working.iter().all(|id| desk.working().contains(id)), "{working:?}");
}

fn put_foreign(ledger: &mut Value, ids: &[u64]) {
    if ledger["orders"].is_null() {
        *ledger = json!({
            "steps": 0, "orders_ever": 0, "fills_ever": 0, "cash_cents": 0, "positions": [0, 0],
            "orders": [], "fills": [],
        });
    }
    for id in ids {
        let order = json!({
            "id": format!("THEIRS-{id}"), "client_order_id": id, "market": 0, "is_buy": true,
            "price": 1, "quantity": 3, "filled": 0, "created": 1,
        });
        ledger["orders"].as_array_mut().expect("orders").push(order);
    }
}

#[test]
fn rule_6_orders_of_others_are_taken_up_and_work_on() {
    let mut desk = Desk::new("[recovery.claims]\n77 = \"maker\"");
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk.end();
    desk.edit_ledger(|ledger| put_foreign(ledger, &[4_242, 7_711]));
    for _ in 0..2 {
        desk.start();
        desk.wait_for_log(RECOVERED);
        let orders: OrderList = desk.ask(&Request::orders(None, &Filter::default()));
        let mut owners: Vec<_> = orders.orders.iter().map(|order| order.strategy.clone()).collect();
        owners.sort();
        assert_eq!(owners, ["external", "maker"], "{orders:?}");
        desk.wait("rows of both owners", |desk| {
            let adopted = "SELECT strategy FROM portfolios WHERE adopted = 1 ORDER BY 1";
            desk.rows(adopted) == ["external", "maker"]
        });
        desk.kill();
        assert_eq!(desk.working(), [4_242, 7_711]);
    }
    assert_eq!(
        desk.rows("SELECT strategy, counter, adopted FROM portfolios ORDER BY 1"),
        ["external 0 1", "maker 0 1"]
    );
}

#[test]
fn rule_6_orders_of_others_are_canceled_if_that_is_configured() {
    let mut desk = Desk::new("[recovery]\ncancel_external = true\nclaims = { 77 = \"maker\" }");
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk.end();
    desk.edit_ledger(|ledger| put_foreign(ledger, &[4_243, 7_711]));
    desk.start();
    desk.wait("a cancel", |desk| !desk.working().contains(&4_243));
    desk.kill();
    assert_eq!(desk.working(), [7_711], "what a strategy claims works on");
}

#[test]
fn rule_7_a_check_while_orders_come_and_go_changes_nothing() {
    let mut desk = Desk::new(CHECKS);
    desk.start();
    desk.wait_for_orders(300);
    let unknown = desk.rows("SELECT count(*) FROM orders WHERE status = 'unknown'");
    assert_eq!(unknown, ["0"]);
    desk.kill();
    desk.touch("quiet");
    recover(&mut desk);
    desk.assert_equal();
}

#[test]
fn rule_8_the_cancel_of_an_unknown_order_is_sent_when_it_turns_up() {
    let mut desk = Desk::new("");
    desk.touch("forgetful");
    desk.touch("silent");
    desk.start();
    desk.wait_for_orders(1);
    desk.kill();
    let id = desk.received()[0];
    // the exchange does not list it yet
    let mut order = Value::Null;
    desk.edit_ledger(|ledger| {
        order = json!({
            "id": "LATE-1", "client_order_id": id, "market": 0, "is_buy": true,
            "price": 1, "quantity": 10, "filled": 0, "created": 1,
        });
        ledger["orders"] = json!([]);
        ledger["fills"] = json!([]);
    });
    desk.remove("silent");
    desk.touch("quiet");
    desk.start();
    desk.wait("an unknown order", |desk| desk.order(id).status == "unknown");
    desk.client().send(&Request::cancel_order(&id.to_string())).expect("a cancel that is taken");
    desk.wait("a pending cancel", |desk| desk.order(id).status == "pending_cancel");
    desk.wait("its row", |desk| {
        desk.rows(&format!("SELECT status FROM orders WHERE client_order_id = {id}")) == ["pending_cancel"]
    });
    desk.kill();
    desk.edit_ledger(|ledger| ledger["orders"] = json!([order]));
    desk.start();
    desk.wait("a cancel at the exchange", |desk| desk.working().is_empty());
    desk.wait("its end", |desk| desk.order(id).status == "canceled");
    desk.kill();
}

#[test]
fn rule_9_twice_is_as_good_as_once() {
    let mut desk = killed();
    recover_and_kill(&mut desk);
    let tables = |desk: &Desk| TABLES.map(|table| desk.rows(&format!("SELECT * FROM {table}")));
    let once = tables(&desk);
    for _ in 0..2 {
        recover_and_kill(&mut desk);
        for (again, first) in tables(&desk).iter().zip(&once) {
            let other: Vec<_> = again.iter().filter(|row| !first.contains(row)).collect();
            assert!(other.is_empty() && again.len() == first.len(), "{other:?}");
        }
    }
    desk.assert_equal();
}

/// As [`recover`], without the cancels of a good end.
fn recover_and_kill(desk: &mut Desk) {
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk.wait("rows", |desk| {
        let status: Status = desk.ask(&Request::status());
        let working = desk.rows("SELECT count(*) FROM orders WHERE phase <> 'ended'");
        let fills = desk.ledger()["fills"].as_array().map_or(0, Vec::len);
        working == [status.orders_working.to_string()]
            && desk.rows("SELECT count(*) FROM fills") == [fills.to_string()]
    });
    desk.kill();
}
