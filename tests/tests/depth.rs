//! Books, bars made of trades, and history, by the real program with a real plugin.

use std::fs;

use serde_json::Value;
use stratd_tests::{Place, Ran, Running, plugin};

/// Ten minutes of a synthetic market from 14:30:00 on, with book, trades and quotes; the run begins at 14:33:30.
fn config(place: &Place, strategy: &str) -> String {
    let text = format!(
        r#"
        [backtest]
        start = "2024-01-02T14:33:30Z"
        end = "2024-01-02T14:38:00Z"
        [recorder]
        path = "recorded"
        inputs = true
        [[exchange]]
        plugin = {exchange:?}
        config = {{ steps = 6000, instruments = 2 }}
        [[strategy]]
        name = "imbalance"
        plugin = {plugin:?}
        {strategy}
        "#,
        exchange = plugin("exchange_synthetic"),
        plugin = plugin("strategy_imbalance"),
    );
    place.write("run.toml", &text);
    place.path().join("run.toml").display().to_string()
}

fn ran(place: &Place, arguments: &[&str]) -> String {
    let Ran { code, out, err } = place.stratd(arguments);
    assert_eq!(code, 0, "{out}{err}");
    out
}

/// A figure of the strategy's own.
fn metric(summary: &str, name: &str) -> String {
    let summary: Value = serde_json::from_str(summary).expect("the summary is JSON");
    let metrics = summary["strategies"][0]["metrics"].as_array().expect("a list of figures").clone();
    let found = metrics.iter().find(|pair| pair[0] == name);
    found.and_then(|pair| pair[1].as_str()).unwrap_or("none").to_owned()
}

#[test]
fn a_strategy_is_warmed_up_trades_on_book_and_bars_and_is_repeated() {
    let place = Place::new(&[]);
    // of two instruments, two minutes are whole from 14:30:30 to the start; that of the start has its trades of both sides
    // of it, and three more end before the run does
    let run = config(
        &place,
        r#"
        bars = ["1m"]
        warm_up = "3 minutes"
        config = { seconds = 0, trend = 2, imbalance = 51 }
        "#,
    );
    ran(&place, &["backtest", &run]);
    let results = place.results();
    let summary = &results["summary.json"];
    assert_eq!(metric(summary, "bars_of_history"), "4.00000000");
    assert_eq!(metric(summary, "bars"), "8.00000000");
    assert!(results["fills.csv"].lines().count() > 1, "it trades: {}", results["orders.csv"]);
    let start = "2024-01-02T14:33:30";
    for file in ["orders.csv", "equity.csv"] {
        let early = results[file]
            .lines()
            .skip(1)
            .find(|row| row.split(',').any(|field| field.starts_with("2024-01-02T14:3") && field < start));
        assert_eq!(early, None, "{file}");
    }
    let recorded = place.path().join("recorded");
    let told = ran(&place, &["replay", &recorded.display().to_string()]);
    assert!(told.ends_with("match\n"), "{told}");
    // without history, the minute of the start is not whole
    let cold = config(&place, r#"config = { seconds = 60, trend = 2, imbalance = 51 }"#);
    fs::remove_dir_all(recorded).expect("the recording of the first run");
    ran(&place, &["backtest", &cold]);
    let results = place.results();
    assert_eq!(metric(&results["summary.json"], "bars_of_history"), "0.00000000");
    assert_eq!(metric(&results["summary.json"], "bars"), "6.00000000");
}

#[test]
fn what_a_run_cannot_have_is_told_by_check() {
    let place = Place::new(&[]);
    let run = config(&place, "bars = [\"7m\"]\nwarm_up = \"2 weeks\"");
    let Ran { code, out, err } = place.stratd(&["check", &run]);
    assert_eq!(code, 78, "{out}{err}");
    for expected in [
        "strategy[0].bars[0]: found \"7m\" (accepted: a time that divides a day",
        "strategy[0].warm_up: found \"2 weeks\" (accepted: such as \"500 bars\"",
    ] {
        assert!(err.contains(expected) || out.contains(expected), "{expected}: {out}{err}");
    }
}

#[test]
fn a_book_that_missed_an_update_is_asked_for_anew_and_goes_on() {
    let text = format!(
        "trading_type = \"simulation\"\n[[exchange]]\nplugin = {:?}\nname = \"fake\"\nconfig = {{ interval_ms = 1, skips_at = 20 }}\n\
         [[strategy]]\nplugin = {:?}\nname = \"counter\"\n",
        plugin("exchange_fake"),
        plugin("strategy_counter"),
    );
    let place = Place::new(&[("run.toml", &text)]);
    let mut run = Running::start(place.command(&["run", "run.toml"]), "run");
    run.wait_for_log(" is stale: update 21 came (expected: 20)");
    run.wait_for_log("shows the book of 1 anew: 1 event");
    let ended = run.end("TERM");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    // what followed the snapshot followed its number
    assert_eq!(ended.err.matches(" is stale: ").count(), 1, "{}", ended.err);
}
