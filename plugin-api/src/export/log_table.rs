//! The tables of filters, handlers and formatters: one `extern "C"` function per entry, all under the guard.
#![expect(unsafe_code, reason = "the entries of the ABI")]

use std::ffi::c_void;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{sink::write_to, str_of, table_log::field_of};
use crate::{
    Fault, LogFilter, LogFormatter, LogHandler, LogItem, LogValue, Result,
    abi::{ABI, LogEdit, LogField, LogPartV1, LogView, Sink, Str, log_part, log_value},
    guard::{Guarded, guarded, install_panic_hook, mark_host_thread},
    linked::parse_config,
};

/// A text of a view, which lives as long as the call.
pub(crate) fn str_of_view(view: &LogView, text: Str) -> &str {
    let _ = view;
    // SAFETY: the host lends the view with all its texts for the call, and hands it out by reference only
    unsafe { str_of(text) }.unwrap_or_default()
}

/// A field of a view by its place.
pub(crate) fn field_value(view: &LogView, index: u32) -> Option<(&str, LogValue<'_>)> {
    if index >= view.field_count || view.fields.is_null() {
        return None;
    }
    // SAFETY: the host lends so many fields with the view
    let field: &LogField = unsafe { &*view.fields.add(usize::try_from(index).ok()?) };
    let value = match field.kind {
        log_value::TEXT => LogValue::Text(str_of_view(view, field.text)),
        log_value::JSON => LogValue::Json(str_of_view(view, field.text)),
        log_value::INTEGER => LogValue::Int(field.bits.cast_signed()),
        log_value::UNSIGNED => LogValue::Unsigned(field.bits),
        log_value::FLOAT => LogValue::Float(f64::from_bits(field.bits)),
        log_value::BOOL => LogValue::Bool(field.bits != 0),
        _ => LogValue::Null,
    };
    Some((str_of_view(view, field.key), value))
}

/// How a record is changed.
pub(crate) struct LogEditor<'a>(&'a LogEdit);

impl LogEditor<'_> {
    pub(crate) fn message(&self, message: &str) {
        // SAFETY: the host's function with its context; the text lives during the call
        unsafe { (self.0.message)(self.0.ctx, Str::new(message)) }
    }

    pub(crate) fn level(&self, level: i32) {
        // SAFETY: the host's function with its context
        unsafe { (self.0.level)(self.0.ctx, level) }
    }

    pub(crate) fn field(&self, key: &str, value: LogValue<'_>) {
        let field = field_of(key, value);
        // SAFETY: the host's function with its context; the field lives during the call
        unsafe { (self.0.field)(self.0.ctx, &raw const field) }
    }
}

/// What filters, handlers and formatters have in common.
trait Made: Sized {
    type Options: DeserializeOwned + JsonSchema;
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    fn make(options: Self::Options) -> Result<Self>;
}

struct Filter<T>(T);
struct Handler<T>(T);
struct Formatter<T>(T);

/// Writes one forwarding: they differ in the names only.
macro_rules! made {
    ($wrapper:ident, $author:ident) => {
        impl<T: $author> Made for $wrapper<T> {
            type Options = T::Options;
            const NAME: &'static str = T::NAME;
            const DESCRIPTION: &'static str = T::DESCRIPTION;
            fn make(options: T::Options) -> Result<Self> {
                T::new(options).map(Self)
            }
        }
    };
}
made!(Filter, LogFilter);
made!(Handler, LogHandler);
made!(Formatter, LogFormatter);

/// The table of a filter.
#[must_use]
pub fn log_filter<F: LogFilter>() -> LogPartV1 {
    LogPartV1 {
        changes_records: u32::from(F::CHANGES_RECORDS),
        filter: Some(filter::<F>),
        ..part::<Filter<F>>(log_part::FILTER)
    }
}

/// The table of a handler.
#[must_use]
pub fn log_handler<H: LogHandler>() -> LogPartV1 {
    LogPartV1 { handle: Some(handle::<H>), flush: Some(flush::<H>), ..part::<Handler<H>>(log_part::HANDLER) }
}

/// The table of a formatter.
#[must_use]
pub fn log_formatter<M: LogFormatter>() -> LogPartV1 {
    LogPartV1 { format: Some(format::<M>), ..part::<Formatter<M>>(log_part::FORMATTER) }
}

fn part<P: Made>(kind: u32) -> LogPartV1 {
    LogPartV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a record is small")]
        size: size_of::<LogPartV1>() as u32,
        abi: ABI,
        kind,
        changes_records: 0,
        name: Str::new(P::NAME),
        description: Str::new(P::DESCRIPTION),
        options_schema: Str::new(super::plugin::schema::<P::Options>()),
        create: create::<P>,
        destroy: destroy::<P>,
        filter: None,
        handle: None,
        flush: None,
        format: None,
    }
}

unsafe extern "C" fn create<P: Made>(options: Str, errors: *const Sink) -> *mut c_void {
    // nobody is told of panics of threads: a part has no log to tell them to
    install_panic_hook(|_| {});
    // SAFETY: the host lends the text for the call
    let options = unsafe { str_of(options) }.ok_or_else(|| Fault::error("the options are not UTF-8"));
    let made = options.and_then(|options| {
        guarded(|| parse_config(options).and_then(|o| P::make(o).map_err(|e| Fault::error(e.to_string()))))
    });
    match made {
        Ok(part) => Box::into_raw(Box::new(Guarded::new(part))).cast(),
        Err(fault) => {
            // SAFETY: the host lends the sink for the call
            unsafe { write_to(errors, fault.message.as_bytes()) };
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn destroy<P: Made>(part: *mut c_void) {
    mark_host_thread();
    // SAFETY: `create` made it with `Box::into_raw`, and the host destroys it once
    let part = unsafe { Box::from_raw(part.cast::<Guarded<P>>()) };
    // a Drop that panics has nobody to tell
    let _ = guarded(|| {
        drop(part);
        Ok(())
    });
}

/// Runs an entry of a part; the text of a fault goes to `errors`.
///
/// # Safety
/// `part` is what `create::<P>` returned and the host has not destroyed; the host calls one entry at a time and lends
/// `errors` for the call.
unsafe fn during<P: Made>(
    part: *mut c_void,
    errors: *const Sink,
    body: impl FnOnce(&mut P) -> Result<i64>,
) -> i64 {
    mark_host_thread();
    // SAFETY: as demanded of the caller
    let part = unsafe { &mut *part.cast::<Guarded<P>>() };
    let done = part.call(|part, _| body(part).map_err(|error| Fault::error(error.to_string())));
    done.unwrap_or_else(|fault| {
        // SAFETY: as demanded of the caller
        unsafe { write_to(errors, fault.message.as_bytes()) };
        -i64::from(fault.reason.code())
    })
}

unsafe extern "C" fn filter<F: LogFilter>(
    part: *mut c_void,
    record: *const LogView,
    edit: *const LogEdit,
    errors: *const Sink,
) -> i64 {
    // SAFETY: the host lends both for the call
    let (view, edit) = unsafe { (&*record, &*edit) };
    let editor = F::CHANGES_RECORDS.then_some(LogEditor(edit));
    // SAFETY: the host passes a living part, one call at a time
    unsafe {
        during::<Filter<F>>(part, errors, |part| {
            part.0.accepts(&mut LogItem::new(view, editor)).map(i64::from)
        })
    }
}

unsafe extern "C" fn handle<H: LogHandler>(
    part: *mut c_void,
    record: *const LogView,
    text: Str,
    errors: *const Sink,
) -> i64 {
    // SAFETY: the host lends it for the call
    let view = unsafe { &*record };
    // SAFETY: the host lends it for the call
    let text = unsafe { str_of(text) }.unwrap_or_default();
    // SAFETY: the host passes a living part, one call at a time
    unsafe {
        during::<Handler<H>>(part, errors, |part| part.0.handle(&LogItem::new(view, None), text).map(|()| 0))
    }
}

unsafe extern "C" fn flush<H: LogHandler>(part: *mut c_void, errors: *const Sink) -> i64 {
    // SAFETY: the host passes a living part, one call at a time
    unsafe { during::<Handler<H>>(part, errors, |part| part.0.flush().map(|()| 0)) }
}

unsafe extern "C" fn format<M: LogFormatter>(
    part: *mut c_void,
    record: *const LogView,
    text: *const Sink,
    errors: *const Sink,
) -> i64 {
    // SAFETY: the host lends it for the call
    let view = unsafe { &*record };
    let body = |part: &mut Formatter<M>| {
        let mut made = String::new();
        part.0.format(&LogItem::new(view, None), &mut made)?;
        // SAFETY: the host lends the sink for the call
        unsafe { write_to(text, made.as_bytes()) };
        Ok(0)
    };
    // SAFETY: the host passes a living part, one call at a time
    unsafe { during::<Formatter<M>>(part, errors, body) }
}
