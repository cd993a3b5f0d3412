//! What may be traded, and requests that change it.

use serde::{Deserialize, Serialize};

use super::is_false;

/// How much may be traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TradingState {
    /// Everything that the limits let pass.
    Active,
    /// Orders that make the own position smaller, and cancels.
    Reducing,
    /// Cancels.
    Halted,
}

impl TradingState {
    /// The word of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reducing => "reducing",
            Self::Halted => "halted",
        }
    }
}

/// What is done with orders and positions when trading stops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExitRoutine {
    /// Orders work on, positions stay.
    #[default]
    None,
    /// Working orders are canceled.
    CancelAll,
    /// Working orders are canceled, and positions are closed at the market.
    CloseAll,
}

/// What may be traded in a scope, and why not everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trading {
    /// How much.
    pub state: TradingState,
    /// The cause: `requested` by command, or the limit that a loss broke; none if everything may be traded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What who did it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The body of `POST /v1/strategies/NAME/halt`, `/v1/exchanges/NAME/halt` and `/v1/risk/kill`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HaltRequest {
    /// What is done with orders and positions. If absent, nothing; by the kill switch what `risk.kill_switch` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitRoutine>,
    /// Why, for whoever finds it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A scope of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// All strategies together.
    Run,
    /// One strategy.
    Strategy,
    /// One instrument, all strategies together.
    Instrument,
}

/// The body of `POST /v1/risk/state`: what may be traded in a scope from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TradingRequest {
    /// Which sort of scope.
    pub scope: ScopeKind,
    /// Which strategy; `manual` is the owner of orders by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Which instrument, by symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// The exchange of the instrument, if several have the symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// How much may be traded. `active` lifts every cause, and losses are counted from there on.
    pub state: TradingState,
    /// What is done with orders and positions; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ExitRoutine>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answer to a change of what may be traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TradingDone {
    /// What was done, in a sentence.
    pub report: String,
    /// What might be traded before.
    pub before: TradingState,
    /// What may be traded now.
    pub after: TradingState,
    /// Whether it was only looked at (`?dry_run=true`): nothing was changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// What is amiss although it was done: that a restart forgets it, because it could not be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}
