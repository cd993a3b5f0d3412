//! Log lines of the process to stderr, until a configuration says otherwise.

use std::fmt;

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter, format::Writer},
    registry::LookupSpan,
};

use crate::progress;

/// Starts logging; `is_verbose` shows DEBUG besides.
pub fn start(is_verbose: bool) {
    let level = if is_verbose { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).event_format(Line).with_writer(ToStderr).finish();
    // only the first start counts; a second one, in a test, changes nothing
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// `TIME LEVEL LOGGER: MESSAGE key=value`; TIME is that of the market, if the line belongs to an event.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if !fields.time.is_empty() {
            write!(writer, "{} ", fields.time)?;
        }
        let level = match *event.metadata().level() {
            Level::ERROR => "ERROR",
            Level::WARN => "WARNING",
            Level::INFO => "INFO",
            Level::DEBUG | Level::TRACE => "DEBUG",
        };
        let logger = if fields.logger.is_empty() { event.metadata().target() } else { &fields.logger };
        writeln!(writer, "{level} {logger}: {}{}", fields.message, fields.others)
    }
}

/// The fields of an event, those with a place of their own apart.
#[derive(Default)]
struct Fields {
    time: String,
    logger: String,
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "time" => self.time = format!("{value:?}"),
            name => self.others.push_str(&format!(" {name}={value:?}")),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "logger" => value.clone_into(&mut self.logger),
            name => self.others.push_str(&format!(" {name}={value}")),
        }
    }
}

/// Stderr, with the progress bar out of the way while a line is written.
struct ToStderr;

impl<'a> MakeWriter<'a> for ToStderr {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter
    }
}

/// Writes whole lines: the formatter hands over one buffer per event.
struct LineWriter;

impl std::io::Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        progress::suspended(|| std::io::stderr().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
