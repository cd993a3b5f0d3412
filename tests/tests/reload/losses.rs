//! Limits on losses that are set while the run goes on: what was lost before counts.

use std::cell::Cell;

use serde_json::{Value, json};
use stratd_control::{
    ConfigDone, ConfigEdit, FillList, Filter, NewOrderRequest, Request, Risk, ScopeKind, TradingState,
};

use crate::desk::{COUNTING, Desk};

/// A market whose fees lose more than any price can win back.
const DEAR: &str = "
[plugins]
watch = false
[[exchange]]
plugin = \"synthetic\"
config = { instruments = 1, rate = 1000, taker_fee = 0.05 }
";

fn risk_of_run(desk: &Desk, name: &str) -> (TradingState, Option<String>, f64) {
    let risk: Risk = desk.ask(&Request::risk()).unwrap_or_else(|error| panic!("{error}"));
    let run = risk.scopes.iter().find(|scope| scope.scope == ScopeKind::Run);
    let limit = run.and_then(|run| run.limits.iter().find(|limit| limit.name == name));
    let used = limit.map_or(0.0, |limit| limit.used.parse().expect("an amount"));
    (risk.trading.state, risk.trading.reason, used)
}

fn put(desk: &Desk, path: &str, value: Value) {
    let request = Request::config_put(path, &ConfigEdit(value)).expect("a value is JSON");
    let done: Result<ConfigDone, _> = desk.ask(&request);
    done.unwrap_or_else(|error| panic!("{path}: {error}"));
}

#[test]
fn a_limit_on_losses_that_is_set_later_counts_what_was_lost_before() {
    let mut desk = Desk::new(&format!("{DEAR}{COUNTING}"));
    desk.start();
    let order = NewOrderRequest {
        instrument: "AAA".to_owned(),
        side: "buy".to_owned(),
        quantity: Some("10".to_owned()),
        ..NewOrderRequest::default()
    };
    let order = Request::new_order(&order).expect("plain data");
    // before the first price nothing is sent, and what the book cannot fill at once is canceled: it is asked for again
    let client = desk.client();
    let of_manual = Filter { strategy: Some("manual".to_owned()), ..Filter::default() };
    desk.wait("counter", "an execution", |_| {
        let fills = client.send(&Request::fills(&of_manual)).and_then(|answer| answer.read::<FillList>());
        let is_filled = fills.is_ok_and(|fills| !fills.fills.is_empty());
        if !is_filled {
            let _ = client.send(&order);
        }
        is_filled
    });
    // far away: trading goes on, and what was lost is shown at once
    put(&desk, "risk/max_daily_loss", json!(1_000_000));
    put(&desk, "risk/max_drawdown", json!(1_000_000));
    for name in ["max_daily_loss", "max_drawdown"] {
        let (state, _, used) = risk_of_run(&desk, name);
        assert_eq!(state, TradingState::Active);
        assert!(used > 1.0, "{name} counts {used} of what was lost");
    }
    // below what was lost already: the next event stops trading
    put(&desk, "risk/max_daily_loss", json!({ "limit": 1, "state": "reducing" }));
    let state = Cell::new(None);
    desk.wait("counter", "trading to be reduced", |_| {
        let risk = client.send(&Request::risk()).and_then(|answer| answer.read::<Risk>());
        state.set(risk.ok().map(|risk| risk.trading.state));
        state.get() == Some(TradingState::Reducing)
    });
    assert_eq!(risk_of_run(&desk, "max_daily_loss").1.as_deref(), Some("max_daily_loss"));
    // what it stopped stays, and what is set anew counts on
    put(&desk, "risk/max_daily_loss", json!(1_000_000));
    let (state, _, used) = risk_of_run(&desk, "max_daily_loss");
    assert!(state == TradingState::Reducing && used > 1.0, "{state:?}, {used}");
    desk.end();
}
