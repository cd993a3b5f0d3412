//! Rules of the daemon's own configuration that a JSON schema cannot say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use stratd_plugin_api::{Decimal, Money};
use stratd_simulation::FillRule;

use super::{
    PluginKind, ProblemKind, Span,
    origin::{Finding, Spot},
    run_config::default_name,
};
use crate::runtime::owner_of_name;

/// All problems; of values that have the wrong type the schema speaks.
pub(crate) fn findings(value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in NUMBERS {
        findings.extend(number_finding(value, rule));
    }
    findings.extend(SPANS.iter().filter_map(|pointer| span_finding(value, pointer)));
    findings.extend(liquidity_finding(value));
    findings.extend(super::risk_rules::findings(value));
    findings.extend(super::logging_config::findings(value));
    findings.extend(super::control_config::findings(value));
    findings.extend(super::warm_up_config::findings(value));
    findings.extend(super::instrument_config::findings(value));
    for kind in [PluginKind::Exchange, PluginKind::Strategy] {
        findings.extend(repeated_names(value, kind));
    }
    findings
}

pub(super) struct NumberRule<'a> {
    pub(super) pointer: &'a str,
    pub(super) is_money: bool,
    pub(super) range: Range,
}

pub(super) enum Range {
    Any,
    AboveZero,
    ZeroOrMore,
    /// More than 0, at most 1.
    Part,
    /// 0 to 1.
    Fraction,
    /// -1 to 1.
    SignedFraction,
}

impl Range {
    /// What is accepted, if the number is not.
    fn accepted(&self, number: Decimal) -> Option<&'static str> {
        let mantissa = number.mantissa();
        let one = 10i64.checked_pow(u32::from(number.scale())).unwrap_or(i64::MAX);
        let (is_in, words) = match self {
            Self::Any => (true, ""),
            Self::AboveZero => (mantissa > 0, "more than 0"),
            Self::ZeroOrMore => (mantissa >= 0, "0 or more"),
            Self::Part => (mantissa > 0 && mantissa <= one, "a fraction above 0 and at most 1"),
            Self::Fraction => ((0..=one).contains(&mantissa), "a fraction from 0 to 1"),
            Self::SignedFraction => ((-one..=one).contains(&mantissa), "a fraction from -1 to 1"),
        };
        (!is_in).then_some(words)
    }
}

const fn rule(pointer: &'static str, range: Range) -> NumberRule<'static> {
    NumberRule { pointer, is_money: false, range }
}

const fn money_rule(pointer: &'static str, range: Range) -> NumberRule<'static> {
    NumberRule { pointer, is_money: true, range }
}

const NUMBERS: &[NumberRule<'static>] = &[
    money_rule("/backtest/cash", Range::ZeroOrMore),
    rule("/fill/liquidity/volume", Range::Part),
    rule("/costs/maker_fee", Range::SignedFraction),
    rule("/costs/taker_fee", Range::SignedFraction),
    rule("/costs/fee_per_unit", Range::Any),
    money_rule("/costs/slippage/fixed", Range::ZeroOrMore),
    rule("/costs/slippage/percentage", Range::Fraction),
    rule("/costs/slippage/per_share", Range::ZeroOrMore),
    money_rule("/costs/transaction_cost/fixed", Range::ZeroOrMore),
    rule("/costs/transaction_cost/percentage", Range::Fraction),
    rule("/costs/transaction_cost/per_share", Range::ZeroOrMore),
    rule("/account/initial_margin", Range::Part),
    rule("/account/maintenance_margin", Range::Part),
];

pub(super) fn number_finding(value: &Value, rule: &NumberRule<'_>) -> Option<Finding> {
    let value = value.pointer(rule.pointer)?;
    let accepted = match Decimal::deserialize(value) {
        Ok(number) => match rule.range.accepted(number) {
            Some(accepted) => accepted,
            None if rule.is_money && Money::try_from(number).is_err() => "at most 8 decimals",
            None => return None,
        },
        // of text that is no number the pattern in the schema speaks
        Err(_) if is_digits(value) => "at most 18 digits",
        Err(_) => return None,
    };
    Some(value_finding(rule.pointer, value, accepted))
}

pub(super) fn value_finding(pointer: &str, value: &Value, accepted: &str) -> Finding {
    Finding {
        pointer: pointer.to_owned(),
        spot: Spot::Value,
        kind: ProblemKind::Value,
        found: value.to_string(),
        accepted: accepted.to_owned(),
        hint: None,
    }
}

const SPANS: &[&str] = &[
    "/fill/latency",
    "/plugins/settle",
    "/plugins/poll",
    "/plugins/probe_timeout",
    "/plugins/quiesce_timeout",
    "/plugins/probation_time",
    "/plugins/hang_timeout",
    "/plugins/isolation/call_timeout",
    "/state/save_interval",
    "/recovery/check_every",
    "/recovery/overlap",
];

/// A length of time whose form is good may still be too long.
pub(super) fn span_finding(value: &Value, pointer: &str) -> Option<Finding> {
    let value = value.pointer(pointer)?;
    let text = value.as_str()?;
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let has_form = !number.is_empty()
        && number.len() <= 15
        && number.bytes().all(|b| b.is_ascii_digit())
        && ["ns", "us", "ms", "s"].iter().any(|unit| text.strip_prefix(number) == Some(*unit));
    let is_too_long = has_form && Span::parse(text).is_none();
    is_too_long.then(|| value_finding(pointer, value, "at most 3600s"))
}

/// A limit of liquidity that the fill rule would not look at.
fn liquidity_finding(value: &Value) -> Option<Finding> {
    let fill = value.get("fill")?;
    fill.pointer("/liquidity/volume")?;
    let rule = FillRule::deserialize(fill.get("rule")?).ok()?;
    (!rule.has_liquidity_limit()).then(|| {
        Finding::conflict(
            "/fill/liquidity".to_owned(),
            format!("the fill rule {rule} does not look at a part of the volume"),
            "unlimited, or the fill rule next_price or same_price",
        )
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
        if let Some(owner) = owner_of_name(&name).filter(|_| kind == PluginKind::Strategy) {
            let at = if entry.get("name").is_some() { "/name" } else { "" };
            findings.push(Finding::conflict(
                format!("/{kind}/{index}{at}"),
                format!("the name {name} is that of the owner of {owner}"),
                "another name",
            ));
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
