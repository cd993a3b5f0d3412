//! `--param KEY=VALUES`: which key of the configuration, and what it is set to.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::config::{PluginKind, pointer};

/// Most values of one parameter.
pub(crate) const VALUES_MAX: usize = 10_000;
/// Decimals of a step.
const DECIMALS_MAX: u32 = 12;

/// A key of the configuration and the values that it takes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Param {
    /// As it was written: what columns and axes are called.
    pub(crate) key: String,
    /// TOML values, or texts.
    pub(crate) values: Vec<String>,
}

impl Param {
    /// Reads `KEY=A..B`, `KEY=A..B/STEP` or `KEY=A,B,C`.
    ///
    /// # Errors
    /// It is none of these, or has too many values.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let accepted = "KEY=FIRST..LAST, KEY=FIRST..LAST/STEP or KEY=VALUE,VALUE…";
        let Some((key, values)) = text.split_once('=') else {
            bail!("--param {text}: found no value (accepted: {accepted})");
        };
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() || values.is_empty() {
            bail!("--param {text}: found an empty key or value (accepted: {accepted})");
        }
        let values = match range(values) {
            Some(range) => range.map_err(|wrong| anyhow::anyhow!("--param {key}: {wrong}"))?,
            None => list(key, values)?,
        };
        Ok(Self { key: key.to_owned(), values })
    }

    /// The JSON pointer of the key in a configuration: itself if it is one, else a key of the table `config` of the only
    /// strategy, or of the instance that is named before the first dot.
    ///
    /// # Errors
    /// Several strategies could be meant, or none.
    pub(crate) fn pointer(&self, config: &Value) -> Result<String> {
        if self.key.starts_with('/') {
            return Ok(self.key.clone());
        }
        let named = |kind: PluginKind| {
            let entries = config.get(kind.name()).and_then(Value::as_array).into_iter().flatten();
            entries.enumerate().filter_map(move |(index, entry)| {
                let name = entry.get("name").or_else(|| entry.get("plugin"))?.as_str()?;
                Some((name.to_owned(), format!("/{}/{index}/config", kind.name())))
            })
        };
        let instances: Vec<(String, String)> =
            named(PluginKind::Strategy).chain(named(PluginKind::Exchange)).collect();
        // names may have dots themselves
        let of_instance = instances.iter().find_map(|(name, at)| {
            let key = self.key.strip_prefix(name.as_str())?.strip_prefix('.')?;
            Some((at, key))
        });
        let strategies: Vec<_> = named(PluginKind::Strategy).collect();
        let (at, key) = match (of_instance, strategies.as_slice()) {
            (Some((at, key)), _) => (at.as_str(), key),
            (None, [(_, at)]) => (at.as_str(), self.key.as_str()),
            (None, []) => {
                bail!("--param {}: the configuration has no strategy (accepted: a key of one)", self.key)
            }
            (None, many) => {
                let names: Vec<String> =
                    many.iter().map(|(name, _)| format!("{name}.{}", self.key)).collect();
                bail!(
                    "--param {}: the configuration has {} strategies (accepted: {})",
                    self.key,
                    many.len(),
                    names.join(", ")
                )
            }
        };
        Ok(key.split('.').fold(at.to_owned(), |at, key| pointer::child(&at, key)))
    }
}

/// `A..B` or `A..B/STEP`; `None` if it is no range.
fn range(text: &str) -> Option<Result<Vec<String>, String>> {
    let (first, rest) = text.split_once("..")?;
    let (last, step) = rest.split_once('/').map_or((rest, None), |(last, step)| (last, Some(step)));
    let (first, last) = (Decimal::parse(first)?, Decimal::parse(last)?);
    let step = match step.map(Decimal::parse) {
        None if first.decimals == 0 && last.decimals == 0 => Decimal { units: 1, decimals: 0 },
        None => return Some(Err(format!("found {text} (accepted: with decimals, FIRST..LAST/STEP)"))),
        Some(None) => return Some(Err(format!("found the step of {text} (accepted: a number above 0)"))),
        Some(Some(step)) => step,
    };
    let decimals = first.decimals.max(last.decimals).max(step.decimals);
    let units = |number: Decimal| number.units.checked_mul(10i64.checked_pow(decimals - number.decimals)?);
    let (Some(from), Some(to), Some(by)) = (units(first), units(last), units(step)) else {
        return Some(Err(format!("found {text} (accepted: numbers of at most 18 digits)")));
    };
    if by <= 0 || to < from {
        return Some(Err(format!(
            "found {text} (accepted: a first value up to the last, and a step above 0)"
        )));
    }
    let count = to.abs_diff(from) / by.unsigned_abs() + 1;
    if count > VALUES_MAX as u64 {
        return Some(Err(format!("found {count} values (accepted: {VALUES_MAX}, as with a larger step)")));
    }
    let values = (0..).map(|index: i64| from.checked_add(by.checked_mul(index)?));
    let values = values.map_while(|value| value.filter(|value| *value <= to));
    Some(Ok(values.map(|units| Decimal { units, decimals }.text()).collect()))
}

/// Values between commas.
fn list(key: &str, text: &str) -> Result<Vec<String>> {
    let values: Vec<String> = split(text).into_iter().map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        bail!("--param {key}: found an empty value in {text} (accepted: values between commas)");
    }
    if let Some((index, twice)) = values
        .iter()
        .enumerate()
        .find(|(index, value)| values.iter().take(*index).any(|known| known == *value))
    {
        bail!("--param {key}: value {} is {twice} again (accepted: each value once)", index + 1);
    }
    if values.len() > VALUES_MAX {
        bail!("--param {key}: found {} values (accepted: {VALUES_MAX})", values.len());
    }
    Ok(values)
}

/// At commas, but for those in quotes or brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quote) = (0u32, None);
    text.split(|c| {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => return c == ',' && depth == 0,
        }
        false
    })
    .collect()
}

/// `units * 10^-decimals`.
#[derive(Clone, Copy)]
struct Decimal {
    units: i64,
    decimals: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let decimals = u32::try_from(fraction.len()).ok().filter(|count| *count <= DECIMALS_MAX)?;
        let has_digits = whole.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        let are_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
        (has_digits && are_digits).then_some(())?;
        Some(Self { units: format!("{whole}{fraction}").parse().ok()?, decimals })
    }

    fn text(self) -> String {
        let Self { units, decimals } = self;
        if decimals == 0 {
            return units.to_string();
        }
        let width = decimals as usize + 1;
        let digits = format!("{:0>width$}", units.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - decimals as usize);
        format!("{}{whole}.{fraction}", if units < 0 { "-" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(text: &str) -> String {
        match Param::parse(text) {
            Ok(param) => format!("{}: {}", param.key, param.values.join(" ")),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ranges_have_both_ends_and_exact_steps() {
        assert_eq!(values("fast=5..8"), "fast: 5 6 7 8");
        assert_eq!(values("fast=5..50/20"), "fast: 5 25 45");
        assert_eq!(values("x=-0.1..0.2/0.1"), "x: -0.1 0.0 0.1 0.2");
        assert_eq!(values("x=1..2/0.25"), "x: 1.00 1.25 1.50 1.75 2.00");
        assert_eq!(values("x=7..7"), "x: 7");
    }

    #[test]
    fn lists_have_any_values() {
        assert_eq!(values("rule=same_price,next_price"), "rule: same_price next_price");
        assert_eq!(values(r#"s=["a", "b"],["c"]"#), r#"s: ["a", "b"] ["c"]"#);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(
            values("fast"),
            "--param fast: found no value (accepted: KEY=FIRST..LAST, KEY=FIRST..LAST/STEP or KEY=VALUE,VALUE…)"
        );
        assert_eq!(
            values("x=0.1..0.5"),
            "--param x: found 0.1..0.5 (accepted: with decimals, FIRST..LAST/STEP)"
        );
        assert_eq!(
            values("x=9..1"),
            "--param x: found 9..1 (accepted: a first value up to the last, and a step above 0)"
        );
        assert_eq!(
            values("x=1..9/0"),
            "--param x: found 1..9/0 (accepted: a first value up to the last, and a step above 0)"
        );
        assert_eq!(
            values("x=0..1000000"),
            "--param x: found 1000001 values (accepted: 10000, as with a larger step)"
        );
        assert_eq!(values("x=0..9223372036854775807/9223372036854775807"), "x: 0 9223372036854775807");
        assert_eq!(values("x=1,2,1"), "--param x: value 3 is 1 again (accepted: each value once)");
        assert_eq!(
            values("x=1,,2"),
            "--param x: found an empty value in 1,,2 (accepted: values between commas)"
        );
    }

    #[test]
    fn a_key_belongs_to_the_only_strategy_or_to_the_one_that_it_names() {
        let at = |key: &str, config: &Value| {
            let param = Param { key: key.to_owned(), values: Vec::new() };
            param.pointer(config).unwrap_or_else(|error| error.to_string())
        };
        let one = json!({ "strategy": [{ "plugin": "ema-cross" }], "exchange": [{ "plugin": "csv" }] });
        assert_eq!(at("fast", &one), "/strategy/0/config/fast");
        assert_eq!(at("a.b", &one), "/strategy/0/config/a/b");
        assert_eq!(at("csv.adjust", &one), "/exchange/0/config/adjust");
        assert_eq!(at("/fill/rule", &one), "/fill/rule");
        let two = json!({ "strategy": [{ "plugin": "a" }, { "plugin": "a", "name": "b.c" }] });
        assert_eq!(at("b.c.fast", &two), "/strategy/1/config/fast");
        assert_eq!(
            at("fast", &two),
            "--param fast: the configuration has 2 strategies (accepted: a.fast, b.c.fast)"
        );
        assert_eq!(
            at("fast", &json!({})),
            "--param fast: the configuration has no strategy (accepted: a key of one)"
        );
    }
}
