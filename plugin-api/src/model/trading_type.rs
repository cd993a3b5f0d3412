//! Backtest, simulation, sandbox, live.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use stratd_abi::trading_type;

/// What a run is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TradingType {
    /// Offline, on historical data.
    Backtest,
    /// Live data; our own fill model executes, no order reaches an exchange.
    Simulation,
    /// The exchange's paper endpoint.
    Sandbox,
    /// Real orders.
    Live,
}

impl TradingType {
    /// All of them.
    pub const ALL: [TradingType; 4] = [Self::Backtest, Self::Simulation, Self::Sandbox, Self::Live];

    /// The word used everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backtest => "backtest",
            Self::Simulation => "simulation",
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }

    /// The bit at the ABI.
    #[must_use]
    pub const fn bit(self) -> u32 {
        match self {
            Self::Backtest => trading_type::BACKTEST,
            Self::Simulation => trading_type::SIMULATION,
            Self::Sandbox => trading_type::SANDBOX,
            Self::Live => trading_type::LIVE,
        }
    }

    /// From the bit at the ABI.
    #[must_use]
    pub fn from_bit(bit: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.bit() == bit)
    }
}

impl fmt::Display for TradingType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TradingType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|t| t.name() == text).ok_or_else(|| {
            format!("`{text}` is no trading type (expected backtest, simulation, sandbox or live)")
        })
    }
}

/// A set of trading types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradingTypes(u32);

impl TradingTypes {
    /// The set of the listed ones.
    #[must_use]
    pub const fn of(types: &[TradingType]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < types.len() {
            bits |= types[i].bit();
            i += 1;
        }
        Self(bits)
    }

    /// From the bits of the ABI; unknown bits are kept and match nothing.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits of the ABI.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether `one` is in the set.
    #[must_use]
    pub const fn contains(self, one: TradingType) -> bool {
        self.0 & one.bit() != 0
    }
}

impl fmt::Display for TradingTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            TradingType::ALL.into_iter().filter(|t| self.contains(*t)).map(TradingType::name).collect();
        f.write_str(&if names.is_empty() { "none".to_owned() } else { names.join(", ") })
    }
}
