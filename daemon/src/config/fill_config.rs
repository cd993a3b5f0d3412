//! The keys of `[fill]` and `[costs]`: how our own model executes orders, and what that costs.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Decimal, Money};
use stratd_simulation::{CostModel, CostModels, Fees, FillModel, FillRule, Liquidity};

use super::{Span, run_config::money};

/// How orders are filled where no exchange executes them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fill {
    /// The price at which an order is filled.
    #[schemars(extend("default" = "next_price"))]
    pub rule: FillRule,
    /// How long an order, a change or a cancel travels to the exchange. What happens before it arrives does not see it,
    /// so that a fill may overtake a cancel.
    #[schemars(extend("default" = "0s"))]
    pub latency: Span,
    /// How much of what is traded orders may have: `unlimited`, or `{ volume = 0.1 }` for at most a tenth of the
    /// quantity of each trade, quote or bar, rounded down to the lot; the rest of an order waits for the next one.
    /// The rules `as_asked` and `book` do not look at it.
    #[schemars(extend(
        "default" = "unlimited",
        "x-accepted" = "unlimited, or { volume = FRACTION } with a fraction above 0 and at most 1"
    ))]
    pub liquidity: Liquidity,
}

/// What executions cost where no exchange says it. Fees are those of the simulated exchange; slippage and
/// transaction cost are also taken in sandbox and live runs, where a strategy's own hooks have no opinion.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// The fee when a resting order is met, as a fraction of the notional: 0.0002 is 0.02 %. Negative is a rebate.
    #[schemars(extend("default" = 0, "x-accepted" = FEE))]
    pub maker_fee: Decimal,
    /// The fee when an order takes what is there, as `maker_fee`.
    #[schemars(extend("default" = 0, "x-accepted" = FEE))]
    pub taker_fee: Decimal,
    /// A fee in money for each unit of quantity, in both cases. Negative is a rebate.
    #[schemars(extend("default" = 0))]
    pub fee_per_unit: Decimal,
    /// How much worse than its price each execution is taken to be: a fraction of its notional
    /// (`{ percentage = 0.0005 }` is 0.05 %), money for each execution (`{ fixed = 1.5 }`), or money for each unit of
    /// quantity (`{ per_share = 0.01 }`).
    #[schemars(extend("default" = "none", "x-accepted" = COST))]
    pub slippage: Cost,
    /// Commission, taxes and the like for each execution, as `slippage`.
    #[schemars(extend("default" = "none", "x-accepted" = COST))]
    pub transaction_cost: Cost,
}

const FEE: &str = "a fraction from -1 to 1";
const COST: &str = "none, { percentage = FRACTION }, { fixed = MONEY } or { per_share = MONEY }";

impl Default for Costs {
    fn default() -> Self {
        Self {
            maker_fee: Decimal::ZERO,
            taker_fee: Decimal::ZERO,
            fee_per_unit: Decimal::ZERO,
            slippage: Cost::None,
            transaction_cost: Cost::None,
        }
    }
}

/// One kind of cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Cost {
    /// Nothing.
    #[default]
    None,
    /// The same amount for each execution.
    Fixed(
        #[serde(deserialize_with = "money")]
        #[schemars(with = "Decimal")]
        Money,
    ),
    /// A fraction of the notional.
    Percentage(Decimal),
    /// Money for each unit of quantity.
    PerShare(Decimal),
}

impl From<Cost> for CostModel {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::None => Self::None,
            Cost::Fixed(amount) => Self::Fixed(amount),
            Cost::Percentage(rate) => Self::Percentage(rate),
            Cost::PerShare(amount) => Self::PerShare(amount),
        }
    }
}

impl Costs {
    /// What executions cost beyond the fees.
    #[must_use]
    pub fn models(&self) -> CostModels {
        CostModels { slippage: self.slippage.into(), transaction_cost: self.transaction_cost.into() }
    }
}

impl Fill {
    /// The model, with the fees of `costs`.
    #[must_use]
    pub fn model(&self, costs: &Costs) -> FillModel {
        let Costs { maker_fee: maker, taker_fee: taker, fee_per_unit: per_unit, .. } = *costs;
        FillModel {
            rule: self.rule,
            latency_ns: self.latency.nanoseconds(),
            liquidity: self.liquidity,
            fees: Fees { maker, taker, per_unit },
        }
    }
}
