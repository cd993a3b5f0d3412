//! What executions cost, in sums and in the currency of the run.

use stratd_engine::FillAmounts;
use stratd_plugin_api::Money;

/// Number of executions, and what they cost; the engine's own sums know fees and costs together only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FillTotals {
    pub(super) fills: u64,
    pub(super) fees: Money,
    pub(super) slippage: Money,
    pub(super) transaction_costs: Money,
    /// Value of what was traded, without sign.
    pub(super) notional: Money,
}

impl FillTotals {
    /// Those of one execution.
    pub(super) fn of(amounts: &FillAmounts) -> Self {
        let FillAmounts { notional, fee, slippage, transaction_cost } = *amounts;
        Self { fills: 1, fees: fee, slippage, transaction_costs: transaction_cost, notional }
    }

    /// Fees, slippage and costs together; `None` on overflow.
    pub(super) fn cost(&self) -> Option<Money> {
        self.fees.checked_add(self.slippage)?.checked_add(self.transaction_costs)
    }

    /// Both together; `None` on overflow.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            fills: self.fills.checked_add(other.fills)?,
            fees: self.fees.checked_add(other.fees)?,
            slippage: self.slippage.checked_add(other.slippage)?,
            transaction_costs: self.transaction_costs.checked_add(other.transaction_costs)?,
            notional: self.notional.checked_add(other.notional)?,
        })
    }

    /// All together; `None` on overflow.
    pub(super) fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().try_fold(Self::default(), Self::add)
    }
}
