//! `tracing` as a front end: a [`tracing_subscriber::Layer`] that turns events into records.
//!
//! The logger of an event is its target with `::` as dots. Its fields become fields of the record, after those of the spans
//! it is in, the innermost last. An event's level is tracing's; TRACE is 5.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event as TracingEvent, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::{
    encoding::Location,
    level::Level,
    logger::{Event, Logger},
    logging::Logging,
    value::Value,
};

/// What `tracing` calls TRACE.
const TRACE: Level = Level::new(5);

/// Sends events of `tracing` to a logging system.
///
/// ```
/// use stratd_logging::{Capture, Level, Logging, TracingLayer};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let logging = Logging::new();
/// let (capture, captured) = Capture::new(100);
/// logging.add_handler("capture", Box::new(capture))?;
/// logging.attach("root", "capture")?;
/// logging.set_level("root", Level::INFO)?;
/// let subscriber = tracing_subscriber::registry().with(TracingLayer::new(logging.clone()));
/// tracing::subscriber::with_default(subscriber, || tracing::info!(order = 17, "filled"));
/// logging.flush();
/// assert_eq!(captured.take(), ["filled"]);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Debug)]
pub struct TracingLayer {
    logging: Logging,
    /// loggers by target; targets are names of modules, of which a program has a fixed number
    loggers: RwLock<HashMap<String, Option<Logger>>>,
}

impl TracingLayer {
    /// A layer in front of a system.
    ///
    /// ```
    /// # use stratd_logging::{Logging, TracingLayer};
    /// let _ = TracingLayer::new(Logging::new());
    /// ```
    #[must_use]
    pub fn new(logging: Logging) -> Self {
        Self { logging, loggers: RwLock::new(HashMap::new()) }
    }

    fn with_logger<R>(&self, target: &str, work: impl FnOnce(&Logger) -> R) -> Option<R> {
        {
            let loggers = self.loggers.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(logger) = loggers.get(target) {
                return logger.as_ref().map(work);
            }
        }
        let logger = self.logging.logger(&target.replace("::", ".")).ok();
        let mut loggers = self.loggers.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        loggers.entry(target.to_owned()).or_insert(logger).as_ref().map(work)
    }
}

fn level_of(metadata: &Metadata<'_>) -> Level {
    match *metadata.level() {
        tracing::Level::ERROR => Level::ERROR,
        tracing::Level::WARN => Level::WARNING,
        tracing::Level::INFO => Level::INFO,
        tracing::Level::DEBUG => Level::DEBUG,
        tracing::Level::TRACE => TRACE,
    }
}

/// Fields of an event or a span.
#[derive(Default)]
struct Collected {
    message: String,
    fields: Vec<(&'static str, Value<'static>)>,
}

impl Collected {
    fn push(&mut self, field: &Field, value: Value<'static>) {
        self.fields.push((field.name(), value));
    }
}

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.push(field, Value::from(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.push(field, Value::from(value.to_owned()));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::from(value));
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for TracingLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // a span is always wanted: an event inside it may be
        !metadata.is_event()
            || self.with_logger(metadata.target(), |logger| logger.is_enabled(level_of(metadata)))
                == Some(true)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut collected = Collected::default();
        attributes.record(&mut collected);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Arc::new(collected.fields));
        }
    }

    fn on_record(&self, id: &Id, values: &SpanRecord<'_>, context: Context<'_, S>) {
        let mut collected = Collected::default();
        values.record(&mut collected);
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Arc<Vec<(&'static str, Value<'static>)>>>()
        {
            Arc::make_mut(fields).append(&mut collected.fields);
        }
    }

    fn on_event(&self, event: &TracingEvent<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = level_of(metadata);
        self.with_logger(metadata.target(), |logger| {
            if !logger.is_enabled(level) {
                return;
            }
            let mut collected = Collected::default();
            event.record(&mut collected);
            let mut spans = Vec::new();
            for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
                if let Some(fields) = span.extensions().get::<Arc<Vec<(&'static str, Value<'static>)>>>() {
                    spans.extend(fields.iter().cloned());
                }
            }
            let message = format_args!("{}", collected.message);
            let location = Location {
                file: metadata.file().unwrap_or_default(),
                line: metadata.line().unwrap_or(0),
                function: "",
                module: metadata.module_path(),
            };
            let fields: Vec<(&str, Value<'_>)> =
                collected.fields.iter().map(|(key, value)| (*key, value.borrowed())).collect();
            let context: Vec<(&str, Value<'_>)> =
                spans.iter().map(|(key, value)| (*key, value.borrowed())).collect();
            let event = Event { level, message, location, fields: &fields, exc_text: None, stack_info: None };
            logger.emit_with(&event, &context);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::TracingLayer;
    use crate::{format::FormatterOptions, handler::Capture, level::Level, logging::Logging};
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn an_event_carries_its_fields_and_those_of_its_spans_on_the_logger_of_its_module() {
        let logging = Logging::new();
        let (capture, captured) = Capture::new(100);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        let format = "%(name)s %(levelname)s %(message)s %(fields_json)s";
        let options = FormatterOptions { format: Some(format.to_owned()), ..FormatterOptions::default() };
        logging.set_formatter("capture", &options).unwrap();
        logging.attach("root", "capture").unwrap();
        logging.set_level("engine", Level::DEBUG).unwrap();
        let subscriber = tracing_subscriber::registry().with(TracingLayer::new(logging.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("order", id = 17, side = "buy");
            let _guard = span.enter();
            tracing::debug!(target: "engine::risk", side = "sell", "checked {}", 1);
            tracing::debug!(target: "other", "not enabled");
        });
        logging.flush();
        let expected = r#"engine.risk DEBUG checked 1 {"id": 17, "side": "sell"}"#;
        assert_eq!(captured.take(), [expected]);
    }
}
