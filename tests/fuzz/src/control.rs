//! What travels over the control socket: the condition of a change, the bodies of requests, the paths that names are put
//! in, answers, and the stream of events.
//!
//! The first byte says which; heads of requests are read by hyper, which is fuzzed where it is made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use stratd_control::{
    Answer, BacktestRequest, CancelAllRequest, ChangeOrderRequest, Condition, Config, ConfigApplyRequest, ConfigDone,
    ConfigEdit, DisableRequest, Done, Error, EventLines, EventWish, Filter, HaltRequest, InspectRequest, LevelRequest,
    LoadRequest, LogConfigRequest, NewOrderRequest, OrderDone, OrderList, Plugin, Problem, QuarantineRequest, Request,
    Risk, Status, StrategyList, TradingDone, TradingRequest,
};

/// A body that is taken is taken again as it is written.
fn body<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let text = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&text).expect("what was written can be read"), value);
}

/// As [`body`], and the request of it has a head that nothing in the body can change.
fn asked<T>(bytes: &[u8], request: impl FnOnce(&T) -> Result<Request, Error>)
where
    T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug,
{
    body::<T>(bytes);
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    is_one_line(&request(&value).expect("what was read can be sent"));
}

/// A method, a blank, and a path of visible characters: nothing that would end the line, or begin another segment or
/// key than was meant.
fn is_one_line(request: &Request) {
    let text = request.to_string();
    let (method, path) = text.split_once(' ').expect("a method and a path");
    assert!(method.bytes().all(|byte| byte.is_ascii_uppercase()), "{text:?}");
    assert!(path.starts_with("/v1/") && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{text:?}");
    assert!(path.matches('?').count() <= 1, "{text:?}");
}

/// Names are whatever people call things.
fn names(text: &str) {
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let slashes = |request: &Request| request.to_string().matches('/').count();
    for (request, expected) in [
        (Request::plugin(first), slashes(&Request::plugin("x"))),
        (Request::strategy(first), slashes(&Request::strategy("x"))),
        (Request::strategy_config(first), slashes(&Request::strategy_config("x"))),
        (Request::exchange(first), slashes(&Request::exchange("x"))),
        (Request::order(first), slashes(&Request::order("x"))),
        (Request::cancel_order(first), slashes(&Request::cancel_order("x"))),
        (Request::backtest(first), slashes(&Request::backtest("x"))),
        (Request::log_resolve(first, second), slashes(&Request::log_resolve("x", "y"))),
        (Request::log_flight(first), slashes(&Request::log_flight("x"))),
    ] {
        is_one_line(&request);
        assert_eq!(slashes(&request), expected, "{request}");
        is_one_line(&request.dry_run());
    }
    // here the segments are the caller's
    is_one_line(&Request::config_part(text));
    let filter = Filter {
        strategy: Some(first.to_owned()),
        instrument: Some(second.to_owned()),
        exchange: None,
        limit: Some(7),
        cursor: Some(text.to_owned()),
    };
    let wish = EventWish {
        kinds: vec![first.to_owned(), second.to_owned()],
        strategies: vec![text.to_owned()],
        instruments: Vec::new(),
        after: Some(second.to_owned()),
        is_finite: true,
    };
    for request in [Request::orders(Some(first), &filter), Request::positions(true, &filter), Request::events(&wish)] {
        is_one_line(&request);
    }
}

/// Whatever lines come, what they are put together to is bounded by them, and an error ends nothing.
fn events(text: &str) {
    let mut lines = EventLines::default();
    for line in text.split('\n') {
        if let Ok(Some(event)) = lines.push(line) {
            assert!(lines.json().len() <= text.len());
            assert!(!event.what.kind().is_empty());
            serde_json::to_string(&event).expect("what was read can be written");
        }
    }
    assert!(lines.last_id().is_none_or(|id| id.len() <= text.len()));
}

fn condition(text: &str) {
    let Some(found) = Condition::parse(text) else { return };
    match &found {
        Condition::Any => assert_eq!(text.trim(), "*"),
        Condition::OneOf(tags) => {
            assert!(tags.len() <= Condition::TAGS_MAX);
            if !tags.is_empty() {
                assert_eq!(Condition::parse(&found.to_string()).as_ref(), Some(&found));
            }
        }
    }
}

/// An answer never breaks the client, and is no larger than what came.
fn answer(bytes: &[u8]) {
    let Ok(answer) = Answer::receive(&mut &bytes[..]) else { return };
    assert!(answer.body().len() <= bytes.len());
    assert!((200..1000).contains(&answer.status()) || answer.status() < 100);
    let _ = answer.read::<Plugin>();
    let _ = answer.read::<Status>();
    let _ = answer.read::<Done>();
    let _ = answer.read::<StrategyList>();
    let _ = answer.read::<OrderList>();
    let _ = answer.read::<OrderDone>();
    let _ = answer.read::<Risk>();
    let _ = answer.read::<TradingDone>();
    let _ = answer.read::<Config>();
    let _ = answer.read::<ConfigDone>();
    let _ = answer.read::<Problem>().map(|problem| problem.to_string());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind {
        b'c' => condition(&String::from_utf8_lossy(rest)),
        b'a' => answer(rest),
        b'l' => body::<LoadRequest>(rest),
        b'i' => body::<InspectRequest>(rest),
        b'q' => body::<QuarantineRequest>(rest),
        b'v' => body::<LevelRequest>(rest),
        b'd' => body::<DisableRequest>(rest),
        b'g' => body::<LogConfigRequest>(rest),
        b'f' => asked::<ConfigApplyRequest>(rest, Request::config_apply),
        b'p' => asked::<ConfigEdit>(rest, |edit| Request::config_patch("strategy/a/config", edit)),
        b'o' => asked::<NewOrderRequest>(rest, Request::new_order),
        b'k' => asked::<ChangeOrderRequest>(rest, |change| Request::change_order("A-7", change)),
        b'x' => asked::<CancelAllRequest>(rest, Request::cancel_all),
        b'h' => asked::<HaltRequest>(rest, Request::kill),
        b't' => asked::<TradingRequest>(rest, Request::trading_state),
        b'b' => asked::<BacktestRequest>(rest, Request::submit_backtest),
        b'n' => names(&String::from_utf8_lossy(rest)),
        b'e' => events(&String::from_utf8_lossy(rest)),
        _ => {}
    }
});
