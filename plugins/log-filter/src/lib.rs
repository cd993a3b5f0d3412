//! A filter with a parameter, as in recipe 14 of Python's logging cookbook: a plugin that adds to the log what its
//! configuration alone cannot say.
//!
//! ```toml
//! [logging.filters.myfilter]
//! kind = "plugin"
//! plugin = "filter"
//! name = "noshow"
//! options = { word = "noshow", prefix = "changed: " }
//! ```
#![forbid(unsafe_code)]

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Error, LogFilter, LogItem, Result};

/// Drops what holds a word, and marks the rest.
pub struct NoShow {
    options: Options,
}

/// What is dropped, and how the rest is marked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Records whose message holds this word are dropped.
    pub word: String,
    /// Stands before the message of all others.
    #[serde(default)]
    pub prefix: String,
}

impl LogFilter for NoShow {
    type Options = Options;
    const NAME: &'static str = "noshow";
    const DESCRIPTION: &'static str = "Drops records whose message holds a word, and marks the others";
    const CHANGES_RECORDS: bool = true;

    fn new(options: Options) -> Result<Self> {
        if options.word.is_empty() {
            return Err(Error::new("word is empty, which every message holds (expected a word)"));
        }
        Ok(Self { options })
    }

    fn accepts(&mut self, record: &mut LogItem<'_>) -> Result<bool> {
        if record.message().contains(&self.options.word) {
            return Ok(false);
        }
        if !self.options.prefix.is_empty() {
            record.set_message(&format!("{}{}", self.options.prefix, record.message()));
        }
        Ok(true)
    }
}

#[cfg(feature = "export")]
stratd_plugin_api::export_log!(filters: [NoShow], handlers: [], formatters: []);
