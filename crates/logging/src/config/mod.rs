//! Configuration: a TOML tree with the meaning of Python's `dictConfig`.
//!
//! A [`Config`] is read and checked whole; every problem is reported with its key, and its line if it came from a text.
//! Applying it opens what is new before anything changes, so that a configuration either is in force or has done nothing.
//! Handlers whose options did not change stay as they are, with their open files.
//!
//! `${NAME}` in a value is a variable of the environment (`environment.rs`).
//!
//! Differences from `dictConfig`: unknown keys are refused, existing loggers are not silenced unless
//! `disable_existing_loggers` says so, and a logger that is not named goes back to its defaults.

mod apply;
mod apply_loggers;
mod circle;
mod command;
mod delivery;
mod environment;
mod file;
mod filter;
mod formatter;
mod handler;
mod kinds;
mod network;
mod patch;
mod receiver;
pub(crate) mod section;
mod shorthand;
mod succession;

pub use kinds::Kinds;

use std::fmt::Write;
use std::time::Duration;

use toml::Table;

use crate::{
    error::{Error, ErrorKind, Result},
    filter::Filter,
    flight::FlightOptions,
    handler::CommandHandler,
    level::{Level, LevelNames},
    receiver::{RECEIVERS_MAX, ReceiverSpec},
    ring::Overflow,
    value::Value,
};
use formatter::FormatterSpec;
use handler::HandlerSpec;
use section::{Problems, Section};

/// Records and bytes that a flight recorder is configured to keep at most: each plugin has one.
const FLIGHT_RECORDS_MAX: i64 = 100_000;
const FLIGHT_BYTES_MAX: i64 = 64 << 20;

/// A configuration that was read and checked.
///
/// ```
/// use stratd_logging::{Config, Level, Logging};
///
/// let config = Config::parse(
///     r#"
///     schema = 1
///     [formatters.brief]
///     format = "%(levelname)s %(message)s"
///     [handlers.console]
///     kind = "stream"
///     formatter = "brief"
///     [root]
///     level = "INFO"
///     handlers = ["console"]
///     "#,
/// )?;
/// let logging = Logging::new();
/// logging.apply(config)?;
/// assert_eq!(logging.effective_level("a")?, Level::INFO);
/// # Ok::<(), stratd_logging::Error>(())
/// ```
pub struct Config {
    pub(crate) levels: Vec<(String, Level)>,
    pub(crate) formatters: Vec<FormatterSpec>,
    pub(crate) filters: Vec<(String, Box<dyn Filter>)>,
    pub(crate) handlers: Vec<HandlerSpec>,
    pub(crate) receivers: Vec<ReceiverSpec>,
    pub(crate) loggers: Vec<(String, LoggerSpec)>,
    pub(crate) root: Option<LoggerSpec>,
    pub(crate) disable: Option<Level>,
    pub(crate) disables_existing: bool,
    pub(crate) is_incremental: bool,
    pub(crate) overflow: Option<Overflow>,
    pub(crate) has_last_resort: bool,
    pub(crate) context: Vec<(String, Value<'static>)>,
    pub(crate) flight_recorder: Option<FlightOptions>,
    pub(crate) captures_stderr: bool,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.handlers.iter().map(|handler| handler.name.as_str()).collect();
        f.debug_struct("Config")
            .field("handlers", &names)
            .field("loggers", &self.loggers)
            .finish_non_exhaustive()
    }
}

/// A logger as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LoggerSpec {
    pub(crate) level: Option<Level>,
    pub(crate) handlers: Vec<String>,
    pub(crate) filters: Vec<String>,
    pub(crate) propagate: Option<bool>,
    pub(crate) is_disabled: bool,
}

impl Config {
    /// Reads a TOML text: the content of the table `[logging]`.
    ///
    /// # Errors
    /// With every problem, its key and its line, if there is one.
    ///
    /// ```
    /// use stratd_logging::Config;
    ///
    /// let error = Config::parse("[root]\nlevel = \"LOUD\"\ncolour = 1").unwrap_err().to_string();
    /// assert!(error.contains("line 2") && error.contains("root.level") && error.contains("root.colour"), "{error}");
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Kinds::default())
    }

    /// As [`Config::parse`], with further kinds of handlers and filters.
    ///
    /// # Errors
    /// With every problem, its key and its line, if there is one.
    ///
    /// ```
    /// # use stratd_logging::{Config, Kinds};
    /// assert!(Config::parse_with("", &Kinds::default()).is_ok());
    /// ```
    pub fn parse_with(text: &str, kinds: &Kinds) -> Result<Self> {
        let table: Table = toml::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Config, format!("logging configuration: {error}")))?;
        Self::read(&table, kinds).map_err(|problems| to_error(&problems, Some(text)))
    }

    /// As [`Config::parse`], from a table that is part of a larger configuration.
    ///
    /// # Errors
    /// With every problem and its key.
    ///
    /// ```
    /// # use stratd_logging::{Config, Kinds};
    /// let table = toml::from_str("[root]\nlevel = 10").unwrap();
    /// assert!(Config::from_table(&table, &Kinds::default()).is_ok());
    /// ```
    pub fn from_table(table: &Table, kinds: &Kinds) -> Result<Self> {
        Self::read(table, kinds).map_err(|problems| to_error(&problems, None))
    }

    /// As [`Config::from_table`], with each problem apart: its key, with dots, and what is wrong with it.
    ///
    /// # Errors
    /// With every problem.
    ///
    /// ```
    /// # use stratd_logging::{Config, Kinds};
    /// let table = toml::from_str("[root]\nlevel = \"LOUD\"").unwrap();
    /// let problems = Config::check_table(&table, &Kinds::default()).unwrap_err();
    /// assert_eq!(problems[0].0, "root.level");
    /// ```
    pub fn check_table(table: &Table, kinds: &Kinds) -> Result<Self, Vec<(String, String)>> {
        Self::read(table, kinds)
    }

    /// The programs that it names and this machine does not have, each by its key: they would be refused when it is applied.
    ///
    /// ```
    /// # use stratd_logging::Config;
    /// let config = Config::parse("[handlers.h]\nkind = \"command\"\nargv = [\"/nonexistent\"]")?;
    /// assert_eq!(config.missing_programs()[0].0, "handlers.h.argv");
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn missing_programs(&self) -> Vec<(String, String)> {
        let missing = |spec: &HandlerSpec| match &spec.options {
            handler::HandlerOptions::Command(options) => {
                let error = CommandHandler::find_program(options).err()?;
                Some((spec.path_of_place(""), error.to_string()))
            }
            _ => None,
        };
        self.handlers.iter().filter_map(missing).collect()
    }

    /// True if it asks for a [`StderrCapture`](crate::StderrCapture): that is for the program to begin, once a process.
    ///
    /// ```
    /// # use stratd_logging::Config;
    /// assert!(Config::parse("capture_stderr = true")?.captures_stderr());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn captures_stderr(&self) -> bool {
        self.captures_stderr
    }

    /// True if it changes levels and propagation only.
    ///
    /// ```
    /// # use stratd_logging::Config;
    /// assert!(Config::parse("incremental = true")?.is_incremental());
    /// # Ok::<(), stratd_logging::Error>(())
    /// ```
    #[must_use]
    pub fn is_incremental(&self) -> bool {
        self.is_incremental
    }

    fn read(table: &Table, kinds: &Kinds) -> Result<Self, Vec<(String, String)>> {
        let problems = Problems::default();
        let table = &environment::expand(table, &problems, &environment::of_process);
        let levels = read_levels(table, &problems);
        let section = Section::new(table, "", &problems, &levels.1);
        section.value("levels");
        let schema = section.value("schema").map_or(Some(1), toml::Value::as_integer);
        if schema != Some(1) {
            section.problem("schema", "an unknown schema (accepted: 1)");
        }
        let mut config = Self {
            levels: levels.0,
            formatters: Vec::new(),
            filters: Vec::new(),
            handlers: Vec::new(),
            receivers: Vec::new(),
            loggers: Vec::new(),
            root: None,
            disable: section.level("disable"),
            disables_existing: false,
            is_incremental: section.flag("incremental").unwrap_or(false),
            overflow: None,
            has_last_resort: true,
            context: Vec::new(),
            flight_recorder: None,
            captures_stderr: false,
        };
        if config.is_incremental {
            patch::read(&section, &mut config);
        } else {
            config.read_whole(&section, kinds);
        }
        let problems = problems.take();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Reads what a configuration that is not incremental says besides.
    fn read_whole(&mut self, section: &Section<'_>, kinds: &Kinds) {
        let config = self;
        config.disables_existing = section.flag("disable_existing_loggers").unwrap_or(false);
        config.overflow = section.section("overflow").and_then(|section| read_overflow(&section));
        config.has_last_resort = section.flag("last_resort").unwrap_or(true);
        config.context = section.fields("context").unwrap_or_default();
        config.flight_recorder = section.section("flight_recorder").map(|section| read_flight(&section));
        config.captures_stderr = section.flag("capture_stderr").unwrap_or(false);
        for (name, section) in section.sections("formatters") {
            config.formatters.push(formatter::read(name, &section, kinds));
        }
        for (name, section) in section.sections("filters") {
            config.filters.extend(filter::read(&section, kinds).map(|filter| (name.to_owned(), filter)));
        }
        for (name, section) in section.sections("handlers") {
            config.handlers.extend(handler::read(name, &section, kinds));
        }
        for (name, section) in section.sections("receivers") {
            config.receivers.extend(receiver::read(name, &section));
        }
        receiver::check_places(&config.receivers, section);
        if config.receivers.len() > RECEIVERS_MAX {
            section.problem("receivers", format!("more than {RECEIVERS_MAX} receivers"));
        }
        for (name, section) in section.sections("loggers") {
            config.loggers.push((name.to_owned(), read_logger(&section)));
        }
        config.root = section.section("root").map(|section| read_logger(&section));
        shorthand::read(section, config);
        section.finish();
        config.check_names(section);
    }

    /// Every name that is referred to must be there.
    fn check_names(&self, section: &Section<'_>) {
        let formatters: Vec<&str> = self.formatters.iter().map(|spec| spec.name.as_str()).collect();
        let filters: Vec<&str> = self.filters.iter().map(|(name, _)| name.as_str()).collect();
        let handlers: Vec<&str> = self.handlers.iter().map(|handler| handler.name.as_str()).collect();
        let check = |path: String, what: &str, name: &str, known: &[&str]| {
            // a filter that could not be read was reported there
            if !known.contains(&name) && !(section.names(&format!("{what}s")).contains(&name)) {
                section.add(path, format!("no {what} {name:?} (there are: {})", known.join(", ")));
            }
        };
        for handler in &self.handlers {
            let path = |key: &str| format!("handlers.{:?}.{key}", handler.name);
            handler
                .formatter
                .iter()
                .for_each(|name| check(path("formatter"), "formatter", name, &formatters));
            handler.filters.iter().for_each(|name| check(path("filters"), "filter", name, &filters));
            if let handler::HandlerOptions::Memory(memory) = &handler.options {
                memory.target.iter().for_each(|name| check(path("target"), "handler", name, &handlers));
            }
        }
        circle::check(&self.handlers, section);
        let root = self.root.iter().map(|root| ("root".to_owned(), root));
        let loggers = self.loggers.iter().map(|(name, logger)| (format!("loggers.{name:?}"), logger));
        for (path, logger) in loggers.chain(root) {
            logger
                .handlers
                .iter()
                .for_each(|name| check(format!("{path}.handlers"), "handler", name, &handlers));
            logger.filters.iter().for_each(|name| check(format!("{path}.filters"), "filter", name, &filters));
        }
    }
}

fn read_levels(table: &Table, problems: &Problems) -> (Vec<(String, Level)>, LevelNames) {
    let mut names = LevelNames::default();
    let mut own = Vec::new();
    let known = LevelNames::default();
    let section = Section::new(table, "", problems, &known);
    let Some(levels) = section.table("levels") else { return (own, names) };
    for (name, value) in levels {
        let number = value.as_integer().and_then(|number| i32::try_from(number).ok());
        let Some(number) = number else {
            problems.add(format!("levels.{name}"), "no number (accepted: TRACE = 5)");
            continue;
        };
        match names.add(Level::new(number), name) {
            Ok(()) => own.push((name.clone(), Level::new(number))),
            Err(error) => problems.add(format!("levels.{name}"), error.to_string()),
        }
    }
    (own, names)
}

fn read_logger(section: &Section<'_>) -> LoggerSpec {
    let spec = LoggerSpec {
        level: section.level("level"),
        handlers: section.texts("handlers").unwrap_or_default(),
        filters: section.texts("filters").unwrap_or_default(),
        propagate: section.flag("propagate"),
        is_disabled: section.flag("disabled").unwrap_or(false),
    };
    section.finish();
    spec
}

fn read_overflow(section: &Section<'_>) -> Option<Overflow> {
    let wait = section.duration("wait").unwrap_or(Duration::from_secs(10));
    let level = section.level("level").unwrap_or(Level::WARNING);
    let policies = [
        ("block", Overflow::Block(wait)),
        ("drop_newest", Overflow::DropNewest),
        ("drop_below", Overflow::DropBelow(level, wait)),
    ];
    let policy = section.required("policy", section.choice("policy", &policies));
    section.finish();
    policy
}

fn read_flight(section: &Section<'_>) -> FlightOptions {
    let default = FlightOptions::default();
    let count = |key, max, default| {
        let found = section.number(key, 1..=max).and_then(|number| usize::try_from(number).ok());
        found.unwrap_or(default)
    };
    let options = FlightOptions {
        records: count("records", FLIGHT_RECORDS_MAX, default.records),
        bytes: count("bytes", FLIGHT_BYTES_MAX, default.bytes),
        below: section.texts("below").unwrap_or_default(),
    };
    if options.below.is_empty() {
        section.problem("below", "names no logger (accepted: loggers below which each has a recorder)");
    }
    section.finish();
    options
}

/// All problems as one error, in the order of the text.
pub(super) fn to_error(problems: &[(String, String)], text: Option<&str>) -> Error {
    let document = text.and_then(|text| toml::de::DeTable::parse(text).ok().map(|table| (text, table)));
    let mut message = String::from("logging configuration refused");
    for (path, problem) in problems {
        let line = document.as_ref().and_then(|(text, table)| line_of(text, table.get_ref(), path));
        // writing to a String cannot fail
        let _ = match line {
            Some(line) => write!(message, "\n  line {line}: {path}: {problem}"),
            None => write!(message, "\n  {path}: {problem}"),
        };
    }
    Error::of_problems(message, problems.to_vec())
}

/// The line of the key at the end of a path, or of the last key on the way that there is.
fn line_of(text: &str, table: &toml::de::DeTable<'_>, path: &str) -> Option<usize> {
    let mut at = None;
    let mut current = table;
    for key in split_path(path) {
        let Some((name, value)) = current.iter().find(|(name, _)| *name.get_ref() == key) else { break };
        at = Some(name.span().start);
        match value.get_ref() {
            toml::de::DeValue::Table(inner) => current = inner,
            _ => break,
        }
    }
    at.map(|at| 1 + text.get(..at).unwrap_or_default().matches('\n').count())
}

/// Splits at the dots outside quotes.
fn split_path(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut is_quoted = false;
    for c in path.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => keys.push(String::new()),
            c => keys.iter_mut().last().into_iter().for_each(|key| key.push(c)),
        }
    }
    keys
}
