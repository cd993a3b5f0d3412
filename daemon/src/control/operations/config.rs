//! The configuration: what is in force, its generations, and changes of it.

use stratd_control::{Config, ConfigDiff, ConfigDone, ConfigHistory, ConfigPart};

use super::{ActionError, Basis, Outcome, Terms};
pub use crate::{
    config::Edit,
    reload::config::{ConfigChange, What},
};

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

    /// Changes it, on these terms, for a user; returns after it was done.
    ///
    /// # Errors
    /// It was refused, and everything is as before.
    fn change_config(
        &self,
        change: ConfigChange,
        who: &str,
        terms: &Terms,
    ) -> Result<Outcome<ConfigDone>, ActionError>;
}
