//! Records of plugins on their way into the pipeline.
//!
//! An instance that runs in this process keeps its loggers ([`PluginSink`]): a record of it finds its logger without a
//! look at its name. What comes from elsewhere, line by line, is found by name ([`log_plugin`]). Both add the name of the
//! instance and the time of the market, and keep level numbers and types of values as they are.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI32, AtomicI64, Ordering},
};

use stratd_logging::{Event, Level, Location, Logger, Value};
use stratd_plugin_api::{Log, LogSink, LogValue};

use super::{console, early, front, lowest_of_all, market_time::MarketTime, pipeline};

/// Fields of a record that need no allocation.
const FIELDS_ON_STACK: usize = 16;
/// How long a plugin waits that wants its records written.
const FLUSH_TIME_MAX: std::time::Duration = std::time::Duration::from_secs(1);

/// A logger of an instance.
pub(crate) struct PluginSink {
    name: String,
    instance: String,
    /// Found when it is asked for the first time after the pipeline has begun; whether it stands in for another one.
    logger: OnceLock<(Logger, bool)>,
    /// The time of the market, 0 before the first event.
    time: Arc<AtomicI64>,
}

impl PluginSink {
    /// The logger `KIND.INSTANCE.NAME`.
    pub(crate) fn new((kind, instance, name): (&str, &str, &str), time: Arc<AtomicI64>) -> Self {
        let name = full_name(kind, instance, name);
        Self { name, instance: instance.to_owned(), logger: OnceLock::new(), time }
    }

    #[inline]
    fn logger(&self) -> Option<&(Logger, bool)> {
        if let Some(found) = self.logger.get() {
            return Some(found);
        }
        let found = front()?.logger(&self.name)?;
        Some(self.logger.get_or_init(|| found))
    }
}

impl LogSink for PluginSink {
    fn threshold(&self) -> &AtomicI32 {
        match self.logger() {
            Some((logger, _)) => logger.threshold(),
            None => lowest_of_all(),
        }
    }

    fn send(&self, record: &Log<'_>) {
        let time = self.time.load(Ordering::Relaxed);
        let said = Said { name: &self.name, instance: &self.instance, record, time };
        match self.logger() {
            Some((logger, is_stray)) if is_running() => said.emit(logger, *is_stray),
            _ => said.print(),
        }
    }

    fn flush(&self) -> bool {
        pipeline::flush_within(FLUSH_TIME_MAX)
    }
}

/// Logs what a plugin says whose logger is not at hand. One whose level is off costs a look into a table and a load.
pub(crate) fn log_plugin(kind: &str, instance: &str, record: &Log<'_>, time: &AtomicI64) {
    let level = Level::new(record.level.get());
    let Some(front) = front().filter(|front| record.is_forced || level >= front.lowest()) else { return };
    let name = full_name(kind, instance, record.target);
    let said = Said { name: &name, instance, record, time: time.load(Ordering::Relaxed) };
    match front.logging() {
        None => said.print(),
        // the level is not asked, and there are few of them: a look at the tree is good enough
        Some(_) if record.is_forced => {
            if let Some((logger, is_stray)) = front.logger(&name) {
                said.emit(&logger, is_stray);
            }
        }
        Some(_) => {
            if let Some(target) = front.target(&name, level) {
                said.with_event(false, |event| target.emit(event));
            }
        }
    }
}

/// Whether the pipeline takes records.
#[inline]
fn is_running() -> bool {
    front().is_some_and(|front| front.logging().is_some())
}

fn full_name(kind: &str, instance: &str, name: &str) -> String {
    let dot = if name.is_empty() { "" } else { "." };
    format!("{kind}.{instance}{dot}{name}")
}

/// A record of a plugin with what the daemon knows of it.
struct Said<'a> {
    name: &'a str,
    instance: &'a str,
    record: &'a Log<'a>,
    time: i64,
}

impl Said<'_> {
    #[inline]
    fn emit(&self, logger: &Logger, is_stray: bool) {
        // the text was put together in the plugin
        let (text, is_forced) = (self.record.message, self.record.is_forced);
        self.with_event(is_stray, |event| {
            if is_forced { logger.emit_text_forced(text, event) } else { logger.emit_text(text, event) }
        });
    }

    #[inline]
    fn with_event(&self, is_stray: bool, emit: impl FnOnce(&Event<'_>)) {
        let record = self.record;
        let at = record.location;
        self.with_fields(is_stray, |fields| {
            let event = Event {
                level: Level::new(record.level.get()),
                message: format_args!("{}", record.message),
                location: Location {
                    file: at.file,
                    line: at.line,
                    function: at.function,
                    module: (!at.module.is_empty()).then_some(at.module),
                },
                fields,
                exc_text: (!record.exception.is_empty()).then_some(record.exception),
                stack_info: None,
            };
            emit(&event);
        });
    }

    /// To the journal or standard error: there is no pipeline.
    fn print(&self) {
        let level = Level::new(self.record.level.get());
        if level.get() < lowest_of_all().load(Ordering::Relaxed) && !self.record.is_forced {
            return;
        }
        let mut message = self.record.message.to_owned();
        if !self.record.exception.is_empty() {
            message.push('\n');
            message.push_str(self.record.exception);
        }
        self.with_fields(false, |fields| {
            if early::is_journal() {
                let fields: Vec<String> =
                    fields.iter().map(|(key, value)| format!("{key}={}", console::plain(value))).collect();
                early::write_event(level, self.name, &message, &fields.join(" "));
            } else {
                console::write_line(level, self.name, &message, fields.iter().cloned());
            }
        });
    }

    fn with_fields<R>(&self, is_stray: bool, with: impl FnOnce(&[(&str, Value<'_>)]) -> R) -> R {
        let mut time = MarketTime::default();
        let own = [
            Some(("instance", Value::from(self.instance))),
            time.text(self.time).map(|time| ("time", Value::from(time))),
            is_stray.then(|| ("logger", Value::from(self.name))),
        ];
        let own = own.into_iter().flatten();
        let given = self.record.fields.iter().map(|&(key, value)| (key, value_of(value)));
        let mut few: [(&str, Value<'_>); FIELDS_ON_STACK] = [const { ("", Value::Null) }; FIELDS_ON_STACK];
        if self.record.fields.len() + 3 > FIELDS_ON_STACK {
            return with(&own.chain(given).collect::<Vec<_>>());
        }
        let mut count = 0;
        for (slot, field) in few.iter_mut().zip(own.chain(given)) {
            *slot = field;
            count += 1;
        }
        with(few.get(..count).unwrap_or_default())
    }
}

fn value_of(value: LogValue<'_>) -> Value<'_> {
    match value {
        LogValue::Null => Value::Null,
        LogValue::Text(text) => Value::from(text),
        LogValue::Int(number) => Value::from(number),
        LogValue::Unsigned(number) => Value::from(number),
        LogValue::Float(number) => Value::from(number),
        LogValue::Bool(flag) => Value::from(flag),
        LogValue::Json(text) => Value::Json(text.into()),
    }
}
