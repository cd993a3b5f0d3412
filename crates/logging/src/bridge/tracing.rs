//! `tracing` as a front end: a [`tracing_subscriber::Layer`] that turns events into records.
//!
//! The logger of an event is its field `logger`, or else its target with `::` as dots. Its other fields become fields of
//! the record, after those of the spans it is in, the innermost last. An event's level is tracing's; TRACE is 5. `tracing`
//! has none above ERROR: an error with the field `critical = true` is a record of CRITICAL.
//!
//! Events and spans below the lowest level that anybody takes cost one load: `tracing` is told whenever it changes.

use std::fmt;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::Interest;
use tracing::{Event as TracingEvent, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::TRACE;
use crate::{encoding::Location, front::Front, level::Level, logger::Event, value::Value};

/// The field that names the logger of an event.
const LOGGER: &str = "logger";
/// The field that makes an error a critical one.
const CRITICAL: &str = "critical";

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
    front: Front,
}

impl TracingLayer {
    /// A layer in front of a system, or of a [`Front`] that gets its system later.
    ///
    /// ```
    /// # use stratd_logging::{Logging, TracingLayer};
    /// let _ = TracingLayer::new(Logging::new());
    /// ```
    #[must_use]
    pub fn new(front: impl Into<Front>) -> Self {
        Self { front: front.into() }
    }
}

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::ERROR,
        tracing::Level::WARN => Level::WARNING,
        tracing::Level::INFO => Level::INFO,
        tracing::Level::DEBUG => Level::DEBUG,
        tracing::Level::TRACE => TRACE,
    }
}

/// The highest level that events of a place may have.
fn level_at(metadata: &Metadata<'_>) -> Level {
    match level_of(*metadata.level()) {
        Level::ERROR if metadata.fields().field(CRITICAL).is_some() => Level::CRITICAL,
        level => level,
    }
}

/// Fields of an event or a span, those with a place of their own apart.
#[derive(Default)]
struct Collected {
    logger: Option<String>,
    message: String,
    is_critical: bool,
    fields: Vec<(&'static str, Value<'static>)>,
}

impl Collected {
    fn push(&mut self, field: &Field, value: Value<'static>) {
        self.fields.push((field.name(), value));
    }

    fn push_text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = text,
            LOGGER => self.logger = Some(text),
            _ => self.push(field, Value::from(text)),
        }
    }
}

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push_text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::from(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.push(field, Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == CRITICAL {
            self.is_critical = value;
        } else {
            self.push(field, Value::from(value));
        }
    }
}

/// The fields of a span, shared with the events in it.
type SpanFields = Arc<Vec<(&'static str, Value<'static>)>>;

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for TracingLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // asked again whenever the lowest level changes
        if level_at(metadata) < self.front.lowest() { Interest::never() } else { Interest::sometimes() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        level_at(metadata) >= self.front.lowest()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let lowest = self.front.lowest();
        let levels = [
            tracing::Level::TRACE,
            tracing::Level::DEBUG,
            tracing::Level::INFO,
            tracing::Level::WARN,
            tracing::Level::ERROR,
        ];
        let is_taken = |level: &tracing::Level| {
            // among errors there may be critical ones
            let highest = if *level == tracing::Level::ERROR { Level::CRITICAL } else { level_of(*level) };
            highest >= lowest
        };
        let first = levels.into_iter().find(is_taken);
        Some(first.map_or(LevelFilter::OFF, LevelFilter::from_level))
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
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            Arc::make_mut(fields).append(&mut collected.fields);
        }
    }

    fn on_event(&self, event: &TracingEvent<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut collected = Collected::default();
        event.record(&mut collected);
        let logger = collected.logger.unwrap_or_else(|| metadata.target().replace("::", "."));
        let level = match level_of(*metadata.level()) {
            Level::ERROR if collected.is_critical => Level::CRITICAL,
            level => level,
        };
        let Some(target) = self.front.target(&logger, level) else { return };
        let mut spans = Vec::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<SpanFields>() {
                spans.extend(fields.iter().cloned());
            }
        }
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
        let message = format_args!("{}", collected.message);
        let event = Event { level, message, location, fields: &fields, exc_text: None, stack_info: None };
        target.emit_with(&event, &context);
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
            tracing::debug!(logger = "engine.clock", "named by its field");
            tracing::error!(logger = "engine.clock", critical = true, "above all");
            tracing::error!(logger = "engine.clock", critical = false, "as others");
        });
        logging.flush();
        let expected = r#"engine.risk DEBUG checked 1 {"id": 17, "side": "sell"}"#;
        let named = r#"engine.clock DEBUG named by its field {"id": 17, "side": "buy"}"#;
        let critical = r#"engine.clock CRITICAL above all {"id": 17, "side": "buy"}"#;
        let error = r#"engine.clock ERROR as others {"id": 17, "side": "buy"}"#;
        assert_eq!(captured.take(), [expected, named, critical, error]);
    }
}
