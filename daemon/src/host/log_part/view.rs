//! A record as a part sees it, and how a filter changes it.

use std::{borrow::Cow, ffi::c_void};

use stratd_logging::{Level, LevelNames, Record, Value};
use stratd_plugin_api::{
    LogValue,
    abi::{LogEdit, LogField, LogView, Str, log_value},
};

use crate::host::{borrowed, log::with_field};

/// The longest message that a filter may set.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Lends a record for the length of a call.
pub(super) fn with_view<R>(record: &Record<'_>, call: impl FnOnce(*const LogView) -> R) -> R {
    let pairs: Vec<(&str, Value<'_>)> = record.fields.iter().collect();
    // numbers beyond 64 bits go as texts
    let wide: Vec<String> = pairs.iter().map(|(_, value)| wide_text(value)).collect();
    let fields: Vec<LogField> =
        pairs.iter().zip(&wide).map(|((key, value), wide)| field(key, value, wide)).collect();
    let level_name = match &record.level_name {
        Some(name) => Cow::Borrowed(&**name),
        None => Cow::Owned(LevelNames::default().name(record.level)),
    };
    let view = LogView {
        created: record.created_ns,
        thread: record.thread,
        process: record.process,
        level: record.level.get(),
        line: record.lineno,
        field_count: u32::try_from(fields.len()).unwrap_or(0),
        name: Str::new(&record.name),
        level_name: Str::new(&level_name),
        message: Str::new(&record.message),
        file: Str::new(&record.pathname),
        function: Str::new(&record.function),
        module: Str::new(record.module()),
        thread_name: Str::new(&record.thread_name),
        exception: Str::new(record.exc_text.as_deref().unwrap_or_default()),
        stack: Str::new(record.stack_info.as_deref().unwrap_or_default()),
        fields: fields.as_ptr(),
    };
    call(&raw const view)
}

fn wide_text(value: &Value<'_>) -> String {
    match value {
        Value::Int(number) if i64::try_from(*number).is_err() && u64::try_from(*number).is_err() => {
            number.to_string()
        }
        _ => String::new(),
    }
}

fn field(key: &str, value: &Value<'_>, wide: &str) -> LogField {
    let (kind, text, bits) = match value {
        Value::Null => (log_value::NONE, "", 0),
        Value::Bool(flag) => (log_value::BOOL, "", u64::from(*flag)),
        Value::Int(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => (log_value::INTEGER, "", number.cast_unsigned()),
            (_, Ok(number)) => (log_value::UNSIGNED, "", number),
            _ => (log_value::TEXT, wide, 0),
        },
        Value::Float(number) => (log_value::FLOAT, "", number.to_bits()),
        Value::Text(text) => (log_value::TEXT, &**text, 0),
        Value::Json(text) => (log_value::JSON, &**text, 0),
    };
    LogField { key: Str::new(key), text: Str::new(text), bits, kind, reserved: 0 }
}

/// What a filter wants changed.
#[derive(Default)]
pub(super) struct Edits {
    message: Option<String>,
    level: Option<i32>,
    fields: Vec<(String, Value<'static>)>,
}

impl Edits {
    /// How the plugin changes it, as long as it is not moved.
    pub(super) fn table(&mut self) -> LogEdit {
        LogEdit { ctx: std::ptr::from_mut(self).cast(), message, level, field: set_field }
    }

    /// Changes the record.
    pub(super) fn apply(self, record: &mut Record<'_>) {
        if let Some(message) = self.message {
            record.message = Cow::Owned(message);
        }
        if let Some(level) = self.level {
            record.level = Level::new(level);
            record.level_name = None;
        }
        for (key, value) in self.fields {
            record.fields.add(key, value);
        }
    }
}

/// # Safety
/// `ctx` is that of [`Edits::table`], whose owner keeps it in place during the call.
unsafe fn edits<'a>(ctx: *mut c_void) -> &'a mut Edits {
    // SAFETY: as demanded of the caller; a part is called by one thread at a time
    unsafe { &mut *ctx.cast::<Edits>() }
}

unsafe extern "C" fn message(ctx: *mut c_void, message: Str) {
    // SAFETY: the plugin passes the table's context
    let edits = unsafe { edits(ctx) };
    // SAFETY: the plugin lends the text for the call
    edits.message = Some(unsafe { borrowed::text(message, MESSAGE_BYTES_MAX) }.into_owned());
}

unsafe extern "C" fn level(ctx: *mut c_void, level: i32) {
    // SAFETY: the plugin passes the table's context
    unsafe { edits(ctx) }.level = Some(level);
}

unsafe extern "C" fn set_field(ctx: *mut c_void, field: *const LogField) {
    // SAFETY: the plugin passes the table's context
    let edits = unsafe { edits(ctx) };
    let owned = |key: &str, value: LogValue<'_>| (key.to_owned(), value_of(value));
    // SAFETY: the plugin lends the field for the call
    edits.fields.extend(unsafe { with_field(field, owned) });
}

fn value_of(value: LogValue<'_>) -> Value<'static> {
    match value {
        LogValue::Null => Value::Null,
        LogValue::Text(text) => Value::from(text.to_owned()),
        LogValue::Json(text) => Value::Json(text.to_owned().into()),
        LogValue::Int(number) => Value::from(number),
        LogValue::Unsigned(number) => Value::from(number),
        LogValue::Float(number) => Value::from(number),
        LogValue::Bool(flag) => Value::from(flag),
    }
}
