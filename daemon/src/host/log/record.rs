//! From a record that a plugin lends to a [`Log`] whose texts are texts.
//!
//! Limits: what is longer than [`MESSAGE_BYTES_MAX`], [`EXCEPTION_BYTES_MAX`] or [`TEXT_BYTES_MAX`] is cut there, fields
//! beyond [`FIELDS_MAX`] are left out, and a field of the record says so. JSON that is none, or is none once it is cut,
//! becomes a text.

use std::{
    borrow::Cow,
    sync::{PoisonError, atomic::Ordering},
};

use serde::de::IgnoredAny;
use stratd_plugin_api::{
    Level, Location, Log, LogValue,
    abi::{LogEntry, LogField, LogRecord, Str, log_flag, log_value, logger_id},
};

use super::{super::borrowed, InstanceLog};

/// The longest message.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The longest text of an error.
const EXCEPTION_BYTES_MAX: usize = 256 * 1024;
/// The longest key, value, name or place in the source.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most key-values of a record.
const FIELDS_MAX: usize = 64;
/// Fields of a record, those of the host included, that need no allocation.
const FIELDS_ON_STACK: usize = 12;
/// Says how many bytes of the message are missing.
const CUT: &str = "bytes_cut";
/// Says how many fields are missing.
const LEFT_OUT: &str = "fields_left_out";

/// A value that is kept.
pub(super) enum Owned {
    Plain(LogValue<'static>),
    Text(String),
    Json(String),
}

impl Owned {
    /// `None` for nothing.
    pub(super) fn new(value: LogValue<'_>) -> Option<Self> {
        Some(match value {
            LogValue::Null => return None,
            LogValue::Text(text) => Self::Text(text.to_owned()),
            LogValue::Json(text) => Self::Json(text.to_owned()),
            LogValue::Int(number) => Self::Plain(LogValue::Int(number)),
            LogValue::Unsigned(number) => Self::Plain(LogValue::Unsigned(number)),
            LogValue::Float(number) => Self::Plain(LogValue::Float(number)),
            LogValue::Bool(flag) => Self::Plain(LogValue::Bool(flag)),
        })
    }

    fn borrowed(&self) -> LogValue<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Text(text) => LogValue::Text(text),
            Self::Json(text) => LogValue::Json(text),
        }
    }
}

/// Fields of one record, on the stack as long as they are few.
struct Gathered<'a> {
    few: [(&'a str, LogValue<'a>); FIELDS_ON_STACK],
    count: usize,
    many: Vec<(&'a str, LogValue<'a>)>,
}

impl<'a> Gathered<'a> {
    fn new() -> Self {
        Self { few: [("", LogValue::Null); FIELDS_ON_STACK], count: 0, many: Vec::new() }
    }

    #[inline]
    fn push(&mut self, key: &'a str, value: LogValue<'a>) {
        if self.many.is_empty()
            && let Some(slot) = self.few.get_mut(self.count)
        {
            *slot = (key, value);
            self.count += 1;
            return;
        }
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        self.many.push((key, value));
    }

    fn as_slice(&self) -> &[(&'a str, LogValue<'a>)] {
        if self.many.is_empty() { self.few.get(..self.count).unwrap_or_default() } else { &self.many }
    }
}

/// A text of a plugin.
///
/// # Safety
/// As [`borrowed::text`].
#[inline]
unsafe fn text<'a>(text: Str, limit: usize) -> Cow<'a, str> {
    if text.length == 0 {
        return Cow::Borrowed("");
    }
    // SAFETY: as demanded of the caller
    unsafe { borrowed::text(text, limit) }
}

/// The value of a field, whose text is `text`.
fn value_of<'a>(field: &LogField, text: &'a str) -> LogValue<'a> {
    match field.kind {
        log_value::TEXT => LogValue::Text(text),
        log_value::JSON => LogValue::Json(text),
        log_value::INTEGER => LogValue::Int(field.bits.cast_signed()),
        log_value::UNSIGNED => LogValue::Unsigned(field.bits),
        log_value::FLOAT => LogValue::Float(f64::from_bits(field.bits)),
        log_value::BOOL => LogValue::Bool(field.bits != 0),
        // a kind of a newer plugin: the key is worth something still
        _ => LogValue::Null,
    }
}

/// A field whose texts are as they should be; most are.
///
/// # Safety
/// The texts of the field are lent for as long as the result is used.
#[inline]
unsafe fn plain<'a>(field: &LogField) -> Option<(&'a str, LogValue<'a>)> {
    // SAFETY: as demanded of the caller
    let key = unsafe { borrowed::exact_text(field.key, TEXT_BYTES_MAX) }?;
    let text = match field.kind {
        // SAFETY: as demanded of the caller
        log_value::TEXT | log_value::JSON => unsafe { borrowed::exact_text(field.text, TEXT_BYTES_MAX) }?,
        _ => "",
    };
    if field.kind == log_value::JSON && !(is_json(text) && is_one_line(text)) {
        return None;
    }
    Some((key, value_of(field, text)))
}

/// Formatters write JSON as it is: what is none would break the line that it stands in.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r'])
}

/// JSON in one line; what is no JSON as a text.
fn json_of(text: &str) -> String {
    if is_json(text) {
        // between values only: inside of a text, JSON allows none
        return text.replace(['\n', '\r'], " ");
    }
    serde_json::Value::from(text).to_string()
}

/// Key and text of a field, repaired and cut.
///
/// # Safety
/// The texts of the field are lent for the call.
#[cold]
unsafe fn repaired(field: &LogField) -> (String, String) {
    // SAFETY: as demanded of the caller
    let part = |lent: Str| unsafe { text(lent, TEXT_BYTES_MAX) }.into_owned();
    let text = match field.kind {
        log_value::TEXT => part(field.text),
        log_value::JSON => json_of(&part(field.text)),
        _ => String::new(),
    };
    (part(field.key), text)
}

/// Hands a field of a plugin to `with`, its text copied if it is none.
///
/// # Safety
/// `field` is null or lent for the call with all that it points to.
pub(in super::super) unsafe fn with_field<R>(
    field: *const LogField,
    with: impl FnOnce(&str, LogValue<'_>) -> R,
) -> Option<R> {
    // SAFETY: as demanded of the caller
    let field = unsafe { borrowed::record(field) }?;
    // SAFETY: as demanded of the caller
    let (key, text) = unsafe { repaired(field) };
    Some(with(&key, value_of(field, &text)))
}

impl InstanceLog {
    /// Takes a record.
    ///
    /// # Safety
    /// `entry` is null or lent for the call with all that it points to.
    pub(super) unsafe fn take(&'static self, entry: *const LogEntry) {
        // SAFETY: as demanded of the caller
        let Some(entry) = (unsafe { borrowed::record(entry) }) else { return };
        let is_in_hand = entry.logger == logger_id::IN_HAND;
        let log = if is_in_hand { self.in_hand() } else { self };
        let id = if is_in_hand { logger_id::OWN } else { entry.logger };
        let id = if entry.target.length == 0 {
            id
        } else {
            // SAFETY: as demanded of the caller
            let target = unsafe { text(entry.target, TEXT_BYTES_MAX) };
            log.loggers.child(id, &target, &log.way).unwrap_or(id)
        };
        let known = log.loggers.get(id);
        let is_forced = entry.flags & log_flag::FORCED != 0;
        if !is_forced && entry.level < known.sink.threshold().load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: as demanded of the caller
        unsafe { log.gather(entry, |record| known.sink.send(record)) };
    }

    /// Puts a record together with what the host knows of it.
    ///
    /// # Safety
    /// The entry is lent for the call with all that it points to.
    unsafe fn gather(&self, entry: &LogEntry, send: impl FnOnce(&Log<'_>)) {
        let count = u64::from(entry.field_count);
        // SAFETY: as demanded of the caller
        let given =
            unsafe { borrowed::slice(entry.fields, count.min(FIELDS_MAX as u64)) }.unwrap_or_default();
        // SAFETY: as demanded of the caller
        let is_plain = given.iter().all(|field| unsafe { plain(field) }.is_some());
        // SAFETY: as demanded of the caller
        let repair = |field| unsafe { repaired(field) };
        let mended: Vec<(String, String)> =
            if is_plain { Vec::new() } else { given.iter().map(repair).collect() };
        // copied: no lock is held while a record is on its way
        let context: Option<Vec<(String, Owned)>> = self.has_context.load(Ordering::Relaxed).then(|| {
            let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
            context.iter().map(|(key, value)| (key.clone(), value.copied())).collect()
        });
        self.with_event(entry.event, |instrument, order_id| {
            let mut fields = Gathered::new();
            if !instrument.is_empty() {
                fields.push("instrument", LogValue::Text(instrument));
            }
            if order_id != 0 {
                fields.push("order_id", LogValue::Unsigned(order_id));
            }
            for (key, value) in context.iter().flatten() {
                fields.push(key, value.borrowed());
            }
            for (index, field) in given.iter().enumerate() {
                let found = match mended.get(index) {
                    Some((key, text)) => Some((key.as_str(), value_of(field, text))),
                    // SAFETY: as demanded of the caller
                    None => unsafe { plain(field) },
                };
                if let Some((key, value)) = found {
                    fields.push(key, value);
                }
            }
            let left_out = count.saturating_sub(given.len() as u64);
            if left_out > 0 {
                fields.push(LEFT_OUT, LogValue::Unsigned(left_out));
            }
            let cut = entry.message.length.saturating_sub(MESSAGE_BYTES_MAX as u64);
            if cut > 0 {
                fields.push(CUT, LogValue::Unsigned(cut));
            }
            // SAFETY: as demanded of the caller
            let short = |lent: Str| unsafe { text(lent, TEXT_BYTES_MAX) };
            send(&Log {
                level: Level::new(entry.level),
                target: "",
                // SAFETY: as demanded of the caller
                message: &unsafe { text(entry.message, MESSAGE_BYTES_MAX) },
                fields: fields.as_slice(),
                location: Location {
                    file: &short(entry.file),
                    line: entry.line,
                    function: &short(entry.function),
                    module: &short(entry.module),
                },
                // SAFETY: as demanded of the caller
                exception: &unsafe { text(entry.exception, EXCEPTION_BYTES_MAX) },
                event: None,
                is_forced: entry.flags & log_flag::FORCED != 0,
            });
        });
    }

    /// Hands over what the event is about: the symbol of its instrument and the id of its order, as far as there are any.
    fn with_event<R>(&self, index: u32, with: impl FnOnce(&str, u64) -> R) -> R {
        let Some(place) = self.is_here() else { return with("", 0) };
        place.instruments.keep_time();
        // SAFETY: this thread is inside of the call, as the seat says
        let about = unsafe { self.hand.about(index) };
        if about.instrument == 0 {
            return with("", about.order_id);
        }
        self.hand.with_symbol(about.instrument, (&self.way, place.instruments), |symbol| {
            with(symbol, about.order_id)
        })
    }
}

impl Owned {
    fn copied(&self) -> Self {
        match self {
            Self::Plain(value) => Self::Plain(*value),
            Self::Text(text) => Self::Text(text.clone()),
            Self::Json(text) => Self::Json(text.clone()),
        }
    }
}

/// Takes a record of the base table, whose values are texts.
///
/// # Safety
/// `record` is null or lent for the call with all that it points to.
pub(in super::super) unsafe fn with_base(log: &'static InstanceLog, record: *const LogRecord) {
    // SAFETY: as demanded of the caller
    let Some(record) = (unsafe { borrowed::record(record) }) else { return };
    let count = u64::from(record.field_count).min(FIELDS_MAX as u64);
    // SAFETY: as demanded of the caller
    let pairs = unsafe { borrowed::slice(record.fields, count) }.unwrap_or_default();
    let fields: Vec<LogField> = pairs
        .iter()
        .map(|pair| LogField { key: pair.key, text: pair.value, bits: 0, kind: log_value::TEXT, reserved: 0 })
        .collect();
    let entry = LogEntry {
        logger: logger_id::OWN,
        level: i32::try_from(record.level).unwrap_or(i32::MAX),
        line: 0,
        event: logger_id::NO_EVENT,
        target: record.target,
        message: record.message,
        file: Str::EMPTY,
        function: Str::EMPTY,
        module: Str::EMPTY,
        exception: Str::EMPTY,
        fields: fields.as_ptr(),
        field_count: u32::try_from(fields.len()).unwrap_or(0),
        flags: 0,
    };
    // SAFETY: the texts are lent for the call, the fields live in this function
    unsafe { log.take(&raw const entry) };
}

#[cfg(test)]
mod tests {
    use super::json_of;

    #[test]
    fn json_is_one_line_and_what_is_none_is_a_text() {
        assert_eq!(json_of("{\n  \"a\": [1,\r\n 2]\n}"), "{   \"a\": [1,   2] }");
        assert_eq!(json_of("\"a\\nb\""), "\"a\\nb\"");
        for (bad, text) in [("", "\"\""), ("[1,", "\"[1,\""), ("1} {\n", "\"1} {\\n\"")] {
            assert_eq!(json_of(bad), text);
        }
    }
}
