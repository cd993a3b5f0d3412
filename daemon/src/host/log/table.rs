//! The entries of the host's log table.
//!
//! A panic in here aborts the process: it must not unwind through the plugin.

use std::ffi::c_void;

use stratd_plugin_api::abi::{ABI, LogEntry, LogField, LogHostV1, LoggerRef, Str, logger_id};

use super::{super::borrowed, InstanceLog, record};
use crate::logging;

/// The longest name of a logger that is looked at.
const NAME_BYTES_MAX: usize = 256;

/// The table of an instance's log.
pub(super) fn table(ctx: *mut c_void) -> LogHostV1 {
    LogHostV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a table is small")]
        size: size_of::<LogHostV1>() as u32,
        abi: ABI,
        ctx,
        lowest: logging::lowest_of_all().as_ptr(),
        logger,
        log,
        context_set,
        flush,
    }
}

/// # Safety
/// `ctx` is that of the table of an [`InstanceLog`], as the ABI demands of the plugin.
unsafe fn of(ctx: *mut c_void) -> &'static InstanceLog {
    // SAFETY: as demanded of the caller; bridges and their logs are never freed
    unsafe { &*ctx.cast::<InstanceLog>() }
}

unsafe extern "C" fn logger(ctx: *mut c_void, parent: u32, name: Str, out: *mut LoggerRef) -> i64 {
    // SAFETY: the plugin passes the table's context
    let log = unsafe { of(ctx) };
    // SAFETY: the plugin lends the text for the call
    let found = unsafe { borrowed::exact_text(name, NAME_BYTES_MAX) }
        .and_then(|name| log.loggers.child(parent, name, &log.way));
    let id = found.unwrap_or(logger_id::OWN);
    let threshold = log.loggers.get(id).sink.threshold().as_ptr().cast_const();
    // SAFETY: the plugin lends the place for the call
    let mut out = unsafe { borrowed::Out::new(out, 1) };
    out.push(&LoggerRef { threshold, id, reserved: 0 });
    if found.is_some() { 0 } else { -1 }
}

unsafe extern "C" fn log(ctx: *mut c_void, entry: *const LogEntry) {
    // SAFETY: the plugin passes the table's context
    let log = unsafe { of(ctx) };
    // SAFETY: the plugin lends the entry for the call
    unsafe { log.take(entry) };
}

unsafe extern "C" fn context_set(ctx: *mut c_void, field: *const LogField) -> i64 {
    // SAFETY: the plugin passes the table's context
    let log = unsafe { of(ctx) };
    // SAFETY: the plugin lends the field for the call
    let is_set = unsafe { record::with_field(field, |key, value| log.set_context(key, value)) };
    if is_set == Some(true) { 0 } else { -1 }
}

unsafe extern "C" fn flush(ctx: *mut c_void) -> i64 {
    // SAFETY: the plugin passes the table's context
    let log = unsafe { of(ctx) };
    if log.loggers.get(logger_id::OWN).sink.flush() { 0 } else { -1 }
}
