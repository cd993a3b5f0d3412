//! What the daemon did to strategies and limits between two inputs, as a replay does it again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::{IsolationMode, Unload};

/// Of what an instance was made. Secrets are references, as in the head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Build {
    /// Name of the plugin.
    pub(crate) plugin: String,
    pub(crate) version: String,
    /// Where it was loaded from.
    pub(crate) file: String,
    pub(crate) sha256: String,
    /// Of the instance.
    pub(crate) config: Map<String, Value>,
    pub(crate) isolation: IsolationMode,
    pub(crate) unload: Unload,
}

/// The version of a state, whose bytes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateAfter {
    pub(crate) version: u32,
}

/// What was done; strategies by their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// Another instance for a strategy that runs.
    Swap {
        strategy: u16,
        build: Build,
        /// Another instance of it stood ready, for a state that is refused.
        has_spare: bool,
        is_batch_safe: bool,
        state_version: u32,
        /// The versions of states that it takes, both included.
        accepts: (u32, u32),
        deadline: i64,
        /// Events, and until when.
        probation: (u64, i64),
    },
    /// A new instance for a strategy that has ended.
    Restart { strategy: u16, build: Build, is_batch_safe: bool, state: Option<StateAfter> },
    /// One more strategy.
    Add {
        name: String,
        build: Build,
        may_shutdown: bool,
        cancels_on_stop: bool,
        is_batch_safe: bool,
        /// The bars that it gets: kind, flags, step and delay of each, as at the ABI.
        bars: Vec<(u32, u32, i64, i64)>,
        state: Option<StateAfter>,
    },
    /// The instance of a strategy that has ended went away.
    Taken { strategy: u16 },
    /// A strategy was told another configuration.
    Configure { strategy: u16, config: Map<String, Value> },
    /// An instance took the place of one that had been told a configuration and could not go back.
    PutInPlace { strategy: u16, build: Build, state: StateAfter },
    /// The instance that stood by after a swap is not needed any more.
    KeepSwap { strategy: u16 },
    /// It is in place again.
    UndoSwap { strategy: u16 },
    /// Whether a strategy may end the run, and whether its orders are canceled when it ends.
    Terms { strategy: u16, may_shutdown: bool, cancels_on_stop: bool },
    /// All limits are those of these tables of the configuration.
    Limits { tables: Map<String, Value> },
    /// They are those of before.
    UndoLimits,
}

impl Deed {
    /// In words, for messages.
    pub(crate) fn in_words(&self, name_of: impl Fn(u16) -> String) -> String {
        match self {
            Self::Swap { strategy, build, .. } => {
                format!(
                    "{} {} takes the place of strategy {}",
                    build.plugin,
                    build.version,
                    name_of(*strategy)
                )
            }
            Self::Restart { strategy, .. } => format!("a restart of strategy {}", name_of(*strategy)),
            Self::Add { name, .. } => format!("strategy {name} joins"),
            Self::Taken { strategy } => format!("the instance of strategy {} goes", name_of(*strategy)),
            Self::Configure { strategy, .. } => {
                format!("another configuration for strategy {}", name_of(*strategy))
            }
            Self::PutInPlace { strategy, .. } => {
                format!("strategy {} goes back to its configuration", name_of(*strategy))
            }
            Self::KeepSwap { strategy } => format!("the swap of strategy {} is kept", name_of(*strategy)),
            Self::UndoSwap { strategy } => format!("the swap of strategy {} is undone", name_of(*strategy)),
            Self::Terms { strategy, .. } => format!("other terms for strategy {}", name_of(*strategy)),
            Self::Limits { .. } => "other limits".to_owned(),
            Self::UndoLimits => "the limits of before".to_owned(),
        }
    }
}
