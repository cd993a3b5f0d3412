//! TOML text as JSON values that remember where they were written.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use stratd_plugin_api::Decimal;
use toml::de::{DeTable, DeValue};

use super::pointer;

/// A place in a file, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// Where a key and its value were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) key: Position,
    pub(crate) value: Position,
}

/// A parsed document.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) table: Map<String, Value>,
    /// By pointer.
    pub(crate) places: BTreeMap<String, Place>,
    pub(crate) texts: Texts,
}

/// By pointer: the source text of numbers that JSON does not hold exactly. It counts where a text is accepted too, so
/// that an amount of money never loses a digit.
pub(crate) type Texts = BTreeMap<String, String>;

/// A place where the text is not TOML.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) position: Position,
    pub(crate) found: String,
    pub(crate) accepted: String,
}

impl Document {
    /// Reads TOML.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<SyntaxError>> {
        let lines = Lines::new(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(errors.iter().map(|error| syntax_error(text, &lines, error)).collect());
        }
        let mut document = Document::default();
        let mut reader = Reader { lines: &lines, places: &mut document.places, texts: &mut document.texts };
        document.table = reader.table("", table.get_ref());
        Ok(document)
    }
}

fn syntax_error(text: &str, lines: &Lines<'_>, error: &toml::de::Error) -> SyntaxError {
    /// Longer ones are cut.
    const CHARS_MAX: usize = 60;
    let span = error.span().unwrap_or_default();
    let written: String = text.get(span.clone()).unwrap_or_default().chars().take(CHARS_MAX).collect();
    let message = error.message().replace('\n', "; ");
    let (found, accepted) = match message.split_once(", expected ") {
        Some(("string values must be quoted", _)) => {
            let found =
                if written.is_empty() { "no value".to_owned() } else { format!("{written:?} is no value") };
            (found, "a number, true, false, or a text in quotes".to_owned())
        }
        Some((found, accepted)) => (found.to_owned(), accepted.to_owned()),
        None if message == "duplicate key" => {
            (format!("duplicate key {written}"), "each key once".to_owned())
        }
        None => (message, String::new()),
    };
    SyntaxError { position: lines.position(span.start), found, accepted }
}

/// A TOML value alone, as after `key=` on the command line. `texts` receives the source text of the value and of
/// everything in it that is not a string.
pub(crate) fn parse_value(pointer: &str, text: &str, texts: &mut Texts) -> Result<Value, String> {
    let value = DeValue::parse(text).map_err(|error| error.message().replace('\n', "; "))?;
    let lines = Lines::new(text);
    let mut places = BTreeMap::new();
    let json = Reader { lines: &lines, places: &mut places, texts }.value(pointer, value.get_ref());
    if !json.is_string() {
        texts.insert(pointer.to_owned(), text.to_owned());
    }
    Ok(json)
}

struct Reader<'a> {
    lines: &'a Lines<'a>,
    places: &'a mut BTreeMap<String, Place>,
    texts: &'a mut Texts,
}

impl Reader<'_> {
    fn table(&mut self, pointer: &str, table: &DeTable<'_>) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, value) in table {
            let child = pointer::child(pointer, key.get_ref());
            self.place(&child, key.span(), value.span());
            map.insert(key.get_ref().to_string(), self.value(&child, value.get_ref()));
        }
        map
    }

    fn place(&mut self, pointer: &str, key: Range<usize>, value: Range<usize>) {
        let (key, value) = (self.lines.position(key.start), self.lines.position(value.start));
        self.places.insert(pointer.to_owned(), Place { key, value });
    }

    fn value(&mut self, pointer: &str, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::String(text.to_string()),
            // what JSON cannot hold goes on as text: the schema refuses it where a number is meant
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(number) => Value::Number(number.into()),
                Err(_) => self.written(pointer, &integer.to_string()),
            },
            DeValue::Float(float) => self.float(pointer, float.as_str()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(datetime) => Value::String(datetime.to_string()),
            DeValue::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let child = pointer::child(pointer, &index.to_string());
                    self.place(&child, item.span(), item.span());
                    list.push(self.value(&child, item.get_ref()));
                }
                Value::Array(list)
            }
            DeValue::Table(table) => Value::Object(self.table(pointer, table)),
        }
    }

    fn written(&mut self, pointer: &str, text: &str) -> Value {
        self.texts.insert(pointer.to_owned(), text.to_owned());
        Value::String(text.to_owned())
    }

    fn float(&mut self, pointer: &str, text: &str) -> Value {
        let Some(number) = text.parse::<f64>().ok().and_then(Number::from_f64) else {
            return self.written(pointer, text);
        };
        if !is_exact(text, &number) {
            self.texts.insert(pointer.to_owned(), text.to_owned());
        }
        Value::Number(number)
    }
}

/// Whether `number` has all the digits of its source text.
pub(crate) fn is_exact(text: &str, number: &Number) -> bool {
    match (text.parse::<Decimal>(), number.to_string().parse::<Decimal>()) {
        (Ok(written), Ok(held)) => written == held,
        _ => !number.is_f64(),
    }
}

/// Finds lines by offset.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { text, starts: std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect() }
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let lines = Lines::new("a\n  äö = 1\n");
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(9), Position { line: 2, column: 6 });
        assert_eq!(lines.position(13), Position { line: 3, column: 1 });
        assert_eq!(lines.position(99), Position { line: 3, column: 1 }, "beyond the end");
    }

    #[test]
    fn floats_keep_their_digits_where_an_f64_would_lose_some() {
        let document =
            Document::parse("a = 0.1\nb = 1234567890123456.78\nc = inf\nd = 99999999999999999999").unwrap();
        assert_eq!(document.texts.get("/a"), None);
        assert_eq!(document.texts.get("/b").map(String::as_str), Some("1234567890123456.78"));
        assert_eq!(document.table["c"], "inf");
        assert_eq!(document.table["d"], "99999999999999999999");
    }
}
