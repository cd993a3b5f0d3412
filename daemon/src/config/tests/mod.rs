//! Broken configurations in, the exact text of their problems out.

mod any_bytes;
mod control_keys;
mod examples;
mod flags;
mod own_keys;
mod plugin_keys;
mod risk_keys;

use std::path::Path;

use clap::Parser;
use expect_test::Expect;
use serde_json::json;
use stratd_plugin_api::{Decimal, InstrumentType, InstrumentTypes, TradingType, TradingTypes};

use super::{Draft, Flags, PluginKind, Problem, RunConfig};
use crate::check::{PluginFacts, PluginLookup, check};

/// A `[[exchange]]` and a `[[strategy]]` without problems, for texts that are about something else.
pub(crate) const GOOD: &str = r#"
[[exchange]]
plugin = "csv"
config.file = "p.csv"
[[strategy]]
plugin = "hold"
"#;

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Command {
    #[command(flatten)]
    flags: Flags,
}

/// The flags of a command line.
pub(crate) fn flags(words: &[&str]) -> Flags {
    match Command::try_parse_from(words) {
        Ok(command) => command.flags,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn load(text: Option<&[u8]>, words: &[&str]) -> Result<RunConfig, Vec<Problem>> {
    let flags = flags(words);
    let draft = match text {
        Some(text) => Draft::parse(Path::new("etc/run.toml"), text, &flags)?,
        None => Draft::read(None, &flags)?,
    };
    check(&draft, &FakePlugins)
}

/// Compares the problems of a file, one a line, with what is expected.
pub(crate) fn check_file(text: &str, expect: Expect) {
    check_both(Some(text), &[], expect);
}

/// As [`check_file`] with flags over the file, or without a file.
pub(crate) fn check_both(text: Option<&str>, words: &[&str], expect: Expect) {
    expect.assert_eq(&match load(text.map(str::as_bytes), words) {
        Ok(_) => "no problems".to_owned(),
        Err(problems) => problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"),
    });
}

/// The configuration, which must be without problems.
pub(crate) fn accepted(text: Option<&str>, words: &[&str]) -> RunConfig {
    match load(text.map(str::as_bytes), words) {
        Ok(config) => config,
        Err(problems) => panic!("{}", problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// Plugins that exist only as manifests.
pub(crate) struct FakePlugins;

impl PluginLookup for FakePlugins {
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
        let full = format!("{}{}", kind.prefix(), super::default_name(kind, name));
        let decimal = schemars::schema_for!(Decimal).to_value()["pattern"].clone();
        let schema = match full.as_str() {
            "exchange-csv" | "exchange-bonds" => csv_schema(),
            "exchange-desk" | "exchange-orders" | "exchange-live-data" => json!({ "type": "object" }),
            "strategy-hold" => json!({
                "type": "object",
                "properties": { "quantity": { "type": ["number", "string"], "pattern": decimal } },
            }),
            "strategy-ema-cross" => ema_cross_schema(),
            "strategy-odd" => odd_schema(),
            "strategy-broken" => json!({ "type": "intteger" }),
            // what a user gets who writes an exchange where a strategy is meant
            "strategy-csv" => return self.find(PluginKind::Exchange, "csv"),
            _ => return Err(format!("no plugin {full} in /usr/lib/stratd/plugins")),
        };
        let backtest = TradingTypes::of(&[TradingType::Backtest]);
        let others = TradingTypes::of(&[TradingType::Simulation, TradingType::Sandbox, TradingType::Live]);
        Ok(PluginFacts {
            kind,
            version: "0.1.0".to_owned(),
            config_schema: schema.to_string(),
            market_data: full != "exchange-orders",
            order_entry: full == "exchange-desk" || full == "exchange-orders",
            trading_types: if full == "exchange-csv" { backtest } else { others },
            instrument_types: InstrumentTypes::of(&[InstrumentType::Equity, InstrumentType::Index]),
            name: full,
        })
    }

    fn names(&self, kind: PluginKind) -> Vec<String> {
        let names: &[&str] = match kind {
            PluginKind::Exchange => &["csv", "desk", "orders"],
            PluginKind::Strategy => &["ema-cross", "hold", "odd"],
            PluginKind::Log => &["filter"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

fn csv_schema() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "file": { "type": "string", "format": "path" },
            "files": { "type": "array", "items": { "type": "string" }, "format": "path" },
            "adjust": { "$ref": "#/$defs/Adjust" },
        },
        "required": ["file"],
        "additionalProperties": false,
        "$defs": { "Adjust": { "oneOf": [
            { "const": "none", "description": "as they are" },
            { "const": "adj_close", "description": "scaled" },
        ] } },
    })
}

fn ema_cross_schema() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "fast": { "type": "integer", "minimum": 1, "maximum": 1_000_000 },
            "slow": { "type": "integer", "minimum": 2, "maximum": 1_000_000 },
            "reverse": { "type": "boolean" },
        },
        "additionalProperties": false,
    })
}

/// What a schema may also hold.
fn odd_schema() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": {
            "token": { "type": "string", "minLength": 8, "writeOnly": true },
            "symbol": { "type": ["string", "null"] },
            "ratio": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
            "step": { "type": "integer", "multipleOf": 5 },
            "weekdays": { "type": "array", "items": { "enum": ["mon", "tue"] }, "minItems": 1, "uniqueItems": true },
            "limits": { "type": "object", "properties": { "day": { "type": "integer" } }, "additionalProperties": false },
            "size": { "oneOf": [
                { "type": "object", "properties": { "kind": { "const": "fixed" }, "quantity": { "type": "integer" } },
                  "required": ["kind", "quantity"], "additionalProperties": false },
                { "type": "object", "properties": { "kind": { "const": "share" }, "percent": { "type": "integer", "maximum": 100 } },
                  "required": ["kind", "percent"], "additionalProperties": false },
            ] },
            "source": { "oneOf": [
                { "type": "object", "properties": { "file": { "type": "string", "format": "path" } },
                  "required": ["file"], "additionalProperties": false },
                { "type": "object", "properties": { "url": { "type": "string" } },
                  "required": ["url"], "additionalProperties": false },
            ] },
            "optional": { "anyOf": [{ "$ref": "#/$defs/Range" }, { "type": "null" }] },
            "models": { "type": "object", "additionalProperties": { "type": "string", "format": "path" } },
        },
        "required": [],
        "$defs": { "Range": {
            "type": "object",
            "properties": { "low": { "type": "integer" }, "high": { "type": "integer" } },
            "required": ["low", "high"],
        } },
    })
}
