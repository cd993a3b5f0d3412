//! The tables `[instrument.SYMBOL]` and `[routing]`: what exchanges do not tell of instruments, and where orders go.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use stratd_plugin_api::{Decimal, InstrumentType, OptionType, Side, Timestamp};

use super::{
    PluginKind,
    origin::Finding,
    own_rules::{NumberRule, Range, number_finding, value_finding},
    pointer,
    run_config::default_name,
    warm_up_config::Moment,
};

/// What is said of one instrument besides what its exchange tells. A key that is absent is as the exchange tells it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct InstrumentConfig {
    /// Of an instrument that no exchange has: `spread`. Its quotes are made of those of its `legs`, and no order for it passes.
    /// One that an exchange has keeps the type that it tells.
    #[serde(rename = "type", deserialize_with = "instrument_type")]
    #[schemars(schema_with = "derived_type")]
    pub instrument_type: Option<InstrumentType>,
    /// The smallest step of its price. Orders off it are denied.
    #[schemars(extend("x-accepted" = "a number above 0"))]
    pub tick: Option<Decimal>,
    /// The smallest step of quantities. Orders off it are denied.
    #[schemars(extend("x-accepted" = "a number above 0"))]
    pub lot: Option<Decimal>,
    /// What one point of its price is worth for a quantity of one, with at most 8 decimals.
    #[schemars(extend("x-accepted" = "a number above 0"))]
    pub multiplier: Option<Decimal>,
    /// When it expires: a time, which itself is still of its life, or a day, of which all is. Then its orders end, its
    /// positions are settled in cash, and no order for it passes any more.
    pub expiry: Option<Expiry>,
    /// The strike of an option.
    pub strike: Option<Decimal>,
    /// The right that an option gives: `call` or `put`.
    #[serde(deserialize_with = "option_type")]
    #[schemars(schema_with = "option_type_name")]
    pub option_type: Option<OptionType>,
    /// The symbol of the underlying of an option or future: of its own exchange, or else of the first one that has it.
    pub underlying: Option<String>,
    /// The two legs of a spread: `[{ instrument = "ESM4", side = "buy" }, { instrument = "ESU4", side = "sell" }]`.
    #[schemars(length(max = 2), extend("x-accepted" = "two legs, each with an instrument and a side"))]
    pub legs: Vec<LegConfig>,
    /// Where an order for it goes that names no exchange: as `default` of `[routing]`, which counts without this key.
    pub route: Option<String>,
}

/// One leg of a spread.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct LegConfig {
    /// Its symbol, or `SYMBOL@EXCHANGE`.
    pub instrument: String,
    /// Whether the spread has it bought or sold: `buy` or `sell`.
    #[serde(deserialize_with = "side")]
    #[schemars(schema_with = "side_name")]
    pub side: Side,
}

/// Where orders go.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoutingConfig {
    /// Where an order goes that names no exchange, for an instrument that several exchanges have under one symbol and type:
    /// `own` (that of the instrument which it names), `best` (the best price among those that take it; of equal ones the
    /// first in this file), or the name of an exchange. `docs/orders.md` is the guide.
    #[schemars(extend("default" = "own"))]
    pub default: Option<String>,
}

/// What is said of instruments, and where orders for them go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstrumentsConfig {
    /// By symbol, or by `SYMBOL@EXCHANGE`.
    pub described: BTreeMap<String, InstrumentConfig>,
    /// Where orders go.
    pub routing: RoutingConfig,
}

impl InstrumentsConfig {
    /// What is said of an instrument of an exchange, the most particular last.
    pub(crate) fn of<'a>(
        &'a self,
        symbol: &str,
        exchange: &str,
    ) -> impl Iterator<Item = (String, &'a InstrumentConfig)> {
        let keys = [symbol.to_owned(), format!("{symbol}@{exchange}")];
        keys.into_iter().filter_map(|key| {
            let described = self.described.get(&key)?;
            Some((key, described))
        })
    }
}

/// The end of the life of an instrument: its last moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry(pub Timestamp);

impl Expiry {
    fn parse(text: &str) -> Option<Self> {
        let Moment(at) = Moment::parse(text)?;
        let is_day = text.len() == "2013-03-01".len();
        let last = if is_day { at.checked_add(Timestamp::DAY_NS - 1)? } else { at };
        (last.get() > 0).then_some(Self(last))
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is not {}", Moment::ACCEPTED)))
    }
}

impl JsonSchema for Expiry {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expiry".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Moment::json_schema(generator)
    }
}

/// What the schema lets pass and is nothing still.
pub(super) fn findings(value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let exchanges = exchange_names(value);
    if let Some(found) = value.pointer("/routing/default") {
        findings.extend(route_finding(found, "/routing/default", &exchanges));
    }
    let tables = value.get("instrument").and_then(Value::as_object).into_iter().flatten();
    for (symbol, table) in tables {
        let at = pointer::child("/instrument", symbol);
        for key in ["tick", "lot", "multiplier"] {
            let pointer = format!("{at}/{key}");
            let rule =
                NumberRule { pointer: &pointer, is_money: key == "multiplier", range: Range::AboveZero };
            findings.extend(number_finding(value, &rule));
        }
        let text = |key: &str| table.get(key).and_then(Value::as_str);
        if let (Some(found), Some(shown)) = (text("expiry"), table.get("expiry"))
            && found.starts_with(|c: char| c.is_ascii_digit())
            && Expiry::parse(found).is_none()
        {
            findings.push(value_finding(&format!("{at}/expiry"), shown, Moment::ACCEPTED));
        }
        if let Some(found) = table.get("route") {
            findings.extend(route_finding(found, &format!("{at}/route"), &exchanges));
        }
        if let Some(legs) = table.get("legs").and_then(Value::as_array)
            && legs.len() == 1
        {
            let found = "a spread of one leg".to_owned();
            findings.push(Finding::conflict(format!("{at}/legs"), found, "two legs"));
        }
        if table.get("type").is_some() && table.get("legs").is_none() {
            let found = "a spread without legs".to_owned();
            findings.push(Finding::conflict(format!("{at}/type"), found, "legs = two legs beside it"));
        }
        if let Some((_, exchange)) = symbol.rsplit_once('@')
            && !exchanges.iter().any(|known| known == exchange)
            && !exchanges.is_empty()
        {
            let found = format!("no exchange has the name {exchange}");
            findings.push(Finding::conflict(
                at,
                found,
                format!("SYMBOL, or SYMBOL@EXCHANGE with one of {}", exchanges.join(", ")),
            ));
        }
    }
    findings
}

fn route_finding(found: &Value, pointer: &str, exchanges: &[String]) -> Option<Finding> {
    let text = found.as_str()?;
    let is_known = ["own", "best"].contains(&text) || exchanges.iter().any(|known| known == text);
    let accepted = format!("own, best, or the name of an exchange: {}", exchanges.join(", "));
    (!is_known).then(|| value_finding(pointer, found, &accepted))
}

fn exchange_names(value: &Value) -> Vec<String> {
    let entries = value.get("exchange").and_then(Value::as_array).into_iter().flatten();
    let name = |entry: &Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        text("name").map(str::to_owned).or_else(|| Some(default_name(PluginKind::Exchange, text("plugin")?)))
    };
    entries.filter_map(name).collect()
}

fn instrument_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<InstrumentType>, D::Error> {
    named(deserializer, &[InstrumentType::Spread], InstrumentType::name)
}

fn option_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OptionType>, D::Error> {
    named(deserializer, OptionType::ALL, OptionType::name)
}

fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Side, D::Error> {
    named(deserializer, Side::ALL, Side::name)?.ok_or_else(|| D::Error::custom("a side is missing"))
}

fn named<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.map(Some).ok_or_else(|| D::Error::custom(format!("{text} is none of these")))
}

fn derived_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [InstrumentType::Spread.name()] })
}

fn option_type_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = OptionType::ALL.iter().map(|one| one.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

fn side_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = Side::ALL.iter().map(|one| one.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_of_the_life_of_an_instrument_whole() {
        let last = |text: &str| Expiry::parse(text).map(|Expiry(last)| last.to_string());
        assert_eq!(last("2024-06-21").as_deref(), Some("2024-06-21T23:59:59.999999999Z"));
        assert_eq!(last("2024-06-21T20:00:00Z").as_deref(), Some("2024-06-21T20:00:00Z"));
        assert_eq!((last("2024-06-31"), last("1960-01-01")), (None, None));
    }
}
