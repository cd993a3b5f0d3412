//! Strategies that go on after a kill: with their saved state, and with orders and positions as the exchange has them.

use stratd_control::{Filter, OrderList, Request};

use crate::desk::Desk;

/// States are saved so often that a test can wait for it.
const SAVES: &str = "[state]\nsave_interval = \"20ms\"";

fn state_of_maker(desk: &Desk) -> Vec<String> {
    desk.rows("SELECT cast(state AS text) FROM strategy_state WHERE instance = 'strategy.maker'")
        .iter()
        .flat_map(|state| state.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_strategy_starts_with_its_last_saved_state_and_takes_up_its_orders_and_position() {
    let mut desk = Desk::new(SAVES);
    desk.start();
    desk.wait_for_orders(20);
    desk.wait("a save", |desk| !state_of_maker(desk).is_empty());
    desk.kill();
    let saved = state_of_maker(&desk);
    for round in 1..=2 {
        // nobody fills anything meanwhile
        desk.touch("quiet");
        let working = desk.working();
        desk.start();
        let positions = desk.ledger()["positions"].clone();
        for (index, symbol) in ["FAKE-A", "FAKE-B"].iter().enumerate() {
            // the second round begins with what was saved in the first
            let begin = saved
                .get(index)
                .filter(|_| round == 1)
                .and_then(|line| line.split(' ').nth(1))
                .map_or(String::new(), |before| format!("position {before} in the saved state, "));
            desk.wait_for_log(&format!("strategy.maker: goes on with {symbol}: {begin}"));
            desk.wait_for_log(&format!("in the saved state, {} in the books", positions[index]));
        }
        // they are its own again: what worked works on, one on a side, and nothing more is sent beside them
        let list: OrderList = desk.ask(&Request::orders(Some("open"), &Filter::default()));
        let mut shown: Vec<(u64, String)> = list
            .orders
            .iter()
            .map(|order| (order.client_order_id.parse().expect("a number"), order.strategy.clone()))
            .collect();
        shown.sort_unstable();
        let expect: Vec<(u64, String)> = working.iter().map(|id| (*id, "maker".to_owned())).collect();
        assert_eq!(shown, expect);
        desk.remove("quiet");
        // it goes on to trade, and never has more than an order on a side
        desk.wait_for_orders(20);
        assert!(desk.working().len() <= 4 + 2, "{:?}", desk.working());
        desk.kill();
    }
    desk.touch("quiet");
    desk.start();
    desk.wait_for_log("orders of ours worked there");
    desk.end();
    desk.assert_equal();
}
