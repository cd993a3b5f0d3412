//! Texts as Python writes them: `str`, `repr`, `ascii`, and padding counted in characters.

use std::fmt::Write;

use super::number::{Base, FloatStyle, Notation, write_float, write_integer};
use crate::value::Value;

/// Appends `str(value)`.
pub(super) fn write_str(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(value) => {
            if *value < 0 {
                out.push('-');
            }
            write_integer(out, value.unsigned_abs(), Base::Decimal);
        }
        Value::Float(value) => {
            if value.is_sign_negative() && !value.is_nan() {
                out.push('-');
            }
            let style = FloatStyle {
                notation: Notation::Shortest,
                precision: 0,
                is_alternate: false,
                is_upper: false,
            };
            write_float(out, *value, style);
        }
        Value::Text(text) | Value::Json(text) => out.push_str(text),
    }
}

/// Appends `repr(value)`, or `ascii(value)`.
pub(super) fn write_repr(out: &mut String, value: &Value<'_>, is_ascii: bool) {
    let Value::Text(text) = value else { return write_str(out, value) };
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c == quote => {
                out.push('\\');
                out.push(c);
            }
            _ if (is_ascii && !c.is_ascii()) || !is_printable(c) => write_escape(out, c),
            _ => out.push(c),
        }
    }
    out.push(quote);
}

fn write_escape(out: &mut String, c: char) {
    let code = u32::from(c);
    // writing to a String cannot fail
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// What Python calls printable, but for code points that Unicode has not assigned: they count as printable here.
fn is_printable(c: char) -> bool {
    let is_format = matches!(
        u32::from(c),
        0xad | 0x600..=0x605
            | 0x61c
            | 0x6dd
            | 0x70f
            | 0x180e
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0xe000..=0xf8ff
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xfffe..=0xffff
            | 0xe0000..=0xe007f
            | 0xf0000..=0x10_ffff
    );
    !c.is_control() && !is_format && (c == ' ' || !c.is_whitespace())
}

/// The first `max` characters.
pub(super) fn truncate(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((at, _)) => text.get(..at).unwrap_or(text),
        None => text,
    }
}

/// On which side the padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
    Center,
    /// Between the sign and the digits.
    AfterSign,
}

/// Appends `sign`, padding and `body`, at least `width` characters together.
pub(super) fn write_padded(out: &mut String, parts: (&str, &str), width: usize, fill: char, align: Align) {
    let (sign, body) = parts;
    // most fields have no width, and most texts are ASCII: neither needs the count of characters
    let missing = if width == 0 { 0 } else { width.saturating_sub(char_count(sign) + char_count(body)) };
    let (before, between, after) = match align {
        Align::Left => (0, 0, missing),
        Align::Right => (missing, 0, 0),
        Align::Center => (missing / 2, 0, missing - missing / 2),
        Align::AfterSign => (0, missing, 0),
    };
    push_fill(out, fill, before);
    out.push_str(sign);
    push_fill(out, fill, between);
    out.push_str(body);
    push_fill(out, fill, after);
}

fn push_fill(out: &mut String, fill: char, count: usize) {
    const SPACES: &str = "                                ";
    match SPACES.get(..count).filter(|_| fill == ' ') {
        Some(spaces) => out.push_str(spaces),
        None => (0..count).for_each(|_| out.push(fill)),
    }
}

fn char_count(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// `str(value)`
pub(crate) fn text_of(value: &Value<'_>) -> String {
    let mut text = String::new();
    write_str(&mut text, value);
    text
}
