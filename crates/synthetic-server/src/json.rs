//! JSON objects, written key by key: exact numbers in plain decimal notation, keys in the order of writing.

use std::fmt::{Display, Write as _};

use stratd_plugin_api::Timestamp;

/// An object under construction.
pub(crate) struct Object {
    text: String,
}

impl Object {
    /// An object without keys.
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(256);
        text.push('{');
        Self { text }
    }

    /// A message of this type.
    pub(crate) fn message(kind: &str) -> Self {
        Self::new().text("type", kind)
    }

    /// A key with a text.
    pub(crate) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        quote(value, &mut self.text);
        self
    }

    /// A key with what is JSON already: a number, an object, `true`.
    pub(crate) fn raw(mut self, key: &str, value: impl Display) -> Self {
        self.key(key);
        // writing into a string cannot fail
        let _ = write!(self.text, "{value}");
        self
    }

    /// A key with a time: seconds since 1970 with nine decimals.
    pub(crate) fn time(self, key: &str, time: Timestamp) -> Self {
        self.raw(key, seconds(time))
    }

    /// A key with a list.
    pub(crate) fn list(self, key: &str, items: impl IntoIterator<Item = String>) -> Self {
        let mut list = String::from("[");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                list.push(',');
            }
            list.push_str(&item);
        }
        list.push(']');
        self.raw(key, list)
    }

    /// The text.
    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        // keys are ours: plain words
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }
}

/// A time as seconds since 1970 with nine decimals.
fn seconds(time: Timestamp) -> String {
    const SECOND: u64 = 1_000_000_000;
    let (sign, ns) = (if time.get() < 0 { "-" } else { "" }, time.get().unsigned_abs());
    format!("{sign}{}.{:09}", ns / SECOND, ns % SECOND)
}

/// A JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_and_times_are_exact() {
        let text = "a \"b\" \\ \n \u{7f} ž";
        let object =
            Object::message("X").text("text", text).time("time", Timestamp::new(1_500_000_001)).end();
        let read: serde_json::Value = serde_json::from_str(&object).unwrap();
        assert_eq!(read["text"], text);
        assert!(object.ends_with(r#""time":1.500000001}"#), "{object}");
        assert_eq!(seconds(Timestamp::new(-1)), "-0.000000001");
        assert_eq!(Object::new().list("l", ["1".to_owned(), "2".to_owned()]).end(), r#"{"l":[1,2]}"#);
    }
}
