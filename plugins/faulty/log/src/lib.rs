//! A filter, a handler and a formatter that show what the host handed them, and fail when their options say so.
//!
//! Each counts the records that it saw, so that a test can tell a part that was kept from one that was made anew, and a
//! part that is not called any more from one that fails at every record.
#![forbid(unsafe_code)]

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
};

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Error, Level, LogFilter, LogFormatter, LogHandler, LogItem, Result};

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// It panics.
    Panic,
    /// It returns an error.
    Error,
}

/// When a part fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How it fails.
    #[serde(default)]
    pub fault: Fault,
    /// At which call, from 1.
    #[serde(default)]
    pub at: u64,
}

/// Counts calls, and fails at the one that its options name.
struct Calls {
    options: Options,
    count: u64,
}

impl Calls {
    fn new(options: Options) -> Self {
        Self { options, count: 0 }
    }

    fn next(&mut self) -> Result<u64> {
        self.count += 1;
        if self.count != self.options.at {
            return Ok(self.count);
        }
        match self.options.fault {
            Fault::None => Ok(self.count),
            Fault::Panic => panic!("as configured, at call {}", self.count),
            Fault::Error => Err(Error::new(format!("as configured, at call {}", self.count))),
        }
    }
}

/// Gives each record the field `seen`, its number, and makes a TRACE of what is called `demoted`.
pub struct Count(Calls);

impl LogFilter for Count {
    type Options = Options;
    const NAME: &'static str = "count";
    const DESCRIPTION: &'static str = "Numbers the records";
    const CHANGES_RECORDS: bool = true;

    fn new(options: Options) -> Result<Self> {
        Ok(Self(Calls::new(options)))
    }

    fn accepts(&mut self, record: &mut LogItem<'_>) -> Result<bool> {
        let number = self.0.next()?;
        record.set_field("seen", number);
        if record.message() == "demoted" {
            record.set_level(Level::TRACE);
        }
        Ok(true)
    }
}

/// Appends to a file the level, the logger and the number of fields of each record, and the text of its formatter.
pub struct Append {
    calls: Calls,
    file: File,
}

/// Where to, and when it fails.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppendOptions {
    /// The file.
    pub path: String,
    /// How it fails.
    #[serde(default)]
    pub fault: Fault,
    /// At which call, from 1.
    #[serde(default)]
    pub at: u64,
}

impl LogHandler for Append {
    type Options = AppendOptions;
    const NAME: &'static str = "append";
    const DESCRIPTION: &'static str = "Appends to a file";

    fn new(options: AppendOptions) -> Result<Self> {
        let AppendOptions { path, fault, at } = options;
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|error| Error::new(format!("opening {path}: {error}")))?;
        Ok(Self { calls: Calls::new(Options { fault, at }), file })
    }

    fn handle(&mut self, record: &LogItem<'_>, text: &str) -> Result<()> {
        self.calls.next()?;
        let (level, name, fields) = (record.level_name(), record.name(), record.fields().count());
        writeln!(self.file, "{level} {name} {fields}: {text}").map_err(|error| Error::new(error.to_string()))
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(|error| Error::new(error.to_string()))
    }
}

/// Says what it is told, in capitals.
pub struct Shout(Calls);

impl LogFormatter for Shout {
    type Options = Options;
    const NAME: &'static str = "shout";
    const DESCRIPTION: &'static str = "Writes in capitals";

    fn new(options: Options) -> Result<Self> {
        Ok(Self(Calls::new(options)))
    }

    fn format(&mut self, record: &LogItem<'_>, text: &mut String) -> Result<()> {
        // what is written before a failure must not be taken for the text
        text.push_str("<<");
        let number = self.0.next()?;
        text.push_str(&format!("{number} {}>>", record.message().to_uppercase()));
        Ok(())
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_log!(filters: [Count], handlers: [Append], formatters: [Shout]);
