//! Rules of the daemon's own configuration that a JSON schema cannot say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use stratd_plugin_api::{Decimal, Money};

use super::{
    PluginKind, ProblemKind,
    origin::{Finding, Spot},
    run_config::default_name,
};

/// All problems; of values that have the wrong type the schema speaks.
pub(crate) fn findings(value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in NUMBERS {
        findings.extend(number_finding(value, rule));
    }
    for kind in [PluginKind::Exchange, PluginKind::Strategy] {
        findings.extend(repeated_names(value, kind));
    }
    findings
}

struct NumberRule {
    pointer: &'static str,
    is_money: bool,
    may_be_zero: bool,
}

const NUMBERS: &[NumberRule] = &[
    NumberRule { pointer: "/backtest/cash", is_money: true, may_be_zero: true },
    NumberRule { pointer: "/risk/max_order_quantity", is_money: false, may_be_zero: false },
    NumberRule { pointer: "/risk/max_order_notional", is_money: true, may_be_zero: false },
    NumberRule { pointer: "/risk/max_position", is_money: false, may_be_zero: false },
];

fn number_finding(value: &Value, rule: &NumberRule) -> Option<Finding> {
    let value = value.pointer(rule.pointer)?;
    let accepted = match Decimal::deserialize(value) {
        Ok(number) if number.mantissa() < 0 || number.mantissa() == 0 && !rule.may_be_zero => {
            if rule.may_be_zero { "0 or more" } else { "more than 0" }
        }
        Ok(number) if rule.is_money && Money::try_from(number).is_err() => "at most 8 decimals",
        Ok(_) => return None,
        // of text that is no number the pattern in the schema speaks
        Err(_) if is_digits(value) => "at most 18 digits",
        Err(_) => return None,
    };
    Some(Finding {
        pointer: rule.pointer.to_owned(),
        spot: Spot::Value,
        kind: ProblemKind::Value,
        found: value.to_string(),
        accepted: accepted.to_owned(),
        hint: None,
    })
}

/// Whether the value has the form of a decimal number, so that only its size can be wrong.
fn is_digits(value: &Value) -> bool {
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    match value {
        Value::Number(_) => true,
        Value::String(text) => text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_of_number),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn repeated_names(value: &Value, kind: PluginKind) -> Vec<Finding> {
    let mut first_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut findings = Vec::new();
    let entries = value.get(kind.name()).and_then(Value::as_array);
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        let plugin = entry.get("plugin").and_then(Value::as_str).map(|plugin| default_name(kind, plugin));
        let Some(name) = entry.get("name").map_or(plugin, |name| name.as_str().map(str::to_owned)) else {
            continue;
        };
        if name.is_empty() {
            let at = format!("/{kind}/{index}");
            findings.push(Finding::conflict(at, "its plugin gives it no name", "a key name"));
            continue;
        }
        let first = *first_of.entry(name.clone()).or_insert(index);
        if first != index {
            let pointer = format!("/{kind}/{index}");
            let is_named = entry.get("name").is_some();
            findings.push(Finding::conflict(
                if is_named { format!("{pointer}/name") } else { pointer },
                format!("the name {name} is that of {kind}[{first}] too"),
                if is_named { "a unique name" } else { "a key name that tells them apart" },
            ));
        }
    }
    findings
}
