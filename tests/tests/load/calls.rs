//! Calls into strategies, and what strategies may do during them.

use std::sync::Arc;

use expect_test::expect;
use serde_json::json;
use stratd::host::Run;
use stratd_plugin_api::{Fault, Money, Reason, Timestamp, TradingType, abi};
use stratd_tests::{RecordingHost, RecordingServices, plugin, workspace};

use crate::place::{Place, Running};

fn faulty(place: &Place, fault: &str) -> Running {
    Running::new(&place.load(&plugin("strategy_faulty")), &json!({ "fault": fault })).expect("it is created")
}

fn c(place: &Place) -> Running {
    Running::of(&place.load(&place.c_strategy("c", &[])))
}

#[test]
fn a_request_ends_the_slice_and_reaches_the_host() {
    let place = Place::new();
    let mut running = faulty(&place, "none");
    assert_eq!(running.trades(&[10, 11, 12]), Ok(1));
    assert_eq!(running.trades(&[11, 12]), Ok(2));
    assert_eq!(running.host.calls, ["buy 1 of 1"]);
}

#[test]
fn a_panic_is_caught_and_the_instance_is_not_called_again() {
    let place = Place::new();
    let plugin = place.load(&plugin("strategy_faulty"));
    let config = json!({"fault": "panic-in-trade", "at": 2});
    let mut running = Running::new(&plugin, &config).expect("it is created");
    let fault = running.trades(&[10, 11, 12]).expect_err("the second trade panics");
    assert_eq!(fault.reason, Reason::Panic);
    assert!(fault.message.starts_with("panicked at plugins/faulty/src/lib.rs:"), "{fault}");
    assert!(fault.message.ends_with(": as configured, in on_trade"), "{fault}");
    let again = running.trades(&[13]).expect_err("it is poisoned");
    assert_eq!(again.reason, Reason::Panic);
    assert_eq!(again.message, "the instance panicked before and is not called any more");
    running.end();
    // another instance of the same library works
    assert_eq!(faulty(&place, "none").trades(&[10]), Ok(1));
}

#[test]
fn panics_elsewhere_are_caught_too() {
    let place = Place::new();
    let payload = faulty(&place, "panic-in-payload").trades(&[10]).expect_err("it panics");
    assert_eq!(payload.reason, Reason::Panic);
    let mut order = faulty(&place, "panic-in-order");
    let received = abi::OrderEvent {
        kind: abi::order_event_kind::RECEIVED,
        status: abi::order_status::OPEN,
        side: abi::side::BUY,
        order_type: abi::order_type::MARKET,
        ..abi::OrderEvent::default()
    };
    let fault = order.call(|s, host| s.on_orders(host, &[received])).expect_err("it panics");
    assert_eq!(fault.reason, Reason::Panic);
    let fault = faulty(&place, "panic-in-save").call(|s, host| s.save(host)).expect_err("it panics");
    assert!(fault.message.ends_with("as configured, in save"), "{fault}");
    let mut drop = faulty(&place, "panic-in-drop");
    drop.end();
    let messages = drop.services.messages();
    assert!(messages[0].starts_with("while dropping the strategy: panicked at"), "{messages:?}");
    let mut thread = faulty(&place, "panic-in-thread");
    assert_eq!(thread.trades(&[10]), Ok(1));
    let lines = thread.services.lines();
    assert!(lines[0].message.ends_with("as configured, in a thread"), "{lines:?}");
    assert_eq!((lines[0].instance.as_str(), lines[0].level), ("mine", 50));
    assert_eq!(lines[1].message, "the thread panicked");
}

#[test]
fn an_error_is_a_fault_with_its_text_and_index() {
    let place = Place::new();
    let plugin = place.load(&plugin("strategy_faulty"));
    let config = json!({"fault": "error-in-trade", "at": 3});
    let mut running = Running::new(&plugin, &config).expect("it is created");
    let fault = running.trades(&[10, 11, 12, 13]).expect_err("the third trade fails");
    assert_eq!(fault, Fault { index: 2, ..Fault::error("as configured, in on_trade") });
}

#[test]
fn what_comes_back_is_checked() {
    let place = Place::new();
    let mut running = c(&place);
    let mut told = |price| match running.trades(&[price, price]) {
        Ok(count) => format!("{count}"),
        Err(fault) => format!("{fault} at {}", fault.index),
    };
    expect!["handler_error: `on_events` returned 0 (accepted: 1 to 2) at 0"].assert_eq(&told(1));
    expect!["handler_error: `on_events` returned 7 (accepted: 1 to 2) at 0"].assert_eq(&told(2));
    expect!["handler_error: `on_events` returned -33 and gave no reason at 0"].assert_eq(&told(3));
    expect!["handler_error: the last text at 1"].assert_eq(&told(4));
    expect!["handler_error: `on_events` returned -9223372036854775808 and gave no reason at 0"]
        .assert_eq(&told(6));
    // what was said in a call that succeeded explains no later failure
    expect!["2"].assert_eq(&told(9));
    expect!["handler_error: `on_events` returned -33 and gave no reason at 0"].assert_eq(&told(3));
    assert_eq!(running.trades(&[]), Ok(0));
}

#[test]
fn the_host_works_during_a_call_on_its_thread_and_nowhere_else() {
    let place = Place::new();
    let mut running = c(&place);
    running.trades(&[8]).expect("all is well");
    let inside = "submit 1 cancel 0 change 0 cancel_all 0 close_all 0 subscribe 0 lookup 1 instruments 1 \
                  portfolio 0 risk 3 history 3 book 20 of 1 gaps 7 third 30 reserved -1 bars 9 \
                  timer 77 timer_cancel 0 extension 0 trading_type 2 now 1000";
    assert_eq!(running.services.messages(), [inside]);
    expect![[r"
        buy 1 of 1
        cancel 1
        change 1 to 3 at 2
        cancel all of 0
        close all of 0
        subscribe 1 kinds 0
        bars of 1: kind 2 step 5
        timer of kind 3
        cancel timer 1
        metric m -5
        stop: enough"]]
    .assert_eq(&running.host.calls.join("\n"));
    running.host.calls.clear();
    // a thread of the plugin, while the host's call is running; then the instance's end
    running.trades(&[5]).expect("all is well");
    running.end();
    // the time is that of the last event
    let outside = "submit 0 cancel -1 change -1 cancel_all -1 close_all -1 subscribe -1 lookup 0 instruments 0 \
                   portfolio -1 risk -1 history 0 book -1 of 0 gaps 0 third 0 reserved -1 bars -1 \
                   timer 0 timer_cancel -1 extension 0 trading_type 2 now 100";
    assert_eq!(running.services.messages()[1..], [outside, outside]);
    assert!(running.host.calls.is_empty(), "{:?}", running.host.calls);
}

#[test]
fn outside_of_a_call_a_clock_tells_the_time() {
    let place = Place::new();
    let plugin = place.load(&place.c_strategy("c", &[]));
    let run = Run { trading_type: TradingType::Live, clock: Some(|| Timestamp::new(5_555)) };
    let services = RecordingServices::new();
    let shared: Arc<RecordingServices> = Arc::clone(&services);
    drop(plugin.create_strategy("mine", &json!({}), run, shared).expect("it is created"));
    assert!(services.messages()[0].ends_with("trading_type 8 now 5555"), "{:?}", services.messages());
}

#[test]
fn nonsense_is_refused_or_repaired() {
    let place = Place::new();
    let mut running = c(&place);
    running.trades(&[7]).expect("all is well");
    expect![[r"
        a�b a�b=

        submitted 0 queried 1 found 0 timed 3"]]
    .assert_eq(&running.services.messages().join("\n"));
    assert_eq!(running.host.calls, ["stop: ", "metric a\u{fffd}b 0"]);
}

#[test]
fn states_are_carried_over_within_the_limit() {
    let place = Place::new();
    let mut running = faulty(&place, "none");
    running.trades(&[10]).expect("all is well");
    let state = running.call(|s, host| s.save(host)).expect("it saves").expect("it has a state");
    assert_eq!(state, 1u64.to_le_bytes());
    let mut next = faulty(&place, "none");
    next.call(|s, host| s.restore(host, 1, &state)).expect("it restores");
    // the buy at the first trade is done with
    assert_eq!(next.trades(&[11, 12]), Ok(2));
    let refused = next.call(|s, host| s.restore(host, 2, &state)).expect_err("another version");
    assert_eq!(refused.message, "state version 2 (expected 1)");
    let refused = next.call(|s, host| s.restore(host, 1, &[])).expect_err("another size");
    assert_eq!(refused.message, "a state of 0 bytes (expected 8)");
    let huge = faulty(&place, "huge-state").call(|s, host| s.save(host)).expect_err("above the limit");
    assert_eq!(huge.message, "`save` wrote more than the host takes (accepted: 67108864 bytes)");
}

#[test]
fn a_new_configuration_is_taken_or_refused_with_its_reason() {
    let place = Place::new();
    let mut running = faulty(&place, "none");
    running.trades(&[10]).expect("all is well");
    let mut told = |config| match running.call(|s, host| s.on_config(host, config)) {
        Ok(()) => "taken".to_owned(),
        Err(fault) => fault.message,
    };
    assert_eq!(told(r#"{"at": 5}"#), "taken");
    assert_eq!(told(r#"{"at": 0}"#), "at is 0 (expected 1 or more)");
    expect!["reading the configuration: unknown field `x`, expected one of `fault`, `at`, `says`, `ms`, `bytes` at line 1 column 4"]
        .assert_eq(&told(r#"{"x": 0}"#));
}

#[test]
fn entries_that_are_null_have_their_meaning() {
    let place = Place::new();
    let mut running = c(&place);
    let fill = abi::FillRecord::default();
    assert_eq!(running.call(|s, host| s.slippage(host, &fill)), Ok(None));
    assert_eq!(running.call(|s, host| s.transaction_cost(host, &fill)), Ok(None));
    assert_eq!(running.call(|s, host| s.save(host)), Ok(None));
    assert_eq!(running.call(|s, host| s.quiesce(host, Timestamp::new(1))), Ok(()));
    let fault = running.call(|s, host| s.restore(host, 4, b"x")).expect_err("it keeps no state");
    assert_eq!(fault.message, "the strategy restores no state (found version 4)");
    let fault = running.call(|s, host| s.on_config(host, "{}")).expect_err("it takes none");
    assert_eq!(fault.message, "the strategy takes no new configuration while it runs");
    // the SDK's defaults mean the same
    let mut rust = faulty(&place, "none");
    assert_eq!(rust.call(|s, host| s.slippage(host, &fill)), Ok(None::<Money>));
}

#[test]
fn the_strategy_in_c_trades() {
    let place = Place::new();
    let folder = place.path("");
    let file = stratd_tests::c_library("plugins/c/strategy.c", "strategy_c_momentum", &[], folder.as_path());
    let plugin = place.load(&file);
    assert_eq!(plugin.manifest().name, "strategy-c-momentum");
    let mut running =
        Running::new(&plugin, &json!({"quantity": "3.0", "lookback": 2})).expect("it is created");
    running.host.instruments[0].symbol = running.services.texts.intern("AAPL");
    // two prices fill the window, the third is above the first
    assert_eq!(running.trades(&[1_000, 1_010, 1_020, 1_030]), Ok(3));
    let own = |kind, side, quantity| abi::OrderEvent {
        kind,
        side,
        client_order_id: 1,
        instrument: 1,
        status: abi::order_status::FILLED,
        last_price: 1_020,
        last_quantity: quantity,
        ..abi::OrderEvent::default()
    };
    let bought = own(abi::order_event_kind::BOUGHT, abi::side::BUY, 3);
    assert_eq!(running.call(|s, host| s.on_orders(host, &[bought])), Ok(1));
    // still above, then below
    assert_eq!(running.trades(&[1_040, 900]), Ok(2));
    assert_eq!(running.host.calls, ["buy 3 of 1", "sell 3 of 1"]);
    let refused = own(abi::order_event_kind::REJECTED, abi::side::SELL, 0);
    assert_eq!(running.call(|s, host| s.on_orders(host, &[refused])), Ok(1));
    assert_eq!(running.trades(&[800, 700]), Ok(2));
    assert_eq!(
        running.services.messages(),
        [
            // the host adds instrument and order of the event in hand, the strategy its own context
            "bought AAPL @ 10.20 instrument=AAPL order_id=1 lookback=2",
            "AAPL: order 1 was refused for reason 0; no more orders instrument=AAPL order_id=1 lookback=2"
        ]
    );
    assert!(workspace().join("plugins/c/README.md").is_file());
}

#[test]
fn the_strategy_in_c_reads_its_configuration_with_care() {
    let place = Place::new();
    let folder = place.path("");
    let file = stratd_tests::c_library("plugins/c/strategy.c", "c", &[], folder.as_path());
    let plugin = place.load(&file);
    let told = |config| match Running::new(&plugin, &config) {
        Ok(_) => "taken".to_owned(),
        Err(refusal) => refusal.found,
    };
    for good in [json!({}), json!({"quantity": 2}), json!({"quantity": 0.5}), json!({"lookback": 250})] {
        assert_eq!(told(good), "taken");
    }
    assert_eq!(told(json!({"lookback": 251})), "lookback is `251` (expected 1 to 250)");
    assert_eq!(told(json!({"lookback": 2.5})), "lookback is `2.5` (expected 1 to 250)");
    assert_eq!(
        told(json!({"quantity": "-1"})),
        "quantity is `-1` (expected more than 0, with at most 8 decimals)"
    );
    assert_eq!(
        told(json!({"quantity": "99999999999999999999"})),
        "quantity is `99999999999999999999` (expected more than 0, with at most 8 decimals)"
    );
    assert_eq!(told(json!({"size": 1})), "unknown key `size` (expected quantity, lookback or stop_loss_bp)");
    for bad in [json!([]), json!({"quantity": null}), json!({"quantity": {}}), json!({"a\"b": 1})] {
        assert_eq!(told(bad), "the configuration is no flat JSON object of numbers");
    }
    // on a grid of whole shares there is no half
    let mut half = Running::new(&plugin, &json!({"quantity": "0.5"})).expect("it is created");
    half.host = RecordingHost::default();
    let fault = half.trades(&[10]).expect_err("off the grid");
    assert_eq!(fault.message, "the quantity does not lie on the grid of ");
}
