//! Plugins that were built when their version of the ABI was current (`tests/golden/abi/VERSION`) trade in this daemon as
//! they did then: in every mode, with slices of one and of many, with the connector beside the loop and beside them.
//!
//! What they traded is kept beside them. It changes only if prices, engine or fill model do, never because the tables of
//! an old plugin are read otherwise; `UPDATE_EXPECT=1` writes it anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use expect_test::expect_file;
use serde_json::json;
use stratd_tests::{Files, workspace};

use crate::backtests::{Recording, Setup};

/// Each archived version: the folder, and a private copy of its libraries, because a checkout may be writable by a group,
/// and then the daemon would not trust them.
fn archives() -> Vec<(PathBuf, tempfile::TempDir)> {
    let root = workspace().join("tests/golden/abi");
    let mut archives = Vec::new();
    for entry in fs::read_dir(&root).expect("the archive").flatten() {
        let copy = tempfile::tempdir().expect("a temporary folder");
        for file in fs::read_dir(entry.path()).expect("a version").flatten() {
            if file.path().extension().is_some_and(|end| end == "so") {
                let content = fs::read(file.path()).expect("a library");
                fs::write(copy.path().join(file.file_name()), content).expect("a copy");
            }
        }
        archives.push((entry.path(), copy));
    }
    archives.sort_by(|left: &(PathBuf, _), right| left.0.cmp(&right.0));
    assert!(!archives.is_empty(), "{} has no version", root.display());
    archives
}

/// Runs the plugins of every version in every way, and compares what they traded with what is kept as `name`.
fn as_ever(name: &str, recording: impl Fn() -> Recording, strategies: &[Setup]) {
    for (version, libraries) in archives() {
        let mut recording = recording();
        recording.libraries = Some(libraries.path().to_owned());
        let (files, _) = recording.check(strategies);
        expect_file![version.join(format!("{name}.txt"))].assert_eq(&traded(&files));
        assert!(files["fills.csv"].lines().count() > 50, "{}: {name}", version.display());
    }
}

/// Executions, how orders ended, and the figures of the strategies' own.
fn traded(files: &Files) -> String {
    let summary: serde_json::Value = serde_json::from_str(&files["summary.json"]).expect("a summary is JSON");
    let strategies = summary["strategies"].as_array().expect("strategies");
    let metrics: String = strategies.iter().map(|strategy| format!("{:#}\n", strategy["metrics"])).collect();
    format!("{}\n{}\n{metrics}", files["fills.csv"], files["orders.csv"])
}

#[test]
fn archived_plugins_trade_prices_of_a_file_as_ever() {
    let strategies = [
        ("strategy_all_orders", json!({})),
        ("strategy_ema_cross", json!({"fast": 5, "slow": 20, "quantity": 100, "reverse": true})),
        ("strategy_c_momentum", json!({"quantity": 10, "stop_loss_bp": 200})),
    ];
    as_ever("prices", Recording::prices, &strategies);
}

#[test]
fn archived_plugins_trade_at_an_archived_venue_as_ever() {
    let venue = || {
        let config = json!({"steps": 400, "instruments": 2, "maker_fee": 0.0001, "taker_fee": 0.0003});
        Recording::new(("exchange_synthetic", config))
    };
    let strategies = [
        ("strategy_market_maker", json!({})),
        ("strategy_all_orders", json!({"quantity": 4})),
        ("strategy_c_momentum_clang", json!({"quantity": 3})),
    ];
    as_ever("venue", venue, &strategies);
}

#[test]
fn what_is_archived_is_what_was_archived() {
    for (version, _) in archives() {
        let text = fs::read_to_string(version.join("archive.toml")).expect("what the archive says of itself");
        let manifest: toml::Table = text.parse().expect("a manifest that is TOML");
        let name = version.file_name().and_then(|name| name.to_str()).expect("a version");
        assert_eq!(manifest["version"].as_str(), Some(name));
        let plugins = manifest["plugin"].as_array().expect("plugins");
        let mut listed: Vec<_> =
            plugins.iter().map(|plugin| plugin["file"].as_str().expect("a file")).collect();
        listed.sort_unstable();
        assert_eq!(listed, libraries(&version), "every library is listed");
        for plugin in plugins {
            let bytes = fs::read(version.join(plugin["file"].as_str().expect("a file"))).expect("a library");
            assert_eq!(plugin["sha256"].as_str(), Some(sha256(&bytes).as_str()), "{plugin:?}");
        }
    }
}

fn libraries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".so")).collect();
    names.sort_unstable();
    names
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
