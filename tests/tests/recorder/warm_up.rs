//! What was recorded is the history of the next run by the clock.

use std::fs;

use serde_json::Value;
use stratd_tests::{Ran, Running};

use crate::place::{ALL, Desk, VENUE, assert_match};

const IMBALANCE: &str = "[[strategy]]\nplugin = \"imbalance\"\nbars = [\"50ms\"]\nwarm_up = \"1 hours\"\nconfig = { seconds = 0 }\n";
const LIBRARIES: [&str; 4] = ["strategy_imbalance", "exchange_teafile", "exchange_csv", "strategy_every"];

/// The venue with a past, which an earlier run wrote.
fn with_history(history: &str) -> String {
    format!("{ALL}{VENUE}history = {history}\n{IMBALANCE}")
}

const RECORDED: &str = r#"{ plugin = "teafile", config = { file = "before/synthetic" } }"#;

/// A folder in which an earlier run has recorded; its configuration is that of the next one.
fn recorded(next: &str) -> Desk {
    let first = "[[strategy]]\nplugin = \"every\"\nconfig = { every = 50 }\n";
    let desk = Desk::new("simulation", &format!("{ALL}{VENUE}{first}"), &LIBRARIES);
    desk.run(2_000, 5);
    fs::rename(desk.path("rec"), desk.path("before")).expect("the folder of recordings");
    // the configuration of the first run would win over the file
    fs::remove_dir_all(desk.path("state")).expect("the state of the first run");
    desk.place.write("stratd.toml", next);
    desk
}

/// A figure of the strategy's own.
fn figure(desk: &Desk, name: &str) -> Option<f64> {
    let text = fs::read_to_string(desk.path("runs/latest/summary.json")).ok()?;
    let summary: Value = serde_json::from_str(&text).ok()?;
    let figures = summary["strategies"][0]["metrics"].as_array()?.clone();
    figures.iter().find(|pair| pair[0] == name)?[1].as_str()?.parse().ok()
}

#[test]
fn a_strategy_is_warmed_up_with_what_was_recorded_before_and_it_comes_again_in_a_replay() {
    let desk = recorded(&with_history(RECORDED));
    let ended = desk.run(2_000, 0);
    assert!(ended.err.contains("warmed up 1 strategies: "), "{}", ended.err);
    let bars = figure(&desk, "bars_of_history");
    assert!(bars.is_some_and(|bars| bars >= 2.0), "{bars:?}: {}", ended.err);
    assert_match(&desk.replayed(&[]), 1);
}

#[test]
fn history_that_counts_otherwise_or_is_missing_ends_the_start() {
    let other = r#"{ plugin = "csv", config = { file = "AAA.csv", symbol = "AAA", price_decimals = 5 } }"#;
    let counted = with_history(other).replace("1 hours", "1 bars");
    let desk = Desk::new("simulation", &counted, &LIBRARIES);
    desk.place.write("AAA.csv", "time,price,volume\n2026-11-20T10:00:00Z,100.12345,1\n");
    let refused = |desk: &Desk| {
        let mut command = desk.place.command(&["run", "stratd.toml", "--trading-type", "simulation"]);
        command.args(["--plugin-dir", "plug"]);
        command.env_remove("STRATD_PLUGINS");
        let Ran { code, out, err } = desk.place.run(command);
        assert_ne!(code, 0, "{out}{err}");
        err
    };
    let err = refused(&desk);
    assert!(
        err.contains(
            "counts prices with 5 decimals and quantities with 0 (accepted: 2 and 0, as its exchange does)"
        ),
        "{err}"
    );
    desk.place
        .write("stratd.toml", &with_history(r#"{ plugin = "teafile", config = { file = "nowhere" } }"#));
    let err = refused(&desk);
    assert!(
        err.contains("connecting the history of exchange synthetic: ") && err.contains("nowhere"),
        "{err}"
    );
    // nobody says where the past is
    desk.place.write("stratd.toml", &format!("{ALL}{VENUE}{IMBALANCE}"));
    let err = refused(&desk);
    assert!(
        err.contains(
            "warm_up: no exchange says where its past is found (accepted: a table [exchange.history]"
        ),
        "{err}"
    );
    desk.place.write("stratd.toml", &with_history(r#"{ plugin = "teafile", confg = {} }"#));
    let err = refused(&desk);
    assert!(err.contains("exchange[0].history.confg: unknown key (accepted: plugin, config"), "{err}");
}

#[test]
fn a_history_of_other_symbols_is_told_as_nothing() {
    let history = r#"{ plugin = "teafile", config = { file = "before/synthetic/AAA", symbol = "OTHER" } }"#;
    let desk = recorded(&with_history(history));
    let mut running: Running = desk.start();
    running.wait_for_log("1 strategies start without history: of ");
    assert!(running.end("TERM").status.success());
}
