//! Rules of `[risk]`, `[hours]` and `[portfolio]` that a JSON schema cannot say: ranges of exact numbers, names that must exist.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    HoursConfig, PluginKind, Span,
    origin::Finding,
    own_rules::{NumberRule, Range, number_finding, span_finding, value_finding},
    pointer,
    run_config::default_name,
};
use crate::runtime::MANUAL;

/// All problems; of values that have the wrong type the schema speaks.
pub(super) fn findings(value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, limits) in scopes(value) {
        numbers(value, &at, &mut findings);
        findings.extend(unknown_hours(value, &at, limits));
    }
    findings.extend(unknown_strategies(value));
    for (currency, _) in tables(value, "/portfolio/rates") {
        let at = pointer::child("/portfolio/rates", currency);
        for pointer in [at.clone(), format!("{at}/initial")] {
            findings.extend(number_finding(
                value,
                &NumberRule { pointer: &pointer, is_money: false, range: Range::AboveZero },
            ));
        }
    }
    for (name, table) in tables(value, "/hours") {
        let Ok(config) = HoursConfig::deserialize(table) else { continue };
        let at = pointer::child("/hours", name);
        for (key, found, accepted) in config.problems_or_hours().err().into_iter().flatten() {
            let shown = Value::String(found.trim_matches('"').to_owned());
            findings.push(value_finding(&format!("{at}/{key}"), &shown, accepted));
        }
    }
    findings
}

/// The tables of limits, with their places.
fn scopes(value: &Value) -> Vec<(String, &Map<String, Value>)> {
    let run = value.get("risk").and_then(Value::as_object).map(|table| ("/risk".to_owned(), table));
    let mut scopes: Vec<_> = run.into_iter().collect();
    for parent in ["/risk/strategy", "/risk/instrument"] {
        let of_parent = tables(value, parent);
        scopes.extend(
            of_parent.filter_map(|(name, table)| Some((pointer::child(parent, name), table.as_object()?))),
        );
    }
    scopes
}

fn tables<'a>(value: &'a Value, at: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(at).and_then(Value::as_object).into_iter().flatten()
}

fn numbers(value: &Value, at: &str, findings: &mut Vec<Finding>) {
    let mut check = |key: &str, is_money: bool| {
        // alone, or in a table
        for pointer in [format!("{at}/{key}"), format!("{at}/{key}/limit")] {
            findings.extend(number_finding(
                value,
                &NumberRule { pointer: &pointer, is_money, range: Range::AboveZero },
            ));
        }
    };
    check("max_order_quantity", false);
    check("max_order_notional", true);
    check("max_position", false);
    check("max_daily_loss", true);
    check("max_drawdown", true);
    for (unit, decimals) in [("percent", 16), ("bps", 14)] {
        let pointer = format!("{at}/price_collar/{unit}");
        findings.extend(number_finding(
            value,
            &NumberRule { pointer: &pointer, is_money: false, range: Range::AboveZero },
        ));
        let number =
            value.pointer(&pointer).and_then(|number| stratd_plugin_api::Decimal::deserialize(number).ok());
        if let Some(number) = number.filter(|number| number.scale() > decimals) {
            let shown = Value::String(number.to_string());
            findings.push(value_finding(&pointer, &shown, &format!("at most {decimals} decimals")));
        }
    }
    for key in ["max_order_rate/window", "trading_hours/before_close"] {
        findings.extend(span_finding(value, &format!("{at}/{key}")));
    }
    let window = format!("{at}/max_order_rate/window");
    let found = value.pointer(&window).and_then(Value::as_str);
    if found.and_then(Span::parse).is_some_and(|window| window.nanoseconds() == 0) {
        findings.extend(
            found.map(|found| value_finding(&window, &Value::String(found.to_owned()), "a time above 0")),
        );
    }
}

/// Trading hours that no table describes.
fn unknown_hours(value: &Value, at: &str, limits: &Map<String, Value>) -> Option<Finding> {
    let rule = limits.get("trading_hours")?;
    let known: Vec<&str> = tables(value, "/hours").map(|(name, _)| name.as_str()).collect();
    let one_of_them = || match known[..] {
        [] => "the name of an [hours.NAME] table, of which there is none".to_owned(),
        _ => format!("the name of an [hours.NAME] table: {}", known.join(", ")),
    };
    if let Some(calendar) = rule.get("holidays") {
        let key = format!("{at}/trading_hours/holidays");
        if rule.get("hours").is_some() {
            let accepted =
                "no `holidays` beside `hours`, which has its own: it is for hours that the exchange tells";
            return Some(value_finding(&key, calendar, accepted));
        }
        if !known.contains(&calendar.as_str()?) {
            return Some(value_finding(&key, calendar, &one_of_them()));
        }
    }
    let Some(name) = rule.get("hours") else {
        let accepted = "hours = the name of an [hours.NAME] table; those of exchanges are for [risk] and [risk.instrument.SYMBOL]";
        let is_of_strategy = at.starts_with("/risk/strategy/") && rule.is_object();
        return is_of_strategy.then(|| value_finding(&format!("{at}/trading_hours"), rule, accepted));
    };
    if known.contains(&name.as_str()?) {
        return None;
    }
    Some(value_finding(&format!("{at}/trading_hours/hours"), name, &one_of_them()))
}

/// Limits of strategies that the run does not have.
fn unknown_strategies(value: &Value) -> Vec<Finding> {
    let entries = value.get("strategy").and_then(Value::as_array).into_iter().flatten();
    let names: BTreeSet<String> = entries
        .filter_map(|entry| {
            let plugin = entry.get("plugin").and_then(Value::as_str);
            let own = entry.get("name").and_then(Value::as_str).map(str::to_owned);
            own.or_else(|| plugin.map(|plugin| default_name(PluginKind::Strategy, plugin)))
        })
        .collect();
    let unknown =
        tables(value, "/risk/strategy").filter(|(name, _)| !names.contains(*name) && *name != MANUAL);
    let accepted = format!(
        "the name of a strategy: {}; or {MANUAL}, for orders by hand",
        names.iter().cloned().collect::<Vec<_>>().join(", ")
    );
    let finding = |(name, _): (&String, &Value)| {
        Finding::conflict(
            pointer::child("/risk/strategy", name),
            format!("no strategy has the name {name}"),
            &accepted,
        )
    };
    unknown.map(finding).collect()
}
