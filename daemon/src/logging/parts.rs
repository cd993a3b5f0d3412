//! `kind = "plugin"`: filters, handlers and formatters that a plugin offers.
//!
//! They are loaded as strategies are: found by name, trusted, verified, opened by the probe first if there is one. A part
//! whose table and library did not change is kept when the configuration is applied again, with what it remembers; two
//! tables that say the same share one part. What fails is counted and reported, at the first failure and then ever more
//! seldom: records pass a filter that fails, a handler counts each, and the message stands for a text that fails.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use stratd_logging::{Entry, Error, Filter, Handler, Kinds, Record, Render, Renderer, Result};
use toml::{Table, Value};

use crate::{
    host::{HostedLogPart, LogPartKind},
    plugin_kind::PluginKind,
    plugins::Plugins,
};

/// The kind in a configuration.
pub(crate) const KIND: &str = "plugin";
/// What every such table has.
const KEYS: [&str; 4] = ["kind", "plugin", "name", "options"];
/// What a handler has besides; the pipeline reads it.
const HANDLER_KEYS: [&str; 4] = ["level", "formatter", "filters", "encoding"];

/// Loads the plugins of the log. Set once, before a configuration is read.
static PLUGINS: OnceLock<Arc<Plugins>> = OnceLock::new();
/// The parts that live.
static LIVING: Mutex<Vec<(Identity, Weak<Mutex<Part>>)>> = Mutex::new(Vec::new());

/// Says where the plugins of the log come from; only the first time counts.
pub(crate) fn take_parts_from(plugins: &Arc<Plugins>) {
    let _ = PLUGINS.set(Arc::clone(plugins));
}

/// Adds the kind.
pub(super) fn add_to(kinds: &mut Kinds) {
    kinds.add_filter(KIND, |table| {
        let part = Shared::of(table, LogPartKind::Filter).map_err(refused)?;
        let changes_records = part.lock().hosted.changes_records();
        Ok(Box::new(PluginFilter { part, changes_records }))
    });
    kinds.add_handler(KIND, |table| {
        Ok(Box::new(PluginHandler(Shared::of(table, LogPartKind::Handler).map_err(refused)?)))
    });
    kinds.add_formatter(KIND, |table| {
        Ok(Renderer::new(PluginFormatter(Shared::of(table, LogPartKind::Formatter).map_err(refused)?)))
    });
}

/// What is wrong with the table of a handler, which the pipeline makes only when it is opened.
pub(crate) fn problem_of_handler(table: &Table) -> Option<String> {
    Shared::of(table, LogPartKind::Handler).err()
}

fn refused(problem: String) -> Error {
    Error::refused(problem)
}

/// What makes it another part if it changes.
#[derive(Clone, PartialEq)]
struct Identity {
    kind: LogPartKind,
    hash: String,
    name: String,
    options: serde_json::Value,
}

struct Part {
    hosted: HostedLogPart,
    /// For messages.
    label: String,
    failures: u64,
}

impl Part {
    /// Counts a failure, and reports it if its number is a power of ten: on the thread that writes the log, a report for
    /// each would be a log of its own.
    fn fail(&mut self, problem: &str) {
        self.failures += 1;
        if self.failures == 10_u64.saturating_pow(self.failures.ilog10()) {
            let (label, failures) = (&self.label, self.failures);
            tracing::error!(logger = "stratd.logging", failures, "the {label} fails: {problem}");
        }
    }
}

/// A part that a filter, handler or formatter of the pipeline has.
#[derive(Clone)]
struct Shared(Arc<Mutex<Part>>);

impl Shared {
    /// The part that a table describes.
    fn of(table: &Table, kind: LogPartKind) -> Result<Self, String> {
        let is_known =
            |key: &str| KEYS.contains(&key) || kind == LogPartKind::Handler && HANDLER_KEYS.contains(&key);
        if let Some(key) = table.keys().find(|key| !is_known(key)) {
            return Err(format!("unknown key {key} (accepted: {})", KEYS.join(", ")));
        }
        let text = |key: &str| match table.get(key) {
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(other) => Err(format!("{key} is a {} (accepted: a text)", other.type_str())),
            None => Err(format!("{key} is missing")),
        };
        let (plugin, name) = (text("plugin")?, text("name")?);
        let options = match table.get("options") {
            None => serde_json::Value::Object(serde_json::Map::new()),
            Some(Value::Table(options)) => serde_json::to_value(options).map_err(|e| e.to_string())?,
            Some(other) => return Err(format!("options is a {} (accepted: a table)", other.type_str())),
        };
        let plugins = PLUGINS.get().ok_or("no plugin can be loaded here")?;
        let loaded = plugins.load(PluginKind::Log, plugin).map_err(|refusal| refusal.to_string())?;
        let hash = loaded.hash().to_owned();
        let identity = Identity { kind, hash, name: name.to_owned(), options };
        // held while it is made: nobody else makes the same one
        let mut living = LIVING.lock().unwrap_or_else(PoisonError::into_inner);
        living.retain(|(_, part)| part.strong_count() > 0);
        let known = living.iter().find(|(known, _)| *known == identity);
        if let Some(part) = known.and_then(|(_, part)| part.upgrade()) {
            return Ok(Self(part));
        }
        let hosted =
            loaded.create_log_part((kind, name), &identity.options).map_err(|refusal| refusal.to_string())?;
        let label = format!("{} {name} of {}", kind.name(), loaded.identity());
        let part = Arc::new(Mutex::new(Part { hosted, label, failures: 0 }));
        living.push((identity, Arc::downgrade(&part)));
        Ok(Self(part))
    }

    fn lock(&self) -> MutexGuard<'_, Part> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct PluginFilter {
    part: Shared,
    changes_records: bool,
}

impl Filter for PluginFilter {
    fn accepts(&mut self, record: &mut Record<'_>) -> bool {
        let mut part = self.part.lock();
        part.hosted.filter(record).unwrap_or_else(|problem| {
            part.fail(&problem);
            true
        })
    }

    fn changes_records(&self) -> bool {
        self.changes_records
    }
}

struct PluginHandler(Shared);

impl Handler for PluginHandler {
    fn emit(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.0.lock().hosted.handle(entry.record, entry.text).map_err(refused)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.lock().hosted.flush().map_err(refused)
    }
}

struct PluginFormatter(Shared);

impl Render for PluginFormatter {
    fn render(&mut self, record: &Record<'_>, out: &mut String) -> Result<()> {
        let mut part = self.0.lock();
        match part.hosted.format(record) {
            Ok(text) => out.push_str(&text),
            Err(problem) => {
                part.fail(&problem);
                out.push_str(&record.message);
            }
        }
        Ok(())
    }
}
