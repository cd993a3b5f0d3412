//! What a swap or a restart is asked with, and what it answers.

use std::{fmt, ops::RangeInclusive};

use stratd_plugin_api::{Fault, StrategyInstance, Timestamp};

use crate::Probation;

/// The new instance of a strategy, and how it takes over.
pub struct Replacement {
    /// The new instance; it has had no call yet.
    pub instance: Box<dyn StrategyInstance>,
    /// Whether it reads no view inside market handlers.
    pub is_batch_safe: bool,
    /// The version of the state that the old instance saves.
    pub state_version: u32,
    /// The versions that the new instance restores.
    pub accepts: RangeInclusive<u32>,
    /// Until when the old instance should be quiet; the shell watches the clock.
    pub deadline: Timestamp,
    /// What happens if the state is refused.
    pub on_restore_error: OnRestoreError,
    /// How long the old instance stands by.
    pub probation: Probation,
    /// Memory for the state, if the shell has some that was used before; empty. See [`StrategyInstance::save_into`].
    pub room: Vec<u8>,
}

/// What happens if the new instance refuses the state of the old one.
pub enum OnRestoreError {
    /// The old instance stays.
    Keep,
    /// The strategy starts anew, with this instance: one that refused a state must not be used.
    Fresh(Box<dyn StrategyInstance>),
}

/// A swap that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// What the new instance got.
    pub carried: Carried,
    /// The state as the old instance saved it, for the store.
    pub state: Option<Vec<u8>>,
}

/// What a new instance got from the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The state, of so many bytes: it goes on where the old one stopped.
    State {
        /// Size of the state.
        bytes: u64,
    },
    /// The old instance keeps no state: the new one starts anew.
    Nothing,
    /// The state was refused, and the strategy starts anew.
    Fresh(Fault),
}

impl Carried {
    /// Whether the strategy starts anew: timers and subscription are gone and it gets `on_start`.
    #[must_use]
    pub fn starts_anew(&self) -> bool {
        match self {
            Self::State { .. } => false,
            Self::Nothing | Self::Fresh(_) => true,
        }
    }
}

/// A swap or restart that was not done.
pub struct SwapRefused {
    /// Which step refused.
    pub step: SwapStep,
    /// Why.
    pub fault: Fault,
    /// The new instance, to be dropped where a slow destructor harms nobody.
    pub instance: Box<dyn StrategyInstance>,
    /// The instance that stood ready for a refused state.
    pub spare: Option<Box<dyn StrategyInstance>>,
}

impl fmt::Debug for SwapRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SwapRefused")
            .field("step", &self.step)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// The steps of a swap that can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwapStep {
    /// A swap needs a strategy that runs, a restart one that has ended; and neither is done while the run exits.
    State,
    /// The old instance did not get quiet.
    Quiesce,
    /// The old instance could not save its state.
    Save,
    /// The new instance does not know this version of the state.
    Version,
    /// The new instance refused the state.
    Restore,
}

impl SwapStep {
    /// Whether the old instance refused.
    #[must_use]
    pub fn is_of_old(self) -> bool {
        match self {
            Self::Quiesce | Self::Save => true,
            Self::State | Self::Version | Self::Restore => false,
        }
    }

    /// The step as one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Quiesce => "quiesce",
            Self::Save => "save",
            Self::Version => "version",
            Self::Restore => "restore",
        }
    }
}

/// The new instance of a strategy that has ended.
pub struct Restart<'a> {
    /// The new instance; it has had no call yet.
    pub instance: Box<dyn StrategyInstance>,
    /// Whether it reads no view inside market handlers.
    pub is_batch_safe: bool,
    /// The last saved state with its version.
    pub state: Option<(u32, &'a [u8])>,
}
