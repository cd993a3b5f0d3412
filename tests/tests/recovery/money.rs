//! What was lost and bought before a kill counts after it: the loss of the day, and the lots of a position.

use std::collections::VecDeque;

use serde_json::json;
use stratd_control::{NewOrderRequest, OrderDone, Request, Risk, ScopeKind, TradingState};

use crate::{
    desk::Desk,
    held::{RECOVERED, fill_at_exchange},
};

/// The limit on the loss of the day, and how much of it is used.
fn loss_of_day(desk: &Desk) -> (TradingState, f64) {
    let risk: Risk = desk.ask(&Request::risk());
    let run = risk.scopes.iter().find(|scope| scope.scope == ScopeKind::Run);
    let limit = run.and_then(|run| run.limits.iter().find(|limit| limit.name == "max_daily_loss"));
    (risk.trading.state, limit.map_or(0.0, |limit| limit.used.parse().expect("an amount")))
}

/// Waits until a larger loss of the day is on the disk.
fn wait_for_row(desk: &mut Desk, least: f64) {
    desk.wait("its row", |desk| {
        let rows = desk.rows("SELECT round(day_start - last) || '' FROM losses WHERE scope = 'run'");
        rows.iter().any(|lost| lost.parse::<f64>().is_ok_and(|lost| lost > least))
    });
}

/// Buys ten far above the market while nobody listens, and starts again.
fn buy_dear(desk: &mut Desk) {
    let order = NewOrderRequest {
        instrument: "FAKE-A".to_owned(),
        side: "buy".to_owned(),
        quantity: Some("10".to_owned()),
        price: Some("50".to_owned()),
        ..NewOrderRequest::default()
    };
    let done: OrderDone = desk.ask(&Request::new_order(&order).expect("a body"));
    let id: u64 = done.order.client_order_id.parse().expect("an id");
    desk.wait("the order at the exchange", |desk| desk.working().contains(&id));
    desk.wait("its row", |desk| {
        let phase = desk.rows(&format!("SELECT phase FROM orders WHERE client_order_id = {id}"));
        phase == ["acknowledged"]
    });
    desk.kill();
    desk.edit_ledger(|ledger| {
        let orders = ledger["orders"].as_array_mut().expect("orders");
        let order = orders.iter_mut().find(|order| order["client_order_id"] == json!(id));
        order.expect("it works there")["price"] = json!(20_000);
        fill_at_exchange(ledger, id, 10, true);
    });
    desk.start();
    desk.wait_for_log(RECOVERED);
}

#[test]
fn the_loss_of_the_day_counts_what_was_lost_before_a_kill() {
    let mut desk = Desk::new("[risk]\nmax_daily_loss = 1500\n[portfolio]\naccounting = \"fifo\"\n");
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    buy_dear(&mut desk);
    // a price says that a thousand is gone
    desk.remove("quiet");
    desk.wait("the loss", |desk| loss_of_day(desk).1 > 900.0);
    desk.touch("quiet");
    wait_for_row(&mut desk, 900.0);
    let (state, lost) = loss_of_day(&desk);
    assert_eq!(state, TradingState::Active, "{lost}");
    desk.kill();
    desk.start();
    desk.wait_for_log(RECOVERED);
    let (state, after) = loss_of_day(&desk);
    assert_eq!(state, TradingState::Active, "{after}");
    assert!((after - lost).abs() < 100.0, "{lost} before the kill, {after} after it");
    // as much again is more than the limit
    buy_dear(&mut desk);
    desk.remove("quiet");
    desk.wait("a halt", |desk| loss_of_day(desk).0 == TradingState::Halted);
    desk.touch("quiet");
    wait_for_row(&mut desk, 1_500.0);
    desk.kill();
    desk.start();
    desk.wait_for_log(RECOVERED);
    let (state, lost) = loss_of_day(&desk);
    assert_eq!(state, TradingState::Halted, "{lost}");
    assert!(lost > 1_500.0, "{lost}");
    desk.end();
}

/// What fills realized first in first out, and the lots that are left, oldest first.
fn first_in_first_out(fills: &[String]) -> (f64, Vec<String>) {
    let (mut lots, mut realized): (VecDeque<(f64, f64)>, f64) = (VecDeque::new(), 0.0);
    for fill in fills {
        let mut cells = fill.split(' ');
        let sign = if cells.next() == Some("buy") { 1.0 } else { -1.0 };
        let mut number = || cells.next().expect("a cell").parse::<f64>().expect("a number");
        let (price, mut left) = (number(), sign * number());
        while let Some((lot, bought_at)) = lots.front_mut().filter(|lot| lot.0 * left < 0.0) {
            let closed = left.abs().min(lot.abs()) * lot.signum();
            realized += closed * (price - *bought_at);
            (*lot, left) = (*lot - closed, left + closed);
            if *lot == 0.0 {
                lots.pop_front();
            }
        }
        if left != 0.0 {
            lots.push_back((left, price));
        }
    }
    (realized, lots.iter().map(|(lot, price)| format!("{lot}@{price}")).collect())
}

#[test]
fn lots_of_first_in_first_out_go_on_over_kills() {
    let mut desk = Desk::new("[portfolio]\naccounting = \"fifo\"\n");
    for _ in 0..2 {
        desk.start();
        desk.wait_for_orders(25);
        desk.kill();
    }
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log(RECOVERED);
    desk.end();
    desk.assert_equal();
    for symbol in ["FAKE-A", "FAKE-B"] {
        let of = format!("instrument = '{symbol}' AND strategy = 'maker'");
        let fills = desk.rows(&format!(
            "SELECT side, price, quantity FROM fills WHERE {of} ORDER BY at, booked_at, trade_id"
        ));
        let (realized, lots) = first_in_first_out(&fills);
        let kept = desk.rows(&format!("SELECT realized || '' FROM positions WHERE {of}"));
        let kept: f64 = kept[0].parse().expect("an amount");
        assert!((kept - realized).abs() < 0.005, "{symbol}: {kept} is kept, fills say {realized}, {lots:?}");
        let sizes = desk.rows(&format!("SELECT coalesce(lots, '') FROM positions WHERE {of}"));
        let sizes: Vec<f64> =
            sizes[0].split(',').filter_map(|lot| lot.split(':').next()?.parse().ok()).collect();
        let expected: Vec<f64> =
            lots.iter().map(|lot| lot.split('@').next().unwrap_or("").parse().expect("a number")).collect();
        assert_eq!(sizes, expected, "{symbol}");
    }
}
