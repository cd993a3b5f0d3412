//! Adapters: a logger with a context that every record of it carries.

use std::fmt;
use std::sync::Arc;

use crate::{
    level::Level,
    logger::{Event, Logger},
    value::Value,
};

/// Where a value of the context comes from.
#[derive(Clone)]
enum Source {
    Fixed(Value<'static>),
    /// computed for each record
    Computed(Arc<dyn Fn() -> Value<'static> + Send + Sync>),
}

/// A logger with fields that every record of it gets. A field of the record itself wins over the context, an inner context
/// over an outer one's only if the outer says nothing.
///
/// ```
/// use stratd_logging::{Adapter, Level, Logging, Value};
///
/// let logging = Logging::new();
/// let mut adapter = Adapter::new(logging.logger("connections")?);
/// adapter.set("connid", Value::from("some_conn_id"));
/// adapter.log(Level::INFO, "accepted");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone)]
pub struct Adapter {
    logger: Logger,
    context: Vec<(String, Source)>,
    merges_fields: bool,
    prefix: Option<String>,
}

impl Adapter {
    /// An adapter without a context.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging};
    /// let _ = Adapter::new(Logging::new().logger("a")?);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn new(logger: Logger) -> Self {
        Self { logger, context: Vec::new(), merges_fields: true, prefix: None }
    }

    /// An adapter around another one: it begins with its context.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging};
    /// let inner = Adapter::new(Logging::new().logger("a")?);
    /// let _ = Adapter::wrap(&inner);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn wrap(inner: &Self) -> Self {
        inner.clone()
    }

    /// Sets a value of the context.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging, Value};
    /// Adapter::new(Logging::new().logger("a")?).set("connid", Value::from(7));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set(&mut self, key: &str, value: Value<'static>) {
        self.put(key, Source::Fixed(value));
    }

    /// Sets a value that is computed for each record.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging, Value};
    /// Adapter::new(Logging::new().logger("a")?).set_computed("line", || Value::from(line!()));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_computed(&mut self, key: &str, compute: impl Fn() -> Value<'static> + Send + Sync + 'static) {
        self.put(key, Source::Computed(Arc::new(compute)));
    }

    fn put(&mut self, key: &str, source: Source) {
        match self.context.iter_mut().find(|(known, _)| known == key) {
            Some(slot) => slot.1 = source,
            None => self.context.push((key.to_owned(), source)),
        }
    }

    /// Puts the value of `key` in brackets before each message: `[some_conn_id] accepted`.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging};
    /// Adapter::new(Logging::new().logger("a")?).set_prefix("connid");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_prefix(&mut self, key: &str) {
        self.prefix = Some(key.to_owned());
    }

    /// Says whether records keep fields of their own beside the context; without, the context replaces them, as Python did
    /// before 3.13.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Logging};
    /// Adapter::new(Logging::new().logger("a")?).set_merges_fields(false);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn set_merges_fields(&mut self, merges_fields: bool) {
        self.merges_fields = merges_fields;
    }

    /// Logs a text with the context.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Level, Logging};
    /// Adapter::new(Logging::new().logger("a")?).log(Level::INFO, "hello");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[track_caller]
    pub fn log(&self, level: Level, message: &str) {
        if self.logger.is_enabled(level) {
            self.emit(&Event::new(level, format_args!("{message}")));
        }
    }

    /// Logs an event with the context.
    ///
    /// ```
    /// # use stratd_logging::{Adapter, Event, Level, Logging};
    /// Adapter::new(Logging::new().logger("a")?).emit(&Event::new(Level::INFO, format_args!("hello")));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn emit(&self, event: &Event<'_>) {
        if !self.logger.is_enabled(event.level) {
            return;
        }
        let values: Vec<(&str, Value<'_>)> = self
            .context
            .iter()
            .map(|(key, source)| {
                let value = match source {
                    Source::Fixed(value) => value.borrowed(),
                    Source::Computed(compute) => compute(),
                };
                (key.as_str(), value)
            })
            .collect();
        let fields = if self.merges_fields { event.fields } else { &[] };
        let prefix = self.prefix.as_ref().and_then(|key| values.iter().find(|(known, _)| known == key));
        match prefix {
            Some((_, value)) => {
                let prefix = crate::format::text_of(value);
                let message = format_args!("[{prefix}] {}", event.message);
                self.logger.emit_with(&Event { message, fields, ..*event }, &values);
            }
            None => self.logger.emit_with(&Event { fields, ..*event }, &values),
        }
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&String> = self.context.iter().map(|(key, _)| key).collect();
        f.debug_struct("Adapter")
            .field("logger", &self.logger)
            .field("context", &keys)
            .finish_non_exhaustive()
    }
}
