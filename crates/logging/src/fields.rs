//! The fields of a record: key and value pairs beside the standard attributes.
//!
//! Fields arrive as bytes ([`write_field`]) and stay bytes: looking one up decodes it in place, so that a record costs no
//! allocation. What filters add is kept beside the bytes and wins over them; within either the last one of a key wins.

use std::borrow::Cow;

use crate::value::Value;

/// The longest key of a field in bytes; a longer one is cut.
pub const FIELD_KEY_MAX: usize = 255;

/// Keys that name standard attributes. A field with one of these names arrives as `x_NAME`.
pub(crate) const RESERVED: [&str; 25] = [
    "name",
    "msg",
    "args",
    "levelname",
    "levelno",
    "pathname",
    "filename",
    "module",
    "exc_info",
    "exc_text",
    "stack_info",
    "lineno",
    "funcName",
    "created",
    "msecs",
    "relativeCreated",
    "thread",
    "threadName",
    "processName",
    "process",
    "taskName",
    "message",
    "asctime",
    "fields_json",
    "fields_logfmt",
];

const TAG_NULL: u8 = 0;
const TAG_FALSE: u8 = 1;
const TAG_TRUE: u8 = 2;
const TAG_I64: u8 = 3;
const TAG_I128: u8 = 4;
const TAG_F64: u8 = 5;
const TAG_TEXT: u8 = 6;
const TAG_JSON: u8 = 7;

/// Appends one field to `out`.
pub(crate) fn write_field(out: &mut Vec<u8>, key: &str, value: &Value<'_>) {
    let key = cut(key, FIELD_KEY_MAX);
    // FIELD_KEY_MAX fits a byte
    out.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(key.as_bytes());
    match value {
        Value::Null => out.push(TAG_NULL),
        Value::Bool(false) => out.push(TAG_FALSE),
        Value::Bool(true) => out.push(TAG_TRUE),
        Value::Int(value) => match i64::try_from(*value) {
            Ok(value) => {
                out.push(TAG_I64);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Err(_) => {
                out.push(TAG_I128);
                out.extend_from_slice(&value.to_le_bytes());
            }
        },
        Value::Float(value) => {
            out.push(TAG_F64);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Text(text) => write_text(out, TAG_TEXT, text),
        Value::Json(text) => write_text(out, TAG_JSON, text),
    }
}

fn write_text(out: &mut Vec<u8>, tag: u8, text: &str) {
    let text = cut(text, u32::MAX as usize);
    out.push(tag);
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The longest beginning of `text` of at most `max` bytes that is whole characters.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

/// Takes one field off the front of `bytes`; None at the end, or if the bytes are no field.
fn read_field<'a>(bytes: &mut &'a [u8]) -> Option<(&'a str, Value<'a>)> {
    let (&length, rest) = bytes.split_first()?;
    let (key, rest) = rest.split_at_checked(usize::from(length))?;
    let (&tag, rest) = rest.split_first()?;
    let (value, rest) = match tag {
        TAG_NULL => (Value::Null, rest),
        TAG_FALSE => (Value::Bool(false), rest),
        TAG_TRUE => (Value::Bool(true), rest),
        TAG_I64 => {
            let (number, rest) = rest.split_first_chunk()?;
            (Value::Int(i128::from(i64::from_le_bytes(*number))), rest)
        }
        TAG_I128 => {
            let (number, rest) = rest.split_first_chunk()?;
            (Value::Int(i128::from_le_bytes(*number)), rest)
        }
        TAG_F64 => {
            let (number, rest) = rest.split_first_chunk()?;
            (Value::Float(f64::from_le_bytes(*number)), rest)
        }
        TAG_TEXT | TAG_JSON => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (text, rest) = rest.split_at_checked(length)?;
            let text = Cow::Borrowed(std::str::from_utf8(text).ok()?);
            (if tag == TAG_TEXT { Value::Text(text) } else { Value::Json(text) }, rest)
        }
        _ => return None,
    };
    *bytes = rest;
    Some((std::str::from_utf8(key).ok()?, value))
}

/// The fields of a record.
///
/// ```
/// use stratd_logging::{Fields, Value};
///
/// let mut fields = Fields::default();
/// fields.add("user", Value::from("bob"));
/// fields.add("user", Value::from("eve"));
/// assert_eq!(fields.get("user"), Some(Value::from("eve")));
/// assert_eq!(fields.iter().count(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    encoded: Cow<'a, [u8]>,
    added: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn from_encoded(encoded: &'a [u8]) -> Self {
        Self { encoded: Cow::Borrowed(encoded), added: Vec::new() }
    }

    /// Sets a field. One of the same key is replaced.
    ///
    /// ```
    /// # use stratd_logging::{Fields, Value};
    /// let mut fields = Fields::default();
    /// fields.add("instrument", Value::from("AAPL"));
    /// assert!(fields.get("instrument").is_some());
    /// ```
    pub fn add(&mut self, key: impl Into<Cow<'a, str>>, value: Value<'a>) {
        let key = key.into();
        match self.added.iter_mut().find(|(known, _)| *known == key) {
            Some(slot) => slot.1 = value,
            None => self.added.push((key, value)),
        }
    }

    /// The value of a key.
    ///
    /// ```
    /// # use stratd_logging::Fields;
    /// assert_eq!(Fields::default().get("user"), None);
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        if let Some((_, value)) = self.added.iter().find(|(known, _)| known == key) {
            return Some(value.borrowed());
        }
        let (mut rest, mut found) = (&*self.encoded, None);
        while let Some((known, value)) = read_field(&mut rest) {
            if known == key {
                found = Some(value);
            }
        }
        found
    }

    /// Every field once, in the order of arrival.
    ///
    /// ```
    /// # use stratd_logging::{Fields, Value};
    /// let mut fields = Fields::default();
    /// fields.add("b", Value::from(1));
    /// fields.add("a", Value::from(2));
    /// let keys: Vec<_> = fields.iter().map(|(key, _)| key.to_owned()).collect();
    /// assert_eq!(keys, ["b", "a"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let mut rest = &*self.encoded;
        let decoded = std::iter::from_fn(move || read_field(&mut rest).map(|field| (field, rest)));
        let decoded = decoded.filter_map(|((key, value), rest)| {
            let is_replaced = self.added.iter().any(|(known, _)| known == key) || holds_key(rest, key);
            (!is_replaced).then_some((key, value))
        });
        decoded.chain(self.added.iter().map(|(key, value)| (&**key, value.borrowed())))
    }

    /// True if there is none.
    ///
    /// ```
    /// # use stratd_logging::Fields;
    /// assert!(Fields::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty() && self.added.is_empty()
    }

    pub(crate) fn into_owned(self) -> Fields<'static> {
        let added = self.added.into_iter();
        Fields {
            encoded: Cow::Owned(self.encoded.into_owned()),
            added: added.map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
        }
    }
}

fn holds_key(mut encoded: &[u8], key: &str) -> bool {
    std::iter::from_fn(|| read_field(&mut encoded)).any(|(known, _)| known == key)
}

#[cfg(test)]
mod tests {
    use super::{Fields, write_field};
    use crate::value::Value;

    #[test]
    fn every_value_survives_the_bytes() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Bool(false),
            Value::Int(-7),
            Value::Int(1 << 70),
            Value::Float(0.1),
            Value::from("žluť 🐎"),
            Value::Json("[1]".into()),
        ];
        let mut bytes = Vec::new();
        for (index, value) in values.iter().enumerate() {
            write_field(&mut bytes, &format!("k{index}"), value);
        }
        let fields = Fields::from_encoded(&bytes);
        assert_eq!(fields.iter().map(|(_, value)| value).collect::<Vec<_>>(), values);
        assert_eq!(fields.get("k4"), Some(Value::Int(1 << 70)));
    }

    #[test]
    fn the_last_of_a_key_wins_and_bytes_that_end_early_end_the_fields() {
        let mut bytes = Vec::new();
        write_field(&mut bytes, "a", &Value::from(1));
        write_field(&mut bytes, "a", &Value::from(2));
        let cut = bytes.len();
        write_field(&mut bytes, "b", &Value::from("text"));
        let fields = Fields::from_encoded(&bytes[..cut + 5]);
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("a", Value::from(2))]);
    }
}
