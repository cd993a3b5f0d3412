//! CPython's configuration documents as ours.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value as Json, json};
use stratd_logging::{Filter, Kinds, Level, NameFilter, Operand, Predicate, Result};
use toml::Table;

use crate::{formatter, steps::Sink};

/// Kinds of handlers that only this test knows.
pub(crate) fn kinds(events: &Arc<Mutex<Vec<Json>>>) -> Kinds {
    let mut kinds = Kinds::default();
    let events = Arc::clone(events);
    kinds.add_handler("capture", move |table| {
        let tag = table.get("tag").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        Ok(Box::new(Sink { tag, events: Arc::clone(&events), is_bad: false }))
    });
    kinds
}

/// A dictConfig document.
pub(crate) fn dict_config(doc: &Json, extra_fields: &[String]) -> Result<Table> {
    let mut ours = Map::new();
    // Python's default, which an incremental configuration does not look at
    let is_incremental = doc["incremental"] == json!(true);
    if !is_incremental {
        ours.insert("disable_existing_loggers".to_owned(), json!(true));
    }
    for (key, value) in doc.as_object().into_iter().flatten() {
        let (key, value) = match key.as_str() {
            "version" => ("schema", value.clone()),
            "formatters" => (
                "formatters",
                each(value, |formatter| {
                    let mut formatter = formatter.clone();
                    if let Some(formatter) = formatter.as_object_mut() {
                        formatter.remove("validate");
                        formatter.remove("class");
                        if !extra_fields.is_empty() {
                            formatter.insert("extra_fields".to_owned(), json!(extra_fields));
                        }
                    }
                    formatter
                }),
            ),
            "filters" => ("filters", each(value, filter)),
            "handlers" if !is_incremental => ("handlers", each(value, handler)),
            other => (other, value.clone()),
        };
        ours.insert(key.to_owned(), value);
    }
    to_toml(&Json::Object(ours))
}

fn to_toml(json: &Json) -> Result<Table> {
    match toml_of(json) {
        Some(toml::Value::Table(table)) => Ok(table),
        _ => Err(std::io::Error::other("the document is no table").into()),
    }
}

/// None for null, which TOML has not: the key is left out.
fn toml_of(json: &Json) -> Option<toml::Value> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Json::String(text) => text.clone().into(),
        Json::Array(items) => items.iter().filter_map(toml_of).collect::<Vec<_>>().into(),
        Json::Object(map) => {
            let entries = map.iter().filter_map(|(key, value)| Some((key.clone(), toml_of(value)?)));
            entries.collect::<Table>().into()
        }
    })
}

fn each(table: &Json, convert: impl Fn(&Json) -> Json) -> Json {
    match table {
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), convert(value))).collect(),
        other => other.clone(),
    }
}

fn filter(filter: &Json) -> Json {
    let mut ours = filter.as_object().cloned().unwrap_or_default();
    ours.remove("()");
    let kind = match ours.remove("type") {
        Some(kind) if kind == "prefix_msg" => json!("prefix"),
        Some(kind) => kind,
        None => json!("name"),
    };
    ours.insert("kind".to_owned(), kind);
    Json::Object(ours)
}

fn handler(handler: &Json) -> Json {
    let mut ours = Map::new();
    let class = handler["class"].as_str().or_else(|| handler["()"].as_str()).unwrap_or_default();
    let kind = match class {
        "goldenlib.Capture" => "capture",
        "logging.StreamHandler" => "stream",
        "logging.NullHandler" => "null",
        "logging.FileHandler" | "logging.handlers.TimedRotatingFileHandler" => "file",
        "logging.handlers.MemoryHandler" => "memory",
        other => other,
    };
    ours.insert("kind".to_owned(), json!(kind));
    for (key, value) in handler.as_object().into_iter().flatten() {
        let (key, value) = match key.as_str() {
            "class" | "()" => continue,
            "filename" => ("path", value.clone()),
            "stream" => ("target", json!(value.as_str().unwrap_or_default().replace("ext://sys.", ""))),
            "flushLevel" => ("flush_level", value.clone()),
            "flushOnClose" => ("flush_on_close", value.clone()),
            "when" => ("rotate", json!({ "when": value })),
            other => (other, value.clone()),
        };
        ours.insert(key.to_owned(), value);
    }
    Json::Object(ours)
}

/// Keyword arguments of basicConfig.
pub(crate) fn basic_config(keywords: &Json) -> Result<Table> {
    let mut ours = Map::new();
    for (key, value) in keywords.as_object().into_iter().flatten() {
        let key = if key == "filename" { "file" } else { key };
        ours.insert(key.to_owned(), value.clone());
    }
    to_toml(&Json::Object(ours))
}

/// A filter described by `goldenlib.make_filter`.
pub(crate) fn predicate(spec: &Json) -> Result<Box<dyn Filter>, String> {
    let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
    let level = |key: &str| Level::new(i32::try_from(spec[key].as_i64().unwrap_or(0)).unwrap_or(0));
    let n = spec["n"].as_u64().unwrap_or(0);
    let (operand, negate) = (|| Operand::new(text("field")), spec["negate"] == true);
    let levels = spec["levels"].as_array().into_iter().flatten();
    let predicate = match spec["type"].as_str().unwrap_or_default() {
        "name" => return Ok(Box::new(NameFilter::new(text("name")))),
        "level_max" => Predicate::LevelMax(level("level")),
        "level_min" => Predicate::LevelMin(level("level")),
        "level_range" => Predicate::LevelRange(level("min"), level("max")),
        "level_in" => {
            let levels = levels.filter_map(|level| i32::try_from(level.as_i64()?).ok()).map(Level::new);
            Predicate::LevelIn(levels.collect())
        }
        "contains" => Predicate::Contains(operand(), text("value"), negate),
        "regex" => {
            let pattern = regex::Regex::new(&text("pattern")).map_err(|error| error.to_string())?;
            Predicate::Regex(operand(), pattern, negate)
        }
        "equals" => Predicate::Equals(operand(), formatter::value(&spec["value"]), negate),
        "has" => Predicate::Has(operand(), negate),
        "every" => Predicate::Every { n, seen: 0 },
        "first" => Predicate::First { n, seen: 0 },
        "const" => Predicate::Const(spec["value"] == true),
        "add_fields" => {
            let fields = spec["fields"].as_object().into_iter().flatten();
            Predicate::AddFields(fields.map(|(key, json)| (key.clone(), formatter::value(json))).collect())
        }
        "prefix_msg" => Predicate::Prefix(text("prefix")),
        "set_level" => Predicate::SetLevel(level("level")),
        other => return Err(format!("no filter {other:?}")),
    };
    Ok(Box::new(predicate))
}

/// `message % args`, as far as the rows use it: `%s` and `%d`, and a list as `repr` prints it.
pub(crate) fn merge(message: &str, args: &Json) -> String {
    let Some(args) = args.as_array().filter(|args| !args.is_empty()) else { return message.to_owned() };
    let is_one_list = message.matches('%').count() == 1;
    let texts: Vec<String> =
        args.iter().map(|arg| arg.as_str().map_or_else(|| arg.to_string(), str::to_owned)).collect();
    if is_one_list && message.contains("%s") {
        let list: Vec<String> = texts.iter().map(|text| format!("'{text}'")).collect();
        return message.replace("%s", &format!("[{}]", list.join(", ")));
    }
    texts.iter().fold(message.to_owned(), |text, arg| {
        let at = [text.find("%s"), text.find("%d")].into_iter().flatten().min();
        at.map_or(text.clone(), |at| format!("{}{arg}{}", &text[..at], &text[at + 2..]))
    })
}
