//! The host's log, as seen from inside the plugin.
#![expect(unsafe_code, reason = "calls the host's function tables")]

use std::{
    ffi::c_void,
    sync::{
        Arc,
        atomic::{AtomicI32, AtomicPtr, Ordering},
    },
};

use crate::{
    Log, LogSink, LogValue,
    abi::{
        ABI, KeyValue, LogEntry, LogField, LogHostV1, LogRecord, LoggerRef, Str, log_flag, log_value,
        logger_id,
    },
};

/// Fields of a record that need no allocation.
const FIELDS_ON_STACK: usize = 8;

/// The base table's function that logs, and its context.
type BaseLog = (*mut c_void, unsafe extern "C" fn(ctx: *mut c_void, record: *const LogRecord));

/// A logger of the host. The host keeps all of its tables as long as the process.
#[derive(Clone, Copy)]
pub(super) struct TableLog {
    /// Null for a host without the extension: then records go to `base`, fields as texts, and each of them is asked for.
    table: *const LogHostV1,
    base: BaseLog,
    logger: u32,
    threshold: *const AtomicI32,
}

// SAFETY: the host promises that its log may be called from any thread and that its tables outlive the process
unsafe impl Send for TableLog {}
// SAFETY: as above
unsafe impl Sync for TableLog {}

/// The threshold of a host that tells none: everything is handed over.
static EVERYTHING: AtomicI32 = AtomicI32::new(i32::MIN);

impl TableLog {
    /// # Safety
    /// `extension` is what the host's `get_extension` returned for the log; it and `base` are of the host's tables, which
    /// it keeps as long as the process.
    pub(super) unsafe fn new(extension: *const c_void, base: BaseLog) -> Self {
        let table = extension.cast::<LogHostV1>();
        // SAFETY: null, or the table that the id names
        let is_known = unsafe { table.as_ref() }
            .is_some_and(|table| table.abi == ABI && table.size as usize >= size_of::<LogHostV1>());
        let table = if is_known { table } else { std::ptr::null() };
        let own = Self { table, base, logger: logger_id::OWN, threshold: &raw const EVERYTHING };
        own.child("")
    }

    fn table(&self) -> Option<&'static LogHostV1> {
        // SAFETY: null or the host's table, as whoever called `new` vouched
        unsafe { self.table.as_ref() }
    }

    /// The logger `name` below this one; this one if it cannot be made.
    pub(super) fn child(&self, name: &str) -> Self {
        let Some(table) = self.table() else { return *self };
        let mut found = LoggerRef { threshold: std::ptr::null(), id: self.logger, reserved: 0 };
        // SAFETY: the host's function with the host's context; text and place live during the call
        unsafe { (table.logger)(table.ctx, self.logger, Str::new(name), &raw mut found) };
        if found.threshold.is_null() {
            return *self;
        }
        Self { logger: found.id, threshold: found.threshold.cast(), ..*self }
    }

    /// Sets a field of every later record.
    pub(super) fn set_context(&self, key: &str, value: LogValue<'_>) {
        if let Some(table) = self.table() {
            let field = field_of(key, value);
            // SAFETY: the host's function with the host's context; the field lives during the call
            unsafe { (table.context_set)(table.ctx, &raw const field) };
        }
    }

    /// Makes it the log of whoever has no table at hand, in the whole library.
    pub(super) fn make_ambient(&self) {
        AMBIENT.store(self.table.cast_mut(), Ordering::Release);
    }
}

impl LogSink for TableLog {
    #[inline]
    fn threshold(&self) -> &AtomicI32 {
        // SAFETY: the host keeps the number as long as the process, and writes it atomically
        unsafe { &*self.threshold }
    }

    fn send(&self, record: &Log<'_>) {
        match self.table() {
            Some(table) => send(table, self.logger, record),
            None => send_base(self.base, record),
        }
    }

    fn flush(&self) -> bool {
        // SAFETY: the host's function with the host's context
        self.table().is_none_or(|table| unsafe { (table.flush)(table.ctx) } >= 0)
    }
}

/// Shares a logger with threads and scopes.
pub(super) fn shared(log: TableLog) -> Arc<dyn LogSink> {
    Arc::new(log)
}

/// The log table of the instance that was created last.
static AMBIENT: AtomicPtr<LogHostV1> = AtomicPtr::new(std::ptr::null_mut());

fn ambient_table() -> Option<&'static LogHostV1> {
    // SAFETY: null, or a table that the host keeps as long as the process
    unsafe { AMBIENT.load(Ordering::Acquire).as_ref() }
}

/// The lowest level that anybody takes; `None` without a host.
#[inline]
pub(crate) fn lowest() -> Option<&'static AtomicI32> {
    let lowest = ambient_table()?.lowest.cast::<AtomicI32>();
    // SAFETY: the host keeps the number as long as the process, and writes it atomically
    unsafe { lowest.as_ref() }
}

/// Logs for the instance in hand; false without a host.
pub(crate) fn send_ambient(record: &Log<'_>) -> bool {
    let Some(table) = ambient_table() else { return false };
    send(table, logger_id::IN_HAND, record);
    true
}

fn send(table: &LogHostV1, logger: u32, record: &Log<'_>) {
    const NONE: LogField =
        LogField { key: Str::EMPTY, text: Str::EMPTY, bits: 0, kind: log_value::NONE, reserved: 0 };
    let mut few = [NONE; FIELDS_ON_STACK];
    let many: Vec<LogField>;
    let fields = match few.get_mut(..record.fields.len()) {
        Some(few) => {
            for (place, &(key, value)) in few.iter_mut().zip(record.fields) {
                *place = field_of(key, value);
            }
            &*few
        }
        None => {
            many = record.fields.iter().map(|&(key, value)| field_of(key, value)).collect();
            &many
        }
    };
    let location = record.location;
    let entry = LogEntry {
        logger,
        level: record.level.get(),
        line: location.line,
        event: record.event.unwrap_or(logger_id::NO_EVENT),
        target: Str::new(record.target),
        message: Str::new(record.message),
        file: Str::new(location.file),
        function: Str::new(location.function),
        module: Str::new(location.module),
        exception: Str::new(record.exception),
        fields: fields.as_ptr(),
        field_count: u32::try_from(fields.len()).unwrap_or(0),
        flags: if record.is_forced { log_flag::FORCED } else { 0 },
    };
    // SAFETY: the host's function with the host's context; the entry lives during the call
    unsafe { (table.log)(table.ctx, &raw const entry) }
}

/// As [`send`], to a host without the extension.
#[cold]
fn send_base((ctx, log): BaseLog, record: &Log<'_>) {
    let values: Vec<String> = record.fields.iter().map(|(_, value)| value.to_string()).collect();
    let pair = |((key, _), value): (&(&str, LogValue<'_>), &String)| KeyValue {
        key: Str::new(key),
        value: Str::new(value),
    };
    let fields: Vec<KeyValue> = record.fields.iter().zip(&values).map(pair).collect();
    let raw = LogRecord {
        level: u32::try_from(record.level.get()).unwrap_or(0),
        field_count: u32::try_from(fields.len()).unwrap_or(0),
        target: Str::new(record.target),
        message: Str::new(record.message),
        fields: fields.as_ptr(),
    };
    // SAFETY: the host's function with the host's context; the record lives during the call
    unsafe { log(ctx, &raw const raw) }
}

/// A field as it crosses.
pub(super) fn field_of(key: &str, value: LogValue<'_>) -> LogField {
    let (kind, text, bits) = match value {
        LogValue::Null => (log_value::NONE, Str::EMPTY, 0),
        LogValue::Text(text) => (log_value::TEXT, Str::new(text), 0),
        LogValue::Json(text) => (log_value::JSON, Str::new(text), 0),
        LogValue::Int(number) => (log_value::INTEGER, Str::EMPTY, number.cast_unsigned()),
        LogValue::Unsigned(number) => (log_value::UNSIGNED, Str::EMPTY, number),
        LogValue::Float(number) => (log_value::FLOAT, Str::EMPTY, number.to_bits()),
        LogValue::Bool(flag) => (log_value::BOOL, Str::EMPTY, u64::from(flag)),
    };
    LogField { key: Str::new(key), text, bits, kind, reserved: 0 }
}
