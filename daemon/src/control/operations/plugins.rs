//! Plugins: what is loaded, and what can be done with it.

use std::{fmt, path::PathBuf};

use serde_json::{Map, Value};
use stratd_control::{Done, Inspection, Plugin};

use super::{ActionError, Basis, Outcome, Terms};

/// What is asked of plugins.
pub trait PluginOperations {
    /// All plugins, in the order of their names, and what a load depends on.
    ///
    /// # Errors
    /// The plugins cannot be asked.
    fn plugins(&self) -> Result<(Vec<Plugin>, Basis), ActionError>;

    /// One plugin by its full name, or by its short one if only one plugin has it; and what a change of it depends on.
    ///
    /// # Errors
    /// There is none, or there are several.
    fn plugin(&self, name: &str) -> Result<(Plugin, Basis), ActionError>;

    /// What would become of a file. A file that would be refused is no error.
    ///
    /// # Errors
    /// It cannot be said.
    fn inspect(&self, file: PathBuf) -> Result<Inspection, ActionError>;

    /// Changes something, on these terms; returns after it was done.
    ///
    /// # Errors
    /// It was not done, and everything is as before.
    fn act(&self, action: Action, terms: &Terms) -> Result<Outcome<Done>, ActionError>;
}

/// What can be changed. Plugins are named as in [`PluginOperations::plugin`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// One more instance.
    Load {
        /// The file; absolute.
        file: PathBuf,
        /// The name of the instance; by default that of the plugin.
        name: Option<String>,
        /// The configuration of the instance.
        config: Map<String, Value>,
    },
    /// Takes the file as it is now.
    Reload {
        /// Which plugin.
        plugin: String,
    },
    /// Ends all instances.
    Stop {
        /// Which plugin.
        plugin: String,
    },
    /// Starts the instances that were stopped or that failed.
    Start {
        /// Which plugin.
        plugin: String,
    },
    /// Goes back to the generation before.
    Rollback {
        /// Which plugin.
        plugin: String,
    },
    /// Ends all instances, and lets none start until it is released.
    Quarantine {
        /// Which plugin.
        plugin: String,
        /// Why.
        reason: Option<String>,
    },
    /// Ends a quarantine.
    Release {
        /// Which plugin.
        plugin: String,
    },
}

impl Action {
    /// The plugin that was asked for; a load asks for a file.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::Load { .. } => None,
            Self::Reload { plugin }
            | Self::Stop { plugin }
            | Self::Start { plugin }
            | Self::Rollback { plugin }
            | Self::Quarantine { plugin, .. }
            | Self::Release { plugin } => Some(plugin),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load { file, name: None, .. } => write!(f, "load {}", file.display()),
            Self::Load { file, name: Some(name), .. } => write!(f, "load {} as {name}", file.display()),
            Self::Reload { plugin } => write!(f, "reload {plugin}"),
            Self::Stop { plugin } => write!(f, "stop {plugin}"),
            Self::Start { plugin } => write!(f, "start {plugin}"),
            Self::Rollback { plugin } => write!(f, "rollback {plugin}"),
            Self::Quarantine { plugin, reason: None } => write!(f, "quarantine {plugin}"),
            Self::Quarantine { plugin, reason: Some(reason) } => write!(f, "quarantine {plugin} ({reason})"),
            Self::Release { plugin } => write!(f, "release {plugin}"),
        }
    }
}
