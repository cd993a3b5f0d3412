//! Exchanging the code of a strategy between two steps: swap, restart, save, restore.
//!
//! quiesce(old) → save(old) → version → restore(new) → exchange. Every step can refuse, and a refusal leaves the old
//! instance in place as if nothing had happened. The state is never copied: the bytes that `save` made are those that
//! `restore` reads and that the shell gets to store.
//! During these calls queries work and requests are refused: between two steps nobody would carry them out.
//!
//! None of these functions writes outputs. The start of a strategy and its failure are inputs, so that their outputs
//! leave in a step like all others: [`crate::Driver`] sends [`crate::InputKind::StartStrategy`] and
//! [`crate::InputKind::FailStrategy`] where they are due. Steps in between cost time in proportion to the timers of
//! the run (100,000 at most).

use std::ops::RangeInclusive;

use stratd_plugin_api::{EventKind, Fault, Reason, StrategyHost, StrategyInstance, Timestamp};

use crate::{
    Carried, Engine, FaultPlace, OnRestoreError, Probation, Replacement, Restart, Retired, Retirement,
    StrategyId, StrategyState, SwapRefused, SwapStep, Swapped, TradingState,
    probation::{Guard, SavedBars},
    strategies::Subscription,
    view::StrategyView,
};

impl Engine {
    /// Exchanges the instance of a started strategy. If the new one starts anew ([`Carried::starts_anew`]), the next
    /// input must be its [`crate::InputKind::StartStrategy`].
    ///
    /// # Errors
    /// Refused: the old instance goes on. After a panic of the old one ([`SwapStep::Quiesce`], [`SwapStep::Save`]) the
    /// next input must be its [`crate::InputKind::FailStrategy`].
    pub fn swap_strategy(
        &mut self,
        strategy: StrategyId,
        replacement: Replacement,
    ) -> Result<Swapped, SwapRefused> {
        let Replacement { instance, on_restore_error, room, .. } = replacement;
        let mut new = instance;
        let carried = self.can_swap(strategy).and_then(|()| {
            let (deadline, version) = (replacement.deadline, replacement.state_version);
            let state = self.saved_for_swap(strategy, deadline, room)?;
            let taken = state.as_deref().map_or(Ok(()), |state| {
                self.restored(strategy, &mut *new, (version, &replacement.accepts), state)
            });
            Ok((state, taken))
        });
        let (state, carried) = match (carried, on_restore_error) {
            (Ok((None, _)), spare) => {
                self.discard(strategy, spare);
                (None, Carried::Nothing)
            }
            (Ok((Some(state), Ok(()))), spare) => {
                self.discard(strategy, spare);
                let bytes = u64::try_from(state.len()).unwrap_or(u64::MAX);
                (Some(state), Carried::State { bytes })
            }
            (Ok((Some(state), Err((_, fault)))), OnRestoreError::Fresh(spare)) => {
                let refused = std::mem::replace(&mut new, spare);
                let why = Retirement::RestoreRefused;
                self.retired.push_back(Retired { strategy, instance: refused, why });
                (Some(state), Carried::Fresh(fault))
            }
            (Ok((Some(_), Err((step, fault)))), OnRestoreError::Keep) => {
                return Err(SwapRefused { step, fault, instance: new, spare: None });
            }
            (Err((step, fault)), spare) => {
                let spare = match spare {
                    OnRestoreError::Fresh(spare) => Some(spare),
                    OnRestoreError::Keep => None,
                };
                return Err(SwapRefused { step, fault, instance: new, spare });
            }
        };
        self.exchange(strategy, new, replacement.is_batch_safe, replacement.probation);
        if carried.starts_anew() {
            self.start_anew(strategy);
        }
        Ok(Swapped { carried, state })
    }

    /// The state of a strategy that runs or has stopped, to be stored; `None` if it keeps none. `room` is memory for
    /// it, as in [`Replacement::room`].
    ///
    /// # Errors
    /// The strategy could not save, and goes on. After a panic of a started strategy the next input must be its
    /// [`crate::InputKind::FailStrategy`].
    pub fn save_strategy(&mut self, strategy: StrategyId, room: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        match self.strategies.get(strategy.index()).map(|slot| &slot.state) {
            Some(StrategyState::Started | StrategyState::Stopped(_)) => {
                self.call_old(strategy, |instance, host| instance.save_into(host, room))
            }
            Some(StrategyState::Faulted(fault)) => {
                Err(refusal(format!("a strategy that failed is not saved ({fault})")))
            }
            None => Err(unknown(strategy)),
        }
    }

    /// Restores a state into a strategy that was just added. Its [`crate::InputKind::StartStrategy`] or the run's
    /// [`crate::InputKind::Start`] comes after it.
    ///
    /// # Errors
    /// Refused, or the strategy has had an event. An instance that refused must not be used: the next input must be
    /// the strategy's [`crate::InputKind::FailStrategy`].
    pub fn restore_strategy(
        &mut self,
        strategy: StrategyId,
        state_version: u32,
        state: &[u8],
    ) -> Result<(), Fault> {
        let slot = self.strategies.get(strategy.index()).ok_or_else(|| unknown(strategy))?;
        if !slot.is_started() || slot.statistics.events > 0 {
            return Err(refusal(format!(
                "strategy {} takes no state any more (accepted: before its first event)",
                slot.config.name
            )));
        }
        self.call_old(strategy, |instance, host| instance.restore(host, state_version, state))
    }

    /// Gives a strategy that has ended a new instance and returns the old one, unless that was taken. The next input
    /// must be its [`crate::InputKind::StartStrategy`]. Its orders and positions stay; timers and subscription are
    /// gone since it ended.
    ///
    /// # Errors
    /// The strategy has not ended, the run exits, or the state was refused: everything stays as it is.
    pub fn restart_strategy(
        &mut self,
        strategy: StrategyId,
        restart: Restart<'_>,
    ) -> Result<Option<Box<dyn StrategyInstance>>, SwapRefused> {
        let Restart { mut instance, is_batch_safe, state } = restart;
        let restored = self.can_restart(strategy).and_then(|()| {
            let Some((version, state)) = state else { return Ok(()) };
            let restored = self
                .quietly(strategy, &mut *instance, |instance, host| instance.restore(host, version, state));
            restored.map_err(|fault| (SwapStep::Restore, fault))
        });
        if let Err((step, fault)) = restored {
            return Err(SwapRefused { step, fault, instance, spare: None });
        }
        self.start_anew(strategy);
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return Ok(None) };
        slot.state = StrategyState::Started;
        slot.config.is_batch_safe = is_batch_safe;
        Ok(slot.instance.replace(instance))
    }

    /// The instance of a strategy that has ended, to be dropped where a slow destructor harms nobody. `None` if the
    /// strategy runs, or its instance was taken.
    pub fn take_instance(&mut self, strategy: StrategyId) -> Option<Box<dyn StrategyInstance>> {
        self.strategies.get_mut(strategy.index()).filter(|slot| !slot.is_started())?.instance.take()
    }

    /// The `on_start` of one strategy. If it fails within a probation the old instance goes on, which has had its own.
    pub(crate) fn start_strategy(&mut self, strategy: StrategyId) {
        if self.core.is_exiting {
            return;
        }
        self.end_warm_up(strategy);
        let event = self.plain(EventKind::Start, Reason::None);
        self.count_event(strategy, 1);
        let called =
            self.attempt(strategy, |instance, view| instance.on_events(view, std::slice::from_ref(&event)));
        match called {
            // nobody has told this instance what may be traded
            Some(Ok(_)) => {
                if let Some(slot) = self.strategies.get_mut(strategy.index()) {
                    slot.trading = TradingState::Active;
                    slot.is_in_session = true;
                }
            }
            Some(Err(fault)) => {
                let goes_on = self.roll_back(strategy, &fault);
                if !goes_on {
                    self.fail(strategy, fault, FaultPlace::of_event(&event));
                }
            }
            None => {}
        }
    }

    /// The instance of a strategy failed outside of a call, and is not called any more: the old one takes over, or the
    /// strategy ends.
    pub(crate) fn fail_between_calls(&mut self, strategy: StrategyId, fault: &Fault) {
        let is_started = self.strategies.get(strategy.index()).is_some_and(|slot| slot.is_started());
        if is_started && !self.roll_back(strategy, fault) {
            self.end_failed(strategy, fault.clone(), None);
        }
    }

    fn can_swap(&self, strategy: StrategyId) -> Result<(), (SwapStep, Fault)> {
        self.can_change(strategy, true)
    }

    fn can_restart(&self, strategy: StrategyId) -> Result<(), (SwapStep, Fault)> {
        self.can_change(strategy, false)
    }

    pub(crate) fn can_change(
        &self,
        strategy: StrategyId,
        must_be_started: bool,
    ) -> Result<(), (SwapStep, Fault)> {
        let Some(slot) = self.strategies.get(strategy.index()) else {
            return Err((SwapStep::State, unknown(strategy)));
        };
        let name = &slot.config.name;
        let message = if self.core.is_exiting {
            format!("strategy {name} stays as it is because the run ends")
        } else if must_be_started && !slot.is_started() {
            format!("strategy {name} has ended (expected: a started strategy)")
        } else if !must_be_started && slot.is_started() {
            format!("strategy {name} runs (expected: a strategy that has ended)")
        } else {
            return Ok(());
        };
        Err((SwapStep::State, refusal(message)))
    }

    fn saved_for_swap(
        &mut self,
        strategy: StrategyId,
        deadline: Timestamp,
        room: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, (SwapStep, Fault)> {
        self.call_old(strategy, |instance, host| instance.quiesce(host, deadline))
            .map_err(|fault| (SwapStep::Quiesce, fault))?;
        self.call_old(strategy, |instance, host| instance.save_into(host, room))
            .map_err(|fault| (SwapStep::Save, fault))
    }

    fn restored(
        &mut self,
        strategy: StrategyId,
        new: &mut dyn StrategyInstance,
        (version, accepts): (u32, &RangeInclusive<u32>),
        state: &[u8],
    ) -> Result<(), (SwapStep, Fault)> {
        if !accepts.contains(&version) {
            let (least, most) = (accepts.start(), accepts.end());
            let message = format!("the state has version {version} (accepted: {least} to {most})");
            return Err((SwapStep::Version, Fault::error(message)));
        }
        self.quietly(strategy, new, |instance, host| instance.restore(host, version, state))
            .map_err(|fault| (SwapStep::Restore, fault))
    }

    /// Puts the new instance in place; the old one stands by, or is not needed any more. A guard from an earlier swap
    /// goes first: this probation guards against the instance that was in place.
    fn exchange(
        &mut self,
        strategy: StrategyId,
        new: Box<dyn StrategyInstance>,
        is_batch_safe: bool,
        probation: Probation,
    ) {
        self.retire_guard(strategy);
        let Some(slot) = self.strategies.get_mut(strategy.index()) else { return };
        let was_batch_safe = std::mem::replace(&mut slot.config.is_batch_safe, is_batch_safe);
        let Some(instance) = slot.instance.replace(new) else { return };
        let subscription = slot.subscription.clone();
        if probation.events == 0 || probation.until <= self.core.now {
            self.retired.push_back(Retired { strategy, instance, why: Retirement::Replaced });
            return;
        }
        let timers = self.timers.of(strategy);
        let series = self.core.bars.of(strategy);
        let bars = SavedBars { specs: slot.bar_specs.clone(), series, mark: self.core.bars.mark() };
        let guard = Guard { instance, is_batch_safe: was_batch_safe, subscription, timers, bars, probation };
        self.guards.insert(strategy, guard);
    }

    /// Takes back what the instance before asked the host to keep for it.
    fn start_anew(&mut self, strategy: StrategyId) {
        self.timers.cancel_all(strategy);
        self.core.bars.cancel_all(strategy);
        let events = self.core.events;
        if let Some(slot) = self.strategies.get_mut(strategy.index()) {
            slot.subscription = Subscription::default();
            slot.bar_specs.truncate(slot.bars_everywhere.0);
            slot.bars_everywhere.1 = false;
            slot.firings = (events, 0);
        }
    }

    fn discard(&mut self, strategy: StrategyId, spare: OnRestoreError) {
        if let OnRestoreError::Fresh(instance) = spare {
            self.retired.push_back(Retired { strategy, instance, why: Retirement::Unused });
        }
    }

    /// Calls the instance in place, whose requests are refused.
    pub(crate) fn call_old<T>(
        &mut self,
        strategy: StrategyId,
        body: impl FnOnce(&mut dyn StrategyInstance, &mut dyn StrategyHost) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let slot = self.strategies.get_mut(strategy.index()).ok_or_else(|| unknown(strategy))?;
        // out of its place for the call, so that it and the view can be borrowed at once
        let Some(mut instance) = slot.instance.take() else {
            return Err(refusal("the instance was taken".to_owned()));
        };
        let answer = self.quietly(strategy, &mut *instance, body);
        if let Some(slot) = self.strategies.get_mut(strategy.index()) {
            slot.instance = Some(instance);
        }
        answer
    }

    /// Calls an instance, whose requests are refused, on behalf of a strategy.
    pub(crate) fn quietly<T>(
        &mut self,
        strategy: StrategyId,
        instance: &mut dyn StrategyInstance,
        body: impl FnOnce(&mut dyn StrategyInstance, &mut dyn StrategyHost) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let slot = self.strategies.get_mut(strategy.index()).ok_or_else(|| unknown(strategy))?;
        let mut view = StrategyView {
            core: &self.core,
            services: &*self.services,
            timers: &mut self.timers,
            subscription: &mut slot.subscription,
            bar_specs: &mut slot.bar_specs,
            requests: &mut slot.requests,
            order_counter: &mut slot.order_counter,
            strategy,
            name: &slot.config.name,
            may_request: false,
            now: self.core.now,
            is_span: false,
        };
        body(instance, &mut view)
    }
}

fn unknown(strategy: StrategyId) -> Fault {
    refusal(format!("strategy {} was never added", strategy.0))
}

/// The engine's own refusal: no handler is to blame.
fn refusal(message: String) -> Fault {
    Fault { reason: Reason::StrategyStopped, message, index: 0 }
}
