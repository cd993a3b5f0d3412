//! `stratd plugin inspect` against real files.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use stratd_tests::{plugin, stratd};

use crate::place::Place;

fn inspect(place: &Place, file: &Path, options: &[&str]) -> Output {
    let stage = place.path("probe-stage");
    Command::new(stratd())
        .args(["plugin", "inspect"])
        .arg(file)
        .args(options)
        .env("STRATD_STAGE_DIR", &stage)
        .output()
        .expect("the daemon's program starts")
}

/// The refusal of a file, as JSON.
fn refused(place: &Place, file: &Path) -> Value {
    let output = inspect(place, file, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let left = std::fs::read_dir(place.path("probe-stage")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a private copy was left behind");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(verdict["verdict"], "refused");
    verdict
}

#[test]
fn a_good_plugin_is_described() {
    let place = Place::new();
    let file = plugin("strategy_ema_cross");
    let text = inspect(&place, &file, &[]);
    assert!(text.status.success(), "{text:?}");
    let text = String::from_utf8(text.stdout).unwrap();
    for line in ["name            strategy-ema-cross", "verdict         accepted"] {
        assert!(text.lines().any(|l| l == line), "{text}");
    }
    let json: Value = serde_json::from_slice(&inspect(&place, &file, &["--json"]).stdout).unwrap();
    assert_eq!(json["verdict"], "accepted");
    assert_eq!(json["layout_checked"], true);
    assert_eq!(json["manifest"]["config_schema"]["properties"]["fast"]["default"], 10);
}

#[test]
fn what_an_exchange_can_do_is_described() {
    let place = Place::new();
    let described = |name: &str| -> Value {
        let output = inspect(&place, &plugin(name), &["--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let csv = described("exchange_csv");
    let told = &csv["manifest"];
    let has =
        |told: &Value, key: &str, word: &str| told[key].as_array().unwrap().iter().any(|one| one == word);
    assert!(has(told, "flags", "market-data") && !has(told, "flags", "order-entry"), "{told:#}");
    assert!(has(told, "trading_types", "backtest") && !has(told, "trading_types", "live"), "{told:#}");
    assert!(has(told, "instrument_types", "equity"), "{told:#}");
    let venue = described("exchange_synthetic_ws");
    let told = &venue["manifest"];
    assert!(has(told, "flags", "market-data") && has(told, "flags", "order-entry"), "{told:#}");
    assert!(has(told, "trading_types", "sandbox") && !has(told, "trading_types", "backtest"), "{told:#}");
    assert!(told["takes"].as_str().unwrap().contains("limit"), "{told:#}");
}

#[test]
fn a_refusal_is_told_as_by_the_loader() {
    let place = Place::new();
    let verdict = refused(&place, &place.c_strategy("other", &["-DABI_NUMBER=7"]));
    assert_eq!(verdict["step"], "abi");
    assert_eq!(verdict["found"], "ABI number 7, a draft of V1, in the plugin record");
    assert_eq!(verdict["plugin"]["hash"].as_str().map(str::len), Some(64));
}

#[test]
fn a_library_that_crashes_ends_only_the_child() {
    let place = Place::new();
    let verdict = refused(&place, &place.c_strategy("crash", &["-DCONSTRUCTOR=1"]));
    assert_eq!(verdict["step"], "open");
    assert_eq!(verdict["found"], "a library whose process was killed by SIGABRT");
    assert_eq!(verdict["plugin"]["build_id"].as_str().map(str::len), Some(40));
    let verdict = refused(&place, &place.c_strategy("exit", &["-DCONSTRUCTOR=3"]));
    assert_eq!(verdict["found"], "a library whose process ended by itself with exit code 3");
}

#[test]
fn a_library_that_hangs_is_given_up() {
    let place = Place::new();
    let verdict = refused(&place, &place.c_strategy("hang", &["-DCONSTRUCTOR=2"]));
    assert_eq!(verdict["step"], "open");
    assert_eq!(verdict["found"], "a library that hangs: no verdict within 10s");
}

#[test]
fn what_a_library_prints_is_not_taken_for_the_verdict() {
    let place = Place::new();
    let output = inspect(&place, &place.c_strategy("prints", &["-DCONSTRUCTOR=4"]), &["--json"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(verdict["verdict"], "accepted");
    assert!(String::from_utf8_lossy(&output.stderr).contains("by myself"));
}
