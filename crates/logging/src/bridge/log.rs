//! The facade `log`: what libraries log that know nothing of us.
//!
//! The logger of a record is its target with `::` as dots. Its key-values become fields: numbers and flags as such, all
//! else as text. `trace!` is level 5.

use log::kv::{Key, Value as KvValue, VisitSource, VisitValue};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

use super::TRACE;
use crate::{encoding::Location, front::Front, level::Level, logger::Event, value::Value};

/// Sends records of the crate `log` to a logging system.
///
/// ```
/// use log::Log;
/// use stratd_logging::{Capture, Level, LogBridge, Logging};
///
/// let logging = Logging::new();
/// let (capture, captured) = Capture::new(10);
/// logging.add_handler("capture", Box::new(capture))?;
/// logging.attach("lib.net", "capture")?;
/// let bridge = LogBridge::new(logging.clone());
/// let record = log::Record::builder();
/// # let mut record = record;
/// bridge.log(&record.target("lib::net").level(log::Level::Warn).args(format_args!("slow")).build());
/// logging.flush();
/// assert_eq!(captured.take(), ["slow"]);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Debug)]
pub struct LogBridge {
    front: Front,
}

impl LogBridge {
    /// A bridge to a system, or to a [`Front`] that gets its system later.
    ///
    /// ```
    /// # use stratd_logging::{LogBridge, Logging};
    /// let _ = LogBridge::new(Logging::new());
    /// ```
    #[must_use]
    pub fn new(front: impl Into<Front>) -> Self {
        Self { front: front.into() }
    }

    /// Makes it what the macros of `log` log to, for the rest of the process.
    ///
    /// # Errors
    /// There is one already.
    ///
    /// ```
    /// # use stratd_logging::{LogBridge, Logging};
    /// LogBridge::new(Logging::new()).install().unwrap();
    /// assert!(LogBridge::new(Logging::new()).install().is_err());
    /// ```
    pub fn install(self) -> Result<(), SetLoggerError> {
        log::set_boxed_logger(Box::new(self))?;
        // which levels are of interest changes while the program runs: it is asked of the front
        log::set_max_level(LevelFilter::Trace);
        Ok(())
    }
}

impl Log for LogBridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = level_of(metadata.level());
        level >= self.front.lowest() && self.front.is_enabled(&metadata.target().replace("::", "."), level)
    }

    fn log(&self, record: &Record<'_>) {
        let level = level_of(record.level());
        if level < self.front.lowest() {
            return;
        }
        let logger = record.target().replace("::", ".");
        let Some(target) = self.front.target(&logger, level) else { return };
        let mut collected = Collected::default();
        // a source that fails leaves what it gave before
        let _ = record.key_values().visit(&mut collected);
        let fields: Vec<(&str, Value<'_>)> =
            collected.0.iter().map(|(key, value)| (key.as_str(), value.borrowed())).collect();
        let location = Location {
            file: record.file().unwrap_or_default(),
            line: record.line().unwrap_or(0),
            function: "",
            module: record.module_path(),
        };
        let message = *record.args();
        target.emit(&Event { level, message, location, fields: &fields, exc_text: None, stack_info: None });
    }

    fn flush(&self) {
        if let Some(logging) = self.front.logging() {
            logging.flush();
        }
    }
}

fn level_of(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::ERROR,
        log::Level::Warn => Level::WARNING,
        log::Level::Info => Level::INFO,
        log::Level::Debug => Level::DEBUG,
        log::Level::Trace => TRACE,
    }
}

/// Key-values by value: what logs may be gone when they are written.
#[derive(Default)]
struct Collected(Vec<(String, Value<'static>)>);

impl<'kvs> VisitSource<'kvs> for Collected {
    fn visit_pair(&mut self, key: Key<'kvs>, value: KvValue<'kvs>) -> Result<(), log::kv::Error> {
        let mut field = One(Value::Null);
        value.visit(&mut field)?;
        self.0.push((key.as_str().to_owned(), field.0));
        Ok(())
    }
}

struct One(Value<'static>);

impl<'v> VisitValue<'v> for One {
    fn visit_any(&mut self, value: KvValue<'_>) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value.to_string());
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), log::kv::Error> {
        self.0 = Value::Null;
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value);
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value);
        Ok(())
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), log::kv::Error> {
        self.0 = i128::try_from(value).map_or_else(|_| Value::from(value.to_string()), Value::from);
        Ok(())
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value);
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), log::kv::Error> {
        self.0 = Value::from(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use log::Log as _;

    use super::LogBridge;
    use crate::{format::FormatterOptions, handler::Capture, level::Level, logging::Logging};

    #[test]
    fn the_target_is_the_logger_and_key_values_keep_their_types() {
        let logging = Logging::new();
        let (capture, captured) = Capture::new(10);
        logging.add_handler("capture", Box::new(capture)).unwrap();
        let format = Some("%(name)s %(levelname)s %(message)s %(fields_json)s %(module)s".to_owned());
        logging
            .set_formatter("capture", &FormatterOptions { format, ..FormatterOptions::default() })
            .unwrap();
        logging.attach("root", "capture").unwrap();
        logging.set_level("lib.net", Level::new(5)).unwrap();
        let bridge = LogBridge::new(logging.clone());
        let pairs: &[(&str, log::kv::Value<'_>)] =
            &[("port", 514.into()), ("ratio", 0.5.into()), ("peer", "b".into()), ("is_up", false.into())];
        for (target, level) in [("lib::net", log::Level::Trace), ("lib::disk", log::Level::Info)] {
            let mut record = log::Record::builder();
            record.target(target).level(level).module_path(Some("lib")).key_values(&pairs);
            bridge.log(&record.args(format_args!("slow {}", 1)).build());
        }
        logging.flush();
        let fields = r#"{"port": 514, "ratio": 0.5, "peer": "b", "is_up": false}"#;
        assert_eq!(captured.take(), [format!("lib.net Level 5 slow 1 {fields} lib")]);
    }
}
