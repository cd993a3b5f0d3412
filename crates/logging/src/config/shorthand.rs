//! The short form: one handler at the root, as `basicConfig` makes it.

use toml::Table;

use super::{
    Config, LoggerSpec, file,
    formatter::{FormatterSpec, read_text},
    handler::{HandlerOptions, HandlerSpec},
    kinds::Kinds,
    section::{Problems, Section},
};
use crate::{
    error::Result,
    format::{Formatter, FormatterOptions, Style},
    handler::{FileOptions, StreamTarget},
    level::{Level, LevelNames},
};

/// What the handler and the formatter of the short form are called.
const BASIC: &str = "basic";

/// The format of the short form without one.
fn basic_format(style: Style) -> &'static str {
    match style {
        Style::Percent => "%(levelname)s:%(name)s:%(message)s",
        Style::Brace => "{levelname}:{name}:{message}",
        Style::Dollar => "${levelname}:${name}:${message}",
    }
}

/// Reads the keys of the short form at the top of a configuration.
pub(super) fn read(section: &Section<'_>, config: &mut Config) {
    let keys = ["file", "filemode", "format", "datefmt", "style", "stream", "level", "handlers_of_root"];
    let is_used = keys.iter().any(|key| section.has(key));
    let mut options = FormatterOptions::default();
    read_text(section, &mut options);
    let level = section.level("level");
    let file = section.text("file");
    let mode = section.text("filemode");
    let stream = section.parsed("stream", StreamTarget::parse);
    section.flag("force");
    if !matches!(section.text("encoding"), None | Some("utf-8" | "utf8" | "UTF-8")) {
        section.problem("encoding", "only utf-8 is written");
    }
    section.text("errors");
    if !is_used {
        return;
    }
    if file.is_some() && stream.is_some() {
        section.problem("stream", "either a file or a stream, not both");
    }
    if options.format.is_none() {
        options.format = Some(basic_format(options.style).to_owned());
    }
    if let Err(error) = Formatter::new(&options) {
        section.problem("format", error.to_string());
    }
    config.formatters.push(FormatterSpec {
        name: BASIC.to_owned(),
        options,
        is_colored_for_terminals: false,
    });
    let options = match file {
        Some(path) => {
            let mut options = FileOptions::new(path);
            options.append = file::is_append(section, "filemode", mode);
            HandlerOptions::File(options, None)
        }
        None => {
            HandlerOptions::Stream { target: stream.unwrap_or(StreamTarget::Stderr), terminator: "\n".into() }
        }
    };
    let mut identity = Table::new();
    for key in ["file", "filemode", "stream"] {
        identity.extend(section.value(key).map(|value| (key.to_owned(), value.clone())));
    }
    let kind = if file.is_some() { "file" } else { "stream" }.to_owned();
    config.handlers.push(HandlerSpec {
        name: BASIC.to_owned(),
        kind,
        level: Level::NOTSET,
        formatter: Some(BASIC.to_owned()),
        filters: Vec::new(),
        identity,
        options,
    });
    let root = config.root.get_or_insert_with(LoggerSpec::default);
    root.level = root.level.or(level);
    root.handlers.push(BASIC.to_owned());
}

impl Config {
    /// Reads the short form alone, as `basicConfig` takes it: `level`, `format`, `datefmt`, `style`, `file`, `filemode`,
    /// `stream`, `encoding`, `errors`, `force`.
    ///
    /// # Errors
    /// With every problem and its key.
    ///
    /// ```
    /// use stratd_logging::Config;
    ///
    /// let table = toml::from_str("level = \"INFO\"\nformat = \"%(message)s\"").unwrap();
    /// assert!(Config::basic(&table).is_ok());
    /// ```
    pub fn basic(table: &Table) -> Result<Self> {
        let mut table = table.clone();
        // an empty short form still asks for the handler
        if !table.contains_key("stream") && !table.contains_key("file") {
            table.insert("stream".to_owned(), "stderr".into());
        }
        let problems = Problems::default();
        let levels = LevelNames::default();
        let section = Section::new(&table, "", &problems, &levels);
        for key in table.keys() {
            let known = [
                "level", "format", "datefmt", "style", "file", "filemode", "stream", "encoding", "errors",
                "force", "utc", "tz",
            ];
            if !known.contains(&key.as_str()) {
                section.problem(key, format!("unknown key (accepted: {})", known.join(", ")));
            }
        }
        let unknown = problems.take();
        if unknown.is_empty() {
            Self::from_table(&table, &Kinds::default())
        } else {
            Err(super::to_error(&unknown, None))
        }
    }
}
