//! `formatter.jsonl`: one record, one formatter.

use serde_json::Value as Json;
use stratd_logging::{ErrorKind, Fields, Formatter, FormatterOptions, Level, Record, Style, Value, Zone};

use crate::{Failure, expectation, tag_of};

/// Tags of what only Python can do; SCHEMA.md lists them.
const PYTHON_ONLY: [&str; 7] =
    ["args_merge", "python_repr", "attr_index_access", "not_needed", "nested_spec", "raw_attr", "none_value"];

pub(crate) fn run(row: &Json) -> Result<(), Failure> {
    if let Some(tag) = tag_of(row, &PYTHON_ONLY) {
        return Err(Failure::Excluded(tag.to_owned()));
    }
    let expect = expectation(row);
    let expected_stage = expect["error"]["stage"].as_str();
    let record = record(&row["record"]);
    let options = match options(&row["formatter"], &record) {
        Ok(options) => options,
        Err(error) => return refused("construct", expected_stage, &error),
    };
    let mut formatter = match Formatter::new(&options) {
        Ok(formatter) => formatter,
        Err(error) => return refused("construct", expected_stage, &error),
    };
    let mut output = String::from("kept:");
    match (formatter.format(&record, &mut output), expected_stage) {
        (Err(error), _) => {
            if output != "kept:" {
                return Err(Failure::Wrong(format!("after an error the text is {output:?}")));
            }
            if error.kind() != ErrorKind::Record {
                return Err(Failure::Wrong(format!("{error} is a {:?}", error.kind())));
            }
            refused("format", expected_stage, &error)
        }
        (Ok(()), Some(stage)) => {
            Err(Failure::Wrong(format!("expected an error of stage {stage}, got {output:?}")))
        }
        (Ok(()), None) => {
            let expected = format!("kept:{}", expect["output"].as_str().unwrap_or_default());
            if output != expected {
                return Err(Failure::Wrong(format!("expected {expected:?}, got {output:?}")));
            }
            let uses_time = expect["uses_time"].as_bool().unwrap_or_default();
            if formatter.uses_time() != uses_time {
                return Err(Failure::Wrong(format!("expected uses_time {uses_time}")));
            }
            Ok(())
        }
    }
}

/// We may refuse earlier than Python, never later, and never where it does not.
fn refused(stage: &str, expected: Option<&str>, error: &stratd_logging::Error) -> Result<(), Failure> {
    match expected {
        Some("format") => Ok(()),
        Some(expected) if expected == stage => Ok(()),
        Some(expected) => Err(Failure::Wrong(format!("refused at {stage}, expected at {expected}: {error}"))),
        None => Err(Failure::Wrong(format!("refused at {stage}: {error}"))),
    }
}

fn options(row: &Json, record: &Record<'_>) -> Result<FormatterOptions, stratd_logging::Error> {
    let text = |key: &str| row[key].as_str().map(str::to_owned);
    let defaults = row["defaults"].as_object().into_iter().flatten();
    let mut options = FormatterOptions {
        format: text("fmt"),
        date_format: text("datefmt"),
        style: Style::parse(row["style"].as_str().unwrap_or_default())?,
        defaults: defaults.map(|(key, default)| (key.clone(), value(default))).collect(),
        extra_fields: record.fields.iter().map(|(key, _)| key.to_owned()).collect(),
        zone: if row["utc"] == true { Zone::Utc } else { Zone::Local },
        ..FormatterOptions::default()
    };
    if let Some(format) = text("default_time_format") {
        options.time_format = format;
    }
    if row.get("default_msec_format").is_some() {
        options.msec_format = text("default_msec_format");
    }
    Ok(options)
}

/// The record of a row.
pub(crate) fn record(row: &Json) -> Record<'static> {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let level = Level::new(i32::try_from(row["levelno"].as_i64().unwrap_or(0)).unwrap_or(0));
    let message = if row["message"].is_string() { text("message") } else { text("msg") };
    let mut record = Record::new(text("name"), level, message);
    record.level_name = row["levelname"].as_str().map(|name| name.to_owned().into());
    record.created_ns = row["created_ns"].as_i64().unwrap_or(0);
    record.start_ns = row["start_ns"].as_i64().unwrap_or(0);
    record.pathname = text("pathname").into();
    record.lineno = u32::try_from(row["lineno"].as_u64().unwrap_or(0)).unwrap_or(0);
    record.function = text("funcName").into();
    record.thread = row["thread"].as_u64().unwrap_or(0);
    record.thread_name = text("threadName").into();
    record.process = u32::try_from(row["process"].as_u64().unwrap_or(0)).unwrap_or(0);
    record.process_name = text("processName").into();
    record.exc_text = row["exc_text"].as_str().map(|text| text.to_owned().into());
    record.stack_info = row["stack_info"].as_str().map(|text| text.to_owned().into());
    record.fields = fields(&row["extra"]);
    record
}

/// A JSON object as fields.
pub(crate) fn fields(object: &Json) -> Fields<'static> {
    let mut fields = Fields::default();
    for (key, json) in object.as_object().into_iter().flatten() {
        fields.add(key.clone(), value(json));
    }
    fields
}

/// A JSON value as the value of a field.
pub(crate) fn value(json: &Json) -> Value<'static> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::Float(number),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::from(text.clone()),
        Json::Array(_) | Json::Object(_) => Value::Json(json.to_string().into()),
    }
}
