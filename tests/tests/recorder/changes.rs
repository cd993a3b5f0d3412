//! What changes strategies and limits while the run goes on is done again in its replay.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use stratd_control::{ConfigApplyRequest, ConfigEdit, LoadRequest, Request};
use stratd_tests::{Running, plugin};

use crate::place::{ALL, Desk, VENUE, assert_match};

const TRADER: &str = "[[strategy]]\nplugin = \"every\"\nconfig = { every = 20 }\n";
const COUNTER: &str = "[[strategy]]\nplugin = \"counter\"\n";
/// A strategy whose `on_config` refuses an `at` below the number of its trades.
const TOLD: &str =
    "[[strategy]]\nplugin = \"faulty\"\nname = \"told\"\nconfig = { fault = \"none\", at = 1000000 }\n";

/// A change waits for probes of plugins, which a loaded machine starts slowly.
const PATIENCE: Duration = Duration::from_secs(120);

struct Changed<'a> {
    desk: &'a Desk,
    running: Running,
    events: u64,
}

impl<'a> Changed<'a> {
    fn start(desk: &'a Desk) -> Self {
        let mut changed = Self { desk, running: desk.start(), events: 0 };
        changed.go_on();
        changed
    }

    /// Lets the run have some more events.
    fn go_on(&mut self) {
        self.events += 400;
        self.desk.wait_for(&mut self.running, self.events, 0);
    }

    /// Asks, and lets the run go on.
    #[track_caller]
    fn ask(&mut self, request: &Request) {
        let answer = self.desk.client().with_time_limit(PATIENCE).send(request);
        answer.unwrap_or_else(|error| panic!("{request}: {error}"));
        self.go_on();
    }

    #[track_caller]
    fn refused(&mut self, request: &Request) {
        let answer = self.desk.client().with_time_limit(PATIENCE).send(request);
        assert!(answer.is_err(), "{request}");
        self.go_on();
    }

    fn end(self) {
        let ended = self.running.end("TERM");
        assert!(ended.status.success(), "{ended:?}");
    }
}

fn put(path: &str, value: Value) -> Request {
    Request::config_put(path, &ConfigEdit(value)).expect("a value is JSON")
}

#[track_caller]
fn assert_changes(replayed: &Value, least: u64) {
    assert!(replayed["changes"].as_u64() >= Some(least), "{replayed:#}");
}

#[test]
fn a_restart_a_stop_and_a_strategy_that_joins_come_again() {
    let run = format!("{ALL}{VENUE}{TRADER}{COUNTER}");
    let desk = Desk::new("sandbox", &run, &["strategy_every", "strategy_counter"]);
    let mut changed = Changed::start(&desk);
    changed.ask(&Request::strategy_verb("every", "restart"));
    let file = desk.path("plug/libstrategy_every.so").display().to_string();
    let load = LoadRequest { file, name: Some("second".to_owned()), config: None };
    changed.ask(&Request::load(&load).expect("a body"));
    // its instance is taken out of the engine, and is not saved at the end
    changed.ask(&Request::stop("counter"));
    changed.ask(&Request::strategy_verb("second", "restart"));
    changed.end();
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 20);
    assert_changes(&replayed, 3);
}

#[test]
fn other_parameters_limits_and_terms_come_again() {
    let limits = "[risk]\nmax_order_notional = \"100000\"\n";
    let run = format!("{ALL}{limits}{VENUE}{TRADER}{TOLD}");
    let desk = Desk::new("sandbox", &run, &["strategy_every", "strategy_faulty"]);
    let mut changed = Changed::start(&desk);
    changed.ask(&put("risk/max_order_notional", json!("1")));
    changed.ask(&put("strategy/every/cancel_on_stop", json!(false)));
    changed.ask(&put("strategy/told/config/at", json!(2_000_000)));
    // it takes none while it runs: another instance with its state
    changed.ask(&put("strategy/every/config/every", json!(10)));
    changed.ask(&put("risk/max_order_notional", json!("200000")));
    changed.end();
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 20);
    assert_changes(&replayed, 5);
}

#[test]
fn a_change_that_was_refused_and_undone_comes_again() {
    let run = format!("{ALL}{VENUE}{TRADER}{TOLD}");
    let desk = Desk::new("sandbox", &run, &["strategy_every", "strategy_faulty"]);
    let mut changed = Changed::start(&desk);
    // the first part is done and undone, the second one refuses: `at` is below its trades
    let text = fs::read_to_string(desk.path("stratd.toml")).expect("the configuration");
    let text = text.replace("every = 20", "every = 10").replace("at = 1000000", "at = 1");
    let apply = ConfigApplyRequest { text: Some(text), ..ConfigApplyRequest::default() };
    changed.refused(&Request::config_apply(&apply).expect("a body"));
    changed.end();
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 20);
    assert_changes(&replayed, 2);
}

#[test]
fn a_swap_comes_again_where_both_builds_are_found_and_is_named_where_not() {
    let desk = Desk::new("simulation", &format!("{ALL}{VENUE}{COUNTER}"), &["strategy_counter"]);
    let mut changed = Changed::start(&desk);
    let place = desk.path("plug/libstrategy_counter.so");
    fs::copy(plugin("strategy_counter_second"), desk.path("plug/new.so")).expect("a copy");
    fs::rename(desk.path("plug/new.so"), &place).expect("the other build in place");
    changed.ask(&Request::reload("counter"));
    changed.end();
    // the first build is nowhere any more
    let ran = desk.replay(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.error().contains("--plugin strategy-counter=FILE"), "{ran:#?}");
    // and now the second one
    let old = format!("counter={}", plugin("strategy_counter").display());
    fs::remove_file(&place).expect("the second build");
    let replayed = desk.replayed(&["--plugin", &old]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&true.into(), &"changed".into()), "{replayed:#}");
    let why = replayed["why"].as_str().expect("why it ended");
    for part in ["takes the place of strategy counter", "with sha256", "--plugin strategy-counter=FILE"] {
        assert!(why.contains(part), "{why}");
    }
    let new = format!("strategy-counter={}", plugin("strategy_counter_second").display());
    let replayed = desk.replayed(&["--plugin", &old, "--plugin", &new]);
    assert_match(&replayed, 1);
    assert_changes(&replayed, 1);
}

/// Two venues with the same symbols: orders go to the better price, one line has expired, a spread is quoted of two legs.
fn lines() -> String {
    let other = "[[exchange]]\nname = \"other\"\nplugin = \"synthetic\"\nconfig = { instruments = 3, rate = 2000, seed = 7 }\n";
    let instruments = "[routing]\ndefault = \"best\"\n\
        [instrument.AAA]\nmultiplier = 10\n\
        [instrument.\"BBB@synthetic\"]\nexpiry = \"2000-01-01\"\n\
        [instrument.CCC]\nroute = \"own\"\n\
        [instrument.\"AAA/BBB\"]\ntype = \"spread\"\nlegs = [{ instrument = \"AAA@synthetic\", side = \"buy\" }, { instrument = \"BBB@other\", side = \"sell\" }]\n";
    format!("{ALL}{instruments}{VENUE}{other}{TRADER}{COUNTER}")
}

const LIBRARIES: [&str; 3] = ["strategy_every", "strategy_counter", "strategy_all_orders"];

#[test]
fn routes_expiries_and_spreads_come_again_with_a_strategy_that_joined() {
    let desk = Desk::new("simulation", &lines(), &LIBRARIES);
    let mut changed = Changed::start(&desk);
    changed.ask(&put("strategy/all", json!({ "plugin": "all-orders", "config": { "quantity": 1 } })));
    desk.wait_for(&mut changed.running, 0, 1_500);
    changed.end();
    let fills = fs::read_to_string(desk.path("runs/latest/fills.csv")).expect("fills");
    for line in [",synthetic,AAA,", ",other,AAA,", ",other,BBB,", ",other,CCC,"] {
        assert!(fills.contains(line), "{line}: {}", fills.lines().take(40).collect::<Vec<_>>().join("\n"));
    }
    assert!(!fills.contains(",synthetic,BBB,"), "it has expired");
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 100);
    assert_changes(&replayed, 1);
}

#[test]
fn a_run_is_replayed_until_an_exchange_joins() {
    let desk = Desk::new("simulation", &lines(), &LIBRARIES);
    let mut changed = Changed::start(&desk);
    changed.ask(&put(
        "exchange/third",
        json!({ "plugin": "synthetic", "config": { "instruments": 4, "rate": 2000, "seed": 8 } }),
    ));
    // which order goes there, the prices decide
    let fills = || fs::read_to_string(desk.path("runs/latest/fills.csv")).unwrap_or_default();
    changed.running.wait_until("an order that is routed there", || fills().contains(",third,"));
    changed.end();
    let replayed = desk.replayed(&[]);
    assert_eq!((&replayed["matches"], &replayed["ended"]), (&json!(true), &json!("changed")), "{replayed:#}");
    assert!(replayed["why"].as_str().is_some_and(|why| why.contains("exchanges join")), "{replayed:#}");
}
