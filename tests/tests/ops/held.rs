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
