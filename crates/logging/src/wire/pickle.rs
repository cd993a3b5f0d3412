//! Pickles: writing the attributes of a record, as Python's socket handlers would.

use super::{
    attributes,
    json::{Nested, nested},
};
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
        Value::Text(text) => put_text(out, text),
        Value::Json(text) => match nested(text) {
            Some(Nested::List(items)) => {
                out.extend_from_slice(b"](");
                items.iter().for_each(|item| put(out, item));
                out.push(b'e');
            }
            Some(Nested::Table(pairs)) => {
                out.extend_from_slice(b"}(");
                for (key, value) in &pairs {
                    put_text(out, key);
                    put(out, value);
                }
                out.push(b'u');
            }
            None => put_text(out, text),
        },
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    // a text of a record is far below 4 GiB
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use crate::{
        level::Level,
        record::Record,
        value::Value,
        wire::{Codec, PICKLE_DEPTH_MAX, decode_record, frame},
    };

    #[test]
    fn nested_fields_stay_nested_for_every_codec() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let texts = [
            r#"{"legs": [1, 2.5, "ž\n", null, true, {"side": "buy"}], "id": 9007199254740993}"#.to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            deep(PICKLE_DEPTH_MAX - 1),
        ];
        for text in &texts {
            let mut record = Record::new("a", Level::INFO, "x");
            record.fields.add("nested", Value::Json(text.as_str().into()));
            for codec in [Codec::Pickle, Codec::Cbor, Codec::Json] {
                let bytes = frame(&record, codec).unwrap();
                let read = decode_record(&bytes[4..], codec, 0).unwrap();
                let Some(Value::Json(found)) = read.fields.get("nested") else {
                    panic!("{codec:?}: {:?}", read.fields);
                };
                let expected: serde_json::Value = serde_json::from_str(text).unwrap();
                assert_eq!(serde_json::from_str::<serde_json::Value>(&found).unwrap(), expected, "{codec:?}");
            }
        }
        // what a receiver would refuse goes as a text
        let mut record = Record::new("a", Level::INFO, "x");
        record.fields.add("nested", Value::Json(deep(PICKLE_DEPTH_MAX).into()));
        let read = decode_record(&frame(&record, Codec::Pickle).unwrap()[4..], Codec::Pickle, 0).unwrap();
        assert_eq!(read.fields.get("nested"), Some(Value::from(deep(PICKLE_DEPTH_MAX))));
    }
}
