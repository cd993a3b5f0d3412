//! CBOR (RFC 8949): one map of texts.

use super::{
    attributes,
    json::{Nested, nested},
};
use crate::{format::text_of, record::Record, value::Value};

const UNSIGNED: u8 = 0 << 5;
const NEGATIVE: u8 = 1 << 5;
const TEXT: u8 = 3 << 5;
const LIST: u8 = 4 << 5;
const TABLE: u8 = 5 << 5;
const MAP_OF_ANY_LENGTH: u8 = 0xbf;
const BREAK: u8 = 0xff;

/// Appends the record.
pub(super) fn encode(out: &mut Vec<u8>, record: &Record<'_>) {
    out.push(MAP_OF_ANY_LENGTH);
    attributes::visit(record, &mut |key, value| {
        put_text(out, key);
        put(out, value);
    });
    out.push(BREAK);
}

fn put(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(flag) => out.push(if *flag { 0xf5 } else { 0xf4 }),
        Value::Float(number) => {
            out.push(0xfb);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Int(number) => match (u64::try_from(*number), u64::try_from(-1 - *number)) {
            (Ok(number), _) => put_head(out, UNSIGNED, number),
            (_, Ok(number)) => put_head(out, NEGATIVE, number),
            // beyond 64 bits as a text: a receiver that cannot read bignums is more likely than one that can
            _ => put_text(out, &text_of(value)),
        },
        Value::Text(text) => put_text(out, text),
        Value::Json(text) => match nested(text) {
            Some(Nested::List(items)) => {
                put_head(out, LIST, items.len() as u64);
                items.iter().for_each(|item| put(out, item));
            }
            Some(Nested::Table(pairs)) => {
                put_head(out, TABLE, pairs.len() as u64);
                for (key, value) in &pairs {
                    put_text(out, key);
                    put(out, value);
                }
            }
            None => put_text(out, text),
        },
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_head(out, TEXT, u64::try_from(text.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(text.as_bytes());
}

fn put_head(out: &mut Vec<u8>, kind: u8, number: u64) {
    match (u8::try_from(number), u16::try_from(number), u32::try_from(number)) {
        (Ok(small @ 0..=23), ..) => out.push(kind | small),
        (Ok(number), ..) => out.extend_from_slice(&[kind | 24, number]),
        (_, Ok(number), _) => {
            out.push(kind | 25);
            out.extend_from_slice(&number.to_be_bytes());
        }
        (_, _, Ok(number)) => {
            out.push(kind | 26);
            out.extend_from_slice(&number.to_be_bytes());
        }
        _ => {
            out.push(kind | 27);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::put;
    use crate::value::Value;

    #[test]
    fn numbers_and_texts_are_those_of_the_standard_s_examples() {
        let cases: [(Value<'_>, &[u8]); 7] = [
            (Value::from(10), &[0x0a]),
            (Value::from(100), &[0x18, 0x64]),
            (Value::from(1000), &[0x19, 0x03, 0xe8]),
            (Value::from(-1), &[0x20]),
            (Value::from(-1000), &[0x39, 0x03, 0xe7]),
            (Value::Float(1.1), &[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]),
            (Value::from("ü"), &[0x62, 0xc3, 0xbc]),
        ];
        for (value, expected) in cases {
            let mut out = Vec::new();
            put(&mut out, &value);
            assert_eq!(out, expected, "{value:?}");
        }
    }
}
