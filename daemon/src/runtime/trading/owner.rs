//! The owner of orders by hand that no strategy is named for.

use anyhow::Result;
use stratd_engine::{Scope, StrategyId};

use crate::{recorder::Mark, runtime::event_loop::EventLoop};

/// His name; no strategy may have it.
pub(crate) const MANUAL: &str = "manual";

/// What the results say of him in the place of a plugin.
const IN_RESULTS: &str = "orders by hand";

impl EventLoop {
    /// The owner, who joins the run when he is needed first: a run without orders by hand has none.
    pub(super) fn manual(&mut self) -> Result<StrategyId> {
        if let Some(id) = self.manual_now() {
            return Ok(id);
        }
        self.recorder_mut().add_strategy(MANUAL, IN_RESULTS);
        let id = self.driver_mut().engine_mut().add_owner(MANUAL)?;
        self.mark(|| Mark::Owner(MANUAL.to_owned()));
        if let Some(limits) = self.limits_of(MANUAL) {
            self.driver_mut().engine_mut().set_limits(Scope::Strategy(id), limits);
        }
        self.desk.manual = Some(id);
        Ok(id)
    }

    /// The owner, if he is there.
    pub(super) fn manual_now(&self) -> Option<StrategyId> {
        self.desk.manual
    }

    pub(super) fn manual_has_limits(&self) -> bool {
        self.limits_of(MANUAL).is_some()
    }

    /// The id of whoever joins next.
    pub(super) fn next_strategy(&self) -> StrategyId {
        StrategyId(u16::try_from(self.engine().strategies().count()).unwrap_or(u16::MAX))
    }

    /// Whether it is the owner, who is no strategy.
    pub(in crate::runtime) fn is_manual(&self, strategy: StrategyId) -> bool {
        self.manual_now() == Some(strategy)
    }
}
