//! The daemon's own events, from `tracing`.
//!
//! The logger is the field `logger`, or else the module. The other fields stay fields.

use std::fmt;

use stratd_logging::{Level, Location, Value};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::layer::{Context, Layer};

use super::{TRACE, emit, lowest};

/// Hands events to the pipeline, or to standard error as long as there is none.
pub(super) struct ToPipeline;

impl<S: Subscriber> Layer<S> for ToPipeline {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        number(*metadata.level()) >= lowest()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let lowest = lowest();
        let levels = [
            tracing::Level::TRACE,
            tracing::Level::DEBUG,
            tracing::Level::INFO,
            tracing::Level::WARN,
            tracing::Level::ERROR,
        ];
        let first = levels.into_iter().find(|level| number(*level) >= lowest);
        Some(first.map_or(LevelFilter::OFF, LevelFilter::from_level))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { logger, message, others } = fields;
        let logger = logger.unwrap_or_else(|| metadata.target().replace("::", "."));
        let location = Location {
            file: metadata.file().unwrap_or_default(),
            line: metadata.line().unwrap_or_default(),
            function: "",
            module: metadata.module_path(),
        };
        emit::log_own(number(*metadata.level()), &logger, &message, location, &others);
    }
}

/// CPython's number.
fn number(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::ERROR,
        tracing::Level::WARN => Level::WARNING,
        tracing::Level::INFO => Level::INFO,
        tracing::Level::DEBUG => Level::DEBUG,
        tracing::Level::TRACE => TRACE,
    }
}

/// The fields of an event, those with a place of their own apart.
#[derive(Default)]
struct Fields {
    logger: Option<String>,
    message: String,
    others: Vec<(&'static str, Value<'static>)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "logger" => self.logger = Some(format!("{value:?}")),
            name => self.others.push((name, Value::from(format!("{value:?}")))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "logger" => self.logger = Some(value.to_owned()),
            name => self.others.push((name, Value::from(value.to_owned()))),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.others.push((field.name(), Value::from(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.others.push((field.name(), Value::from(value)));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.others.push((field.name(), Value::from(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.others.push((field.name(), Value::from(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.others.push((field.name(), Value::from(value)));
    }
}
