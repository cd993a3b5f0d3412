//! The attributes of a record, in the order and with the names of Python's `LogRecord`.

use crate::{
    format::{attribute_value, level_name},
    record::Record,
    value::Value,
};

/// Attributes before the fields. `args` and `exc_info` are always None: the text arrives finished.
const NAMES: [&str; 21] = [
    "name",
    "msg",
    "args",
    "levelname",
    "levelno",
    "pathname",
    "filename",
    "module",
    "exc_info",
    "exc_text",
    "stack_info",
    "lineno",
    "funcName",
    "created",
    "msecs",
    "relativeCreated",
    "thread",
    "threadName",
    "processName",
    "process",
    "taskName",
];

/// Visits every attribute and field.
pub(crate) fn visit(record: &Record<'_>, visit: &mut dyn FnMut(&str, &Value<'_>)) {
    for name in NAMES {
        let value = match name {
            "args" | "exc_info" => Value::Null,
            "levelname" => Value::Text(level_name(record)),
            name => attribute_value(name, record).unwrap_or(Value::Null),
        };
        visit(name, &value);
    }
    for (key, value) in record.fields.iter() {
        visit(key, &value);
    }
}
