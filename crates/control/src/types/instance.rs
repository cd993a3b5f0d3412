//! One running strategy or connection.

use serde::{Deserialize, Serialize};

use super::PluginState;

/// What was created from a plugin under a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instance {
    /// The name from the configuration.
    pub name: String,
    /// Where it is in its life.
    pub state: PluginState,
    /// Since when.
    pub since: String,
    /// `none`, `thread` or `process`.
    pub isolation: String,
    /// Its own process, if it has one.
    pub pid: Option<u32>,
    /// The generation of the plugin that it runs.
    pub generation: u64,
    /// Events handled.
    pub events: u64,
    /// Orders requested.
    pub orders: u64,
    /// Orders that our own risk limits refused.
    pub denials: u64,
    /// How often it failed.
    pub faults: u64,
    /// How often it was created anew after that.
    pub restarts: u64,
    /// What the last failure was.
    pub last_fault: Option<String>,
    /// When its state was last saved.
    pub last_save: Option<String>,
    /// How large that state is.
    pub state_bytes: u64,
    /// The time in which a failure puts the generation before back; `None` outside of it.
    pub probation: Option<Probation>,
    /// How long the last change of its generation, or of its configuration by another instance, kept it from its events;
    /// `None` before the first.
    pub pause_us_last: Option<u64>,
}

/// How long a new generation has to prove itself; it has once either is used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probation {
    /// Events left.
    pub events_left: u64,
    /// Until when.
    pub until: String,
}
