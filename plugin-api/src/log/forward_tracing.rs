//! The crate `tracing`, put through to the plugin's own log: its events, with their fields and their types.
//!
//! Absent: spans. They are counted, so that code which opens some works, and their names and fields are not told.

use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{Level, Location, Log, LogTarget as _, LogValue, PluginLog};

/// As many fields of an event are taken along as the host takes.
const FIELDS_MAX: usize = 64;
/// The field that is the message.
const MESSAGE: &str = "message";

struct Forward {
    spans: AtomicU64,
}

pub(super) fn install() {
    // a plugin that has a subscriber of its own keeps it
    let _ = tracing::subscriber::set_global_default(Forward { spans: AtomicU64::new(1) });
}

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::ERROR,
        tracing::Level::WARN => Level::WARNING,
        tracing::Level::INFO => Level::INFO,
        tracing::Level::DEBUG => Level::DEBUG,
        tracing::Level::TRACE => Level::TRACE,
    }
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // levels change at any time: nothing of this is remembered
        PluginLog.is_enabled(level_of(*metadata.level()))
    }

    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        // never 0: it begins at 1 and does not wrap
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let pairs: Vec<(&str, LogValue<'_>)> =
            fields.pairs.iter().map(|(key, value)| (*key, value.borrowed())).collect();
        PluginLog.log_record(&Log {
            target: metadata.target(),
            fields: &pairs,
            location: Location {
                file: metadata.file().unwrap_or_default(),
                line: metadata.line().unwrap_or_default(),
                function: "",
                module: metadata.module_path().unwrap_or_default(),
            },
            ..Log::new(level_of(*metadata.level()), &fields.message)
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields {
    message: String,
    pairs: Vec<(&'static str, Owned)>,
}

enum Owned {
    Plain(LogValue<'static>),
    Text(String),
}

impl Owned {
    fn borrowed(&self) -> LogValue<'_> {
        match self {
            Self::Plain(value) => *value,
            Self::Text(text) => LogValue::Text(text),
        }
    }
}

impl Fields {
    fn push(&mut self, field: &Field, value: Owned) {
        if self.pairs.len() < FIELDS_MAX {
            self.pairs.push((field.name(), value));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            // writing to a String cannot fail
            let _ = write!(self.message, "{value:?}");
        } else {
            self.push(field, Owned::Text(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MESSAGE {
            self.message.push_str(value);
        } else {
            self.push(field, Owned::Text(value.to_owned()));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Owned::Plain(LogValue::Int(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Owned::Plain(LogValue::Unsigned(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Owned::Plain(LogValue::Float(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Owned::Plain(LogValue::Bool(value)));
    }
}
