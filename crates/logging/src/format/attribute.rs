//! The standard attributes of a record, as a format string may name them.

use std::borrow::Cow;
use std::ops::Range;

use super::structured;
use crate::{level::Level, record::Record, value::Value};

/// A standard attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Name,
    LevelNumber,
    LevelName,
    PathName,
    FileName,
    Module,
    LineNumber,
    Function,
    Created,
    AscTime,
    Msecs,
    RelativeCreated,
    Thread,
    ThreadName,
    Process,
    ProcessName,
    TaskName,
    Message,
    ExcText,
    StackInfo,
    /// every further field as a JSON object
    FieldsJson,
    /// every further field as `key=value`
    FieldsLogfmt,
}

const NAMES: [(&str, Attribute); 23] = [
    ("name", Attribute::Name),
    ("levelno", Attribute::LevelNumber),
    ("levelname", Attribute::LevelName),
    ("pathname", Attribute::PathName),
    ("filename", Attribute::FileName),
    ("module", Attribute::Module),
    ("lineno", Attribute::LineNumber),
    ("funcName", Attribute::Function),
    ("created", Attribute::Created),
    ("asctime", Attribute::AscTime),
    ("msecs", Attribute::Msecs),
    ("relativeCreated", Attribute::RelativeCreated),
    ("thread", Attribute::Thread),
    ("threadName", Attribute::ThreadName),
    ("process", Attribute::Process),
    ("processName", Attribute::ProcessName),
    ("taskName", Attribute::TaskName),
    ("message", Attribute::Message),
    // the text arrives finished: there are no arguments to merge
    ("msg", Attribute::Message),
    ("exc_text", Attribute::ExcText),
    ("stack_info", Attribute::StackInfo),
    ("fields_json", Attribute::FieldsJson),
    ("fields_logfmt", Attribute::FieldsLogfmt),
];

const NS_PER_MS: i64 = 1_000_000;
const NS_PER_S: i64 = 1_000_000_000;

impl Attribute {
    pub(super) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, attribute)| attribute)
    }

    /// A value of the type it always has, to try a format on when it is compiled.
    pub(super) fn sample(self) -> Value<'static> {
        match self {
            Self::LevelNumber | Self::LineNumber | Self::Thread | Self::Process => Value::Int(1),
            Self::Created | Self::Msecs | Self::RelativeCreated => Value::Float(0.5),
            Self::Name
            | Self::LevelName
            | Self::PathName
            | Self::FileName
            | Self::Module
            | Self::Function
            | Self::AscTime
            | Self::ThreadName
            | Self::ProcessName
            | Self::TaskName
            | Self::Message
            | Self::ExcText
            | Self::StackInfo
            | Self::FieldsJson
            | Self::FieldsLogfmt => Value::Text(Cow::Borrowed("x")),
        }
    }

    /// Its text, if it is one that needs no making: this is what most of a line is made of.
    pub(super) fn text<'r>(self, record: &'r Record<'_>, asctime: &'r str) -> Option<&'r str> {
        match self {
            Self::Name => Some(&record.name),
            Self::Message => Some(&record.message),
            Self::AscTime => Some(asctime),
            Self::ThreadName => Some(&record.thread_name),
            Self::LevelName => match level_name(record) {
                Cow::Borrowed(name) => Some(name),
                Cow::Owned(_) => None,
            },
            Self::LevelNumber
            | Self::PathName
            | Self::FileName
            | Self::Module
            | Self::LineNumber
            | Self::Function
            | Self::Created
            | Self::Msecs
            | Self::RelativeCreated
            | Self::Thread
            | Self::Process
            | Self::ProcessName
            | Self::TaskName
            | Self::ExcText
            | Self::StackInfo
            | Self::FieldsJson
            | Self::FieldsLogfmt => None,
        }
    }

    /// Its value; `asctime` is what the formatter made of the time.
    #[expect(clippy::cast_precision_loss, reason = "these are what Python calls float")]
    pub(super) fn value<'r>(self, record: &'r Record<'_>, asctime: &'r str) -> Value<'r> {
        let text = |text: &'r str| Value::Text(Cow::Borrowed(text));
        let optional = |text: &'r Option<Cow<'_, str>>| match text {
            Some(text) => Value::Text(Cow::Borrowed(text)),
            None => Value::Null,
        };
        match self {
            Self::Name => text(&record.name),
            Self::LevelNumber => Value::from(record.level.get()),
            Self::LevelName => Value::Text(level_name(record)),
            Self::PathName => text(&record.pathname),
            Self::FileName => text(record.filename()),
            Self::Module => text(record.module()),
            Self::LineNumber => Value::from(record.lineno),
            Self::Function => text(&record.function),
            Self::Created => Value::Float(created_float(record.created_ns)),
            Self::AscTime => text(asctime),
            Self::Msecs => Value::Float(second_and_msecs(record.created_ns).1 as f64),
            Self::RelativeCreated => {
                Value::Float(record.created_ns.saturating_sub(record.start_ns) as f64 / 1e6)
            }
            Self::Thread => Value::from(record.thread),
            Self::ThreadName => text(&record.thread_name),
            Self::Process => Value::from(record.process),
            Self::ProcessName => text(&record.process_name),
            Self::TaskName => optional(&record.task_name),
            Self::Message => text(&record.message),
            Self::ExcText => optional(&record.exc_text),
            Self::StackInfo => optional(&record.stack_info),
            Self::FieldsJson => {
                let mut out = String::new();
                structured::write_fields_json(&mut out, &record.fields);
                Value::from(out)
            }
            Self::FieldsLogfmt => {
                let mut out = String::new();
                structured::write_fields_logfmt(&mut out, &record.fields);
                Value::from(out)
            }
        }
    }
}

/// The second that a time is in, and the whole milliseconds within it; also before 1970 they count upwards.
///
/// `created` is a float, which cannot tell the last 100 ns or so of a second from the next second. Python then prints the
/// next second, and so do we: `asctime`, `msecs` and `created` of a record always agree.
pub(super) fn second_and_msecs(created_ns: i64) -> (i64, i64) {
    let (second, rest) = (created_ns.div_euclid(NS_PER_S), created_ns.rem_euclid(NS_PER_S));
    // a time in this century is off by less than 120 ns as a float; further out, by less than a microsecond
    if rest < NS_PER_S - 1000 {
        return (second, rest / NS_PER_MS);
    }
    #[expect(clippy::cast_possible_truncation, reason = "an i64 of nanoseconds has far fewer seconds")]
    let rounded = created_float(created_ns).floor() as i64;
    (rounded, if rounded == second { rest / NS_PER_MS } else { 0 })
}

/// The times around this one that [`second_and_msecs`] says the same of, as far as that is certain: perhaps none.
pub(super) fn same_millisecond(created_ns: i64) -> Range<i64> {
    let rest = created_ns.rem_euclid(NS_PER_S);
    // the end of a second may be shown as the next one
    if rest >= NS_PER_S - 1000 {
        return 0..0;
    }
    // the first millisecond that an i64 holds may be cut short
    let start = created_ns.saturating_sub(rest % NS_PER_MS);
    start..start.saturating_add(NS_PER_MS.min(NS_PER_S - 1000 - rest / NS_PER_MS * NS_PER_MS))
}

#[expect(clippy::cast_precision_loss, reason = "this is what Python calls created")]
fn created_float(created_ns: i64) -> f64 {
    created_ns as f64 / 1e9
}

/// The name of the record's level: its sender's, or the usual one, or `Level N`.
pub(crate) fn level_name<'r>(record: &'r Record<'_>) -> Cow<'r, str> {
    if let Some(name) = &record.level_name {
        return Cow::Borrowed(name);
    }
    Cow::Borrowed(match record.level {
        Level::CRITICAL => "CRITICAL",
        Level::ERROR => "ERROR",
        Level::WARNING => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::NOTSET => "NOTSET",
        other => return Cow::Owned(format!("Level {}", other.get())),
    })
}

/// The attribute of a name; None for `asctime`, which is a formatter's, and for names of no attribute.
pub(crate) fn lookup<'r>(name: &str, record: &'r Record<'_>) -> Option<Value<'r>> {
    match Attribute::parse(name)? {
        Attribute::AscTime => None,
        attribute => Some(attribute.value(record, "")),
    }
}
