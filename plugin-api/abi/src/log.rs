//! The extension [`LOG_EXTENSION`], in both directions: what the host offers to whoever logs, and filters, handlers and
//! formatters that a plugin offers to the log.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::{Sink, Str};

/// Id of the extension: of the host's [`LogHostV1`] and of a plugin's [`LogPartsV1`].
pub const LOG_EXTENSION: &str = "stratd.log/1";

/// A key with its value.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogField {
    /// Key.
    pub key: Str,
    /// The value, if it is a text.
    pub text: Str,
    /// The value, if it is no text: the two's complement of an integer, the bits of a double, 0 or 1.
    pub bits: u64,
    /// One of [`crate::log_value`].
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
}

/// A logger of an instance.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LoggerRef {
    /// The lowest level that anybody takes: to be read with a relaxed atomic load at each use, because it changes at any
    /// time. Valid as long as the process.
    pub threshold: *const i32,
    /// The number of the logger, for [`LogEntry::logger`]; the same for the same name as long as the process lives.
    pub id: u32,
    /// Zero.
    pub reserved: u32,
}

/// A log record, borrowed for the call; the host copies.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogEntry {
    /// A number that [`LogHostV1::logger`] gave, or one of [`crate::logger_id`].
    pub logger: u32,
    /// CPython's numbers: 10 debug, 20 info, 30 warning, 40 error, 50 critical; any other is allowed.
    pub level: i32,
    /// Line in the source; 0 = unknown.
    pub line: u32,
    /// The place, in the slice of the call in hand, of the event that the record is about.
    /// [`crate::logger_id::NO_EVENT`] = unknown: then the host names the instrument if the slice is of one.
    pub event: u32,
    /// Name below the logger, looked up by the host; empty = the logger itself.
    pub target: Str,
    /// Message.
    pub message: Str,
    /// Source file.
    pub file: Str,
    /// Function.
    pub function: Str,
    /// Module.
    pub module: Str,
    /// The error that is reported, with its causes or its stack; may have several lines.
    pub exception: Str,
    /// Key-values.
    pub fields: *const LogField,
    /// Length of `fields`.
    pub field_count: u32,
    /// Bits of [`crate::log_flag`].
    pub flags: u32,
}

/// What the host offers to whoever logs: its `get_extension` of [`LOG_EXTENSION`]. Lives as long as the process; every
/// function may be called from any thread and at any time, `create`, `save` and `destroy` included.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogHostV1 {
    /// Size of this table in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// No record of a lower level is of interest to anybody; to be read as [`LoggerRef::threshold`].
    pub lowest: *const i32,
    /// Finds the logger `name` below `parent` (a number that this function gave, or one of [`crate::logger_id`]; the
    /// empty name is the parent itself) and writes it to `out`. 0, or negative if the name is not usable or the limit of
    /// loggers is reached; `out` is then the instance's own logger.
    pub logger: unsafe extern "C" fn(ctx: *mut c_void, parent: u32, name: Str, out: *mut LoggerRef) -> i64,
    /// Logs a record.
    pub log: unsafe extern "C" fn(ctx: *mut c_void, entry: *const LogEntry),
    /// Sets a field that every later record of this instance has, unless it brings its own of that key; the kind NONE
    /// takes it away. 0, or negative if the limit of fields is reached.
    pub context_set: unsafe extern "C" fn(ctx: *mut c_void, field: *const LogField) -> i64,
    /// Waits until everything that was logged is written; negative if that took too long. It may take long: never on
    /// the way of an event.
    pub flush: unsafe extern "C" fn(ctx: *mut c_void) -> i64,
}

/// A record on its way through the log, lent for the call.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogView {
    /// Nanoseconds since 1970-01-01 UTC.
    pub created: i64,
    /// Number of the thread that logged.
    pub thread: u64,
    /// Number of the process that logged.
    pub process: u32,
    /// Level.
    pub level: i32,
    /// Line in the source.
    pub line: u32,
    /// Length of `fields`.
    pub field_count: u32,
    /// Name of the logger.
    pub name: Str,
    /// Name of the level.
    pub level_name: Str,
    /// Message.
    pub message: Str,
    /// Source file.
    pub file: Str,
    /// Function.
    pub function: Str,
    /// Module.
    pub module: Str,
    /// Name of the thread.
    pub thread_name: Str,
    /// Text of the error; empty if there is none.
    pub exception: Str,
    /// Text of the stack; empty if there is none.
    pub stack: Str,
    /// Fields.
    pub fields: *const LogField,
}

/// How a filter changes the record that it was handed; works during the call only.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogEdit {
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Replaces the message.
    pub message: unsafe extern "C" fn(ctx: *mut c_void, message: Str),
    /// Replaces the level.
    pub level: unsafe extern "C" fn(ctx: *mut c_void, level: i32),
    /// Sets a field.
    pub field: unsafe extern "C" fn(ctx: *mut c_void, field: *const LogField),
}

/// A filter, a handler or a formatter. Its functions are called one at a time.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogPartV1 {
    /// Size of this record in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// One of [`crate::log_part`].
    pub kind: u32,
    /// Filter: 1 if it may change records, else 0.
    pub changes_records: u32,
    /// Name, for `name` in a configuration.
    pub name: Str,
    /// One sentence.
    pub description: Str,
    /// JSON schema of the options.
    pub options_schema: Str,
    /// Makes a part from its options (JSON, validated against the schema). Null if refused; the reason goes to `errors`.
    pub create: unsafe extern "C" fn(options: Str, errors: *const Sink) -> *mut c_void,
    /// Ends a part; nothing of it is used afterwards.
    pub destroy: unsafe extern "C" fn(part: *mut c_void),
    /// Filter: 1 = the record goes on, 0 = it does not, negative = error. Null for other kinds.
    pub filter: Option<
        unsafe extern "C" fn(
            part: *mut c_void,
            record: *const LogView,
            edit: *const LogEdit,
            errors: *const Sink,
        ) -> i64,
    >,
    /// Handler: takes a record with the text that its formatter made. 0, negative = the record is lost. Null for other
    /// kinds.
    pub handle: Option<
        unsafe extern "C" fn(
            part: *mut c_void,
            record: *const LogView,
            text: Str,
            errors: *const Sink,
        ) -> i64,
    >,
    /// Handler: hands over what it kept. 0, negative = something is lost. May be null.
    pub flush: Option<unsafe extern "C" fn(part: *mut c_void, errors: *const Sink) -> i64>,
    /// Formatter: writes the text of a record. 0, negative = error. Null for other kinds.
    pub format: Option<
        unsafe extern "C" fn(
            part: *mut c_void,
            record: *const LogView,
            text: *const Sink,
            errors: *const Sink,
        ) -> i64,
    >,
}

/// What a plugin offers to the log: its [`crate::PluginV1::get_extension`] of [`LOG_EXTENSION`]. Static data of the
/// library.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogPartsV1 {
    /// Size of this record in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// Length of `parts`.
    pub count: u64,
    /// The parts; names are unique within a kind.
    pub parts: *const LogPartV1,
}
