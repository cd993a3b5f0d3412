//! Every example in `configs/` is without problems, and so is every command in its comments.

use std::{
    fs,
    path::{Path, PathBuf},
};

use stratd_plugin_api::{Exchange, InstrumentTypes, Strategy, TradingType, TradingTypes};

use super::{Draft, PluginKind, RunConfig, flags};
use crate::check::{PluginFacts, PluginLookup, check};

/// The plugins of the examples, linked into the test.
struct RealPlugins;

impl PluginLookup for RealPlugins {
    fn create(
        &self,
        _: PluginKind,
        _: &str,
        _: &serde_json::Value,
        _: stratd_plugin_api::TradingType,
    ) -> Result<(), String> {
        Ok(())
    }

    fn find(&self, kind: PluginKind, name: &str) -> Result<PluginFacts, String> {
        let schema = match (kind, name) {
            (PluginKind::Exchange, "csv") => {
                schemars::schema_for!(<exchange_csv::CsvExchange as Exchange>::Config)
            }
            (PluginKind::Exchange, "synthetic") => {
                schemars::schema_for!(<exchange_synthetic::SyntheticExchange as Exchange>::Config)
            }
            (PluginKind::Exchange, "synthetic-ws") => {
                schemars::schema_for!(<exchange_synthetic_ws::SyntheticWsExchange as Exchange>::Config)
            }
            (PluginKind::Strategy, "market-maker") => {
                schemars::schema_for!(<strategy_market_maker::MarketMaker as Strategy>::Config)
            }
            (PluginKind::Strategy, "ema-cross") => {
                schemars::schema_for!(<strategy_ema_cross::EmaCross as Strategy>::Config)
            }
            (PluginKind::Strategy, "buy-and-hold") => {
                schemars::schema_for!(<strategy_buy_and_hold::BuyAndHold as Strategy>::Config)
            }
            // in C; `cargo xtask quickstart` loads it
            (PluginKind::Strategy, "c-momentum") => schemars::json_schema!({}),
            _ => return Err(format!("the examples use no {kind} {name}")),
        };
        Ok(PluginFacts {
            kind,
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            config_schema: schema.as_value().to_string(),
            market_data: true,
            order_entry: name.starts_with("synthetic"),
            trading_types: if name == "synthetic-ws" {
                TradingTypes::of(&[TradingType::Simulation, TradingType::Sandbox, TradingType::Live])
            } else if name == "synthetic" {
                TradingTypes::of(&[TradingType::Backtest, TradingType::Simulation, TradingType::Sandbox])
            } else {
                TradingTypes::of(&[TradingType::Backtest])
            },
            instrument_types: InstrumentTypes::all(),
        })
    }

    fn names(&self, _: PluginKind) -> Vec<String> {
        Vec::new()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Reads as if the current folder were the root of the tree.
fn load(file: Option<&str>, words: &[&str]) -> RunConfig {
    let flags = flags(words);
    let draft = match file {
        Some(file) => Draft::parse(Path::new(file), &fs::read(root().join(file)).unwrap(), &flags),
        None => Draft::read(None, &flags),
    };
    match draft.and_then(|draft| check(&draft, &RealPlugins)) {
        Ok(config) => config,
        Err(problems) => panic!("{file:?} {words:?}: {problems:#?}"),
    }
}

/// The commands in comments: lines that start with `#   stratd backtest`.
fn commands(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter_map(|line| line.strip_prefix("#   stratd backtest ")).map(|command| {
        // what is between single quotes is one word
        let parts = command.split('\'').enumerate();
        let words =
            parts.flat_map(
                |(index, part)| {
                    if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
                },
            );
        words.collect()
    })
}

#[test]
fn every_example_loads() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("configs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".toml") {
            continue;
        }
        count += 1;
        let file = format!("configs/{name}");
        let config = load(Some(&file), &[]);
        if let Some(data) = config.exchange[0].config.get("file") {
            assert!(root().join(data.as_str().unwrap()).is_file(), "{file}: {data}");
        }
        for words in commands(&fs::read_to_string(root().join(&file)).unwrap()) {
            match words.split_first() {
                Some((first, flags)) if first.ends_with(".toml") => load(Some(first), flags),
                _ => load(None, &words),
            };
        }
    }
    assert!(count >= 4);
}

#[test]
fn the_minimal_example_equals_its_command() {
    let text = fs::read_to_string(root().join("configs/minimal.toml")).unwrap();
    let words = commands(&text).next().unwrap();
    assert_eq!(load(None, &words), load(Some("configs/minimal.toml"), &[]));
}
