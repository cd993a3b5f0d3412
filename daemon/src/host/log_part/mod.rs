//! Filters, handlers and formatters of the log that plugins offer: extension `stratd.log/1`.
//!
//! A part is found when its library is opened, and made when a configuration names it. Its functions are called by the
//! one thread that writes the log. A part that panicked is not called any more; who has it goes on without.
#![expect(unsafe_code, reason = "calls a plugin's function tables")]

mod hosted;
mod view;

use std::ffi::c_void;

use stratd_plugin_api::abi::{LogEdit, LogPartV1, LogPartsV1, LogView, Sink, Str, log_part};

pub(crate) use hosted::HostedLogPart;

use super::{
    borrowed,
    library::{self, LOG_PART_ENTRIES},
    refusal::{Problem, Step},
};

/// Parts of one plugin.
const PARTS_MAX: u64 = 64;
const NAME_BYTES_MAX: usize = 64;
const DESCRIPTION_BYTES_MAX: usize = 1024;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogPartKind {
    Filter,
    Handler,
    Formatter,
}

impl LogPartKind {
    /// The word in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Handler => "handler",
            Self::Formatter => "formatter",
        }
    }
}

type Filter = unsafe extern "C" fn(*mut c_void, *const LogView, *const LogEdit, *const Sink) -> i64;
type Handle = unsafe extern "C" fn(*mut c_void, *const LogView, Str, *const Sink) -> i64;
type Format = unsafe extern "C" fn(*mut c_void, *const LogView, *const Sink, *const Sink) -> i64;

/// The functions of a part.
#[derive(Clone, Copy)]
struct PartEntries {
    create: unsafe extern "C" fn(Str, *const Sink) -> *mut c_void,
    destroy: unsafe extern "C" fn(*mut c_void),
    filter: Option<Filter>,
    handle: Option<Handle>,
    flush: Option<unsafe extern "C" fn(*mut c_void, *const Sink) -> i64>,
    format: Option<Format>,
    changes_records: bool,
}

/// A part that a plugin offers.
#[derive(Clone)]
pub(crate) struct LogPart {
    pub(crate) kind: LogPartKind,
    pub(crate) name: String,
    pub(crate) description: String,
    entries: PartEntries,
}

/// Reads what a library offers.
///
/// # Safety
/// `parts` is null, or static data of a loaded library.
pub(super) unsafe fn read(parts: *const LogPartsV1) -> Result<Vec<LogPart>, Problem> {
    if parts.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: as demanded of the caller
    let list: LogPartsV1 = unsafe { library::read(parts, "the list of log parts") }?;
    if list.count > PARTS_MAX {
        return Err(problem(format!("{} log parts", list.count), format!("at most {PARTS_MAX}")));
    }
    let mut found: Vec<LogPart> = Vec::new();
    for index in 0..usize::try_from(list.count).unwrap_or(0) {
        // SAFETY: as demanded of the caller: the list has so many
        let part = unsafe { read_part(list.parts.wrapping_add(index)) }?;
        if found.iter().any(|known| known.kind == part.kind && known.name == part.name) {
            return Err(problem(format!("two {}s called {}", part.kind.name(), part.name), "one of a name"));
        }
        found.push(part);
    }
    Ok(found)
}

/// # Safety
/// `part` is static data of a loaded library.
unsafe fn read_part(part: *const LogPartV1) -> Result<LogPart, Problem> {
    // SAFETY: as demanded of the caller
    unsafe { library::check_entries(part.cast(), "a log part", &LOG_PART_ENTRIES) }?;
    // SAFETY: as demanded of the caller; no entry that must not be null is
    let table: LogPartV1 = unsafe { library::read(part, "a log part") }?;
    // SAFETY: static data of a loaded library
    let text = |text, limit| unsafe { borrowed::exact_text(text, limit) }.map(str::to_owned);
    let name = text(table.name, NAME_BYTES_MAX).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| problem("a log part without a usable name", "UTF-8 of 1 to 64 bytes"))?;
    let description = text(table.description, DESCRIPTION_BYTES_MAX).unwrap_or_default();
    let (kind, is_there) = match table.kind {
        log_part::FILTER => (LogPartKind::Filter, table.filter.is_some()),
        log_part::HANDLER => (LogPartKind::Handler, table.handle.is_some()),
        log_part::FORMATTER => (LogPartKind::Formatter, table.format.is_some()),
        other => {
            let found = format!("a log part of kind {other}");
            return Err(problem(found, "1 (filter), 2 (handler) or 3 (formatter)"));
        }
    };
    if !is_there {
        return Err(problem(format!("the {} {name} without its function", kind.name()), "the function"));
    }
    let entries = PartEntries {
        create: table.create,
        destroy: table.destroy,
        filter: table.filter,
        handle: table.handle,
        flush: table.flush,
        format: table.format,
        changes_records: table.changes_records != 0,
    };
    Ok(LogPart { kind, name, description, entries })
}

fn problem(found: impl Into<String>, accepted: impl Into<String>) -> Problem {
    Problem::new(Step::Abi, found.into(), accepted.into())
}
