//! Reads what is written beside a golden file.

use serde_json::Value as Json;
use teafile::{Field, NamedValue, Uuid, Value};

/// The bytes of a text of hexadecimal digits.
pub(crate) fn bytes(hex: &Json) -> Vec<u8> {
    let digits = hex.as_str().unwrap_or_default().as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
    digits
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&[high, low]| u8::try_from(digit(high) * 16 + digit(low)).unwrap())
        .collect()
}

/// A number with a fraction, which JSON cannot always hold.
pub(crate) fn double(number: &Json) -> f64 {
    match number.as_str() {
        Some(text) => text.parse().unwrap(),
        None => number.as_f64().unwrap(),
    }
}

/// A value as it is written beside a file, for a field.
pub(crate) fn value<'a>(field: &Field, json: &Json, opaque: &'a mut Vec<u8>) -> Value<'a> {
    match field.field_type().format_char() {
        Some('f' | 'd') => Value::Double(double(json)),
        Some('B' | 'H' | 'I' | 'Q') => Value::UInt(json.as_u64().unwrap()),
        Some(_) => Value::Int(json.as_i64().unwrap()),
        None => {
            *opaque = bytes(json);
            Value::Bytes(opaque)
        }
    }
}

/// A name-value as it is written beside a file.
pub(crate) fn named_value(json: &Json) -> NamedValue {
    let value = &json["value"];
    match json["kind"].as_i64() {
        Some(1) => NamedValue::Int32(i32::try_from(value.as_i64().unwrap()).unwrap()),
        Some(2) => NamedValue::Double(double(value)),
        Some(3) => NamedValue::Text(value.as_str().unwrap().to_owned()),
        Some(4) => {
            let text = value.as_str().unwrap();
            NamedValue::Uuid(Uuid::parse(text).unwrap())
        }
        Some(5) => NamedValue::UInt64(value.as_u64().unwrap()),
        kind => panic!("kind {kind:?} of a name-value"),
    }
}

/// A list of values, each for its field, as the writer takes them.
pub(crate) fn with_values<T>(fields: &[Field], list: &Json, run: impl FnOnce(&[Value<'_>]) -> T) -> T {
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), fields.len(), "values for fields");
    let mut opaque: Vec<Vec<u8>> = vec![Vec::new(); list.len()];
    let values: Vec<Value<'_>> = fields
        .iter()
        .zip(list)
        .zip(&mut opaque)
        .map(|((field, json), room)| value(field, json, room))
        .collect();
    run(&values)
}
