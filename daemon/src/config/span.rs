//! A length of time in a configuration: a whole number with its unit, `"5ms"`.

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

/// A length of time of at most an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span(i64);

impl Span {
    /// Longer is a mistake in the unit.
    const MAX_NS: i64 = 3_600_000_000_000;

    /// So many milliseconds, for defaults.
    pub(super) const fn milliseconds(count: u32) -> Self {
        Self(count as i64 * 1_000_000)
    }

    /// In nanoseconds.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    /// As std has it.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_nanos(self.0.unsigned_abs())
    }

    /// Reads a text of the pattern in the schema; `None` if it is longer than an hour.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let at = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(at);
        let unit_ns = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            _ => return None,
        };
        let nanoseconds = number.parse::<i64>().ok()?.checked_mul(unit_ns)?;
        (nanoseconds <= Self::MAX_NS).then_some(Self(nanoseconds))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is no time of at most 3600s")))
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,15}(ns|us|ms|s)$",
            "x-accepted": "a whole number with the unit ns, us, ms or s, such as \"5ms\"",
        })
    }
}
