//! The verdict for people and for programs.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use stratd_plugin_api::{InstrumentType, TradingType, abi::plugin_flag};

use crate::{
    host::{Accepted, Identity, Manifest, Refusal},
    plugin_kind::PluginKind,
};

/// The flags of a manifest in words.
const FLAGS: [(u64, &str); 7] = [
    (plugin_flag::MARKET_DATA, "market-data"),
    (plugin_flag::ORDER_ENTRY, "order-entry"),
    (plugin_flag::HISTORICAL, "historical"),
    (plugin_flag::BATCH_SAFE, "batch-safe"),
    (plugin_flag::SPAWNS_THREADS, "spawns-threads"),
    (plugin_flag::UNLOAD_SAFE, "unload-safe"),
    (plugin_flag::MAKE_BEFORE_BREAK, "make-before-break"),
];

/// Prints the verdict to the standard output.
pub(super) fn print(verdict: &Result<Accepted, Refusal>, as_json: bool) -> Result<()> {
    let text = if as_json { json_text(verdict)? } else { table(verdict) };
    io::stdout().lock().write_all(text.as_bytes()).context("printing the verdict")
}

fn json_text(verdict: &Result<Accepted, Refusal>) -> Result<String> {
    let value = match verdict {
        Ok(accepted) => json!({
            "verdict": "accepted",
            "plugin": accepted.plugin,
            "layout_checked": accepted.is_layout_checked,
            "manifest": manifest(&accepted.manifest),
        }),
        Err(refusal) => json!({
            "verdict": "refused",
            "plugin": refusal.plugin,
            "step": refusal.step,
            "found": refusal.found,
            "accepted": refusal.accepted,
            "message": refusal.to_string(),
        }),
    };
    Ok(serde_json::to_string_pretty(&value).context("writing the verdict as JSON")? + "\n")
}

/// The manifest with words instead of bits.
fn manifest(manifest: &Manifest) -> Value {
    json!({
        "kind": manifest.kind,
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "build_id": manifest.build_id,
        "compiler": manifest.compiler,
        "abi_crate": manifest.abi_crate,
        "state_version": manifest.state_version,
        "state_compat_min": manifest.state_compat_min,
        "panic_unwinds": manifest.panic_unwinds,
        "flags": flags(manifest),
        "trading_types": trading_types(manifest),
        "instrument_types": instrument_types(manifest),
        "takes": manifest.takes().to_string(),
        "config_schema": manifest.config_schema,
    })
}

fn flags(manifest: &Manifest) -> Vec<&'static str> {
    FLAGS.into_iter().filter(|(bit, _)| manifest.has_flag(*bit)).map(|(_, name)| name).collect()
}

fn trading_types(manifest: &Manifest) -> Vec<&'static str> {
    TradingType::ALL
        .into_iter()
        .filter(|t| manifest.trading_types().contains(*t))
        .map(TradingType::name)
        .collect()
}

fn instrument_types(manifest: &Manifest) -> Vec<&'static str> {
    InstrumentType::ALL
        .iter()
        .copied()
        .filter(|t| manifest.instrument_types().contains(*t))
        .map(InstrumentType::name)
        .collect()
}

fn table(verdict: &Result<Accepted, Refusal>) -> String {
    let mut lines = Vec::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{label:<16}{value}"));
        }
    };
    match verdict {
        Ok(accepted) => {
            identity(&accepted.plugin, &mut line);
            described(accepted, &mut line);
            line("verdict", "accepted");
        }
        Err(refusal) => {
            identity(&refusal.plugin, &mut line);
            line("verdict", "refused");
            line("step", refusal.step.name());
            line("found", &refusal.found);
            line("accepted", &refusal.accepted);
        }
    }
    lines.join("\n") + "\n"
}

fn identity(plugin: &Identity, line: &mut impl FnMut(&str, &str)) {
    line("file", &plugin.file.display().to_string());
    line("sha-256", plugin.hash.as_deref().unwrap_or_default());
    line("build id", plugin.build_id.as_deref().unwrap_or_default());
    line("name", plugin.name.as_deref().unwrap_or_default());
    line("version", plugin.version.as_deref().unwrap_or_default());
}

fn described(accepted: &Accepted, line: &mut impl FnMut(&str, &str)) {
    let manifest = &accepted.manifest;
    line("kind", manifest.kind.name());
    line("description", &manifest.description);
    line("compiler", &manifest.compiler);
    let checked = if accepted.is_layout_checked {
        "every type compared field by field"
    } else {
        "sizes and the ABI number compared"
    };
    let version = if manifest.abi_crate.is_empty() { "(no version)" } else { &manifest.abi_crate };
    line("contract", &format!("stratd-abi {version}, {checked}"));
    let state = match manifest.state_version {
        0 => "none".to_owned(),
        version => format!("version {version}, restores from version {}", manifest.state_compat_min),
    };
    line("state", &state);
    line("flags", &flags(manifest).join(", "));
    if manifest.kind == PluginKind::Exchange {
        line("trading types", &trading_types(manifest).join(", "));
        line("instruments", &instrument_types(manifest).join(", "));
        line("orders", &manifest.takes().to_string());
    }
    for part in &manifest.log_parts {
        line("offers", part);
    }
    if manifest.kind == PluginKind::Log {
        // it has no instance that could be configured
        return;
    }
    let keys = config_keys(&manifest.config_schema);
    if keys.is_empty() {
        line("config", "no keys are described");
    }
    for key in keys {
        line("config", &key);
    }
}

/// One line for each key at the top of a configuration schema.
fn config_keys(schema: &Value) -> Vec<String> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|keys| keys.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    properties
        .iter()
        .map(|(key, about)| {
            let use_of_it = match about.get("default") {
                _ if required.contains(&key.as_str()) => "required".to_owned(),
                Some(default) => format!("default {default}"),
                None => "optional".to_owned(),
            };
            let description = about.get("description").and_then(Value::as_str).unwrap_or_default();
            // lines are wrapped where the author's comment was: the first paragraph is what belongs together
            let paragraph = description.split("\n\n").next().unwrap_or_default().replace('\n', " ");
            format!("{key} ({use_of_it}) {paragraph}").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn keys_are_listed_with_how_they_are_used() {
        let schema = json!({
            "properties": {
                "file": {"description": "Where.\nMore of it."},
                "fast": {"default": 10},
                "limit": {},
            },
            "required": ["file"],
        });
        expect![[r"
            file (required) Where. More of it.
            fast (default 10)
            limit (optional)"]]
        .assert_eq(&config_keys(&schema).join("\n"));
        assert!(config_keys(&json!({})).is_empty());
    }

    #[test]
    fn a_refusal_is_printed_with_all_that_is_known() {
        let refusal = Refusal {
            plugin: Box::new(Identity { file: "libx.so".into(), ..Identity::default() }),
            step: crate::host::Step::PanicMode,
            found: "a bad thing".to_owned(),
            accepted: "a good one".to_owned(),
        };
        expect![[r"
            file            libx.so
            verdict         refused
            step            panic mode
            found           a bad thing
            accepted        a good one
        "]]
        .assert_eq(&table(&Err(refusal.clone())));
        expect![[r#"
            {
              "verdict": "refused",
              "plugin": {
                "file": "libx.so",
                "hash": null,
                "build_id": null,
                "name": null,
                "version": null
              },
              "step": "panic-mode",
              "found": "a bad thing",
              "accepted": "a good one",
              "message": "loading libx.so: panic mode: a bad thing (accepted: a good one)"
            }
        "#]]
        .assert_eq(&json_text(&Err(refusal)).unwrap());
    }
}
