//! Pickles: writing the attributes of a record, as Python's socket handlers would.

use super::attributes;
use crate::{record::Record, value::Value};

/// Appends a record.
pub(super) fn encode(out: &mut Vec<u8>, record: &Record<'_>) {
    // protocol 2, an empty dictionary, a mark: what follows is set together at the end
    out.extend_from_slice(b"\x80\x02}(");
    attributes::visit(record, &mut |key, value| {
        put_text(out, key);
        put(out, value);
    });
    out.extend_from_slice(b"u.");
}

fn put(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.push(b'N'),
        Value::Bool(true) => out.push(0x88),
        Value::Bool(false) => out.push(0x89),
        Value::Float(number) => {
            out.push(b'G');
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Int(number) => match (u8::try_from(*number), i32::try_from(*number)) {
            (Ok(number), _) => out.extend_from_slice(&[b'K', number]),
            (_, Ok(number)) => {
                out.push(b'J');
                out.extend_from_slice(&number.to_le_bytes());
            }
            _ => {
                out.extend_from_slice(&[0x8a, 16]);
                out.extend_from_slice(&number.to_le_bytes());
            }
        },
        Value::Text(text) | Value::Json(text) => put_text(out, text),
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    // a text of a record is far below 4 GiB
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}
