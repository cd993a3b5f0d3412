//! From plugins into the log. Records keep their level numbers and their key-values as they are.

use std::{cell::RefCell, fmt};

use stratd_logging::{Event, Level, Location, Value};

use super::{early, front};

/// Fields of one record of a plugin; the others are left out, and a field says how many.
const FIELDS_MAX: usize = 64;

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What a plugin says.
pub(crate) struct PluginRecord<'a> {
    /// The parts of the logger's name, as `strategy`, `momentum`, `orders`; empty ones are left out.
    pub(crate) logger: [&'a str; 3],
    /// CPython's number.
    pub(crate) level: u32,
    pub(crate) message: &'a str,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// The time of the market, if there is one.
    pub(crate) time: Option<&'a dyn fmt::Display>,
}

/// Logs what a plugin says. One whose level is off costs a look into a table and a load.
pub(crate) fn log_plugin(record: &PluginRecord<'_>) {
    let level = Level::new(i32::try_from(record.level).unwrap_or(i32::MAX));
    let Some(front) = front().filter(|front| level >= front.lowest()) else { return };
    // taken out while it is used: the text of a value may log itself, if it is a plugin's
    let mut name = NAME.try_with(RefCell::take).unwrap_or_default();
    name.clear();
    for part in record.logger.iter().filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    if front.logging().is_none() && early::is_journal() {
        let fields: Vec<String> = record.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        early::write_event(level, &name, record.message, &fields.join(" "));
    } else if let Some(target) = front.target(&name, level) {
        let time = record.time.map(ToString::to_string);
        target.emit(&Event {
            level,
            message: format_args!("{}", record.message),
            location: nowhere(),
            fields: &fields_of(record, time.as_deref()),
            exc_text: None,
            stack_info: None,
        });
    }
    let _ = NAME.try_with(|kept| kept.replace(name));
}

fn fields_of<'a>(record: &PluginRecord<'a>, time: Option<&'a str>) -> Vec<(&'a str, Value<'a>)> {
    let left_out = record.fields.len().saturating_sub(FIELDS_MAX);
    let mut fields = Vec::with_capacity(record.fields.len().min(FIELDS_MAX) + 2);
    fields.extend(time.map(|time| ("time", Value::from(time))));
    fields.extend(record.fields.iter().take(FIELDS_MAX).map(|&(key, value)| (key, Value::from(value))));
    if left_out > 0 {
        fields.push(("fields_left_out", Value::from(left_out)));
    }
    fields
}

/// A plugin does not say where in its source it logs.
fn nowhere() -> Location<'static> {
    Location { file: "", line: 0, function: "", module: None }
}
