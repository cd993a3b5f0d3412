//! From the attributes that a peer sent to a record: what Python's `makeLogRecord` does, with types checked.
//!
//! Attributes that are missing have the value of an empty record; only the text must be there, and the level, as a number
//! or by name. What has no place in a record becomes a field, under its own name or, if that is an attribute's, as
//! `x_NAME`.

use std::borrow::Cow;

use crate::{
    error::{Error, ErrorKind, Result},
    fields::RESERVED,
    format::text_of,
    level::{Level, LevelNames},
    record::Record,
    value::Value,
};

const NS_PER_S: f64 = 1e9;
const NS_PER_MS: i64 = 1_000_000;
/// How far `created`, a float, may be off the time that it was made of.
const CREATED_ERROR_NS: i64 = 1_000;

/// Makes the record. `now_ns` is its time if it has none of its own.
pub(super) fn to_record(fields: Vec<(String, Value<'static>)>, now_ns: i64) -> Result<Record<'static>> {
    let mut record = Record::new("root", Level::NOTSET, "");
    let mut seen = Seen::default();
    for (key, value) in fields {
        take(&mut record, &mut seen, key, value)?;
    }
    record.level = match (seen.level, &record.level_name) {
        (Some(level), _) => level,
        (None, Some(name)) => LevelNames::default().parse(name).map_err(|error| bad(error.to_string()))?,
        (None, None) => return Err(bad("no level (accepted: levelno or levelname)")),
    };
    // a name that is the usual one need not be carried along
    if record.level_name.as_deref() == LevelNames::default().known(record.level) {
        record.level_name = None;
    }
    if !seen.has_message {
        return Err(bad("no text (accepted: msg)"));
    }
    record.created_ns = match seen.created {
        Some(created) => created_ns(created, seen.msecs)?,
        None => now_ns,
    };
    let since_start = seen.relative.map_or(0, |ms| whole(ms * 1e6));
    record.start_ns = record.created_ns.saturating_sub(since_start);
    Ok(record)
}

/// What is put together at the end.
#[derive(Default)]
struct Seen {
    level: Option<Level>,
    has_message: bool,
    created: Option<f64>,
    msecs: Option<f64>,
    relative: Option<f64>,
}

fn take(record: &mut Record<'static>, seen: &mut Seen, key: String, value: Value<'static>) -> Result<()> {
    match key.as_str() {
        "msg" => {
            seen.has_message = true;
            record.message = Cow::Owned(text_of(&value));
        }
        // a text that a formatter left in the record: the same as `msg`, but for its arguments
        "message" if !seen.has_message => {
            seen.has_message = true;
            record.message = Cow::Owned(text_of(&value));
        }
        "levelno" => {
            let level = number(&key, &value)?.and_then(|level| i32::try_from(level).ok());
            seen.level = Some(Level::new(level.ok_or_else(|| wrong(&key, &value, "a level"))?));
        }
        "lineno" => {
            record.lineno = number(&key, &value)?.and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
        }
        "thread" => record.thread = number(&key, &value)?.and_then(|id| u64::try_from(id).ok()).unwrap_or(0),
        "process" => {
            record.process = number(&key, &value)?.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
        }
        "created" => seen.created = float(&key, &value)?,
        "msecs" => seen.msecs = float(&key, &value)?,
        "relativeCreated" => seen.relative = float(&key, &value)?,
        "name" => record.name = text(value).unwrap_or_else(|| "root".into()),
        "levelname" => record.level_name = text(value),
        "pathname" => record.pathname = text(value).unwrap_or_default(),
        "module" => record.module = text(value),
        "funcName" => record.function = text(value).unwrap_or_default(),
        "threadName" => record.thread_name = text(value).unwrap_or_default(),
        "processName" => record.process_name = text(value).unwrap_or_default(),
        "taskName" => record.task_name = text(value),
        "stack_info" => record.stack_info = text(value),
        "exc_text" => record.exc_text = text(value).or(record.exc_text.take()),
        "exc_info" if record.exc_text.is_none() && matches!(value, Value::Text(_)) => {
            record.exc_text = text(value)
        }
        // made of others, or of no use once the text is finished
        "filename" | "message" | "asctime" | "exc_info" => {}
        "args" if matches!(value, Value::Null) => {}
        key if RESERVED.contains(&key) => record.fields.add(format!("x_{key}"), value),
        _ => record.fields.add(key, value),
    }
    Ok(())
}

fn bad(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Wire, format!("a record that cannot be read: {what}"))
}

fn wrong(key: &str, value: &Value<'_>, accepted: &str) -> Error {
    let mut shown = text_of(value);
    shown.truncate(shown.floor_char_boundary(64));
    bad(format!("{key} is {shown:?} (accepted: {accepted})"))
}

/// A text; None stays None.
fn text(value: Value<'static>) -> Option<Cow<'static, str>> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text),
        other => Some(Cow::Owned(text_of(&other))),
    }
}

fn number(key: &str, value: &Value<'_>) -> Result<Option<i128>> {
    match value {
        Value::Null => Ok(None),
        Value::Int(number) => Ok(Some(*number)),
        Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::Json(_) => {
            Err(wrong(key, value, "a whole number"))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "these are floats in Python")]
fn float(key: &str, value: &Value<'_>) -> Result<Option<f64>> {
    match value {
        Value::Null => Ok(None),
        Value::Int(number) => Ok(Some(*number as f64)),
        Value::Float(number) if number.is_finite() => Ok(Some(*number)),
        Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::Json(_) => {
            Err(wrong(key, value, "a number"))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a number out of range becomes the nearest end")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// The time in nanoseconds. A float of seconds is off by some hundred nanoseconds; the milliseconds, which Python counts
/// exactly, say on which side of a millisecond it was.
fn created_ns(created: f64, msecs: Option<f64>) -> Result<i64> {
    let second = created.floor();
    let limit = 9.2e9;
    if !(-limit..=limit).contains(&second) {
        return Err(wrong("created", &Value::Float(created), "seconds since 1970, before 2262"));
    }
    // the fraction apart: the product would lose what the float still knows
    let ns = whole(second) * whole(NS_PER_S) + whole((created - second) * NS_PER_S);
    let Some(msecs) = msecs.filter(|msecs| (0.0..1000.0).contains(msecs) && msecs.fract() == 0.0) else {
        return Ok(ns);
    };
    let msecs = whole(msecs);
    for second in [whole(second), whole(second) + 1] {
        let first = second * whole(NS_PER_S) + msecs * NS_PER_MS;
        let nearest = ns.clamp(first, first + NS_PER_MS - 1);
        if (nearest - ns).abs() <= CREATED_ERROR_NS {
            return Ok(nearest);
        }
    }
    Ok(ns)
}

#[cfg(test)]
mod tests {
    use super::to_record;
    use crate::{level::Level, value::Value};

    fn with(more: &[(&str, Value<'static>)]) -> crate::Result<crate::Record<'static>> {
        let base =
            [("msg", Value::from("hello")), ("levelno", Value::from(20)), ("levelname", Value::from("INFO"))];
        let fields = base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), value.clone()));
        to_record(fields.collect(), 7)
    }

    #[test]
    fn what_has_no_place_becomes_a_field() {
        let more = [
            ("user", Value::from("bob")),
            ("args", Value::Json("[1]".into())),
            ("fields_json", Value::from(1)),
            ("asctime", Value::from("now")),
            ("message", Value::from("hello")),
        ];
        let record = with(&more).unwrap();
        let fields: Vec<_> = record.fields.iter().collect();
        let expected = [
            ("user", Value::from("bob")),
            ("x_args", Value::Json("[1]".into())),
            ("x_fields_json", Value::from(1)),
        ];
        assert_eq!(fields, expected);
        assert_eq!((&*record.name, record.level, record.created_ns), ("root", Level::INFO, 7));
        assert_eq!(record.level_name, None);
    }

    #[test]
    fn a_level_may_be_a_name_and_keeps_its_sender_s() {
        let fields =
            vec![("msg".to_owned(), Value::from("x")), ("levelname".to_owned(), Value::from("ERROR"))];
        assert_eq!(to_record(fields, 0).unwrap().level, Level::ERROR);
        let record = with(&[("levelname", Value::from("NOTICE")), ("levelno", Value::from(25))]).unwrap();
        assert_eq!((record.level, record.level_name.as_deref()), (Level::new(25), Some("NOTICE")));
    }

    #[test]
    fn times_are_those_of_the_sender_to_the_millisecond() {
        let cases = [
            // as floats both are below the millisecond that Python counted
            (1_718_000_123.001, 1.0, 1_718_000_123_001),
            (1_718_000_123.999, 999.0, 1_718_000_123_999),
            (1_718_000_124.0, 0.0, 1_718_000_124_000),
            (1_718_000_123.5, 500.0, 1_718_000_123_500),
            (-0.5, 500.0, -500),
        ];
        for (created, msecs, expected) in cases {
            let more = [("created", Value::Float(created)), ("msecs", Value::Float(msecs))];
            let ns = with(&more).unwrap().created_ns;
            assert_eq!(ns.div_euclid(1_000_000), expected, "{created}: {ns}");
        }
        let more = [("created", Value::Float(100.5)), ("relativeCreated", Value::Float(123.25))];
        let record = with(&more).unwrap();
        assert_eq!(record.created_ns - record.start_ns, 123_250_000);
    }

    #[test]
    fn what_is_of_another_type_or_missing_is_refused_with_its_name() {
        let bad = [
            ("levelno", Value::from("x")),
            ("created", Value::Float(f64::NAN)),
            ("created", Value::Float(1e30)),
        ];
        for (key, value) in bad {
            let error = with(&[(key, value)]).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("accepted"), "{error}");
        }
        assert!(
            to_record(vec![("levelno".to_owned(), Value::from(10))], 0)
                .unwrap_err()
                .to_string()
                .contains("msg")
        );
        let error = to_record(vec![("msg".to_owned(), Value::from("x"))], 0).unwrap_err().to_string();
        assert!(error.contains("levelno"), "{error}");
    }
}
