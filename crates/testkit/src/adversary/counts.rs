//! What is counted, so that a simulation that never gets anywhere is noticed.

use stratd_engine::{FillReport, Output};
use stratd_plugin_api::{Money, OmsType, OrderFlags, Reason};

use super::{Outcome, costs};

/// Codes of reasons are below this.
const REASONS_MAX: usize = 64;

/// How often what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    kinds: [u64; Counts::NAMES.len()],
    denied: [u64; REASONS_MAX],
}

/// What is counted; the order is that of [`Counts::NAMES`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Steps,
    Orders,
    Changes,
    Cancels,
    Fills,
    Denials,
    Reductions,
    UnknownReports,
    Overfills,
    Faults,
    Stops,
    Swaps,
    Rollbacks,
    Restarts,
    StateChanges,
    SessionsClosed,
    Disconnects,
    TimedOut,
    ByAmount,
    FillsHedged,
    ByHand,
    LimitsSet,
    LimitsPutBack,
    CostsByModel,
    CostsByStrategy,
    Batches,
    Held,
    Attached,
}

impl Default for Counts {
    fn default() -> Self {
        Self { kinds: [0; Self::NAMES.len()], denied: [0; REASONS_MAX] }
    }
}

impl Counts {
    /// The names, in the order in which [`Counts::kinds`] has them.
    pub const NAMES: [&str; 28] = [
        "steps",
        "orders",
        "changes",
        "cancels",
        "fills",
        "denials",
        "reductions",
        "unknown_reports",
        "overfills",
        "faults",
        "stops",
        "swaps",
        "rollbacks",
        "restarts",
        "state_changes",
        "sessions_closed",
        "disconnects",
        "timed_out",
        "orders_by_amount",
        "fills_hedged",
        "by_hand",
        "limits_set",
        "limits_put_back",
        "costs_by_model",
        "costs_by_strategy",
        "batches",
        "held",
        "attached",
    ];

    pub(crate) fn add(&mut self, what: Count) {
        if let Some(count) = self.kinds.get_mut(what as usize) {
            *count += 1;
        }
    }

    pub(crate) fn of(&self, what: Count) -> u64 {
        self.kinds.get(what as usize).copied().unwrap_or_default()
    }

    /// An order or a change was denied.
    pub(crate) fn add_denial(&mut self, reason: Reason) {
        self.add(Count::Denials);
        let code = usize::try_from(reason.code()).ok();
        if let Some(count) = code.and_then(|code| self.denied.get_mut(code)) {
            *count += 1;
        }
    }

    /// Adds the counts of another seed.
    pub fn merge(&mut self, other: &Self) {
        let own = self.kinds.iter_mut().chain(&mut self.denied);
        for (count, more) in own.zip(other.kinds.iter().chain(&other.denied)) {
            *count += more;
        }
    }

    /// How often what happened.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::NAMES.into_iter().zip(self.kinds)
    }

    /// The reasons for which orders and changes were denied, and how often.
    pub fn denied(&self) -> impl Iterator<Item = (Reason, u64)> {
        let denied = (0u32..).zip(self.denied).filter(|(_, count)| *count > 0);
        denied.filter_map(|(code, count)| Some((Reason::from_code(code)?, count)))
    }

    /// Orders and changes that risk let pass, and all that were asked for.
    #[must_use]
    pub fn passed(&self) -> (u64, u64) {
        let passed = self.of(Count::Orders) + self.of(Count::Changes);
        (passed, passed + self.of(Count::Denials))
    }
}

impl Outcome {
    /// Counts an output of the engine.
    pub(crate) fn count(&mut self, output: &Output, oms_type: OmsType) {
        let counts = &mut self.counts;
        let what = match output {
            Output::Submit(order) => {
                if order.get().request.notional.is_some() {
                    counts.add(Count::ByAmount);
                }
                Count::Orders
            }
            Output::Change(_) => Count::Changes,
            Output::Held(order) => {
                if order.request.flags.contains(OrderFlags::ATTACHED) {
                    counts.add(Count::Attached);
                }
                Count::Held
            }
            Output::Cancel(_) => Count::Cancels,
            Output::Filled(FillReport { fill, .. }) => {
                if oms_type == OmsType::Hedging {
                    counts.add(Count::FillsHedged);
                }
                for cost in [fill.slippage, fill.transaction_cost] {
                    let is_by_strategy = costs::is_by_strategy(Money::from(cost)) == Some(true);
                    counts.add(if is_by_strategy { Count::CostsByStrategy } else { Count::CostsByModel });
                }
                Count::Fills
            }
            Output::Denied(denial) => return counts.add_denial(denial.reason),
            Output::Reduced(_) => Count::Reductions,
            Output::UnknownOrder(_) => Count::UnknownReports,
            Output::Overfilled(_) => Count::Overfills,
            Output::StrategyFaulted { .. } => Count::Faults,
            Output::StrategyStopped { .. } => Count::Stops,
            Output::StrategyRolledBack { .. } => Count::Rollbacks,
            Output::Trading { .. } => Count::StateChanges,
            Output::SessionClosed { .. } => Count::SessionsClosed,
            Output::OrderFinished(_)
            | Output::ProbationPassed { .. }
            | Output::ByHand { .. }
            | Output::Shutdown { .. }
            | Output::Metric { .. }
            | Output::BookGap(_)
            | Output::Exited => return,
        };
        counts.add(what);
    }
}
