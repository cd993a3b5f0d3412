//! What a plugin offers to the log of the host: filters, handlers and formatters.
//!
//! They are called by the one thread that writes the log, one at a time; a handler that may have to wait for a peer has a
//! thread of its own. A panic ends the part and nothing else: records pass a filter that ended, a handler that ended
//! counts each as an error, and a formatter that ended leaves the plain message. None of them may log.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    Level, LogValue, Result,
    abi::LogView,
    export::{LogEditor, field_value, str_of_view},
};

/// A record on its way through the log.
pub struct LogItem<'a> {
    view: &'a LogView,
    editor: Option<LogEditor<'a>>,
}

impl<'a> LogItem<'a> {
    pub(crate) fn new(view: &'a LogView, editor: Option<LogEditor<'a>>) -> Self {
        Self { view, editor }
    }

    /// Nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created_ns(&self) -> i64 {
        self.view.created
    }

    /// Level.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::new(self.view.level)
    }

    /// Name of the level.
    #[must_use]
    pub fn level_name(&self) -> &'a str {
        str_of_view(self.view, self.view.level_name)
    }

    /// Name of the logger.
    #[must_use]
    pub fn name(&self) -> &'a str {
        str_of_view(self.view, self.view.name)
    }

    /// Message.
    #[must_use]
    pub fn message(&self) -> &'a str {
        str_of_view(self.view, self.view.message)
    }

    /// Source file and line; empty and 0 if they are not known.
    #[must_use]
    pub fn place(&self) -> (&'a str, u32) {
        (str_of_view(self.view, self.view.file), self.view.line)
    }

    /// Module.
    #[must_use]
    pub fn module(&self) -> &'a str {
        str_of_view(self.view, self.view.module)
    }

    /// Name of the thread that logged.
    #[must_use]
    pub fn thread_name(&self) -> &'a str {
        str_of_view(self.view, self.view.thread_name)
    }

    /// Number of the process that logged.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.view.process
    }

    /// Text of the error; empty if there is none.
    #[must_use]
    pub fn exception(&self) -> &'a str {
        str_of_view(self.view, self.view.exception)
    }

    /// The fields.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, LogValue<'a>)> + use<'a> {
        let view = self.view;
        (0..view.field_count).filter_map(move |index| field_value(view, index))
    }

    /// The value of a field.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<LogValue<'a>> {
        self.fields().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Replaces the message. Like the other changes it is for whoever comes next, and only a filter with
    /// [`LogFilter::CHANGES_RECORDS`] can make it; `message` tells what came in.
    pub fn set_message(&mut self, message: &str) {
        if let Some(editor) = &self.editor {
            editor.message(message);
        }
    }

    /// Replaces the level.
    pub fn set_level(&mut self, level: Level) {
        if let Some(editor) = &self.editor {
            editor.level(level.get());
        }
    }

    /// Sets a field.
    pub fn set_field<'v>(&mut self, key: &str, value: impl Into<LogValue<'v>>) {
        if let Some(editor) = &self.editor {
            editor.field(key, value.into());
        }
    }
}

/// A filter: `[logging.filters.NAME]` with `kind = "plugin"`.
pub trait LogFilter: Sized + Send + 'static {
    /// The table `options`; its comments are what users see of the keys.
    type Options: DeserializeOwned + JsonSchema;
    /// Name, for `name` in a configuration.
    const NAME: &'static str;
    /// One sentence.
    const DESCRIPTION: &'static str;
    /// Whether it may change records: a handler with it works on a copy then.
    const CHANGES_RECORDS: bool = false;

    /// Makes the filter.
    ///
    /// # Errors
    /// The options are refused: the configuration is.
    fn new(options: Self::Options) -> Result<Self>;

    /// Whether the record goes on.
    ///
    /// # Errors
    /// It is reported and counted, and the record goes on.
    fn accepts(&mut self, record: &mut LogItem<'_>) -> Result<bool>;
}

/// A handler: `[logging.handlers.NAME]` with `kind = "plugin"`.
pub trait LogHandler: Sized + Send + 'static {
    /// As [`LogFilter::Options`].
    type Options: DeserializeOwned + JsonSchema;
    /// Name, for `name` in a configuration.
    const NAME: &'static str;
    /// One sentence.
    const DESCRIPTION: &'static str;

    /// Makes the handler.
    ///
    /// # Errors
    /// The options are refused: the configuration is.
    fn new(options: Self::Options) -> Result<Self>;

    /// Takes a record with the text that its formatter made.
    ///
    /// # Errors
    /// The record is lost; it is counted and reported.
    fn handle(&mut self, record: &LogItem<'_>, text: &str) -> Result<()>;

    /// Hands over what it kept.
    ///
    /// # Errors
    /// Something of it is lost.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A formatter: `[logging.formatters.NAME]` with `kind = "plugin"`.
pub trait LogFormatter: Sized + Send + 'static {
    /// As [`LogFilter::Options`].
    type Options: DeserializeOwned + JsonSchema;
    /// Name, for `name` in a configuration.
    const NAME: &'static str;
    /// One sentence.
    const DESCRIPTION: &'static str;

    /// Makes the formatter.
    ///
    /// # Errors
    /// The options are refused: the configuration is.
    fn new(options: Self::Options) -> Result<Self>;

    /// Appends the text of a record.
    ///
    /// # Errors
    /// It is reported and counted, and the message stands for the text.
    fn format(&mut self, record: &LogItem<'_>, text: &mut String) -> Result<()>;
}
