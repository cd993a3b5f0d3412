//! Lists in pages, filters, and the commands of people.

use stratd_control::{
    AccountList, ExchangeList, Filter, InstanceConfig, InstrumentList, OrderList, Request, StrategyList,
};

use crate::desk::Desk;

#[test]
fn a_list_is_read_page_by_page() {
    let mut desk = Desk::start("");
    desk.wait("ended orders", |desk| {
        let list: OrderList = desk.ask(&Request::orders(Some("ended"), &Filter::default()));
        list.orders.len() > 20
    });
    // so that nothing ends between two pages
    let halt = stratd_control::HaltRequest { exit: Some(stratd_control::ExitRoutine::CancelAll), note: None };
    let _: stratd_control::TradingDone = desk.ask(&Request::kill(&halt).unwrap());
    desk.wait("no working order", |desk| desk.status().orders_working == 0);
    let of_page =
        |desk: &Desk, filter: &Filter| -> OrderList { desk.ask(&Request::orders(Some("ended"), filter)) };
    let ids = |list: &OrderList| -> Vec<String> {
        list.orders.iter().map(|order| order.client_order_id.clone()).collect()
    };
    let whole = ids(&of_page(&desk, &Filter { limit: Some(12), ..Filter::default() }));
    assert_eq!(whole.len(), 12);
    let mut page = Filter { limit: Some(5), ..Filter::default() };
    let mut found = Vec::new();
    while found.len() < whole.len() {
        let list = of_page(&desk, &page);
        found.extend(ids(&list));
        page.cursor = list.next;
        assert!(page.cursor.is_some() || found.len() >= whole.len(), "{found:?}");
    }
    found.truncate(whole.len());
    assert_eq!(found, whole);
    for (filter, status) in [
        (Filter { limit: Some(0), ..Filter::default() }, 400),
        (Filter { limit: Some(501), ..Filter::default() }, 400),
        (Filter { cursor: Some("x7".to_owned()), ..Filter::default() }, 400),
        (Filter { strategy: Some("nobody".to_owned()), ..Filter::default() }, 404),
        (Filter { instrument: Some("NONE".to_owned()), ..Filter::default() }, 404),
        (Filter { exchange: Some("nasdaq".to_owned()), ..Filter::default() }, 404),
    ] {
        for request in
            [Request::orders(None, &filter), Request::fills(&filter), Request::positions(true, &filter)]
        {
            assert_eq!(desk.refused(&request).status, status, "{request}");
        }
    }
    assert_eq!(desk.refused(&Request::orders(Some("lost"), &Filter::default())).status, 400);
    let one = Filter { instrument: Some("BBB".to_owned()), ..Filter::default() };
    let orders: OrderList = desk.ask(&Request::orders(Some("all"), &one));
    assert!(orders.orders.iter().all(|order| order.instrument == "BBB"), "{orders:?}");
    desk.end();
}

#[test]
fn the_run_is_listed() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    let strategies: StrategyList = desk.ask(&Request::strategies());
    let [maker] = &strategies.strategies[..] else { panic!("{strategies:?}") };
    assert_eq!((maker.name.as_str(), maker.plugin.as_str()), ("market-maker", "strategy-market-maker"));
    desk.wait("a rate", |desk| {
        let list: StrategyList = desk.ask(&Request::strategies());
        list.strategies[0].events_per_second > 0
    });
    let exchanges: ExchangeList = desk.ask(&Request::exchanges());
    assert_eq!(exchanges.exchanges[0].instruments, 2);
    let instruments: InstrumentList = desk.ask(&Request::instruments(&Filter::default()));
    let symbols: Vec<_> = instruments.instruments.iter().map(|one| one.symbol.as_str()).collect();
    assert_eq!(symbols, ["AAA", "BBB"]);
    assert!(
        instruments.instruments.iter().all(|one| one.tick == "0.01" && one.lot == "1"),
        "{instruments:?}"
    );
    let accounts: AccountList = desk.ask(&Request::accounts());
    assert_eq!(
        (accounts.accounts[0].name.as_str(), accounts.accounts[0].kind.as_str()),
        ("run", "unlimited")
    );
    let config: InstanceConfig = desk.ask(&Request::exchange_config("synthetic"));
    assert_eq!(config.config["rate"], 500);
    desk.end();
}

#[test]
fn people_trade_with_stratctl() {
    let mut desk = Desk::start("[risk]\nmax_order_quantity = 100\n");
    desk.wait_for_prices();
    let run = |arguments: &[&str]| desk.stratctl(arguments);
    let (code, out, err) = run(&["order", "submit", "buy", "AAA", "5", "--price", "1.00"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("of manual: buy 5 AAA limit at 1.00: submitted"), "{out}");
    let id = out.split(' ').nth(1).expect("an id").to_owned();
    let (_, out, _) = run(&["order", "list", "--strategy", "manual"]);
    assert!(out.contains(&id), "{out}");
    let (_, out, _) = run(&["order", "show", &id]);
    assert!(out.contains("by hand       yes"), "{out}");
    let (code, out, err) = run(&["order", "change", &id, "--price", "1.02"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = run(&["order", "submit", "buy", "AAA", "500"]);
    assert_eq!(code, 1);
    assert!(err.contains("denied: max_order_quantity: 500 would be used of 100"), "{err}");
    let (code, out, err) = run(&["order", "cancel-all", "--strategy", "manual"]);
    assert_eq!((code, out.as_str()), (0, "1 order: cancel sent\n"), "{err}");
    for arguments in [
        &["strategy", "list"][..],
        &["strategy", "show", "market-maker"],
        &["strategy", "config", "market-maker"],
        &["exchange", "list"],
        &["exchange", "show", "synthetic"],
        &["fill", "list"],
        &["position"],
        &["portfolio"],
        &["account"],
        &["instrument"],
        &["risk", "show"],
    ] {
        let (code, out, err) = run(arguments);
        assert!(code == 0 && !out.is_empty(), "{arguments:?}: {out}{err}");
        println!("$ stratctl {}\n{out}", arguments.join(" "));
        let (code, out, err) = run(&[arguments, &["--json"]].concat());
        assert!(code == 0 && out.starts_with('{'), "{arguments:?}: {out}{err}");
    }
    let (code, out, err) = run(&["risk", "state", "reducing", "--strategy", "manual"]);
    assert_eq!((code, out.as_str()), (0, "strategy manual: trading is reducing (it was active)\n"), "{err}");
    let (code, _, err) = run(&["risk", "state", "halted", "--strategy", "market-maker"]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = run(&["strategy", "continue", "market-maker"]);
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = run(&["risk", "kill", "--note", "odd prices"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("all strategies: trading is halted (it was active)"), "{out}");
    let (_, out, _) = run(&["risk", "show"]);
    assert!(out.contains("the kill switch is on"), "{out}");
    let (code, _, err) = run(&["risk", "release"]);
    assert_eq!(code, 0, "{err}");
    desk.end();
}
