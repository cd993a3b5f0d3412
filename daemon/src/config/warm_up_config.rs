//! History and bars in a configuration: when a backtest begins, how a strategy is warmed up, which bars it gets.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use stratd_plugin_api::{BarSpec, Timestamp, TradingType};

use super::{origin::Finding, own_rules::value_finding};

const MINUTE_NS: i64 = 60_000_000_000;
const HOUR_NS: i64 = 60 * MINUTE_NS;

/// A moment: a day, which begins at midnight UTC, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub Timestamp);

impl Moment {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_day = text.len() == "2013-03-01".len();
        let whole = if is_day { Cow::from(format!("{text}T00:00:00Z")) } else { Cow::from(text) };
        whole.parse().ok().map(Self)
    }
}

/// How much history a strategy is told before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// So many bars of each instrument, with what came between them.
    Bars(u32),
    /// So many nanoseconds.
    Time(i64),
}

impl WarmUp {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        let of = |nanoseconds: i64| i64::from(number).checked_mul(nanoseconds).map(Self::Time);
        match unit {
            "bar" | "bars" => Some(Self::Bars(number)),
            "minute" | "minutes" => of(MINUTE_NS),
            "hour" | "hours" => of(HOUR_NS),
            "day" | "days" => of(Timestamp::DAY_NS),
            _ => None,
        }
    }
}

/// One kind of bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars(pub BarSpec);

impl Bars {
    fn parse(text: &str) -> Option<Self> {
        let (text, is_flat) = text.strip_suffix(" flat").map_or((text, false), |text| (text, true));
        if let Some(count) = text.strip_suffix(" ticks") {
            let count = count.parse().ok().filter(|count| *count > 0 && !is_flat);
            return count.map(|count| Self(BarSpec::tick(count)));
        }
        let at = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(at);
        let unit_ns = match unit {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => MINUTE_NS,
            "h" => HOUR_NS,
            "d" => Timestamp::DAY_NS,
            _ => return None,
        };
        let step = number.parse::<i64>().ok()?.checked_mul(unit_ns).filter(|step| *step > 0)?;
        let divides = Timestamp::DAY_NS % step == 0 || step % Timestamp::DAY_NS == 0;
        let spec = BarSpec::time(step);
        divides.then_some(Self(if is_flat { spec.flat() } else { spec }))
    }
}

/// Writes what is the same for texts that stand for something: they differ in the type, the pattern and the words.
macro_rules! written {
    ($type:ty, $name:literal, $pattern:literal, $accepted:expr) => {
        impl $type {
            pub(super) const ACCEPTED: &str = $accepted;
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is not {}", Self::ACCEPTED)))
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "x-accepted": Self::ACCEPTED })
            }
        }
    };
}

written!(
    Moment,
    "Moment",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{5,18}Z)?$",
    "a day such as \"2013-03-01\", or a time such as \"2013-03-01T14:30:00Z\""
);
written!(
    WarmUp,
    "WarmUp",
    "^[1-9][0-9]{0,5} (bars?|minutes?|hours?|days?)$",
    "such as \"500 bars\", \"90 minutes\", \"6 hours\" or \"2 days\""
);
written!(
    Bars,
    "Bars",
    "^[1-9][0-9]{0,8}((ms|s|m|h|d)( flat)?| ticks)$",
    "a time that divides a day, or whole days, such as \"1m\", \"5m flat\" or \"1d\"; or trades, such as \"100 ticks\""
);

/// What the patterns let pass and is nothing still, and what belongs together.
pub(super) fn findings(value: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut look = |pointer: String, is_good: fn(&str) -> bool, accepted: &str| {
        let Some(found) = value.pointer(&pointer) else { return };
        if found.as_str().is_some_and(|text| has_form(text) && !is_good(text)) {
            findings.push(value_finding(&pointer, found, accepted));
        }
    };
    for key in ["start", "end"] {
        look(format!("/backtest/{key}"), |text| Moment::parse(text).is_some(), Moment::ACCEPTED);
    }
    let strategies = value.get("strategy").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, strategy) in strategies.iter().enumerate() {
        let count = strategy.get("bars").and_then(Value::as_array).map_or(0, Vec::len);
        for place in 0..count {
            let pointer = format!("/strategy/{index}/bars/{place}");
            look(pointer, |text| Bars::parse(text).is_some(), Bars::ACCEPTED);
        }
    }
    findings.extend(conflicts(value, strategies));
    findings
}

/// Whether the pattern in the schema may have let it pass: of anything else the schema speaks.
fn has_form(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn conflicts(value: &Value, strategies: &[Value]) -> Vec<Finding> {
    let moment = |key: &str| {
        value.pointer(&format!("/backtest/{key}")).and_then(Value::as_str).and_then(Moment::parse)
    };
    let mut findings = Vec::new();
    if let (Some(start), Some(end)) = (moment("start"), moment("end"))
        && end.0 <= start.0
    {
        findings.push(Finding::conflict(
            "/backtest/end".to_owned(),
            format!("the backtest ends at {} and starts at {}", end.0, start.0),
            "an end after the start",
        ));
    }
    let is_backtest =
        value.get("trading_type").is_none_or(|found| found.as_str() == Some(TradingType::Backtest.name()));
    let exchanges = value.get("exchange").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has_history = exchanges.iter().any(|entry| entry.get("history").is_some());
    for (index, _) in strategies.iter().enumerate().filter(|(_, entry)| entry.get("warm_up").is_some()) {
        let pointer = format!("/strategy/{index}/warm_up");
        if is_backtest && value.pointer("/backtest/start").is_none() {
            findings.push(Finding::conflict(
                pointer,
                "the backtest starts with its first event, and nothing is before it".to_owned(),
                "a backtest.start, before which the data is history",
            ));
        } else if !is_backtest && !has_history {
            findings.push(Finding::conflict(
                pointer,
                "no exchange says where its past is found".to_owned(),
                "a table [exchange.history] with the plugin that reads it",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_for_moments_history_and_bars() {
        let day = Moment::parse("2013-03-01").unwrap();
        assert_eq!(Some(day), Moment::parse("2013-03-01T00:00:00Z"));
        assert_eq!(Moment::parse("2013-02-30"), None);
        assert_eq!(WarmUp::parse("500 bars"), Some(WarmUp::Bars(500)));
        assert_eq!(WarmUp::parse("2 days"), Some(WarmUp::Time(2 * Timestamp::DAY_NS)));
        assert_eq!(WarmUp::parse("0 bars"), None);
        assert_eq!(Bars::parse("5m flat"), Some(Bars(BarSpec::seconds(300).flat())));
        assert_eq!(Bars::parse("7d"), Some(Bars(BarSpec::seconds(7 * 86_400))));
        assert_eq!(Bars::parse("100 ticks"), Some(Bars(BarSpec::tick(100))));
        assert_eq!(
            (Bars::parse("7m"), Bars::parse("0 ticks"), Bars::parse("100 ticks flat")),
            (None, None, None)
        );
    }
}
