//! Loggers: what a program logs with.

use std::fmt;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::{
    clock,
    encoding::{Location, Message, Parts, encode_record},
    error::Result,
    flight,
    level::Level,
    logging::Shared,
    record::Record,
    ring::lock,
    tree::LoggerCell,
    value::Value,
};

/// What a thread says when it logs.
///
/// ```
/// use stratd_logging::{Event, Level, Logging, Value};
///
/// let logging = Logging::new();
/// let logger = logging.logger("strategy.momentum")?;
/// logger.emit(&Event {
///     fields: &[("order_id", Value::from(17))],
///     ..Event::new(Level::INFO, format_args!("order filled"))
/// });
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Event<'a> {
    /// How grave it is.
    pub level: Level,
    /// The text. It is printed on the thread that logs, into room that is kept for it.
    pub message: fmt::Arguments<'a>,
    /// Where in the source.
    pub location: Location<'a>,
    /// Further fields. One that is called like an attribute of a record arrives as `x_NAME`.
    pub fields: &'a [(&'a str, Value<'a>)],
    /// The error it reports.
    pub exc_text: Option<&'a str>,
    /// The stack.
    pub stack_info: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event with a level and a text, from the line that calls.
    ///
    /// ```
    /// # use stratd_logging::{Event, Level};
    /// assert!(Event::new(Level::INFO, format_args!("x")).location.line > 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(level: Level, message: fmt::Arguments<'a>) -> Self {
        let caller = panic::Location::caller();
        let location = Location { file: caller.file(), line: caller.line(), function: "", module: None };
        Self { level, message, location, fields: &[], exc_text: None, stack_info: None }
    }
}

/// A logger: a name in the tree, by which it is decided what becomes of a record. Cheap to clone.
#[derive(Clone)]
pub struct Logger {
    pub(crate) shared: Arc<Shared>,
    pub(crate) cell: Arc<LoggerCell>,
}

impl Logger {
    /// Its name.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().logger("a.b")?.name(), "a.b");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.cell.name
    }

    /// Its number: the same for the same name as long as the process lives.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// let logging = Logging::new();
    /// assert_eq!(logging.logger("")?.id(), logging.logger("root")?.id());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> u32 {
        self.cell.id
    }

    /// True if a record of this level would be routed. One relaxed load.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// let logger = Logging::new().logger("a")?;
    /// assert!(logger.is_enabled(Level::WARNING) && !logger.is_enabled(Level::INFO));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn is_enabled(&self, level: Level) -> bool {
        level.get() >= self.threshold().load(Ordering::Relaxed)
    }

    /// The lowest level that is enabled. The address is that of the logger's own cell and stays valid as long as the
    /// logger does, so that other languages may read it.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// # use std::sync::atomic::Ordering;
    /// assert_eq!(Logging::new().logger("a")?.threshold().load(Ordering::Relaxed), 30);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn threshold(&self) -> &AtomicI32 {
        &self.cell.threshold
    }

    /// The logger `suffix` below this one.
    ///
    /// # Errors
    /// If there are too many loggers, or the name is too long.
    ///
    /// ```
    /// # use stratd_logging::Logging;
    /// assert_eq!(Logging::new().logger("abc")?.child("def.ghi")?.name(), "abc.def.ghi");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn child(&self, suffix: &str) -> Result<Self> {
        if self.cell.id == 0 {
            return Shared::logger(&self.shared, suffix);
        }
        Shared::logger(&self.shared, &format!("{}.{suffix}", self.cell.name))
    }

    /// Logs a text, if the level is enabled.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging};
    /// Logging::new().logger("a")?.log(Level::INFO, "hello");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[track_caller]
    pub fn log(&self, level: Level, message: &str) {
        if self.is_enabled(level) {
            self.send(&Event::new(level, format_args!("")), Message::Text(message), &[]);
        }
    }

    /// Logs an event whose text is finished, if its level is enabled; the `message` of the event is not looked at.
    ///
    /// For texts that were put together elsewhere, in a plugin for example: nothing has to be printed, and nobody can log
    /// while it is printed, so that the record goes into the ring in one step.
    ///
    /// ```
    /// # use stratd_logging::{Event, Level, Logging, Value};
    /// let logger = Logging::new().logger("a")?;
    /// let text = String::from("order filled");
    /// let fields = [("order_id", Value::from(17))];
    /// logger.emit_text(&text, &Event { fields: &fields, ..Event::new(Level::INFO, format_args!("")) });
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[inline]
    pub fn emit_text(&self, text: &str, event: &Event<'_>) {
        if self.is_enabled(event.level) {
            self.send(event, Message::Text(text), &[]);
        }
    }

    /// Logs an event, if its level is enabled.
    ///
    /// ```
    /// # use stratd_logging::{Event, Level, Logging};
    /// let logger = Logging::new().logger("a")?;
    /// logger.emit(&Event { exc_text: Some("disk full"), ..Event::new(Level::ERROR, format_args!("saving")) });
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn emit(&self, event: &Event<'_>) {
        self.emit_with(event, &[]);
    }

    pub(crate) fn emit_with(&self, event: &Event<'_>, context: &[(&str, Value<'_>)]) {
        if self.is_enabled(event.level) {
            self.send(event, Message::Arguments(event.message), context);
        }
    }

    /// Logs an event whatever the level of this logger is; its filters, and the levels of handlers, count still.
    ///
    /// ```
    /// use stratd_logging::{Event, Level, Logging};
    /// let logger = Logging::new().logger("a")?;
    /// logger.emit_forced(&Event::new(Level::DEBUG, format_args!("of interest to whoever asked for it")));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn emit_forced(&self, event: &Event<'_>) {
        self.send_forced(event, Message::Arguments(event.message));
    }

    /// As [`Logger::emit_text`], whatever the level of this logger is.
    ///
    /// ```
    /// use stratd_logging::{Event, Level, Logging};
    /// let logger = Logging::new().logger("a")?;
    /// logger.emit_text_forced("of interest", &Event::new(Level::DEBUG, format_args!("")));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn emit_text_forced(&self, text: &str, event: &Event<'_>) {
        self.send_forced(event, Message::Text(text));
    }

    fn send_forced(&self, event: &Event<'_>, message: Message<'_>) {
        // past the flight recorder, which keeps what the level holds back
        self.shared.channel.send(&self.parts(event, message, &[]));
    }

    #[inline]
    fn send(&self, event: &Event<'_>, message: Message<'_>, context: &[(&str, Value<'_>)]) {
        let parts = self.parts(event, message, context);
        if self.cell.flight.is_taken() {
            return flight::send(self, &parts);
        }
        self.shared.channel.send(&parts);
    }

    #[inline]
    fn parts<'a>(
        &self,
        event: &'a Event<'a>,
        message: Message<'a>,
        context: &'a [(&'a str, Value<'a>)],
    ) -> Parts<'a> {
        Parts {
            logger: self.cell.id,
            level: event.level,
            at_ns: clock::now_ns(),
            message,
            location: event.location,
            fields: event.fields,
            context,
            exc_text: event.exc_text,
            stack_info: event.stack_info,
        }
    }

    /// Routes a finished record, one that was received for example: the logger's level is not asked, its filters are.
    ///
    /// ```
    /// # use stratd_logging::{Level, Logging, Record};
    /// Logging::new().logger("a")?.handle(&Record::new("other.name", Level::DEBUG, "received"));
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn handle(&self, record: &Record<'_>) {
        let mut bytes = Vec::new();
        let now = clock::now_ns();
        encode_record(&mut bytes, self.cell.id, now, record);
        self.shared.channel.send_bytes(bytes, (self.cell.id, record.level, now));
    }
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Logger").field(&self.cell).finish()
    }
}

impl Shared {
    pub(crate) fn logger(shared: &Arc<Self>, name: &str) -> Result<Logger> {
        let mut tree = lock(&shared.tree);
        let id = tree.get_or_insert(name)?;
        let cell = Arc::clone(&tree.node(id).cell);
        drop(tree);
        // a flight recorder may begin with its logger
        if cell.flight.is_taken() {
            shared.announce_lowest();
        }
        Ok(Logger { shared: Arc::clone(shared), cell })
    }
}

/// Logs a text that is put together only if the level is enabled; fields come in brackets before it.
///
/// ```
/// use stratd_logging::{Level, Logging, log};
///
/// let logger = Logging::new().logger("a")?;
/// log!(logger, Level::INFO, "{} of {}", 1, 2);
/// log!(logger, Level::ERROR, ["order_id" => 17, "side" => "buy"], "refused");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[macro_export]
macro_rules! log {
    ($logger:expr, $level:expr, [$($key:expr => $value:expr),* $(,)?], $($message:tt)+) => {
        if $logger.is_enabled($level) {
            $logger.emit(&$crate::Event {
                level: $level,
                message: ::core::format_args!($($message)+),
                location: $crate::Location {
                    file: ::core::file!(),
                    line: ::core::line!(),
                    function: "",
                    module: ::core::option::Option::Some(::core::module_path!()),
                },
                fields: &[$(($key, $crate::Value::from($value))),*],
                exc_text: ::core::option::Option::None,
                stack_info: ::core::option::Option::None,
            });
        }
    };
    ($logger:expr, $level:expr, $($message:tt)+) => {
        $crate::log!($logger, $level, [], $($message)+)
    };
}
