//! What people do to a run comes again, or the replay says where it must end.

use stratd_control::{HaltRequest, NewOrderRequest, Request};

use crate::place::{ALL, Desk, VENUE, assert_match};

const MAKER: &str = "[[strategy]]\nplugin = \"market-maker\"\n";

#[test]
fn orders_by_hand_and_halts_come_again() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mut running = desk.start();
    desk.wait_for(&mut running, 500, 5);
    let client = desk.client();
    let ask = |request: Request| {
        let answer = client.send(&request);
        answer.unwrap_or_else(|error| panic!("{request}: {error}"));
    };
    let order = NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: "buy".to_owned(),
        quantity: Some("3".to_owned()),
        ..NewOrderRequest::default()
    };
    ask(Request::new_order(&order).expect("a request"));
    ask(Request::kill(&HaltRequest::default()).expect("a request"));
    ask(Request::release_trading());
    desk.wait_for(&mut running, 1_500, 10);
    let ended = running.end("TERM");
    assert!(ended.status.success(), "{ended:?}");
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 20);
}

#[test]
fn what_was_halted_before_the_run_is_halted_in_its_replay() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    let mut running = desk.start();
    desk.wait_for(&mut running, 200, 2);
    desk.client().send(&Request::kill(&HaltRequest::default()).expect("a request")).expect("a halt");
    assert!(running.end("TERM").status.success());
    std::fs::remove_dir_all(desk.path("rec")).expect("the first recording");
    let mut running = desk.start();
    desk.wait_for(&mut running, 200, 0);
    desk.client().send(&Request::release_trading()).expect("trading");
    desk.wait_for(&mut running, 800, 2);
    assert!(running.end("TERM").status.success());
    assert_match(&desk.replayed(&[]), 5);
}
