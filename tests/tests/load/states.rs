//! States that go from one build of a plugin to the next, through the tables of both.

use std::sync::Arc;

use serde_json::json;
use stratd::host::LoadedPlugin;
use stratd_plugin_api::{ExchangeInstance, Reason, Timestamp, TradingType, abi};
use stratd_tests::plugin;

use crate::{
    connectors::Recording,
    place::{Place, Running},
};

/// One build of a plugin; each in a place of its own, because a loader takes one file of each name.
struct Build {
    place: Place,
    plugin: Arc<LoadedPlugin>,
}

impl Build {
    fn of(library: &str) -> Self {
        let place = Place::new();
        let plugin = place.load(&plugin(library));
        Self { place, plugin }
    }

    fn told(&self) -> (String, String, u32, u32) {
        let manifest = self.plugin.manifest();
        let texts = (manifest.name.clone(), manifest.version.clone());
        (texts.0, texts.1, manifest.state_version, manifest.state_compat_min)
    }
}

fn save(running: &mut Running) -> Vec<u8> {
    running.call(|s, host| s.save(host)).expect("it saves").expect("it has a state")
}

#[test]
fn three_builds_of_one_plugin_hand_a_count_on() {
    let builds = ["strategy_counter", "strategy_counter_second", "strategy_counter_third"].map(Build::of);
    let name = || "strategy-counter".to_owned();
    assert_eq!(builds[0].told(), (name(), "0.1.0".to_owned(), 1, 1));
    assert_eq!(builds[1].told(), (name(), "0.2.0".to_owned(), 1, 1));
    assert_eq!(builds[2].told(), (name(), "0.3.0".to_owned(), 2, 1));
    let ids = builds.each_ref().map(|build| build.plugin.build_id().expect("it has one").to_owned());
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");

    let config = json!({"state_bytes": 1024 * 1024});
    let [mut first, mut second, mut third] =
        builds.each_ref().map(|build| Running::new(&build.plugin, &config).expect("it is created"));
    assert_eq!(first.sequence(&[2, 3, 4]), Ok(3));
    let state = save(&mut first);
    assert_eq!(state.len(), 1024 * 1024);
    second.call(|s, host| s.restore(host, 1, &state)).expect("the same version");
    assert_eq!(second.sequence(&[5, 6]), Ok(2));
    let state = save(&mut second);
    third.call(|s, host| s.restore(host, 1, &state)).expect("an older version");
    // one is lost on the way
    assert_eq!(third.sequence(&[8]), Ok(1));
    let state = save(&mut third);
    let refused = first.call(|s, host| s.restore(host, 2, &state)).expect_err("a newer version");
    assert_eq!(refused.message, "a state of version 2 (accepted: 1 to 1)");
    third.event(abi::event_kind::EXIT).expect("all is well");
    let figures = [
        ("count", 6),
        ("first", 2),
        ("last", 8),
        ("gaps", 1),
        ("duplicates", 0),
        ("out_of_order", 0),
        ("restores", 2),
        ("migrations", 1),
        ("state_damaged", 0),
    ];
    let metrics = figures.map(|(name, value)| format!("metric {name} {}", value * 100_000_000_i64));
    assert_eq!(third.host.calls, metrics);
    drop(builds.map(|build| build.place));
}

#[test]
fn a_count_fails_when_it_is_told_to_once_it_was_restored() {
    let build = Build::of("strategy_counter_second");
    let mut running = Running::new(&build.plugin, &json!({"panic_after_restore": 3})).expect("it is created");
    assert_eq!(running.sequence(&[2, 3, 4, 5]), Ok(4));
    let state = save(&mut running);
    running.call(|s, host| s.restore(host, 1, &state)).expect("its own state");
    let fault = running.sequence(&[6, 7, 8]).expect_err("the third event after it");
    assert_eq!(fault.reason, Reason::Panic);
    assert!(fault.message.ends_with("as configured, at event 3 after restore"), "{fault}");
}

fn fake(build: &Build, host: &Arc<Recording>, config: &serde_json::Value) -> Box<dyn ExchangeInstance> {
    let shared: Arc<Recording> = Arc::clone(host);
    let mut exchange = build.plugin.create_exchange("mine", config, shared).expect("it is created");
    exchange.instruments(1).expect("accepted");
    exchange
}

#[test]
fn a_connector_hands_its_server_on() {
    let (old, new) = (Build::of("exchange_fake"), Build::of("exchange_fake_second"));
    assert_eq!(old.told(), ("exchange-fake".to_owned(), "0.1.0".to_owned(), 1, 1));
    assert_eq!(new.told(), ("exchange-fake".to_owned(), "0.2.0".to_owned(), 1, 1));
    let flag = abi::plugin_flag::MAKE_BEFORE_BREAK;
    assert!(!old.plugin.manifest().has_flag(flag) && new.plugin.manifest().has_flag(flag));

    let host = Recording::new();
    let mut exchange = fake(&old, &host, &json!({}));
    let order = abi::OrderRequest {
        instrument: 1,
        side: abi::side::BUY,
        order_type: abi::order_type::LIMIT,
        lifetime: abi::order_lifetime::GTC,
        quantity: 5,
        price: 1,
        ..abi::OrderRequest::default()
    };
    let command = abi::OrderCommand { client_order_id: 7, order, ..abi::OrderCommand::default() };
    exchange.new_order(&command).expect("accepted");
    exchange.quiesce(Timestamp::new(5)).expect("it agrees");
    let state = exchange.save().expect("it saves").expect("it has a state");
    exchange.stop().expect("accepted");

    let mut next = fake(&new, &host, &json!({}));
    let refused = next.restore(9, &state).expect_err("another version");
    assert_eq!(refused.message, "state version 9 (expected 1)");
    next.restore(1, &state).expect("its own version");
    next.open_orders(22).expect("accepted");
    assert!(host.told().ends_with("open FAKE-00000001 for 22\nanswer to 22: Ok(())"), "{}", host.told());
    next.on_config(r#"{"interval_ms": 5}"#).expect("the market does not run");
    let refused = next.on_config(r#"{"interval": 5}"#).expect_err("no such key");
    assert!(refused.message.starts_with("reading the configuration: unknown field `interval`"), "{refused}");
}

#[test]
fn what_keeps_no_state_says_so() {
    let build = Build::of("exchange_synthetic");
    let host = Recording::new();
    let mut exchange = build.plugin.create_exchange("mine", &json!({}), host).expect("it is created");
    assert_eq!(exchange.save(), Ok(None));
    assert_eq!(exchange.quiesce(Timestamp::new(1)), Ok(()));
    let refused = exchange.restore(1, b"x").expect_err("it keeps none");
    assert_eq!(refused.message, "this exchange restores no state (found version 1)");
    let refused = exchange.on_config("{}").expect_err("it takes none");
    assert_eq!(refused.message, "this exchange takes no new configuration while it runs");
}

#[test]
fn a_connector_that_goes_on_after_its_stop_feeds_nothing() {
    let build = Build::of("exchange_fake");
    let host = Recording::of(TradingType::Sandbox);
    let mut exchange = fake(&build, &host, &json!({"interval_ms": 1, "goes_on": true}));
    exchange.subscribe(2, None).expect("accepted");
    host.wait_for("2 events");
    exchange.stop().expect("accepted");
    let told = host.wait_for("log: after stop the host took 0 events");
    drop(exchange);
    let stopped = told.iter().position(|line| line.starts_with("log: after stop"));
    let later = &told[stopped.expect("it was waited for")..];
    assert!(later.iter().all(|line| line == "log: after stop the host took 0 events"), "{later:?}");
}
