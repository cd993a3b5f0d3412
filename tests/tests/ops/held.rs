//! Orders that the exchange does not take, by hand: held, shown, canceled, and sent when their price comes.

use stratd_control::{
    ExitRoutine, Filter, HaltRequest, NewOrderRequest, Order, OrderDone, OrderList, Request, TradingDone,
};

use crate::desk::Desk;

/// The venue has stops, and no orders that wait to be touched.
fn touched(side: &str, price: &str) -> NewOrderRequest {
    NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: side.to_owned(),
        order_type: Some("market_if_touched".to_owned()),
        quantity: Some("3".to_owned()),
        stop_price: Some(price.to_owned()),
        ..NewOrderRequest::default()
    }
}

#[test]
fn an_order_that_the_exchange_does_not_take_is_held_until_its_price_comes() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    // the venue lets nobody trade with himself, and the market maker is of our account
    let halt = HaltRequest { exit: Some(ExitRoutine::CancelAll), note: None };
    let _: TradingDone = desk.ask(&Request::strategy_halt("market-maker", &halt).unwrap());
    desk.wait("no working order", |desk| desk.status().orders_working == 0);

    let far: OrderDone = desk.ask(&Request::new_order(&touched("buy", "0.01")).unwrap());
    let id = far.order.client_order_id.clone();
    assert_eq!((far.order.status.as_str(), far.order.held.as_deref()), ("open", Some("price")));
    let list: OrderList = desk.ask(&Request::orders(Some("open"), &Filter::default()));
    let shown = list.orders.iter().find(|order| order.client_order_id == id).expect("it is listed");
    assert_eq!((shown.held.as_deref(), shown.exchange_order_id.as_deref()), (Some("price"), None));

    let near: OrderDone = desk.ask(&Request::new_order(&touched("sell", "0.01")).unwrap());
    let sold = desk.wait_for_order(&near.order.client_order_id, "filled");
    assert_eq!((sold.filled.as_str(), sold.held, sold.order_type.as_str()), ("3", None, "market_if_touched"));

    let _: OrderDone = desk.ask(&Request::cancel_order(&id));
    let order: Order = desk.ask(&Request::order(&id));
    assert_eq!((order.status.as_str(), order.held), ("canceled", None), "nobody else has to be asked");

    let left: OrderDone = desk.ask(&Request::new_order(&touched("buy", "0.02")).unwrap());
    let results = desk.path(&desk.status().run_folder).join("orders.csv");
    desk.stop();
    let orders = std::fs::read_to_string(results).expect("results");
    let row = |id: &str| orders.lines().find(|line| line.starts_with(id)).expect("a row").to_owned();
    assert!(row(&sold.client_order_id).contains(",filled,"), "{orders}");
    assert!(row(&left.order.client_order_id).contains("run_ended"), "{orders}");
}

/// The market maker at rest, so that nothing trades but what people ask for.
fn at_rest() -> Desk {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    let halt = HaltRequest { exit: Some(ExitRoutine::CancelAll), note: None };
    let _: TradingDone = desk.ask(&Request::strategy_halt("market-maker", &halt).expect("a body"));
    desk.wait("no working order", |desk| desk.status().orders_working == 0);
    desk
}

/// Submits with `stratctl`; what it says, and the id.
#[track_caller]
fn submit(desk: &Desk, arguments: &[&str]) -> (String, String) {
    let (code, out, err) = desk.stratctl(&[&["order", "submit"], arguments].concat());
    assert_eq!(code, 0, "{arguments:?}: {out}{err}");
    let id = out.split_whitespace().nth(1).expect("an id").to_owned();
    (out, id)
}

#[test]
fn groups_brackets_and_ways_out_are_submitted_with_stratctl() {
    let mut desk = at_rest();
    let order = |desk: &Desk, id: &str| -> Order { desk.ask(&Request::order(id)) };
    // one cancels the other
    let (_, low) = submit(&desk, &["buy", "AAA", "3", "--price", "0.02", "--group", "7"]);
    let (_, high) =
        submit(&desk, &["buy", "AAA", "3", "--type", "stop_market", "--stop-price", "90000", "--group", "7"]);
    assert_eq!(order(&desk, &high).held.as_deref(), Some("price"));
    assert_eq!(order(&desk, &low).group, order(&desk, &high).group);
    let (code, _, err) = desk.stratctl(&["order", "cancel", &low]);
    assert_eq!(code, 0, "{err}");
    desk.wait_for_order(&low, "canceled");
    assert_eq!(order(&desk, &high).status, "open", "a cancel of one leaves the other");
    // an entry brings its ways out along
    let (out, entry) =
        submit(&desk, &["buy", "AAA", "4", "--take-profit", "90000", "--stop-loss-trail", "50000"]);
    println!("{out}");
    desk.wait_for_order(&entry, "filled");
    let of_entry = |desk: &Desk| -> Vec<Order> {
        let list: OrderList = desk.ask(&Request::orders(Some("open"), &Filter::default()));
        list.orders.into_iter().filter(|order| order.attached_to.as_deref() == Some(&entry)).collect()
    };
    desk.wait("both ways out", |desk| of_entry(desk).iter().filter(|order| order.filled == "0").count() == 2);
    let mut kinds: Vec<_> = of_entry(&desk).into_iter().map(|order| order.order_type).collect();
    kinds.sort();
    assert_eq!(kinds, ["limit", "trailing_stop"]);
    // another way out of the same entry excludes them, and goes out at once
    let (_, third) = submit(
        &desk,
        &["sell", "AAA", "4", "--type", "stop_market", "--stop-price", "90000", "--attached-to", &entry],
    );
    desk.wait_for_order(&third, "filled");
    desk.wait("no way out", |desk| of_entry(desk).is_empty());
    // what it left is nothing
    let (_, late) = submit(&desk, &["sell", "AAA", "4", "--price", "90000", "--attached-to", &entry]);
    let late = desk.wait_for_order(&late, "canceled");
    assert_eq!(late.reason.as_deref(), Some("group"));
    desk.end();
}

#[test]
fn what_makes_no_order_is_said_by_stratctl() {
    let desk = at_rest();
    let (_, other) = submit(&desk, &["buy", "BBB", "1", "--price", "0.02", "--group", "3"]);
    let refused: &[(&[&str], &str)] = &[
        (&["buy", "AAA", "1", "--price", "0.02", "--group", "0"], "--group"),
        (&["buy", "AAA", "1", "--price", "0.02", "--group", "4294967296"], "--group"),
        (&["buy", "AAA", "1", "--price", "0.02", "--group", "3"], "accepted: orders for BBB"),
        (&["buy", "AAA", "--notional", "1000", "--group", "3"], "/group: group of an order by amount"),
        (&["buy", "AAA", "1", "--group", "3", "--attached-to", &other], "--attached-to"),
        (&["buy", "AAA", "1", "--attached-to", "12"], "12"),
        (&["buy", "AAA", "1", "--attached-to", "yesterday"], "yesterday"),
        (&["sell", "AAA", "1", "--attached-to", &other], "accepted: orders for BBB"),
        (&["buy", "AAA", "--notional", "1000", "--stop-loss", "1"], "--stop-loss"),
        (&["buy", "AAA", "1", "--stop-loss", "1", "--stop-loss-trail", "1"], "--stop-loss-trail"),
        (&["buy", "AAA", "1", "--stop-loss", "low"], "low"),
        (&["buy", "AAA", "1", "--take-profit", "0.001"], "0.001"),
        (&["buy", "AAA", "1", "--take-profit", "9", "--attached-to", &other], "attached"),
        (&["buy", "AAA", "1", "--type", "trailing_stop"], "trail"),
        (&["buy", "AAA", "1", "--type", "trailing_stop", "--trail", "-1"], "-1"),
        (&["buy", "AAA", "1", "--trail", "1"], "trail"),
        (&["buy", "AAA", "1", "--type", "stop_market"], "stop_price"),
        (&["buy", "AAA", "1", "--type", "stop_loss", "--stop-price", "1"], "stop_loss"),
        (&["buy", "AAA", "1", "--price", "1", "--flag", "sometimes"], "sometimes"),
        (&["buy", "AAA", "1", "--price", "1", "--lifetime", "tomorrow"], "tomorrow"),
        (&["buy", "AAA", "1", "--price", "1", "--lifetime", "2001-01-01T00:00:00Z"], "2001"),
    ];
    for (arguments, said) in refused {
        let (code, out, err) = desk.stratctl(&[&["order", "submit"], *arguments].concat());
        println!("$ stratctl order submit {}\n{out}{err}", arguments.join(" "));
        assert!(code != 0 && err.contains(said), "{arguments:?}: {code} {out}{err}");
    }
    assert_eq!(desk.status().orders_working, 1, "nothing of it was sent");
    desk.end();
}
