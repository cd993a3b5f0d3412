//! The compiled formatter.

use super::{
    options::{ExceptionText, FormatterOptions, Layout},
    prefix::Prefix,
    render::Renderer,
    segment::{Scratch, Segment, compile},
    structured,
    text::write_repr,
    time::TimeText,
};
use crate::{error::Result, level::Level, record::Record, value::Value};

/// What the fields are wrapped in is a format string; what time and errors look like are options. See
/// [`FormatterOptions`].
///
/// ```
/// use stratd_logging::{Formatter, FormatterOptions, Level, Record};
///
/// let options = FormatterOptions {
///     format: Some("%(name)-12s: %(levelname)-8s %(message)s".into()),
///     ..FormatterOptions::default()
/// };
/// let mut formatter = Formatter::new(&options)?;
/// let mut line = String::new();
/// formatter.format(&Record::new("myapp.area1", Level::INFO, "How quickly daft jumping zebras vex."), &mut line)?;
/// assert_eq!(line, "myapp.area1 : INFO     How quickly daft jumping zebras vex.");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
#[derive(Debug)]
pub struct Formatter {
    layout: Layout,
    segments: Vec<Segment>,
    prefix: Prefix,
    time: TimeText,
    uses_time: bool,
    exception: ExceptionText,
    has_color: bool,
    scratch: Scratch,
    renamed_fields: u64,
    renderer: Option<Renderer>,
}

impl Formatter {
    /// Compiles the options.
    ///
    /// # Errors
    /// If the format string cannot be parsed, names a field that nobody declared, or converts an attribute to a type that
    /// it never has.
    ///
    /// ```
    /// use stratd_logging::{Formatter, FormatterOptions};
    ///
    /// let bad = FormatterOptions { format: Some("%(name)d".into()), ..FormatterOptions::default() };
    /// assert!(Formatter::new(&bad).unwrap_err().to_string().contains("expected a whole number"));
    /// ```
    pub fn new(options: &FormatterOptions) -> Result<Self> {
        let segments = match options.layout {
            Layout::Text => compile(options)?,
            Layout::Json | Layout::Logfmt => Vec::new(),
        };
        let time = TimeText::new(
            options.date_format.as_deref(),
            &options.time_format,
            options.msec_format.as_deref(),
            options.zone.clone(),
        )?;
        let uses_time = options.layout != Layout::Text || segments.iter().any(Segment::uses_time);
        Ok(Self {
            layout: options.layout,
            prefix: Prefix::of(&segments),
            segments,
            time,
            uses_time,
            exception: options.exception,
            has_color: options.has_color,
            scratch: Scratch::default(),
            renamed_fields: 0,
            renderer: options.renderer.clone(),
        })
    }

    /// True if the text holds the time.
    ///
    /// ```
    /// # use stratd_logging::{Formatter, FormatterOptions};
    /// assert!(!Formatter::new(&FormatterOptions::default())?.uses_time());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn uses_time(&self) -> bool {
        self.uses_time
    }

    /// How many fields had the name of a part of their layout (`time`, `level`, …) and were written as `x_NAME`.
    ///
    /// ```
    /// # use stratd_logging::{Formatter, FormatterOptions, Layout, Level, Record, Value};
    /// let mut formatter = Formatter::new(&FormatterOptions { layout: Layout::Json, ..Default::default() })?;
    /// let (mut record, mut line) = (Record::new("a", Level::INFO, "hello"), String::new());
    /// record.fields.add("time", Value::from("noon"));
    /// formatter.format(&record, &mut line)?;
    /// assert!(line.ends_with("\"x_time\":\"noon\"}") && formatter.renamed_fields() == 1);
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn renamed_fields(&self) -> u64 {
        self.renamed_fields
    }

    /// Appends the text of a record. After an error `out` is as it was.
    ///
    /// # Errors
    /// If the record lacks a field, or a field has a type that its conversion does not print.
    ///
    /// ```
    /// # use stratd_logging::{Formatter, FormatterOptions, Level, Record};
    /// let mut line = String::new();
    /// Formatter::new(&FormatterOptions::default())?.format(&Record::new("a", Level::INFO, "hello"), &mut line)?;
    /// assert_eq!(line, "hello");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn format(&mut self, record: &Record<'_>, out: &mut String) -> Result<()> {
        let start = out.len();
        let result = self.write(record, out, start);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn write(&mut self, record: &Record<'_>, out: &mut String, start: usize) -> Result<()> {
        if let Some(renderer) = &self.renderer {
            return renderer.render(record, out);
        }
        let mut is_other_time = false;
        if self.uses_time {
            is_other_time = self.time.show(record.created_ns, self.scratch.text())?;
        }
        if self.has_color {
            out.push_str(color(record.level));
        }
        match self.layout {
            Layout::Text => {
                self.write_text(record, out, is_other_time)?;
                self.append_error(record, out, start);
            }
            Layout::Json => {
                self.renamed_fields += structured::write_json(out, record, self.time.shown_text())
            }
            Layout::Logfmt => {
                self.renamed_fields += structured::write_logfmt(out, record, self.time.shown_text());
            }
        }
        if self.has_color {
            out.push_str("\x1b[0m");
        }
        Ok(())
    }

    fn write_text(&mut self, record: &Record<'_>, out: &mut String, is_other_time: bool) -> Result<()> {
        let (begin, rest) = self.segments.split_at(self.prefix.count.min(self.segments.len()));
        if let Some(text) = self.prefix.get(record, is_other_time) {
            out.push_str(text);
        } else {
            let start = out.len();
            for segment in begin {
                segment.write(out, record, self.time.shown_text(), &mut self.scratch)?;
            }
            if !begin.is_empty() {
                self.prefix.keep(record, out.get(start..).unwrap_or_default());
            }
        }
        for segment in rest {
            segment.write(out, record, self.time.shown_text(), &mut self.scratch)?;
        }
        Ok(())
    }

    fn append_error(&self, record: &Record<'_>, out: &mut String, start: usize) {
        if self.exception == ExceptionText::Omit {
            return;
        }
        for text in [&record.exc_text, &record.stack_info].into_iter().flatten() {
            if text.is_empty() {
                continue;
            }
            if self.exception == ExceptionText::Quoted {
                write_repr(out, &Value::Text(text.as_ref().into()), false);
                out.push('|');
                continue;
            }
            if !out.get(start..).unwrap_or_default().ends_with('\n') {
                out.push('\n');
            }
            out.push_str(text);
        }
        // looked for only where it matters: it is a walk over the whole line
        let is_one_line = matches!(self.exception, ExceptionText::OneLine | ExceptionText::Quoted);
        if is_one_line && out.get(start..).unwrap_or_default().contains('\n') {
            let line = out.split_off(start);
            out.push_str(&line.replace('\n', "\\n"));
        }
    }
}

fn color(level: Level) -> &'static str {
    match level.get() {
        50.. => "\x1b[1;31m",
        40.. => "\x1b[31m",
        30.. => "\x1b[33m",
        20.. => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

/// Formats several records into one text, between a header and a footer, as `BufferingFormatter` does. No records, no
/// text.
///
/// # Errors
/// If one of the records cannot be formatted.
///
/// ```
/// use stratd_logging::{Formatter, FormatterOptions, Level, Record, format_batch};
///
/// let records = [Record::new("a", Level::INFO, "r0"), Record::new("a", Level::INFO, "r1")];
/// let mut formatter = Formatter::new(&FormatterOptions::default())?;
/// assert_eq!(format_batch(&mut formatter, &records, ("[", "]"))?, "[r0r1]");
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub fn format_batch(
    formatter: &mut Formatter,
    records: &[Record<'_>],
    (header, footer): (&str, &str),
) -> Result<String> {
    let mut out = String::new();
    if records.is_empty() {
        return Ok(out);
    }
    out.push_str(header);
    for record in records {
        formatter.format(record, &mut out)?;
    }
    out.push_str(footer);
    Ok(out)
}
