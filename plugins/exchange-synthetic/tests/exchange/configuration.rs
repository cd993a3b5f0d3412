//! What is accepted.

use serde_json::json;
use stratd_plugin_api::TradingType;

use crate::host::Bench;

fn refusal(config: serde_json::Value) -> String {
    Bench::create(TradingType::Backtest, config).err().map(|error| error.to_string()).unwrap()
}

#[test]
fn unusable_values_are_named() {
    assert_eq!(refusal(json!({"instruments": 0})), "instruments is 0 (accepted: 1 to 1000)");
    assert_eq!(refusal(json!({"rate": 0})), "rate is 0 (accepted: 1 to 1000000)");
    assert!(refusal(json!({"start": "yesterday"})).starts_with("start: "));
    assert!(refusal(json!({"maker_fee": 2})).starts_with("maker_fee is 200000000 (accepted: "));
    assert!(refusal(json!({"taker_fee": "0.000000001"})).starts_with("taker_fee: "));
    assert!(refusal(json!({"sede": 1})).contains("sede"));
    assert!(refusal(json!({"feeds": ["news"]})).contains("news"));
}

#[test]
fn live_is_refused() {
    let error = Bench::create(TradingType::Live, json!({})).err().unwrap().to_string();
    assert!(error.contains("no real money"), "{error}");
}

#[test]
fn instruments_and_seed_are_told() {
    let bench = Bench::new(TradingType::Backtest, json!({"seed": 12, "instruments": 2}));
    let notes = bench.host.notes();
    let symbols: Vec<_> = notes.instruments.iter().map(|i| i.symbol.as_str()).collect();
    assert_eq!(symbols, ["AAA", "BBB"]);
    assert_eq!(notes.log, ["the seed of the synthetic market is 12"]);
}
