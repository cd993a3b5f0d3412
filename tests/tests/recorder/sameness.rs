//! What was recorded comes again, and what differs is shown with both sides.

use std::fs;

use stratd_tests::plugin;

use crate::place::{ALL, Desk, VENUE, assert_match};

const MAKER: &str = "[[strategy]]\nplugin = \"market-maker\"\n";

#[test]
fn a_sandbox_run_is_replayed_to_equal_outputs() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    desk.run(2_000, 20);
    let ran = desk.replay(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.out.ends_with("\nmatch\n"), "{ran:#?}");
    let replayed = desk.replayed(&[]);
    assert_match(&replayed, 20);
    assert!(replayed["states"].as_u64() >= Some(1), "the state at the end: {replayed:#}");
}

#[test]
fn timers_and_the_time_come_again_in_every_place_of_the_code() {
    for isolation in ["none", "thread", "process"] {
        let strategy = format!(
            "[[strategy]]\nplugin = \"every\"\nisolation = \"{isolation}\"\nconfig = {{ every = 50, tell_ms = 5 }}\n"
        );
        let desk = Desk::new("simulation", &format!("{ALL}{VENUE}{strategy}"), &["strategy_every"]);
        desk.run(2_000, 5);
        let replayed = desk.replayed(&[]);
        assert_match(&replayed, 10);
        // the time was told, and is one of the outputs that were compared
        let said = fs::read(desk.recording().join("said.tea")).expect("the texts of the outputs");
        assert!(said.windows(3).any(|bytes| bytes == b"now"), "{isolation}");
    }
}

#[test]
fn a_strategy_sees_the_accounts_of_an_exchange_and_sees_them_again_in_a_replay() {
    let strategy = "[recovery]\ncheck_every = \"100ms\"\n[[strategy]]\nplugin = \"every\"\nconfig = { every = 20, tell_ms = 5, tell_accounts = true }\n";
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{strategy}"), &["strategy_every"]);
    let figure = || {
        let text = fs::read_to_string(desk.path("runs/latest/summary.json")).unwrap_or_default();
        let summary: serde_json::Value = serde_json::from_str(&text).ok()?;
        let figures = summary["strategies"][0]["metrics"].as_array()?.clone();
        let cash = figures.iter().find(|pair| pair[0] == "cash of synthetic at synthetic")?;
        cash[1].as_str().map(str::to_owned)
    };
    desk.run(2_000, 20);
    assert!(figure().is_some(), "{:?}", fs::read_to_string(desk.path("runs/latest/summary.json")));
    assert_match(&desk.replayed(&[]), 20);
}

#[test]
fn a_difference_names_both_sides() {
    let strategy = "[[strategy]]\nplugin = \"every\"\nconfig = { every = 40 }\n";
    let desk = Desk::new("simulation", &format!("{ALL}{VENUE}{strategy}"), &["strategy_every"]);
    desk.run(2_000, 5);
    // as if the strategy had been another one
    let head = desk.recording().join("head.json");
    let text = fs::read_to_string(&head).expect("the head");
    fs::write(&head, text.replace("\"every\": 40", "\"every\": 41")).expect("another head");
    let ran = desk.replay(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.out.contains("difference at input "), "{}", ran.out);
    assert!(ran.out.contains("\n  recorded: submit strategy=every "), "{}", ran.out);
    assert!(ran.out.contains("\n  replayed: nothing\n"), "{}", ran.out);
    let replayed = desk.replayed(&[]);
    assert_eq!(replayed["matches"], false, "{replayed:#}");
    assert!(replayed["difference"]["recorded"].as_str().is_some_and(|text| text.contains("side=buy")));
}

#[test]
fn another_build_is_taken_only_if_asked_for() {
    let strategy = "[[strategy]]\nplugin = \"counter\"\n";
    let desk = Desk::new("simulation", &format!("{ALL}{VENUE}{strategy}"), &["strategy_counter"]);
    desk.run(500, 0);
    let put = |build: &str| {
        let _ = fs::remove_dir_all(desk.path("plug"));
        fs::create_dir(desk.path("plug")).expect("a new folder");
        fs::copy(plugin(build), desk.path("plug/libstrategy_counter.so")).expect("a copy");
    };
    put("strategy_counter_second");
    let ran = desk.replay(&["--plugin-dir", "plug"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let error = ran.error();
    for part in ["strategy counter: the build of strategy-counter", "has sha256", "--allow-other-build"] {
        assert!(error.contains(part), "{error}");
    }
    let replayed = desk.replayed(&["--plugin-dir", "plug", "--allow-other-build"]);
    assert_match(&replayed, 1);
    assert_eq!(replayed["other_builds"].as_array().map(Vec::len), Some(1), "{replayed:#}");
    // its state has another form
    put("strategy_counter_third");
    let replayed = desk.replayed(&["--plugin-dir", "plug", "--allow-other-build"]);
    assert_eq!(replayed["matches"], false, "{replayed:#}");
    let difference = &replayed["difference"];
    assert_eq!(difference["input"], "strategy counter saves its state", "{replayed:#}");
    assert_ne!(difference["recorded"], difference["replayed"], "{replayed:#}");
}

#[test]
fn a_state_that_a_run_began_with_is_part_of_its_recording() {
    let desk = Desk::new("sandbox", &format!("{ALL}{VENUE}{MAKER}"), &["strategy_market_maker"]);
    desk.run(500, 5);
    fs::remove_dir_all(desk.path("rec")).expect("the first recording");
    desk.run(500, 5);
    let head = fs::read_to_string(desk.recording().join("head.json")).expect("the head");
    assert!(head.contains("\"number\": 2"), "the second run of this state: {head}");
    assert_match(&desk.replayed(&[]), 5);
}

#[test]
fn results_are_the_same_with_and_without_a_recorder() {
    let rows = "date,open,high,low,close,volume\n2024-01-02,10,12,9,11,100\n2024-01-03,11,13,10,12,100\n2024-01-04,12,14,11,13,100\n";
    let run = "[[exchange]]\nplugin = \"csv\"\nconfig = { file = \"p.csv\", symbol = \"ACME\" }\n[[strategy]]\nplugin = \"buy-and-hold\"\n";
    let results = [ALL, ""].map(|recorder| {
        let place =
            stratd_tests::Place::new(&[("p.csv", rows), ("stratd.toml", &format!("{recorder}{run}"))]);
        let results = place.backtest(&["stratd.toml"]);
        if !recorder.is_empty() {
            let ran = place.stratd(&["replay", "rec"]);
            assert!(ran.code == 0 && ran.out.ends_with("\nmatch\n"), "{ran:#?}");
            assert!(place.path().join("rec/csv/ACME/bar-2024-01-03.tea").is_file());
        }
        results
    });
    assert!(results[0] == results[1], "{results:#?}");
}
