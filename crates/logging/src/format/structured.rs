//! Records and fields for machines: JSON objects and logfmt.

use std::borrow::Cow;
use std::fmt::Write;

use super::{attribute::level_name, text::write_str};
use crate::{fields::Fields, record::Record, value::Value};

/// Appends a JSON string.
pub(crate) fn write_json_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                // writing to a String cannot fail
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a JSON value. Numbers that JSON does not have are texts.
pub(crate) fn write_json_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Float(number) if !number.is_finite() => {
            out.push('"');
            write_str(out, value);
            out.push('"');
        }
        Value::Int(_) | Value::Float(_) => write_str(out, value),
        Value::Text(text) => write_json_text(out, text),
        Value::Json(text) => out.push_str(text),
    }
}

/// Appends `{"key": value, …}`.
pub(crate) fn write_fields_json(out: &mut String, fields: &Fields<'_>) {
    out.push('{');
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_json_text(out, key);
        out.push_str(": ");
        write_json_value(out, &value);
    }
    out.push('}');
}

/// Appends `key=value …`.
pub(crate) fn write_fields_logfmt(out: &mut String, fields: &Fields<'_>) {
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_logfmt_pair(out, key, &value);
    }
}

fn write_logfmt_pair(out: &mut String, key: &str, value: &Value<'_>) {
    // a key may hold neither space, quote nor equals sign
    out.extend(
        key.chars()
            .map(|c| if c.is_whitespace() || c.is_control() || matches!(c, '"' | '=') { '_' } else { c }),
    );
    out.push('=');
    match value {
        Value::Text(text) | Value::Json(text) => {
            let needs_quotes = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '=' | '\\');
            if text.is_empty() || text.contains(needs_quotes) {
                write_json_text(out, text);
            } else {
                out.push_str(text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => write_json_value(out, value),
    }
}

/// What the layouts call the parts of a record. A field of one of these names is written as `x_NAME`: two of a name
/// would be read as one, by each reader as another.
const PARTS: [&str; 8] = ["time", "level", "logger", "message", "file", "line", "exception", "stack"];

/// The key under which a field is written, and whether that is another one than its own.
fn key_of<'k>(key: &'k str, fields: &Fields<'_>) -> (Cow<'k, str>, bool) {
    if !PARTS.contains(&key) {
        return (Cow::Borrowed(key), false);
    }
    let mut other = format!("x_{key}");
    while fields.get(&other).is_some() {
        other.insert_str(0, "x_");
    }
    (Cow::Owned(other), true)
}

/// Appends the record as one JSON object: time, level, logger, message, then the fields, then what there is of the rest.
/// Returns how many fields were renamed.
pub(super) fn write_json(out: &mut String, record: &Record<'_>, time: &str) -> u64 {
    let text = |out: &mut String, key: &str, value: &str| {
        out.push_str(if out.ends_with('{') { "" } else { "," });
        write_json_text(out, key);
        out.push(':');
        write_json_text(out, value);
    };
    let mut renamed = 0;
    out.push('{');
    text(out, "time", time);
    text(out, "level", &level_name(record));
    text(out, "logger", &record.name);
    text(out, "message", &record.message);
    for (key, value) in record.fields.iter() {
        let (key, is_other) = key_of(key, &record.fields);
        renamed += u64::from(is_other);
        out.push(',');
        write_json_text(out, &key);
        out.push(':');
        write_json_value(out, &value);
    }
    if !record.pathname.is_empty() {
        text(out, "file", &record.pathname);
        out.push_str(",\"line\":");
        write_str(out, &Value::from(record.lineno));
    }
    let optional = [("exception", &record.exc_text), ("stack", &record.stack_info)];
    for (key, value) in optional {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            text(out, key, value);
        }
    }
    out.push('}');
    renamed
}

/// Appends the record as one logfmt line, in the order of [`write_json`]. Returns how many fields were renamed.
pub(super) fn write_logfmt(out: &mut String, record: &Record<'_>, time: &str) -> u64 {
    let mut renamed = 0;
    let mut pair = |key: &str, value: &Value<'_>| {
        if key != "time" {
            out.push(' ');
        }
        write_logfmt_pair(out, key, value);
    };
    pair("time", &Value::from(time));
    pair("level", &Value::from(&*level_name(record)));
    pair("logger", &Value::from(&*record.name));
    pair("message", &Value::from(&*record.message));
    for (key, value) in record.fields.iter() {
        let (key, is_other) = key_of(key, &record.fields);
        renamed += u64::from(is_other);
        pair(&key, &value);
    }
    let optional = [("exception", &record.exc_text), ("stack", &record.stack_info)];
    for (key, value) in optional {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            pair(key, &Value::from(value));
        }
    }
    renamed
}
