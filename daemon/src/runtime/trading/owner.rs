//! Owners of orders who are no strategies of the run: people, orders that were found, strategies of earlier runs.

use anyhow::Result;
use stratd_engine::{InputKind, Restored, Scope, StrategyId};

use crate::{recorder::Mark, runtime::event_loop::EventLoop};

/// The owner of orders by hand that no strategy is named for; no strategy may have this name.
pub(crate) const MANUAL: &str = "manual";
/// The owner of orders that were found at an exchange and are nobody's; no strategy may have this name.
pub(crate) const EXTERNAL: &str = "external";

impl EventLoop {
    /// The owner of orders by hand, who joins the run when he is needed first: a run without orders by hand has none.
    pub(super) fn manual(&mut self) -> Result<StrategyId> {
        self.owner(MANUAL)
    }

    /// An owner, who joins the run when he is needed first.
    pub(in crate::runtime) fn owner(&mut self, name: &str) -> Result<StrategyId> {
        if let Some(id) = self.desk.owners.get(name) {
            return Ok(*id);
        }
        self.recorder_mut().add_strategy(name, in_results(name));
        let id = self.driver_mut().engine_mut().add_owner(name)?;
        self.mark(|| Mark::Owner(name.to_owned()));
        if let Some(limits) = self.limits_of(name) {
            self.driver_mut().engine_mut().set_limits(Scope::Strategy(id), limits);
        }
        self.desk.owners.insert(name.to_owned(), id);
        if name == MANUAL {
            self.desk.manual = Some(id);
        }
        if let Some(journal) = self.driver_mut().link_mut().journal_mut() {
            journal.owner(id);
        }
        Ok(id)
    }

    /// The owner of orders by hand, if he is there.
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

    /// Whether it is an owner who is no strategy.
    pub(in crate::runtime) fn is_manual(&self, strategy: StrategyId) -> bool {
        self.desk.owners.values().any(|owner| *owner == strategy)
    }

    /// The owner in whose place a strategy comes that had orders in an earlier run; it is none any more.
    pub(in crate::runtime) fn owner_of_before(&mut self, name: &str) -> Result<Option<StrategyId>> {
        if name == MANUAL || name == EXTERNAL {
            return Ok(None);
        }
        if let Some((number, counter)) = self.desk.numbers.remove(name) {
            let (now, strategy) = (self.now(), self.owner(name)?);
            let ids = Restored::Ids { strategy, number, counter };
            self.driver_mut().feed(now, InputKind::Restored(ids))?;
        }
        Ok(self.desk.owners.remove(name))
    }
}

/// Whose orders an owner has that is no strategy: no strategy may have his name.
pub(crate) fn owner_of_name(name: &str) -> Option<&'static str> {
    match name {
        MANUAL => Some("orders by hand"),
        EXTERNAL => Some("orders found at exchanges"),
        _ => None,
    }
}

/// What the results say of an owner in the place of a plugin.
fn in_results(name: &str) -> &'static str {
    owner_of_name(name).unwrap_or("of an earlier run")
}
