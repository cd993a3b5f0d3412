//! What a formatter is made of.

use super::{
    render::Renderer,
    time::{MSEC_FORMAT, TIME_FORMAT},
    zone::Zone,
};
use crate::{
    error::{Error, Result},
    value::Value,
};

/// How fields are marked in a format string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// `%(name)s`
    #[default]
    Percent,
    /// `{name}`
    Brace,
    /// `${name}`
    Dollar,
}

impl Style {
    /// The style that a character stands for.
    ///
    /// # Errors
    /// If it is none of `%`, `{` and `$`.
    ///
    /// ```
    /// use stratd_logging::Style;
    ///
    /// assert_eq!(Style::parse("{")?, Style::Brace);
    /// assert!(Style::parse("percent").is_err());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "%" => Ok(Self::Percent),
            "{" => Ok(Self::Brace),
            "$" => Ok(Self::Dollar),
            _ => Err(Error::format(format!("style {text:?} (accepted: \"%\", \"{{\" and \"$\")"))),
        }
    }
}

/// What a formatter makes of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A text, by the format string.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// One line of `key=value`.
    Logfmt,
}

/// What becomes of the text of an error and of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExceptionText {
    /// On lines of their own after the message, as Python prints them.
    #[default]
    Append,
    /// On the same line: every newline of the whole text becomes `\n`.
    OneLine,
    /// On the same line in quotes and with escapes, as Python's `repr` shows it, and `|` at the end.
    Quoted,
    /// Left out.
    Omit,
}

/// What a formatter is made of. The default is Python's: the message alone.
///
/// ```
/// use stratd_logging::{Formatter, FormatterOptions};
///
/// let options = FormatterOptions { format: Some("%(levelname)s %(message)s".into()), ..FormatterOptions::default() };
/// assert!(Formatter::new(&options).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FormatterOptions {
    /// The format string; None for the message alone.
    pub format: Option<String>,
    /// Pattern of the time, as `strftime` takes it; None or empty for `time_format` with `msec_format` after it.
    pub date_format: Option<String>,
    /// How fields are marked.
    pub style: Style,
    /// What a record is made into; `format` and `style` are for [`Layout::Text`] only.
    pub layout: Layout,
    /// Values of fields that a record may lack.
    pub defaults: Vec<(String, Value<'static>)>,
    /// Fields that records are expected to have beside the standard ones. A record without one of them is not printed
    /// but reported, unless `missing` is set.
    pub extra_fields: Vec<String>,
    /// Printed for a field that the record lacks; with it any name may be used as a field.
    pub missing: Option<String>,
    /// Which zone times are told in.
    pub zone: Zone,
    /// Pattern of the time where `date_format` is not set.
    pub time_format: String,
    /// How milliseconds follow that time, from both values in order; None to leave them out.
    pub msec_format: Option<String>,
    /// What becomes of the text of an error and of a stack.
    pub exception: ExceptionText,
    /// Put a colour for the level around the text; for terminals.
    pub has_color: bool,
    /// Makes the whole text; everything else is without meaning then.
    pub renderer: Option<Renderer>,
}

impl Default for FormatterOptions {
    fn default() -> Self {
        Self {
            format: None,
            date_format: None,
            style: Style::Percent,
            layout: Layout::Text,
            defaults: Vec::new(),
            extra_fields: Vec::new(),
            missing: None,
            zone: Zone::Local,
            time_format: TIME_FORMAT.to_owned(),
            msec_format: Some(MSEC_FORMAT.to_owned()),
            exception: ExceptionText::Append,
            has_color: false,
            renderer: None,
        }
    }
}
