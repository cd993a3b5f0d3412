//! What a web server is told of a record: a form, or JSON.

use crate::{
    format::{structured::write_json_value, text_of},
    record::Record,
    value::Value,
    wire::attributes,
};

pub(super) fn form(record: &Record<'_>) -> String {
    let mut out = String::new();
    attributes::visit(record, &mut |key, value| {
        out.push_str(if out.is_empty() { "" } else { "&" });
        push_quoted(&mut out, key);
        out.push('=');
        // Python's record has its arguments there, of which a finished text has none
        push_quoted(&mut out, if key == "args" { "()".into() } else { text_of(value) }.as_str());
    });
    out
}

pub(super) fn json(record: &Record<'_>) -> String {
    let mut out = String::from("{");
    attributes::visit(record, &mut |key, value| {
        out.push_str(if out.len() > 1 { "," } else { "" });
        write_json_value(&mut out, &Value::from(key));
        out.push(':');
        write_json_value(&mut out, value);
    });
    out.push('}');
    out
}

/// As Python's `quote_plus`.
fn push_quoted(out: &mut String, text: &str) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}

/// Base 64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS[(bits >> shift & 63) as usize];
            out.push(if index <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base_64_is_that_of_the_standard_s_examples() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
