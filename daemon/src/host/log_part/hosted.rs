//! A part that was made.

use std::{ffi::c_void, ptr::NonNull, sync::Arc};

use stratd_logging::Record;
use stratd_plugin_api::{
    abi::{Sink, Str, reason},
    export::SinkBuffer,
};

use super::{
    LogPart, PartEntries,
    view::{Edits, with_view},
};
use crate::{
    host::{
        call::LastError,
        crash::seat::{self, Entry, Seat},
        instance::{CONFIG_BYTES_MAX, ERROR_BYTES_MAX},
        library::Opened,
        refusal::{Identity, Problem, Step},
        strategy::creating,
    },
    plugin_kind::PluginKind,
};

/// The longest text that a formatter makes.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A filter, handler or formatter of a plugin. Ended when dropped; its library stays mapped as long.
pub(crate) struct HostedLogPart {
    entries: PartEntries,
    part: NonNull<c_void>,
    seat: &'static Seat,
    /// It panicked: nobody calls it any more.
    is_poisoned: bool,
    // last: until the part has ended, nobody closes the library
    _library: Arc<Opened>,
}

// SAFETY: the ABI lets the host call a part from any thread, one call at a time; `&mut self` of every call upholds that
unsafe impl Send for HostedLogPart {}

impl HostedLogPart {
    /// Makes a part of `library` from its options.
    pub(in super::super) fn create(
        part: &LogPart,
        options: &serde_json::Value,
        plugin: &Identity,
        library: Arc<Opened>,
    ) -> Result<Self, Problem> {
        let text = options.to_string();
        if text.len() > CONFIG_BYTES_MAX {
            let found = format!("options of {} bytes", text.len());
            return Err(Problem::new(Step::Config, found, format!("at most {CONFIG_BYTES_MAX}")));
        }
        // leaked, as the seats of instances are: the watchdog may look at it at any time
        let seat: &'static Seat = Box::leak(Box::new(Seat::new(PluginKind::Log, &part.name, plugin)));
        seat::register(seat);
        let entries = part.entries;
        let made = creating(&LastError::default(), |errors| {
            // SAFETY: the plugin's own entry; text and sink live during the call
            seat.during(Entry::Create, || unsafe { (entries.create)(Str::new(&text), errors) })
        })?;
        Ok(Self { entries, part: made, seat, is_poisoned: false, _library: library })
    }

    /// Whether it may change records.
    pub(crate) fn changes_records(&self) -> bool {
        self.entries.changes_records
    }

    /// Asks a filter. It changes the record as it likes, if it said that it may.
    pub(crate) fn filter(&mut self, record: &mut Record<'_>) -> Result<bool, String> {
        let Some(entry) = self.entries.filter else { return Err("it is no filter".to_owned()) };
        let mut edits = Edits::default();
        let asked = self.call(Entry::Filter, |part, errors| {
            with_view(record, |view| {
                let edit = edits.table();
                // SAFETY: the plugin's own entry with its own part; the rest lives during the call
                unsafe { entry(part, view, &raw const edit, errors) }
            })
        })?;
        if self.changes_records() {
            edits.apply(record);
        }
        Ok(asked != 0)
    }

    /// Hands a record to a handler.
    pub(crate) fn handle(&mut self, record: &Record<'_>, text: &str) -> Result<(), String> {
        let Some(entry) = self.entries.handle else { return Err("it is no handler".to_owned()) };
        let done = self.call(Entry::Handle, |part, errors| {
            with_view(record, |view| {
                // SAFETY: the plugin's own entry with its own part; the rest lives during the call
                unsafe { entry(part, view, Str::new(text), errors) }
            })
        });
        done.map(drop)
    }

    /// Lets a handler hand over what it keeps.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        let Some(entry) = self.entries.flush else { return Ok(()) };
        // SAFETY: the plugin's own entry with its own part; the sink lives during the call
        self.call(Entry::Flush, |part, errors| unsafe { entry(part, errors) }).map(drop)
    }

    /// The text that a formatter makes.
    pub(crate) fn format(&mut self, record: &Record<'_>) -> Result<String, String> {
        let Some(entry) = self.entries.format else { return Err("it is no formatter".to_owned()) };
        let mut text = SinkBuffer::new(TEXT_BYTES_MAX);
        let sink = text.sink();
        self.call(Entry::Format, |part, errors| {
            with_view(record, |view| {
                // SAFETY: the plugin's own entry with its own part; the rest lives during the call
                unsafe { entry(part, view, &raw const sink, errors) }
            })
        })?;
        Ok(text.into_text())
    }

    fn call(
        &mut self,
        entry: Entry,
        call: impl FnOnce(*mut c_void, *const Sink) -> i64,
    ) -> Result<i64, String> {
        if self.is_poisoned {
            return Err("it panicked before and is not called any more".to_owned());
        }
        let mut errors = SinkBuffer::new(ERROR_BYTES_MAX);
        let sink = errors.sink();
        let part = self.part.as_ptr();
        let status = self.seat.during(entry, || call(part, &raw const sink));
        if status >= 0 {
            return Ok(status);
        }
        self.is_poisoned = status == -i64::from(reason::PANIC);
        match errors.into_text() {
            text if text.is_empty() => {
                Err(format!("`{}` returned {status} and gave no reason", entry.name()))
            }
            text => Err(text),
        }
    }
}

impl Drop for HostedLogPart {
    fn drop(&mut self) {
        let (destroy, part) = (self.entries.destroy, self.part.as_ptr());
        // SAFETY: the plugin's own entry with its own part, which nobody uses any more
        self.seat.during(Entry::Destroy, || unsafe { destroy(part) });
    }
}
