//! JSON: one object with a record's attributes.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::PICKLE_DEPTH_MAX;
use crate::{
    error::{Error, ErrorKind, Result},
    value::Value,
};

/// Reads an object. Whole numbers keep up to 128 bits; lists and objects stay JSON, on one line.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<(String, Value<'static>)>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let pairs = reader.deserialize_map(Pairs).and_then(|pairs| reader.end().map(|()| pairs));
    let pairs = pairs.map_err(|error| bad(&error.to_string()))?;
    pairs.into_iter().map(|(key, raw)| value_of(raw.get()).map(|value| (key, value))).collect()
}

/// What is in a list or table that is kept as its JSON text.
pub(super) enum Nested {
    List(Vec<Value<'static>>),
    Table(Vec<(String, Value<'static>)>),
}

/// Takes a nested value apart, one level of it; None if the text is none, or so deep that a receiver of ours would refuse
/// the record around it.
pub(super) fn nested(text: &str) -> Option<Nested> {
    compact(text, PICKLE_DEPTH_MAX - 1).ok()?;
    if text.starts_with('{') {
        return decode(text.as_bytes()).ok().map(Nested::Table);
    }
    let items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
    items.iter().map(|raw| value_of(raw.get()).ok()).collect::<Option<_>>().map(Nested::List)
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::Wire, format!("reading JSON: {what}"))
}

/// Keys and values in their order, the values unread.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// A value that was found to be JSON.
fn value_of(raw: &str) -> Result<Value<'static>> {
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => {
            Value::from(serde_json::from_str::<String>(raw).map_err(|error| bad(&error.to_string()))?)
        }
        Some(b'{' | b'[') => Value::Json(compact(raw, PICKLE_DEPTH_MAX)?.into()),
        _ => match (raw.parse::<i128>(), raw.parse::<f64>()) {
            (Ok(number), _) => Value::Int(number),
            (_, Ok(number)) => Value::Float(number),
            _ => return Err(bad(&format!("no number: {raw}"))),
        },
    })
}

/// The same value on one line, if it is not nested too deep.
fn compact(raw: &str, depth_max: usize) -> Result<String> {
    let mut out = String::with_capacity(raw.len());
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for c in raw.chars() {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => depth += 1,
            ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            '\n' | '\r' | '\t' if !is_quoted => continue,
            _ => {}
        }
        if depth > depth_max {
            return Err(bad(&format!("nested deeper than {depth_max}")));
        }
        out.push(c);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::value::Value;

    #[test]
    fn values_keep_their_types_and_nested_ones_come_on_one_line() {
        let text = br#"{"i": 1180591620717411303424, "f": 1e3, "t": "a\n\"\u20ac", "n": null, "b": true,
            "l": [1, {"x": "a]\"\\"}
]}"#;
        let values: Vec<_> = decode(text).unwrap().into_iter().map(|(_, value)| value).collect();
        let expected = [
            Value::Int(1 << 70),
            Value::Float(1000.0),
            Value::from("a\n\"€"),
            Value::Null,
            Value::Bool(true),
            Value::Json(r#"[1, {"x": "a]\"\\"}]"#.into()),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn what_is_no_object_or_too_deep_is_refused() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(decode(deep.as_bytes()).unwrap_err().to_string().contains("nested"));
        for text in ["", "[]", "{", "{\"a\": 1} x", "{\"a\": 01}", "{\"a\": \"\\ud800\"}", "1"] {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
        assert!(decode(b"{\"a\": \"\xff\"}").is_err());
    }
}
