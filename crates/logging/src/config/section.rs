//! Reading a table key by key: every problem is kept with the path of its key, and what nobody read is a problem too.

use std::cell::RefCell;
use std::time::Duration;

use toml::{Table, Value};

use crate::{
    level::{Level, LevelNames},
    value::Value as FieldValue,
};

/// Everything that is wrong with a configuration.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<(String, String)>>);

impl Problems {
    pub(crate) fn add(&self, path: impl Into<String>, text: impl Into<String>) {
        self.0.borrow_mut().push((path.into(), text.into()));
    }

    pub(crate) fn take(&self) -> Vec<(String, String)> {
        self.0.take()
    }
}

/// A table that is being read.
pub(crate) struct Section<'a> {
    table: &'a Table,
    path: String,
    problems: &'a Problems,
    pub(crate) levels: &'a LevelNames,
    read: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(table: &'a Table, path: &str, problems: &'a Problems, levels: &'a LevelNames) -> Self {
        Self { table, path: path.to_owned(), problems, levels, read: RefCell::new(Vec::new()) }
    }

    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The path of this table itself.
    pub(crate) fn path_here(&self) -> String {
        self.path.clone()
    }

    pub(crate) fn problem(&self, key: &str, text: impl Into<String>) {
        self.problems.add(self.path(key), text);
    }

    /// The value of a key, which counts as read.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.read.borrow_mut().push(key.to_owned());
        self.table.get(key)
    }

    fn typed<T>(&self, key: &str, expected: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let result = read(value);
        if result.is_none() {
            self.problem(key, format!("found {} (accepted: {expected})", describe(value)));
        }
        result
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.typed(key, "a text", Value::as_str)
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, key: &str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.typed(key, &expected, |value| value.as_integer().filter(|number| bounds.contains(number)))
    }

    /// A size or a count: a whole number that is not negative.
    pub(crate) fn count(&self, key: &str) -> Option<u64> {
        self.number(key, 0..=i64::MAX).and_then(|number| u64::try_from(number).ok())
    }

    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.typed(key, "a list of texts", |value| {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    pub(crate) fn table(&self, key: &str) -> Option<&'a Table> {
        self.typed(key, "a table", Value::as_table)
    }

    /// A table within this one, to be read in the same way.
    pub(crate) fn section(&self, key: &str) -> Option<Section<'a>> {
        let table = self.table(key)?;
        Some(Section::new(table, &self.path(key), self.problems, self.levels))
    }

    /// The tables of a table of tables, by name.
    pub(crate) fn sections(&self, key: &str) -> Vec<(&'a str, Section<'a>)> {
        let Some(outer) = self.section(key) else { return Vec::new() };
        let names = outer.table.keys().map(String::as_str);
        names.filter_map(|name| outer.section(name).map(|section| (name, section))).collect()
    }

    pub(crate) fn level(&self, key: &str) -> Option<Level> {
        self.value(key).and_then(|value| self.level_of(key, value))
    }

    pub(crate) fn level_list(&self, key: &str) -> Option<Vec<Level>> {
        let items = self.typed(key, "a list of levels", Value::as_array)?;
        items.iter().map(|item| self.level_of(key, item)).collect()
    }

    fn level_of(&self, key: &str, value: &Value) -> Option<Level> {
        let level = match value {
            Value::String(name) => self.levels.parse(name).map_err(|error| error.to_string()),
            Value::Integer(number) => {
                i32::try_from(*number).map(Level::new).map_err(|_| format!("level {number} is out of range"))
            }
            other => Err(format!("found {} (accepted: the name or the number of a level)", describe(other))),
        };
        level.map_err(|text| self.problem(key, text)).ok()
    }

    /// A time span: `"500ms"`, `"2s"`, `"10m"`, `"1h"`, `"7d"`, or a number of seconds.
    pub(crate) fn duration(&self, key: &str) -> Option<Duration> {
        self.typed(key, "a time span like \"500ms\", \"2s\", \"10m\", \"1h\"", |value| match value {
            Value::String(text) => parse_duration(text),
            Value::Integer(number) => u64::try_from(*number).ok().map(Duration::from_secs),
            _ => None,
        })
    }

    /// Fields and their values.
    pub(crate) fn fields(&self, key: &str) -> Option<Vec<(String, FieldValue<'static>)>> {
        let table = self.table(key)?;
        Some(table.iter().map(|(key, value)| (key.clone(), field_value(value))).collect())
    }

    /// A value as that of a field.
    pub(crate) fn field_value(&self, key: &str) -> Option<FieldValue<'static>> {
        self.value(key).map(field_value)
    }

    /// True if the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The keys of a table within this one.
    pub(crate) fn names(&self, key: &str) -> Vec<&'a str> {
        let table = self.table.get(key).and_then(Value::as_table);
        table.into_iter().flat_map(|table| table.keys().map(String::as_str)).collect()
    }

    /// A problem with the key at a whole path.
    pub(crate) fn add(&self, path: String, text: String) {
        self.problems.add(path, text);
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|&(_, choice)| choice);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            self.problem(key, format!("found {text:?} (accepted: {})", words.join(", ")));
        }
        found
    }

    /// Runs a parser on the text of a key.
    pub(crate) fn parsed<T>(&self, key: &str, parse: impl FnOnce(&str) -> crate::Result<T>) -> Option<T> {
        parse(self.text(key)?).map_err(|error| self.problem(key, error.to_string())).ok()
    }

    /// As the key must be there.
    pub(crate) fn required<T>(&self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.table.contains_key(key) {
            self.problem(key, "is missing");
        }
        value
    }

    /// Reports every key that was not read.
    pub(crate) fn finish(&self) {
        let read = self.read.borrow();
        for key in self.table.keys() {
            if !read.contains(key) {
                let mut accepted = read.clone();
                accepted.sort();
                accepted.dedup();
                self.problem(key, format!("unknown key (accepted: {})", accepted.join(", ")));
            }
        }
    }

    /// Counts every key as read, for those whose meaning only somebody else knows.
    pub(crate) fn rest(&self) -> &'a Table {
        self.read.borrow_mut().extend(self.table.keys().cloned());
        self.table
    }
}

/// The path of a key within a table; one that is no plain word is in quotes.
pub(super) fn join(path: &str, key: &str) -> String {
    let needs_quotes = !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let key = if needs_quotes || key.is_empty() { format!("{key:?}") } else { key.to_owned() };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(time) => time.to_string(),
    }
}

/// Reads a time span.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

fn field_value(value: &Value) -> FieldValue<'static> {
    match value {
        Value::String(text) => FieldValue::from(text.clone()),
        Value::Integer(number) => FieldValue::from(*number),
        Value::Float(number) => FieldValue::from(*number),
        Value::Boolean(flag) => FieldValue::from(*flag),
        Value::Datetime(time) => FieldValue::from(time.to_string()),
        Value::Array(_) | Value::Table(_) => FieldValue::Json(json_of(value).into()),
    }
}

fn json_of(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(json_of).collect();
            out = format!("[{}]", items.join(", "));
        }
        Value::Table(table) => {
            out.push('{');
            for (index, (key, value)) in table.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                crate::format::structured::write_json_text(&mut out, key);
                out.push_str(": ");
                out.push_str(&json_of(value));
            }
            out.push('}');
        }
        simple => crate::format::structured::write_json_value(&mut out, &field_value(simple)),
    }
    out
}
