//! Orders by hand, through a running daemon: they fill, they are shown, and they pass the same limits.

use stratd_control::{
    CancelAllDone, CancelAllRequest, ChangeOrderRequest, ExitRoutine, FillList, Filter, HaltRequest,
    NewOrderRequest, Order, OrderDone, OrderList, Portfolio, PositionList, Request, TradingDone,
};

use crate::desk::Desk;

fn market(side: &str, quantity: &str) -> NewOrderRequest {
    NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: side.to_owned(),
        quantity: Some(quantity.to_owned()),
        ..NewOrderRequest::default()
    }
}

fn limit(side: &str, quantity: &str, price: &str) -> NewOrderRequest {
    NewOrderRequest { price: Some(price.to_owned()), ..market(side, quantity) }
}

fn request(order: &NewOrderRequest) -> Request {
    Request::new_order(order).expect("plain data")
}

fn of_manual() -> Filter {
    Filter { strategy: Some("manual".to_owned()), ..Filter::default() }
}

#[test]
fn an_order_by_hand_fills_and_is_shown_everywhere() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    // the venue lets nobody trade with himself, and the market maker is of our account
    let halt = HaltRequest { exit: Some(ExitRoutine::CancelAll), note: None };
    let _: TradingDone = desk.ask(&Request::strategy_halt("market-maker", &halt).unwrap());
    desk.wait("no working order", |desk| desk.status().orders_working == 0);
    let done: OrderDone = desk.ask(&request(&market("buy", "3")));
    let id = done.order.client_order_id.clone();
    assert_eq!((done.order.strategy.as_str(), done.order.by_hand), ("manual", true));
    assert!(done.report.contains(&id) && done.report.contains("buy 3 AAA market"), "{}", done.report);
    let order = desk.wait_for_order(&id, "filled");
    assert_eq!((order.filled.as_str(), order.side.as_str()), ("3", "buy"));
    let fills: FillList = desk.ask(&Request::fills(&of_manual()));
    assert!(fills.fills.iter().all(|fill| fill.client_order_id == id && fill.side == "buy"), "{fills:?}");
    assert_eq!(fills.fills.iter().map(|fill| fill.quantity.parse::<u64>().unwrap()).sum::<u64>(), 3);
    let positions: PositionList = desk.ask(&Request::positions(false, &of_manual()));
    let [position] = &positions.positions[..] else { panic!("{positions:?}") };
    assert_eq!((position.instrument.as_str(), position.quantity.as_str()), ("AAA", "3"));
    let books: Portfolio = desk.ask(&Request::portfolio());
    assert!(
        books.strategies.iter().any(|book| book.name == "manual" && book.cash.starts_with('-')),
        "{books:?}"
    );
    // the owner is no strategy
    assert_eq!(desk.status().strategies.values().sum::<u64>(), 1);
    let results = desk.path(&desk.status().run_folder).join("orders.csv");
    desk.stop();
    let orders = std::fs::read_to_string(results).expect("results");
    let row = orders.lines().find(|line| line.starts_with(&id)).expect("a row");
    assert!(row.contains(",manual,") && row.contains(",filled,"), "{row}");
    let log = std::fs::read_to_string(desk.path("run.err")).expect("its log");
    assert!(log.contains("order by hand for manual: buy 3 AAA"), "the audit: {log}");
}

#[test]
fn a_working_order_is_changed_and_canceled_by_hand() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    let done: OrderDone = desk.ask(&request(&limit("buy", "5", "1.00")));
    let id = done.order.client_order_id.clone();
    let open = desk.wait_for_order(&id, "open");
    // whole: both ids, the place, and when it was made
    assert!(open.exchange_order_id.as_ref().is_some_and(|of_exchange| !of_exchange.is_empty()), "{open:?}");
    assert!(open.created.starts_with("20") && open.created <= open.updated, "{open:?}");
    assert_eq!((open.exchange.as_str(), open.order_type.as_str()), ("synthetic", "limit"));
    let change = ChangeOrderRequest { quantity: Some("7".to_owned()), price: Some("1.01".to_owned()) };
    let changed: OrderDone = desk.ask(&Request::change_order(&id, &change).unwrap());
    assert!(changed.report.starts_with("change of order"), "{}", changed.report);
    desk.wait("the change", |desk| {
        let order: Order = desk.ask(&Request::order(&id));
        order.quantity == "7" && order.price.as_deref() == Some("1.01")
    });
    // the tag that was seen before the change is stale
    let stale = desk.refused(&Request::cancel_order(&id).if_match(&done.order.etag));
    assert_eq!(stale.status, 412, "{stale:?}");
    let canceled: OrderDone = desk.ask(&Request::cancel_order(&id));
    assert!(canceled.report.starts_with("cancel of order"), "{}", canceled.report);
    desk.wait_for_order(&id, "canceled");
    let again = desk.refused(&Request::cancel_order(&id));
    assert_eq!(again.status, 409, "{again:?}");
    for price in ["1.00", "1.01"] {
        let done: OrderDone = desk.ask(&request(&limit("buy", "5", price)));
        desk.wait_for_order(&done.order.client_order_id, "open");
    }
    let of = CancelAllRequest { strategy: Some("manual".to_owned()), ..CancelAllRequest::default() };
    let rehearsed: CancelAllDone = desk.ask(&Request::cancel_all(&of).unwrap().dry_run());
    assert_eq!((rehearsed.canceled, rehearsed.dry_run), (2, true));
    let done: CancelAllDone = desk.ask(&Request::cancel_all(&of).unwrap());
    assert_eq!(done.canceled, 2);
    desk.wait("no working order", |desk| {
        let list: OrderList = desk.ask(&Request::orders(None, &of_manual()));
        list.orders.is_empty()
    });
    desk.end();
}

#[test]
fn an_order_by_hand_passes_the_same_limits() {
    let mut desk =
        Desk::start("[risk]\nmax_order_quantity = 100\n[risk.strategy.manual]\nmax_order_quantity = 20\n");
    desk.wait_for_prices();
    let problem = desk.refused(&request(&market("buy", "30")));
    assert_eq!((problem.status, problem.code.as_deref()), (422, Some("max_order_quantity")), "{problem:?}");
    assert_eq!(problem.accepted.as_deref(), Some("at most 20"));
    // it was asked for, so it is on record
    let denied: OrderList = desk.ask(&Request::orders(Some("denied"), &of_manual()));
    assert_eq!(denied.orders.len(), 1, "{denied:?}");
    // whoever only asks leaves nothing behind
    let rehearsed = desk.refused(&request(&market("buy", "21")).dry_run());
    assert_eq!(rehearsed.code.as_deref(), Some("max_order_quantity"));
    let would: OrderDone = desk.ask(&request(&market("buy", "20")).dry_run());
    assert!(would.dry_run && would.order.client_order_id.is_empty(), "{would:?}");
    let all: OrderList = desk.ask(&Request::orders(Some("all"), &of_manual()));
    assert_eq!(all.orders.len(), 1, "{all:?}");
    // for a strategy, its own limits count
    let order = NewOrderRequest { strategy: Some("market-maker".to_owned()), ..limit("buy", "30", "1.00") };
    let done: OrderDone = desk.ask(&request(&order));
    assert_eq!(done.order.strategy, "market-maker");
    desk.end();
}

#[test]
fn what_cannot_be_is_refused_with_its_key() {
    let desk = Desk::start("");
    let refused = |order: &NewOrderRequest| {
        let problem = desk.refused(&request(order));
        (problem.status, problem.pointer.unwrap_or_default())
    };
    let at = |pointer: &str| (400, pointer.to_owned());
    assert_eq!(refused(&market("hold", "1")), at("/side"));
    assert_eq!(refused(&market("buy", "many")), at("/quantity"));
    assert_eq!(refused(&market("buy", "1.5")), at("/quantity"));
    assert_eq!(refused(&limit("buy", "1", "99.999")), at("/price"));
    let order = NewOrderRequest { order_type: Some("iceberg".to_owned()), ..market("buy", "1") };
    assert_eq!(refused(&order), at("/type"));
    let order = NewOrderRequest { order_type: Some("stop_limit".to_owned()), ..limit("buy", "1", "9.00") };
    assert_eq!(refused(&order), at("/stop_price"));
    let order = NewOrderRequest { notional: Some("5".to_owned()), ..market("buy", "1") };
    assert_eq!(refused(&order), at("/notional"));
    let order = NewOrderRequest { flags: vec!["secret".to_owned()], ..market("buy", "1") };
    assert_eq!(refused(&order), at("/flags/0"));
    let order = NewOrderRequest { lifetime: Some("soon".to_owned()), ..market("buy", "1") };
    assert_eq!(refused(&order), at("/lifetime"));
    let order = NewOrderRequest { instrument: "NONE".to_owned(), ..market("buy", "1") };
    assert_eq!(refused(&order), (404, "/instrument".to_owned()));
    let order = NewOrderRequest { strategy: Some("nobody".to_owned()), ..market("buy", "1") };
    assert_eq!(refused(&order), (404, "/strategy".to_owned()));
    let order = NewOrderRequest { exchange: Some("nasdaq".to_owned()), ..market("buy", "1") };
    assert_eq!(refused(&order), (404, "/exchange".to_owned()));
    for id in ["1", "0", "x", "99999999999999999999"] {
        assert_eq!(desk.refused(&Request::order(id)).status, 404, "{id}");
        assert_eq!(desk.refused(&Request::cancel_order(id)).status, 404, "{id}");
    }
    desk.end();
}
