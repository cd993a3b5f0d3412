//! Exchanges that join a run that goes on, leave it, and come back.

use serde_json::json;
use stratd_control::{
    ConfigHistory, Exchange, ExchangeList, ExitRoutine, Filter, HaltRequest, InstrumentList, NewOrderRequest,
    Order, OrderDone, PluginState, Request, TradingDone, TradingState,
};

use crate::{
    config::{patch, put},
    desk::{Desk, instance_of},
};

/// A second venue: five instruments, of which the first has three.
fn other(rate: u32) -> serde_json::Value {
    json!({ "plugin": "synthetic", "config": { "instruments": 5, "rate": rate, "seed": 7 } })
}

fn exchanges(desk: &Desk) -> Vec<(String, PluginState, u64)> {
    let list: ExchangeList = desk.ask(&Request::exchanges()).expect("the exchanges");
    list.exchanges.into_iter().map(|one| (one.name, one.state, one.instruments)).collect()
}

fn instruments(desk: &Desk, exchange: &str) -> InstrumentList {
    let filter = Filter { exchange: Some(exchange.to_owned()), ..Filter::default() };
    desk.ask(&Request::instruments(&filter)).expect("the instruments")
}

fn wait_for_prices(desk: &mut Desk, exchange: &str) {
    let client = desk.client();
    let filter = Filter { exchange: Some(exchange.to_owned()), ..Filter::default() };
    desk.running().wait_until("prices", || {
        let list = client.send(&Request::instruments(&filter)).and_then(|answer| answer.read());
        list.is_ok_and(|list: InstrumentList| {
            !list.instruments.is_empty() && list.instruments.iter().all(|one| one.price_last.is_some())
        })
    });
}

fn states(desk: &Desk) -> Vec<String> {
    let history: ConfigHistory = desk.ask(&Request::config_history()).expect("the history");
    history.generations.into_iter().map(|one| one.state).collect()
}

#[test]
fn an_exchange_joins_leaves_and_comes_back_and_no_event_is_lost() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.wait_for_events("counter", "counter", 100);
    // what would be done is said, and nothing is connected
    let request = put("exchange/other", other(1000));
    let done = desk.changed(&request.clone().dry_run());
    assert_eq!((done.changes.len(), done.changes[0].key.as_str()), (1, "exchange.other"));
    assert_eq!(exchanges(&desk).len(), 1);
    let done = desk.changed(&request);
    assert!(done.report.contains("exchange other joined"), "{done:?}");
    let first = ("synthetic".to_owned(), PluginState::Started, 3);
    let joined = ("other".to_owned(), PluginState::Started, 5);
    assert_eq!(exchanges(&desk), [first.clone(), joined.clone()]);
    wait_for_prices(&mut desk, "other");
    let exchange: Exchange = desk.ask(&Request::exchange("other")).expect("the exchange");
    assert!(exchange.order_entry, "its orders go there: {exchange:?}");
    // a reload of its plugin, and another configuration, are those of any exchange
    let done = desk.changed(&put("exchange/other/config/rate", json!(1500)));
    assert!(done.report.contains("exchange other"), "{done:?}");
    let done = desk.changed(&Request::config_delete("exchange/other"));
    assert!(done.report.contains("exchange other left"), "{done:?}");
    assert_eq!(exchanges(&desk), [first]);
    assert!(instruments(&desk, "other").instruments.is_empty());
    assert_eq!(desk.ask::<Exchange>(&Request::exchange("other")).unwrap_err().problem().unwrap().status, 404);
    desk.wait_for_events("counter", "counter", 100);
    // back in its place, with its instruments
    desk.changed(&put("exchange/other", other(500)));
    assert_eq!(exchanges(&desk)[1], joined);
    desk.wait_for_events("counter", "counter", 100);
    assert!(instruments(&desk, "other").instruments.iter().all(|one| !one.halted));
    assert_eq!(instruments(&desk, "synthetic").instruments.len(), 3);
    desk.end_whole();
    // a start takes what was in force, whatever the file says
    desk.start();
    assert_eq!(exchanges(&desk)[1], joined);
    wait_for_prices(&mut desk, "other");
    desk.kill();
    desk.start();
    assert_eq!(exchanges(&desk)[1], joined);
    desk.end();
}

#[test]
fn an_exchange_joins_with_strategies_and_limits_or_nothing_of_it_is_done() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.put("strategy_faulty", "libstrategy_faulty.so");
    let both = |fault: &str, symbol: &str| {
        patch(
            "",
            json!({
                "exchange": { "other": other(1000) },
                "strategy": { "new": { "plugin": "faulty", "config": { "fault": fault } } },
                "risk": { "instrument": { symbol: { "max_open_orders": 2 } } },
            }),
        )
    };
    let before = (exchanges(&desk), desk.config().generation, states(&desk));
    let look = |desk: &Desk| (exchanges(desk), desk.config().generation, states(desk));
    // a limit of an instrument that no exchange has
    let problem = desk.unchanged(&both("none", "NOBODY"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/risk")), "{problem}");
    assert_eq!(look(&desk), before);
    // a strategy that fails in its start, after the exchange has its place
    let problem = desk.unchanged(&both("error-in-start", "EEE"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/strategy/new")), "{problem}");
    assert_eq!(look(&desk), before);
    // an exchange that its plugin refuses
    let bad = json!({ "plugin": "synthetic", "config": { "instruments": 0 } });
    let problem = desk.unchanged(&put("exchange/other", bad));
    assert_eq!(problem.pointer.as_deref(), Some("/exchange/1/config/instruments"), "{problem}");
    assert_eq!(look(&desk), before);
    // its place is free for a better one, in which the limit is that of an instrument that only it has
    let done = desk.changed(&both("none", "EEE"));
    assert!(done.report.contains("exchange other joined"), "{done:?}");
    assert!(done.report.contains("strategy new started"), "{done:?}");
    desk.wait("faulty", "events", |plugin| instance_of(plugin, "new").events > 10);
    wait_for_prices(&mut desk, "other");
    // a limit that names one of its instruments keeps it there
    let problem = desk.unchanged(&Request::config_delete("exchange/other"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (422, Some("/risk")), "{problem}");
    assert!(problem.detail.contains("EEE"), "{problem}");
    wait_for_prices(&mut desk, "other");
    assert_eq!(instruments(&desk, "other").instruments.len(), 5);
    // with the strategy and the limit it goes
    let away =
        json!({ "exchange": { "other": null }, "strategy": { "new": null }, "risk": { "instrument": null } });
    let done = desk.changed(&patch("", away));
    assert!(done.report.contains("exchange other left"), "{done:?}");
    assert_eq!(exchanges(&desk).len(), 1);
    desk.end();
}

/// An order by hand at the second venue, for an instrument that only it has.
fn by_hand(side: &str, price: Option<&str>) -> Request {
    Request::new_order(&NewOrderRequest {
        instrument: "DDD".to_owned(),
        side: side.to_owned(),
        quantity: Some("1".to_owned()),
        price: price.map(str::to_owned),
        ..NewOrderRequest::default()
    })
    .expect("plain data")
}

fn halt(exit: ExitRoutine) -> Request {
    Request::exchange_halt("other", &HaltRequest { exit: Some(exit), note: None }).expect("plain data")
}

/// Buys at the second venue, whose book may be empty at first.
fn buy(desk: &mut Desk) {
    let client = desk.client();
    let mut id = None;
    desk.running().wait_until("a fill", || {
        let known = id.get_or_insert_with(|| {
            let done = client.send(&by_hand("buy", None)).and_then(|answer| answer.read::<OrderDone>());
            done.expect("an order").order.client_order_id
        });
        let order = client.send(&Request::order(known)).and_then(|answer| answer.read::<Order>());
        let status = order.expect("the order").status;
        if matches!(status.as_str(), "canceled" | "rejected" | "expired") {
            id = None;
        }
        status == "filled"
    });
}

/// Asks until the exchange has left: what was sent there is answered in its own time.
fn wait_until_it_leaves(desk: &mut Desk) {
    let client = desk.client();
    desk.running().wait_until("leave of the exchange", || {
        client.send(&Request::config_delete("exchange/other")).is_ok()
    });
}

#[test]
fn an_exchange_with_orders_or_positions_of_ours_stays() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    desk.changed(&put("exchange/other", other(1000)));
    wait_for_prices(&mut desk, "other");
    let order: OrderDone = desk.ask(&by_hand("buy", Some("0.01"))).expect("an order");
    let problem = desk.unchanged(&Request::config_delete("exchange/other"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (409, Some("/exchange/other")), "{problem}");
    assert!(problem.detail.contains("orders of ours work there: 1"), "{problem}");
    assert!(problem.detail.contains("`stratctl exchange halt other --exit cancel-all`"), "{problem}");
    assert_eq!(exchanges(&desk).len(), 2);
    let _: TradingDone = desk.ask(&halt(ExitRoutine::CancelAll)).expect("a halt");
    wait_until_it_leaves(&mut desk);
    let order: Order = desk.ask(&Request::order(&order.order.client_order_id)).expect("the order");
    assert_eq!((order.exchange.as_str(), order.status.as_str()), ("other", "canceled"), "it has its name");
    // a halt by command outlives its absence
    desk.changed(&put("exchange/other", other(1000)));
    let exchange: Exchange = desk.ask(&Request::exchange("other")).expect("the exchange");
    assert_eq!(exchange.trading.state, TradingState::Halted);
    let _: TradingDone = desk.ask(&Request::exchange_verb("other", "continue")).expect("it goes on");
    buy(&mut desk);
    let problem = desk.unchanged(&Request::config_delete("exchange/other"));
    assert_eq!((problem.status, problem.pointer.as_deref()), (409, Some("/exchange/other")), "{problem}");
    assert!(problem.detail.contains("DDD of manual"), "{problem}");
    assert!(problem.detail.contains("`stratctl exchange halt other --exit close-all`"), "{problem}");
    let _: TradingDone = desk.ask(&halt(ExitRoutine::CloseAll)).expect("a halt");
    wait_until_it_leaves(&mut desk);
    assert_eq!(exchanges(&desk).len(), 1);
    // nothing can be sent there any more
    let refused = desk.ask::<OrderDone>(&by_hand("buy", None)).unwrap_err();
    assert!(refused.problem().is_some(), "{refused}");
    desk.end();
}

#[test]
fn the_plugin_of_an_exchange_that_is_there_stays_and_one_takes_the_place_of_another() {
    let mut desk = Desk::counting("[plugins]\nwatch = false\n");
    // the first one may go, too, as long as one delivers market data
    let problem = desk.unchanged(&Request::config_delete("exchange/synthetic"));
    assert_eq!(problem.status, 422, "{problem}");
    let done = desk.changed(&patch("", json!({ "exchange": { "synthetic": null, "other": other(1000) } })));
    assert!(done.report.contains("exchange other joined"), "{done:?}");
    assert!(done.report.contains("exchange synthetic left"), "{done:?}");
    assert_eq!(exchanges(&desk), [("other".to_owned(), PluginState::Started, 5)]);
    wait_for_prices(&mut desk, "other");
    desk.wait_for_events("counter", "counter", 100);
    desk.end();
}
