//! Lines for people on standard error: `TIME LEVEL LOGGER: MESSAGE key=value`. TIME is that of the market, if the line
//! belongs to an event.
//!
//! The same lines come straight from whoever logs, before there is a pipeline, and from the handler `kind = "console"`.
//! The progress bar is out of the way while they are written.

use std::{borrow::Cow, fmt::Write as _, io::Write as _};

use stratd_logging::{Entry, Handler, Level, LevelNames, Result, StandardError, Value};

use crate::progress;

/// The field that is printed in front.
const TIME: &str = "time";
/// Bytes that are kept before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Writes one line now, on the thread of who logs.
pub(super) fn write_line<'a>(
    level: Level,
    logger: &str,
    message: &str,
    fields: impl Iterator<Item = (&'a str, Value<'a>)> + Clone,
) {
    let mut line = String::new();
    let level = LevelNames::default().name(level);
    append(&mut line, &format!("{level} {logger}: {message}"), fields);
    // a log that cannot be written has nobody left to tell
    let _ = progress::suspended(|| StandardError.write_all(line.as_bytes()));
}

/// The line of a record whose level, logger and message are `text`.
fn append<'a>(line: &mut String, text: &str, fields: impl Iterator<Item = (&'a str, Value<'a>)> + Clone) {
    if let Some((_, time)) = fields.clone().find(|(key, _)| *key == TIME) {
        let _ = write!(line, "{} ", plain(&time));
    }
    line.push_str(text);
    // the name of the logger says which instance it is
    for (key, value) in fields.filter(|(key, _)| !matches!(*key, TIME | "instance")) {
        let _ = write!(line, " {key}={}", plain(&value));
    }
    line.push('\n');
}

/// A value without quotes.
pub(super) fn plain<'a>(value: &'a Value<'_>) -> Cow<'a, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(value) => Cow::Owned(value.to_string()),
        Value::Int(value) => Cow::Owned(value.to_string()),
        Value::Float(value) => Cow::Owned(value.to_string()),
        Value::Text(text) | Value::Json(text) => Cow::Borrowed(text),
    }
}

/// The handler: the text of its formatter, with the time of the market in front and the fields behind.
#[derive(Debug)]
pub(super) struct Console {
    lines: String,
    /// The lines end in the journal, which takes their level from a mark in front: `<3>` (sd-daemon(3)).
    is_marked: bool,
}

impl Console {
    pub(super) fn new(is_marked: bool) -> Self {
        Self { lines: String::new(), is_marked }
    }
}

/// Puts the mark of a level in front of every line of `text`.
fn mark(text: &str, level: Level) -> String {
    text.lines().map(|line| format!("<{}>{line}\n", level.syslog_priority())).collect()
}

impl Handler for Console {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        let start = self.lines.len();
        append(&mut self.lines, entry.text, Fields(entry).iter());
        if self.is_marked {
            let marked = mark(&self.lines.split_off(start), entry.record.level);
            self.lines.push_str(&marked);
        }
        if self.lines.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let written = progress::suspended(|| StandardError.write_all(self.lines.as_bytes()));
        self.lines.clear();
        Ok(written?)
    }
}

/// The fields of a record, decoded once.
struct Fields<'a>(&'a Entry<'a>);

impl<'a> Fields<'a> {
    fn iter(&self) -> std::vec::IntoIter<(&'a str, Value<'a>)> {
        self.0.record.fields.iter().collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use stratd_logging::{Level, Value};

    use super::{append, mark};

    #[test]
    fn every_line_for_the_journal_has_its_mark() {
        assert_eq!(mark("ERROR a: one\ntwo\n", Level::ERROR), "<3>ERROR a: one\n<3>two\n");
    }

    fn check(fields: &[(&str, Value<'static>)], expected: &str) {
        let mut line = String::new();
        append(&mut line, "INFO a: text", fields.iter().cloned());
        assert_eq!(line, format!("{expected}\n"));
    }

    #[test]
    fn the_time_of_the_market_comes_first_and_fields_last() {
        check(&[], "INFO a: text");
        check(
            &[
                ("x", Value::from("one two")),
                ("time", Value::from("2020-01-01T00:00:00Z")),
                ("n", Value::from(7)),
                ("is_on", Value::from(true)),
            ],
            "2020-01-01T00:00:00Z INFO a: text x=one two n=7 is_on=true",
        );
    }
}
