//! Probation: for a while after a swap the old instance stands by, and takes over again if the new one fails.
//!
//! A rollback puts back what a strategy relies on besides its state: its timers and its subscription, as they were at
//! the swap. Orders, positions and the counter of order ids belong to the strategy, whoever speaks for it, and stay.
//! What the new instance asked for in calls that succeeded stays done, too.
//! Instances that are not needed any more are handed out, never dropped here: dropping one runs a plugin's code.

use stratd_plugin_api::{Fault, InstrumentId, StrategyInstance, Timestamp};

use crate::{Engine, Output, StrategyId, bars::Specs, schedule::SavedTimer, strategies::Subscription};

/// How long the old instance stands by: until one of both is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probation {
    /// Events that the new instance has to handle; 0 = there is no probation.
    pub events: u64,
    /// The time at which it is over. A time that has passed at the swap means that there is none.
    pub until: Timestamp,
}

/// An instance that the engine does not need any more, to be dropped where a slow destructor harms nobody.
pub struct Retired {
    /// Whose it was.
    pub strategy: StrategyId,
    /// The instance.
    pub instance: Box<dyn StrategyInstance>,
    /// Why.
    pub why: Retirement,
}

/// Why an instance is not needed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// Its successor passed the probation, was swapped itself, or ended in good order.
    Replaced,
    /// It failed within its probation.
    RolledBack,
    /// It refused the state, and another instance started instead.
    RestoreRefused,
    /// It stood ready for a refused state, which was not refused.
    Unused,
}

/// The bars of a strategy at the swap: its kinds of bars, its series, and the mark of those that came after.
pub(crate) struct SavedBars {
    pub(crate) specs: Specs,
    pub(crate) series: Vec<(u32, u8)>,
    pub(crate) mark: u64,
}

/// The old instance of a strategy on probation, and what it relies on.
pub(crate) struct Guard {
    pub(crate) instance: Box<dyn StrategyInstance>,
    pub(crate) is_batch_safe: bool,
    pub(crate) subscription: Subscription,
    pub(crate) timers: Vec<SavedTimer>,
    pub(crate) bars: SavedBars,
    pub(crate) probation: Probation,
}

impl Engine {
    /// The next instance that is not needed any more. Costs nothing while there is none.
    pub fn take_retired(&mut self) -> Option<Retired> {
        self.retired.pop_front()
    }

    /// What is left of a strategy's probation; `None` outside of one.
    #[must_use]
    pub fn probation(&self, strategy: StrategyId) -> Option<Probation> {
        self.guards.get(&strategy).map(|guard| guard.probation)
    }

    /// Whether the strategy's old instance still stands by.
    #[must_use]
    pub fn is_on_probation(&self, strategy: StrategyId) -> bool {
        self.guards.contains_key(&strategy)
    }

    /// Puts the old instance back and tells so; false if the strategy is not on probation.
    pub(crate) fn roll_back(&mut self, strategy: StrategyId, fault: &Fault) -> bool {
        let is_back = self.take_back(strategy);
        if is_back {
            self.outputs.push(Output::StrategyRolledBack { strategy, fault: fault.clone() });
        }
        is_back
    }

    /// Puts the old instance back; false if the strategy is not on probation.
    pub(crate) fn take_back(&mut self, strategy: StrategyId) -> bool {
        let Some(slot) = self.strategies.get_mut(strategy.index()).filter(|slot| slot.is_started()) else {
            return false;
        };
        let Some(guard) = self.guards.remove(&strategy) else { return false };
        let failed = slot.instance.replace(guard.instance);
        slot.config.is_batch_safe = guard.is_batch_safe;
        slot.subscription = guard.subscription;
        slot.bar_specs = guard.bars.specs;
        slot.firings = (self.core.events, 0);
        self.core.bars.forget_since(strategy, guard.bars.mark);
        for (instrument, number) in guard.bars.series {
            self.begin_bars(strategy, InstrumentId(instrument), number);
        }
        self.timers.cancel_all(strategy);
        let risk = &self.core.risk;
        let closes = |strategy, instrument, at| risk.next_close(strategy, instrument, at);
        self.timers.put_back(guard.timers, (self.core.now, &closes));
        if let Some(instance) = failed {
            self.retired.push_back(Retired { strategy, instance, why: Retirement::RolledBack });
        }
        true
    }

    pub(crate) fn count_probation(&mut self, strategy: StrategyId) {
        if !self.guards.is_empty()
            && let Some(guard) = self.guards.get_mut(&strategy)
        {
            guard.probation.events = guard.probation.events.saturating_sub(1);
        }
    }

    /// Ends the probations that are passed.
    #[inline]
    pub(crate) fn end_probations(&mut self) {
        if !self.guards.is_empty() {
            self.end_passed();
        }
    }

    #[cold]
    fn end_passed(&mut self) {
        let now = self.core.now;
        let has_passed = |guard: &Guard| guard.probation.events == 0 || guard.probation.until <= now;
        let guards = self.guards.iter().filter(|(_, guard)| has_passed(guard));
        let passed: Vec<_> = guards.map(|(strategy, _)| *strategy).collect();
        for strategy in passed {
            self.retire_guard(strategy);
            self.outputs.push(Output::ProbationPassed { strategy });
        }
    }

    /// The old instance is not needed any more.
    pub(crate) fn retire_guard(&mut self, strategy: StrategyId) {
        if let Some(guard) = self.guards.remove(&strategy) {
            let instance = guard.instance;
            self.retired.push_back(Retired { strategy, instance, why: Retirement::Replaced });
        }
    }

    /// When the next probation ends by time: a moment at which the shell must step.
    pub(crate) fn next_probation_end(&self) -> Option<Timestamp> {
        if self.guards.is_empty() {
            return None;
        }
        self.guards.values().map(|guard| guard.probation.until).min()
    }
}
