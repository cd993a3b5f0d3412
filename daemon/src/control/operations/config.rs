//! The configuration: what is in force, its generations, and changes of it.

use stratd_control::{Config, ConfigDiff, ConfigDone, ConfigHistory, ConfigPart};

use super::{super::peer::Role, ActionError, Basis, Outcome, Terms};
pub use crate::{
    config::Edit,
    reload::config::{ConfigChange, What},
};

/// Who changes a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// In words: it is kept with the generation.
    pub who: String,
    /// Some sections need more than others.
    pub role: Role,
}

impl Author {
    /// One who may change everything.
    #[must_use]
    pub fn administrator(who: &str) -> Self {
        Self { who: who.to_owned(), role: Role::Admin }
    }
}

/// What is asked of the configuration.
pub trait ConfigOperations {
    /// The configuration in force, and what a change depends on.
    ///
    /// # Errors
    /// It cannot be told.
    fn config(&self) -> Result<(Config, Basis), ActionError>;

    /// A part of it.
    ///
    /// # Errors
    /// There is none at this path.
    fn config_part(&self, path: &[String]) -> Result<(ConfigPart, Basis), ActionError>;

    /// All generations that are kept.
    ///
    /// # Errors
    /// The store cannot be read.
    fn config_history(&self) -> Result<ConfigHistory, ActionError>;

    /// What differs between two generations; without `from` the one in force, without `to` the files.
    ///
    /// # Errors
    /// There is no such generation, or the files cannot be read.
    fn config_diff(&self, from: Option<u64>, to: Option<u64>) -> Result<ConfigDiff, ActionError>;

    /// Changes it, on these terms, for its author, whose role may not suffice for every section; returns after it was
    /// done.
    ///
    /// # Errors
    /// It was refused, and everything is as before.
    fn change_config(
        &self,
        change: ConfigChange,
        author: &Author,
        terms: &Terms,
    ) -> Result<Outcome<ConfigDone>, ActionError>;
}
