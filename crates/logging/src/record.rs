//! A log record: what happened, where, when, and with which fields.

use std::borrow::Cow;

use crate::{fields::Fields, level::Level};

/// What happened, where and when. Texts are borrowed from the bytes the record arrived in, or owned.
///
/// ```
/// use stratd_logging::{Level, Record};
///
/// let record = Record::new("strategy.momentum", Level::INFO, "order 17 filled");
/// assert_eq!(record.message, "order 17 filled");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Name of the logger it was logged on.
    pub name: Cow<'a, str>,
    /// How grave it is.
    pub level: Level,
    /// What its sender called that level; None for the name that this process gives it.
    pub level_name: Option<Cow<'a, str>>,
    /// When, in nanoseconds since 1970.
    pub created_ns: i64,
    /// When its process started to log, in nanoseconds since 1970: `relativeCreated` counts from here.
    pub start_ns: i64,
    /// The text.
    pub message: Cow<'a, str>,
    /// Source file, with its folders.
    pub pathname: Cow<'a, str>,
    /// Line in the source file.
    pub lineno: u32,
    /// Function.
    pub function: Cow<'a, str>,
    /// Module; None for the name of the file without its ending.
    pub module: Option<Cow<'a, str>>,
    /// Number of the thread.
    pub thread: u64,
    /// Name of the thread.
    pub thread_name: Cow<'a, str>,
    /// Number of the process.
    pub process: u32,
    /// Name of the process.
    pub process_name: Cow<'a, str>,
    /// Name of the task within the thread, if its sender has tasks.
    pub task_name: Option<Cow<'a, str>>,
    /// The error that it reports, printed after the message.
    pub exc_text: Option<Cow<'a, str>>,
    /// The stack at the call, printed after that.
    pub stack_info: Option<Cow<'a, str>>,
    /// Further fields.
    pub fields: Fields<'a>,
}

impl<'a> Record<'a> {
    /// A record with a name, a level and a text, and nothing else.
    ///
    /// ```
    /// # use stratd_logging::{Level, Record};
    /// assert!(Record::new("a", Level::DEBUG, "x").fields.is_empty());
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Cow<'a, str>>, level: Level, message: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            level,
            level_name: None,
            created_ns: 0,
            start_ns: 0,
            message: message.into(),
            pathname: Cow::Borrowed(""),
            lineno: 0,
            function: Cow::Borrowed(""),
            module: None,
            thread: 0,
            thread_name: Cow::Borrowed("MainThread"),
            process: 0,
            process_name: Cow::Borrowed("MainProcess"),
            task_name: None,
            exc_text: None,
            stack_info: None,
            fields: Fields::default(),
        }
    }

    /// The file without its folders.
    ///
    /// ```
    /// # use stratd_logging::{Level, Record};
    /// let mut record = Record::new("a", Level::INFO, "");
    /// record.pathname = "/opt/plugins/momentum.rs".into();
    /// assert_eq!((record.filename(), record.module()), ("momentum.rs", "momentum"));
    /// ```
    #[must_use]
    pub fn filename(&self) -> &str {
        self.pathname.rsplit('/').next().unwrap_or_default()
    }

    /// The module: as its sender said, or else the file without folders and ending.
    ///
    /// ```
    /// # use stratd_logging::{Level, Record};
    /// let mut record = Record::new("a", Level::INFO, "");
    /// record.module = Some("engine".into());
    /// assert_eq!(record.module(), "engine");
    /// ```
    #[must_use]
    pub fn module(&self) -> &str {
        match &self.module {
            Some(module) => module,
            None => stem(self.filename()),
        }
    }

    /// The same record, owning its texts.
    ///
    /// ```
    /// # use stratd_logging::{Level, Record};
    /// let kept: Record<'static> = { let text = String::from("x"); Record::new("a", Level::INFO, text.as_str()).into_owned() };
    /// assert_eq!(kept.message, "x");
    /// ```
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record {
            name: owned(self.name),
            level: self.level,
            level_name: self.level_name.map(owned),
            created_ns: self.created_ns,
            start_ns: self.start_ns,
            message: owned(self.message),
            pathname: owned(self.pathname),
            lineno: self.lineno,
            function: owned(self.function),
            module: self.module.map(owned),
            thread: self.thread,
            thread_name: owned(self.thread_name),
            process: self.process,
            process_name: owned(self.process_name),
            task_name: self.task_name.map(owned),
            exc_text: self.exc_text.map(owned),
            stack_info: self.stack_info.map(owned),
            fields: self.fields.into_owned(),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// The name without its ending, as `os.path.splitext` splits: leading dots belong to the name.
fn stem(name: &str) -> &str {
    let dots = name.len() - name.trim_start_matches('.').len();
    match name.rfind('.') {
        Some(at) if at >= dots => name.get(..at).unwrap_or(name),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn a_stem_is_the_name_without_its_last_ending() {
        let cases =
            [("m.rs", "m"), ("a.b.c", "a.b"), (".bashrc", ".bashrc"), ("..x.y", "..x"), ("", ""), ("m", "m")];
        for (name, expected) in cases {
            assert_eq!(stem(name), expected, "{name:?}");
        }
    }
}
