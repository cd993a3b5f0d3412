//! Changes for the length of a scope: a buffer that is shown only if something goes wrong, and another level.
//!
//! A scope is of one thread and one plugin. It sees what this thread logs through the SDK while it lasts, whoever logs.
//! Limit: a record that was kept is handed to the host when the buffer is emptied, and has the time of that moment.

use std::{
    cell::RefCell,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{Level, Location, Log, LogSink, LogValue, PluginLog};

/// Scopes of all threads: nobody looks further while there is none.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // without a destructor, which would pin the library in memory: every scope takes away what it put here
    static SCOPES: RefCell<ManuallyDrop<Vec<Scope>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

enum Scope {
    Level(Level),
    Buffer { capacity: usize, flush_level: Level, kept: Vec<Kept> },
}

/// A record that waits, and who takes it; without one, the plugin's own log.
struct Kept {
    sink: Option<Arc<dyn LogSink>>,
    record: OwnedLog,
}

struct OwnedLog {
    level: Level,
    texts: [String; 6],
    line: u32,
    event: Option<u32>,
    is_forced: bool,
    fields: Vec<(String, OwnedValue)>,
}

enum OwnedValue {
    Plain(LogValue<'static>),
    Text(String),
    Json(String),
}

/// Runs `work` while what this thread logs is kept. It is logged if a record of `flush_level` or above comes, if there
/// are `capacity` of them, if `work` returns an error, or if it panics; otherwise nobody sees it.
///
/// # Errors
/// What `work` returns.
///
/// ```
/// use stratd_plugin_api::{Level, PluginLog, buffered, log};
///
/// let loaded: Result<(), &str> = buffered(100, Level::ERROR, || {
///     log!(PluginLog, Level::INFO, "row 1 is good");
///     Err("row 2 is not")
/// });
/// assert!(loaded.is_err());
/// ```
pub fn buffered<T, E>(
    capacity: usize,
    flush_level: Level,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    enter(Scope::Buffer { capacity, flush_level, kept: Vec::new() });
    // whatever panics here is on its way out: nobody looks at what it left half done
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let left = leave();
    if !matches!(outcome, Ok(Ok(_)))
        && let Some(Scope::Buffer { kept, .. }) = left
    {
        kept.iter().for_each(Kept::emit);
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs `work` while this thread logs from `level` on, whatever the level of its loggers is. Handlers have levels still.
///
/// ```
/// use stratd_plugin_api::{Level, PluginLog, log_enabled, scoped};
///
/// scoped(Level::TRACE, || assert!(log_enabled!(PluginLog, Level::TRACE)));
/// scoped(Level::ERROR, || assert!(!log_enabled!(PluginLog, Level::INFO)));
/// ```
pub fn scoped<R>(level: Level, work: impl FnOnce() -> R) -> R {
    enter(Scope::Level(level));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    leave();
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn enter(scope: Scope) {
    ACTIVE.fetch_add(1, Ordering::Relaxed);
    SCOPES.with_borrow_mut(|scopes| scopes.push(scope));
}

fn leave() -> Option<Scope> {
    ACTIVE.fetch_sub(1, Ordering::Relaxed);
    SCOPES.with_borrow_mut(|scopes| {
        let left = scopes.pop();
        if scopes.is_empty() {
            // its memory would be lost with the thread
            **scopes = Vec::new();
        }
        left
    })
}

/// The level that a scope of this thread sets.
fn level() -> Option<Level> {
    SCOPES.with_borrow(|scopes| {
        scopes.iter().rev().find_map(|scope| match scope {
            Scope::Level(level) => Some(*level),
            Scope::Buffer { .. } => None,
        })
    })
}

/// What a scope of this thread says about a level; `taken` without one.
#[inline]
pub(crate) fn is_enabled(level: Level, taken: bool) -> bool {
    if ACTIVE.load(Ordering::Relaxed) == 0 {
        return taken;
    }
    self::level().map_or(taken, |least| level >= least)
}

/// Brings a record to `send`, as the scopes of this thread decide. `sink` is who takes it later on.
#[inline]
pub(crate) fn pass(
    record: &Log<'_>,
    sink: impl FnOnce() -> Option<Arc<dyn LogSink>>,
    send: impl FnOnce(&Log<'_>),
) {
    if ACTIVE.load(Ordering::Relaxed) == 0 {
        return send(record);
    }
    pass_scopes(record, sink, send);
}

#[cold]
fn pass_scopes(
    record: &Log<'_>,
    sink: impl FnOnce() -> Option<Arc<dyn LogSink>>,
    send: impl FnOnce(&Log<'_>),
) {
    let mut record = *record;
    if let Some(least) = level() {
        if record.level < least {
            return;
        }
        record.is_forced = true;
    }
    let full = SCOPES.with_borrow_mut(|scopes| {
        let buffer = scopes.iter_mut().rev().find_map(|scope| match scope {
            Scope::Buffer { capacity, flush_level, kept } => Some((*capacity, *flush_level, kept)),
            Scope::Level(_) => None,
        });
        let (capacity, flush_level, kept) = buffer?;
        kept.push(Kept { sink: sink(), record: OwnedLog::new(&record) });
        let is_due = record.level >= flush_level || kept.len() >= capacity;
        Some(if is_due { std::mem::take(kept) } else { Vec::new() })
    });
    match full {
        Some(kept) => kept.iter().for_each(Kept::emit),
        None => send(&record),
    }
}

impl Kept {
    /// Hands the record over; no scope holds it back any more.
    fn emit(&self) {
        self.record.with(|record| match &self.sink {
            Some(sink) => sink.send(record),
            None => PluginLog::send(record),
        });
    }
}

impl OwnedValue {
    fn borrowed(&self) -> LogValue<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Text(text) => LogValue::Text(text),
            Self::Json(text) => LogValue::Json(text),
        }
    }
}

impl OwnedLog {
    fn new(record: &Log<'_>) -> Self {
        let Location { file, line, function, module } = record.location;
        let value = |value: &LogValue<'_>| match *value {
            LogValue::Text(text) => OwnedValue::Text(text.to_owned()),
            LogValue::Json(text) => OwnedValue::Json(text.to_owned()),
            LogValue::Null => OwnedValue::Plain(LogValue::Null),
            LogValue::Int(number) => OwnedValue::Plain(LogValue::Int(number)),
            LogValue::Unsigned(number) => OwnedValue::Plain(LogValue::Unsigned(number)),
            LogValue::Float(number) => OwnedValue::Plain(LogValue::Float(number)),
            LogValue::Bool(flag) => OwnedValue::Plain(LogValue::Bool(flag)),
        };
        Self {
            level: record.level,
            texts: [record.target, record.message, file, function, module, record.exception]
                .map(str::to_owned),
            line,
            event: record.event,
            is_forced: record.is_forced,
            fields: record.fields.iter().map(|(key, found)| ((*key).to_owned(), value(found))).collect(),
        }
    }

    fn with(&self, with: impl FnOnce(&Log<'_>)) {
        let fields: Vec<(&str, LogValue<'_>)> =
            self.fields.iter().map(|(key, value)| (key.as_str(), value.borrowed())).collect();
        let [target, message, file, function, module, exception] = self.texts.each_ref().map(String::as_str);
        with(&Log {
            level: self.level,
            target,
            message,
            fields: &fields,
            location: Location { file, line: self.line, function, module },
            exception,
            event: self.event,
            is_forced: self.is_forced,
        });
    }
}
