//! What may be traded, by command: strategies, exchanges, the kill switch, and what a later run knows of it.

use stratd_control::{
    Exchange, ExitRoutine, HaltRequest, InstanceDone, NewOrderRequest, PluginState, Request, Risk, ScopeKind,
    Strategy, TradingDone, TradingRequest, TradingState,
};

use crate::desk::Desk;

const MAKER: &str = "market-maker";

fn halt(exit: Option<ExitRoutine>) -> HaltRequest {
    HaltRequest { exit, note: Some("odd prices".to_owned()) }
}

fn order() -> Request {
    let order = NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: "buy".to_owned(),
        quantity: Some("1".to_owned()),
        ..NewOrderRequest::default()
    };
    Request::new_order(&order).expect("an order is JSON")
}

fn strategy(desk: &Desk) -> Strategy {
    desk.ask(&Request::strategy(MAKER))
}

#[test]
fn a_halted_strategy_sends_nothing_until_it_continues() {
    let mut desk = Desk::start("");
    desk.wait("orders", |desk| strategy(desk).orders_working > 0);
    let rehearsed: TradingDone = desk.ask(&Request::strategy_halt(MAKER, &halt(None)).unwrap().dry_run());
    assert!(rehearsed.dry_run && strategy(&desk).trading.state == TradingState::Active);
    let done: TradingDone =
        desk.ask(&Request::strategy_halt(MAKER, &halt(Some(ExitRoutine::CancelAll))).unwrap());
    assert_eq!((done.before, done.after), (TradingState::Active, TradingState::Halted));
    desk.wait("no working order", |desk| strategy(desk).orders_working == 0);
    let halted = strategy(&desk);
    let trading = &halted.trading;
    assert_eq!((trading.state, trading.note.as_deref()), (TradingState::Halted, Some("odd prices")));
    assert!(trading.since.is_some() && trading.reason.as_deref() == Some("requested"), "{trading:?}");
    // it goes on to get events, and whatever it asks for is denied
    desk.wait("more events", |desk| strategy(desk).events > halted.events + 100);
    assert_eq!(strategy(&desk).orders_working, 0);
    // others trade
    desk.wait_for_prices();
    let _: stratd_control::OrderDone = desk.ask(&order());
    // a restart changes nothing of it
    let done: InstanceDone = desk.ask(&Request::strategy_verb(MAKER, "restart"));
    assert_eq!(done.state, PluginState::Started);
    assert_eq!(strategy(&desk).trading.state, TradingState::Halted);
    let _: TradingDone = desk.ask(&Request::strategy_verb(MAKER, "continue"));
    assert_eq!(strategy(&desk).trading.state, TradingState::Active);
    desk.wait("orders", |desk| strategy(desk).orders_working > 0);
    desk.end();
}

#[test]
fn the_kill_switch_halts_everything_and_a_later_run_knows_it() {
    let mut desk = Desk::start("");
    desk.wait("orders", |desk| strategy(desk).orders_working > 0);
    // what kill_switch says, which cancels unless it is configured
    let done: TradingDone = desk.ask(&Request::kill(&halt(None)).unwrap());
    assert_eq!(done.after, TradingState::Halted);
    desk.wait("no working order", |desk| strategy(desk).orders_working == 0);
    let problem = desk.refused(&order());
    assert_eq!((problem.status, problem.code.as_deref()), (422, Some("halted")), "{problem:?}");
    let risk: Risk = desk.ask(&Request::risk());
    assert!(risk.killed && risk.trading.note.as_deref() == Some("odd prices"), "{risk:?}");
    desk.stop();
    desk.run();
    let risk: Risk = desk.ask(&Request::risk());
    assert!(risk.killed && risk.trading.note.as_deref() == Some("odd prices"), "{risk:?}");
    assert_eq!(desk.refused(&order()).code.as_deref(), Some("halted"));
    assert_eq!(strategy(&desk).orders_working, 0);
    let _: TradingDone = desk.ask(&Request::release_trading());
    desk.wait("orders", |desk| strategy(desk).orders_working > 0);
    desk.stop();
    desk.run();
    let risk: Risk = desk.ask(&Request::risk());
    assert!(!risk.killed, "{risk:?}");
    desk.end();
}

#[test]
fn a_scope_has_a_state_of_its_own() {
    let mut desk = Desk::start("[risk]\nmax_position = 500\n");
    desk.wait_for_prices();
    let state = |state| TradingRequest {
        scope: ScopeKind::Instrument,
        strategy: None,
        instrument: Some("AAA".to_owned()),
        exchange: None,
        state,
        exit: None,
        note: None,
    };
    let _: TradingDone = desk.ask(&Request::trading_state(&state(TradingState::Reducing)).unwrap());
    assert_eq!(desk.refused(&order()).code.as_deref(), Some("reducing"));
    let risk: Risk = desk.ask(&Request::risk());
    let run = &risk.scopes[0];
    assert_eq!((run.scope, run.limits[0].name.as_str()), (ScopeKind::Run, "max_position"), "{risk:?}");
    assert_eq!(run.limits[0].limit, "500");
    let scope = risk.scopes.iter().find(|scope| scope.scope == ScopeKind::Instrument).expect("a scope");
    assert_eq!(scope.trading.state, TradingState::Reducing);
    // somebody who saw the state before is told that it is another one now
    let stale = Request::trading_state(&state(TradingState::Active)).unwrap().if_match("\"old\"");
    assert_eq!(desk.refused(&stale).status, 412);
    let _: TradingDone = desk.ask(&Request::trading_state(&state(TradingState::Active)).unwrap());
    let unknown = TradingRequest { instrument: Some("NONE".to_owned()), ..state(TradingState::Halted) };
    assert_eq!(desk.refused(&Request::trading_state(&unknown).unwrap()).status, 404);
    desk.end();
}

#[test]
fn a_strategy_is_stopped_and_started_alone() {
    let desk = Desk::start("");
    let rehearsed: InstanceDone = desk.ask(&Request::strategy_verb(MAKER, "stop").dry_run());
    assert_eq!((rehearsed.state, rehearsed.dry_run), (PluginState::Started, true));
    let done: InstanceDone = desk.ask(&Request::strategy_verb(MAKER, "stop"));
    assert_eq!(done.state, PluginState::Retired, "{done:?}");
    assert_eq!(desk.refused(&Request::strategy_verb(MAKER, "stop")).status, 409);
    let done: InstanceDone = desk.ask(&Request::strategy_verb(MAKER, "start"));
    assert_eq!(done.state, PluginState::Started, "{done:?}");
    assert_eq!(desk.refused(&Request::strategy_verb(MAKER, "start")).status, 409);
    assert_eq!(desk.refused(&Request::strategy_verb("nobody", "stop")).status, 404);
    assert_eq!(desk.refused(&Request::strategy("nobody")).status, 404);
    desk.end();
}

#[test]
fn an_exchange_leaves_its_place_and_comes_back() {
    let mut desk = Desk::start("");
    desk.wait_for_prices();
    let exchange = |desk: &Desk| -> Exchange { desk.ask(&Request::exchange("synthetic")) };
    assert!(exchange(&desk).order_entry);
    let done: InstanceDone = desk.ask(&Request::exchange_verb("synthetic", "stop"));
    assert_eq!(done.state, PluginState::Retired, "{done:?}");
    let away = exchange(&desk);
    assert_eq!((away.instruments_halted, away.instruments), (2, 2), "{away:?}");
    assert_eq!(desk.refused(&order()).code.as_deref(), Some("halted"));
    let done: InstanceDone = desk.ask(&Request::exchange_verb("synthetic", "start"));
    assert_eq!(done.state, PluginState::Started, "{done:?}");
    assert_eq!(exchange(&desk).instruments_halted, 0);
    let _: TradingDone = desk.ask(&Request::exchange_halt("synthetic", &halt(None)).unwrap());
    assert_eq!(exchange(&desk).trading.state, TradingState::Halted);
    assert_eq!(desk.refused(&order()).code.as_deref(), Some("halted"));
    let _: TradingDone = desk.ask(&Request::exchange_verb("synthetic", "continue"));
    desk.wait_for_prices();
    let _: stratd_control::OrderDone = desk.ask(&order());
    desk.end();
}
