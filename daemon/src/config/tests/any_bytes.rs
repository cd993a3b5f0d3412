//! Whatever the bytes: an answer, no panic.

use proptest::prelude::*;

use super::{FakePlugins, GOOD, flags, load};
use crate::{
    check::{PluginFacts, PluginLookup, check},
    config::{Draft, PluginKind, Problem},
};

/// A plugin whose schema is any text.
struct AnySchema(String);

impl PluginLookup for AnySchema {
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
        let good = FakePlugins.find(kind, name)?;
        Ok(PluginFacts { config_schema: self.0.clone(), ..good })
    }

    fn names(&self, _: PluginKind) -> Vec<String> {
        Vec::new()
    }
}

/// Pieces of configurations, right and wrong ones.
fn toml() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("trading_type"),
        Just("plugin_dirs"),
        Just("results"),
        Just("exchange"),
        Just("strategy"),
        Just("risk"),
        Just("backtest"),
        Just("plugin"),
        Just("config"),
        Just("name"),
        Just("file"),
        Just("size"),
        Just("kind"),
        Just("max_position"),
        Just("cash"),
        Just("instrument_types"),
        Just("'a/~ b'"),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("-0.0"),
        Just("1e400"),
        Just("'odd'"),
        Just("'csv'"),
        Just("[]"),
        Just("{}"),
        Just("[[1], {a.b = 2}]"),
        Just("true"),
        Just("1979-05-27"),
        Just("'fixed'"),
        Just("'live'"),
        Just("99999999999999999999"),
        Just("'é'"),
    ];
    let line = prop_oneof![
        (key.clone(), value).prop_map(|(key, value)| format!("{key} = {value}")),
        (key.clone(), key.clone()).prop_map(|(a, b)| format!("[{a}.{b}]")),
        key.clone().prop_map(|key| format!("[{key}]")),
        key.prop_map(|key| format!("[[{key}]]")),
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

fn schema() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::json;
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!(false)),
        Just(json!(7)),
        Just(json!({ "type": "integer", "minimum": 1 })),
        Just(json!({ "type": ["string", "null"], "format": "path" })),
        Just(json!({ "$ref": "#/nowhere" })),
        Just(json!({ "const": "odd" })),
        Just(json!({ "pattern": "(" })),
        Just(json!({ "x-accepted": 3 })),
        Just(json!({ "$ref": "https://example.org/x" })),
        Just(json!({ "enum": [null, 1, "a"] })),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let list = proptest::collection::vec(inner.clone(), 1..3);
        let keys = prop_oneof![
            Just("oneOf"),
            Just("anyOf"),
            Just("allOf"),
            Just("type"),
            Just("enum"),
            Just("required")
        ];
        prop_oneof![
            (keys, list).prop_map(|(key, list)| json!({ key: list })),
            inner.clone().prop_map(|node| json!({ "properties": { "size": node }, "required": ["file"] })),
            inner.clone().prop_map(|node| json!({ "additionalProperties": node })),
            inner.clone().prop_map(|node| json!({ "items": node, "unevaluatedProperties": false })),
            inner.prop_map(|node| json!({ "$ref": "#/$defs/A", "$defs": { "A": node } })),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = load(Some(&bytes), &[]);
    }

    #[test]
    fn no_toml_panics(text in toml()) {
        if let Err(problems) = load(Some(text.as_bytes()), &[]) {
            prop_assert!(!problems.is_empty());
            for Problem { position, .. } in problems {
                prop_assert!(position.is_none_or(|at| at.line >= 1 && at.line <= text.lines().count() + 1 && at.column >= 1));
            }
        }
    }

    #[test]
    fn no_change_of_a_good_file_panics(at in 0..GOOD.len(), byte in any::<u8>()) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = load(Some(&bytes), &[]);
    }

    #[test]
    fn no_schema_panics(schema in schema(), text in toml()) {
        let text = format!("[[exchange]]\nplugin = 'csv'\n[[strategy]]\nplugin = 'odd'\n[strategy.config]\n{text}");
        for text in [text.as_str(), "[[strategy]]\nplugin = 'odd'\nconfig = { size = { kind = 1 }, file = [1, 'a'] }"] {
            if let Ok(draft) = Draft::parse("x.toml".as_ref(), text.as_bytes(), &flags(&[])) {
                let _ = check(&draft, &AnySchema(schema.to_string()));
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
    ] {
        assert!(load(Some(text.as_bytes()), &[]).is_err());
    }
    let nested = format!("x = {}1{}", "[{a.b.c.d.e.f.g.h = ".repeat(30), "}]".repeat(30));
    assert!(load(Some(nested.as_bytes()), &[]).is_err());
}
