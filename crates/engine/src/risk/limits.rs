//! The limits of one scope: what they are, and what a breach does.
//!
//! All scopes that an order belongs to are asked, and the strictest wins: a limit of a strategy never lifts that of the
//! run. Every limit lets its own value pass. Integer arithmetic only: a limit is brought to the units of the
//! instrument, rounded down, which changes no verdict on whole units.

use std::sync::Arc;

use stratd_plugin_api::{Decimal, InstrumentId, Money, Price, Reason};

use crate::{Hours, StrategyId};

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All strategies together.
    Run,
    /// One strategy.
    Strategy(StrategyId),
    /// One instrument, all strategies together.
    Instrument(InstrumentId),
}

/// How much may be traded; ordered by strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradingState {
    /// Everything that the limits let pass.
    #[default]
    Active,
    /// Only orders that make the own position smaller.
    Reducing,
    /// Only cancels.
    Halted,
}

impl TradingState {
    /// All of them, from the mildest on.
    pub const ALL: [Self; 3] = [Self::Active, Self::Reducing, Self::Halted];

    /// Its word in configuration, logs and results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reducing => "reducing",
            Self::Halted => "halted",
        }
    }
}

/// What is done with orders and positions when trading stops; ordered by strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitRoutine {
    /// Nothing: orders work on, positions stay.
    #[default]
    None,
    /// Working orders are canceled.
    CancelAll,
    /// Working orders are canceled, and positions are closed at the market.
    CloseAll,
}

impl ExitRoutine {
    /// All of them, from the mildest on.
    pub const ALL: [Self; 3] = [Self::None, Self::CancelAll, Self::CloseAll];

    /// Its word in configuration and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::CancelAll => "cancel_all",
            Self::CloseAll => "close_all",
        }
    }
}

/// What happens to an order beyond a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnBreach {
    /// It is denied.
    #[default]
    Deny,
    /// Its quantity is cut to what the limit leaves, rounded down to the lot; denied if that is nothing.
    Reduce,
}

impl OnBreach {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Deny, Self::Reduce];

    /// Its word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Reduce => "reduce",
        }
    }
}

/// A limit that an order can be cut down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit<T> {
    /// The largest value that passes.
    pub limit: T,
    /// What happens beyond it.
    pub on_breach: OnBreach,
}

impl<T> From<T> for Limit<T> {
    fn from(limit: T) -> Self {
        Self { limit, on_breach: OnBreach::Deny }
    }
}

/// How far a price may be from the last one, up or down, as an exact fraction of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PriceCollar(Decimal);

impl PriceCollar {
    /// From a percentage; `None` if it has more decimals than can be counted.
    #[must_use]
    pub fn percent(percent: Decimal) -> Option<Self> {
        Decimal::new(percent.mantissa(), percent.scale().checked_add(2)?).ok().map(Self)
    }

    /// From basis points, as [`PriceCollar::percent`].
    #[must_use]
    pub fn basis_points(points: Decimal) -> Option<Self> {
        Decimal::new(points.mantissa(), points.scale().checked_add(4)?).ok().map(Self)
    }

    /// The largest distance from a price, rounded down to its scale.
    pub(crate) fn distance_max(self, last: Price) -> Option<i128> {
        let scale = 10i128.checked_pow(u32::from(self.0.scale()))?;
        i128::from(last.get()).checked_abs()?.checked_mul(i128::from(self.0.mantissa()))?.checked_div(scale)
    }
}

/// How many orders and changes may be sent within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderRate {
    /// At most so many, and at most [`OrderRate::COUNT_MAX`].
    pub count: u32,
    /// In any stretch of time of this length, in nanoseconds.
    pub window_ns: i64,
}

impl OrderRate {
    /// The times of so many orders are kept for each limit.
    pub const COUNT_MAX: u32 = 100_000;
}

/// A loss at which trading stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LossLimit {
    /// The largest loss at which it goes on.
    pub limit: Money,
    /// What may still be traded beyond it.
    pub state: TradingState,
    /// What becomes of orders and positions.
    pub exit: ExitRoutine,
}

impl From<Money> for LossLimit {
    /// Halts, and touches neither orders nor positions.
    fn from(limit: Money) -> Self {
        Self { limit, state: TradingState::Halted, exit: ExitRoutine::None }
    }
}

/// When orders may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursRule {
    /// The sessions.
    pub hours: Arc<Hours>,
    /// So much before the close of a session no order is taken any more, and the exit routine runs.
    pub before_close_ns: i64,
    /// What becomes of orders and positions then.
    pub exit: ExitRoutine,
}

/// The limits of one scope; `None` = no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiskLimits {
    /// Largest quantity of one order.
    pub max_order_quantity: Option<Limit<Decimal>>,
    /// Largest value of one order.
    pub max_order_notional: Option<Limit<Money>>,
    /// Largest distance of an order's prices from the last one.
    pub price_collar: Option<PriceCollar>,
    /// Largest size of a position in one instrument, long or short, with every working order filled: of the strategy,
    /// or of all strategies together.
    pub max_position: Option<Limit<Decimal>>,
    /// Most orders that work at one time.
    pub max_open_orders: Option<u32>,
    /// Most orders and changes within a time.
    pub max_order_rate: Option<OrderRate>,
    /// Largest loss since the start of the UTC day; trading goes on with the next day.
    pub max_daily_loss: Option<LossLimit>,
    /// Largest fall of the PnL from its highest value; trading goes on by command.
    pub max_drawdown: Option<LossLimit>,
    /// When orders may be sent.
    pub trading_hours: Option<HoursRule>,
}

impl RiskLimits {
    pub(crate) fn watches_losses(&self) -> bool {
        self.max_daily_loss.is_some() || self.max_drawdown.is_some()
    }
}

/// A limit that was reached, in numbers: quantities, amounts of money and counts in units of 1e-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Whose limit.
    pub scope: Scope,
    /// What would be used with the order as it was asked for.
    pub used: Money,
    /// The limit.
    pub limit: Money,
}

/// Why risk refuses, with the numbers where the limit is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) breach: Option<Breach>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, breach: None }
    }
}
