//! The kinds of plugins.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a plugin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// An exchange connector.
    Exchange,
    /// A trading strategy.
    Strategy,
    /// Filters, handlers and formatters of the log.
    Log,
}

impl PluginKind {
    /// The word in configurations, flags, file names and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Strategy => "strategy",
            Self::Log => "log",
        }
    }

    /// What the full names of such plugins start with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Exchange => "exchange-",
            Self::Strategy => "strategy-",
            Self::Log => "log-",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
