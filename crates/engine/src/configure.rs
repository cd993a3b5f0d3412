//! New configurations for strategies that run, between two steps; and how a change is undone of which a later part was
//! refused.
//!
//! `on_config` of the instance in place comes first: it knows best what its state means under another configuration.
//! Queries work during the call and requests are refused, as in a swap: nobody would carry them out before it is known
//! that the whole change succeeds. A strategy that takes none is given another instance, by a swap whose old instance
//! stands by until the change is kept ([`Engine::keep_swap`]) or undone ([`Engine::undo_swap`]).
//! Nothing here writes outputs.

use stratd_plugin_api::{Fault, StrategyInstance};

use crate::{Engine, ReplacedLimits, Retired, Retirement, RiskLimits, Scope, StrategyId};

impl Engine {
    /// Hands a new configuration to a started strategy.
    ///
    /// # Errors
    /// The strategy refuses, or has ended, or the run exits. By its contract the old configuration stays; after a panic
    /// nobody knows ([`stratd_plugin_api::Reason::Panic`]).
    pub fn configure_strategy(&mut self, strategy: StrategyId, config: &str) -> Result<(), Fault> {
        self.can_change(strategy, true).map_err(|(_, fault)| fault)?;
        self.call_old(strategy, |instance, host| instance.on_config(host, config))
    }

    /// Puts an instance in place that is to go on where a state was saved; orders, positions, timers and subscription
    /// stay. The one in place is retired.
    ///
    /// # Errors
    /// The state is refused, or the strategy has ended: nothing has changed. The instance comes back.
    pub fn put_in_place(
        &mut self,
        strategy: StrategyId,
        mut instance: Box<dyn StrategyInstance>,
        state: (u32, &[u8]),
    ) -> Result<(), (Fault, Box<dyn StrategyInstance>)> {
        let restored = self.can_change(strategy, true).map_err(|(_, fault)| fault).and_then(|()| {
            self.quietly(strategy, &mut *instance, |instance, host| instance.restore(host, state.0, state.1))
        });
        if let Err(fault) = restored {
            return Err((fault, instance));
        }
        let slot = self.strategies.get_mut(strategy.index());
        if let Some(before) = slot.and_then(|slot| slot.instance.replace(instance)) {
            let why = Retirement::RolledBack;
            self.retired.push_back(Retired { strategy, instance: before, why });
        }
        Ok(())
    }

    /// Ends the probation of a swap that is kept.
    pub fn keep_swap(&mut self, strategy: StrategyId) {
        self.retire_guard(strategy);
    }

    /// Puts the instance back that a swap replaced, as it was, with its timers and its subscription. False if none
    /// stands by.
    pub fn undo_swap(&mut self, strategy: StrategyId) -> bool {
        self.take_back(strategy)
    }

    /// The limits of a scope; `None` if it never had any.
    #[must_use]
    pub fn limits(&self, scope: Scope) -> Option<&RiskLimits> {
        self.core.risk.limits(scope)
    }

    /// Sets the limits of a scope, between two steps, as [`Engine::set_limits`]; what undoes it.
    pub fn replace_limits(&mut self, scope: Scope, limits: RiskLimits) -> ReplacedLimits {
        self.core.risk.replace_limits(scope, limits)
    }

    /// Undoes [`Engine::replace_limits`]: sessions go on as they were.
    pub fn put_limits_back(&mut self, replaced: ReplacedLimits) {
        self.core.risk.put_limits_back(replaced);
    }

    /// Whether a strategy may end the run, and whether its orders are canceled when it ends.
    pub fn set_strategy_terms(&mut self, strategy: StrategyId, may_shutdown: bool, cancels_on_stop: bool) {
        if let Some(slot) = self.strategies.get_mut(strategy.index()) {
            slot.config.may_shutdown = may_shutdown;
            slot.config.cancels_on_stop = cancels_on_stop;
        }
    }
}
