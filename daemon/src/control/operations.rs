//! What the control server asks of the daemon. It knows nothing of it beyond this.

use std::{fmt, path::PathBuf};

use serde_json::{Map, Value};
use stratd_control::{Done, Inspection, Plugin, Status};

/// The daemon, as the control server sees it.
///
/// Calls may block: they run on threads of their own, several at once. They must come to an end by themselves: a call
/// that is no longer waited for is not interrupted.
pub trait Operations: Send + Sync {
    /// The run.
    ///
    /// # Errors
    /// The run cannot be asked, as when it is busy.
    fn status(&self) -> Result<Status, ActionError>;

    /// All plugins, in the order of their names.
    ///
    /// # Errors
    /// The plugins cannot be asked.
    fn plugins(&self) -> Result<Vec<Plugin>, ActionError>;

    /// One plugin by its full name, or by its short one if only one plugin has it.
    ///
    /// # Errors
    /// There is none, or there are several.
    fn plugin(&self, name: &str) -> Result<Plugin, ActionError>;

    /// What would become of a file. A file that would be refused is no error.
    ///
    /// # Errors
    /// It cannot be said.
    fn inspect(&self, file: PathBuf) -> Result<Inspection, ActionError>;

    /// Changes something; returns after it was done.
    ///
    /// # Errors
    /// It was not done, and everything is as before.
    fn act(&self, action: Action) -> Result<Done, ActionError>;
}

/// What can be changed. Plugins are named as in [`Operations::plugin`].
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

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionError {
    /// What sort of reason.
    pub kind: ActionErrorKind,
    /// The step that refused, of a load or a reload.
    pub step: Option<String>,
    /// What is there, and what would be accepted.
    pub text: String,
}

/// What sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionErrorKind {
    /// There is no such plugin, or no such file.
    NotFound,
    /// A step refused the file, the configuration or the state.
    Refused,
    /// The state of the plugin does not allow it.
    Conflict,
    /// Another change is under way, or the event loop does not answer in time.
    Busy,
    /// It went wrong.
    Failed,
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Some(step) => write!(f, "{step}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for ActionError {}
