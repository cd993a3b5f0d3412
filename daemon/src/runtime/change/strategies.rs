//! Strategies in a change: told, exchanged, started.

use std::sync::Arc;

use anyhow::Result;
use stratd_engine::{InputKind, Probation, Replacement, StrategyId, StrategyState};
use stratd_plugin_api::{Fault, Reason, StrategyInstance, Timestamp};

use super::{Part, Progress, Refused, Start, StrategyChange, TAKES_NONE, Undo};
use crate::{
    recorder::{Build, Deed, Mark, StateAfter, fingerprint},
    runtime::{commands::swap_of, event_loop::EventLoop},
};

impl EventLoop {
    /// Tells or exchanges strategies, in order; what was not reached is unneeded.
    pub(super) fn change_strategies(
        &mut self,
        changes: Vec<StrategyChange>,
        quiesce_ns: i64,
        progress: &mut Progress,
    ) -> Result<Option<Refused>> {
        let mut changes = changes.into_iter();
        let mut refused = None;
        for change in changes.by_ref() {
            let part = Part::Strategy(change.strategy);
            if let Err(why) = self.change_strategy(change, quiesce_ns, progress)? {
                refused = Some((part, why));
                break;
            }
        }
        for StrategyChange { replacement, spare, .. } in changes {
            progress.unneeded.extend(spare.into_iter().chain([replacement.instance]));
        }
        Ok(refused)
    }

    fn change_strategy(
        &mut self,
        change: StrategyChange,
        quiesce_ns: i64,
        progress: &mut Progress,
    ) -> Result<std::result::Result<(), String>> {
        let StrategyChange { strategy, texts, replacement, spare, tag, builds } = change;
        let [build, before] = *builds;
        if self.engine().is_on_probation(strategy) {
            progress.unneeded.extend(spare.into_iter().chain([replacement.instance]));
            return Ok(Err("another version of it is on probation (accepted: when that is over)".to_owned()));
        }
        let mut replacement = Some(replacement);
        if let Some((new, old)) = texts {
            let version = self.tags().now(strategy).state_version;
            let state = match self.look_at_state(strategy) {
                Ok(state) => state,
                Err(fault) => return self.refused_by(strategy, fault).map(Err),
            };
            let told = self.tell_strategy(strategy, (&new, &build));
            match told {
                Ok(()) => {
                    progress.undo.push(Undo::Told { strategy, old, build: before, state, version, spare });
                    progress.carried.push(None);
                    progress.unneeded.extend(replacement.take().map(|unused| unused.instance));
                }
                Err(fault) if fault.reason == Reason::HandlerError && fault.message.contains(TAKES_NONE) => {
                    progress.unneeded.extend(spare);
                }
                Err(fault) => {
                    // by its contract nothing has changed, which is looked at rather than believed
                    let why = fault.to_string();
                    progress.unneeded.extend(replacement.take().map(|unused| unused.instance));
                    let has_panicked = fault.reason == Reason::Panic;
                    let spare = (spare, before);
                    if !self.go_back(strategy, (state, version), spare, &mut progress.unneeded)
                        && has_panicked
                    {
                        return self.refused_by(strategy, fault).map(Err);
                    }
                    return Ok(Err(why));
                }
            }
        } else {
            progress.unneeded.extend(spare);
        }
        if let Some(replacement) = replacement {
            let deadline = Timestamp::new(self.now().get().saturating_add(quiesce_ns));
            let state_version = self.tags().now(strategy).state_version;
            let probation = Probation { events: u64::MAX, until: Timestamp::MAX };
            let replacement = Replacement { deadline, state_version, probation, ..*replacement };
            self.did(|| swap_of(strategy, build, &replacement), None);
            let swapped = self.driver_mut().engine_mut().swap_strategy(strategy, replacement);
            self.came(swapped.is_ok(), swapped.as_ref().ok().and_then(|swapped| swapped.state.as_deref()));
            match swapped {
                Ok(swapped) => {
                    // a start that fails goes back to the same build
                    self.tags().set(strategy, tag);
                    progress.undo.push(Undo::Swapped(strategy));
                    progress.swapped.push(strategy);
                    if swapped.carried.starts_anew() {
                        progress.anew.push(strategy);
                    }
                    progress.carried.push(Some(swapped.carried));
                }
                Err(refused) => {
                    let why = format!("{}: {}", refused.step.name(), refused.fault);
                    progress.unneeded.push(refused.instance);
                    if refused.step.is_of_old() {
                        self.refused_by(strategy, refused.fault)?;
                    }
                    return Ok(Err(why));
                }
            }
        }
        Ok(Ok(()))
    }

    pub(super) fn set_terms(&mut self, strategy: StrategyId, terms: (bool, bool), progress: &mut Progress) {
        progress.undo.push(Undo::Terms(strategy, self.terms_of(strategy)));
        self.put_terms(strategy, terms);
    }

    pub(super) fn put_terms(&mut self, strategy: StrategyId, (may_shutdown, cancels_on_stop): (bool, bool)) {
        self.did(|| Deed::Terms { strategy: strategy.0, may_shutdown, cancels_on_stop }, None);
        self.driver_mut().engine_mut().set_strategy_terms(strategy, may_shutdown, cancels_on_stop);
    }

    /// The state of a strategy, to be compared with a later one.
    fn look_at_state(&mut self, strategy: StrategyId) -> std::result::Result<Option<Vec<u8>>, Fault> {
        let state = self.driver_mut().engine_mut().save_strategy(strategy, Vec::new());
        let print = || state.as_ref().ok().map(|state| state.as_deref().map_or(0, fingerprint));
        self.mark(|| Mark::Saved(strategy, print()));
        state
    }

    /// Tells a strategy its configuration.
    pub(super) fn tell_strategy(
        &mut self,
        strategy: StrategyId,
        (text, build): (&str, &Build),
    ) -> std::result::Result<(), Fault> {
        self.did(|| Deed::Configure { strategy: strategy.0, config: build.config.clone() }, None);
        let told = self.driver_mut().engine_mut().configure_strategy(strategy, text);
        self.came(told.is_ok(), None);
        told
    }

    fn terms_of(&self, strategy: StrategyId) -> (bool, bool) {
        let config = self.engine().strategies().nth(strategy.index()).map(|(config, ..)| config);
        config.map_or((false, true), |config| (config.may_shutdown, config.cancels_on_stop))
    }

    /// An instance that panicked is not called any more: its strategy has failed.
    pub(super) fn refused_by(&mut self, strategy: StrategyId, fault: Fault) -> Result<String> {
        let why = fault.to_string();
        if fault.reason == Reason::Panic {
            let now = self.now();
            self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
        }
        Ok(why)
    }

    /// Looks whether the state of a strategy is still the one that it had, and puts the spare instance in its place with
    /// that state if it is not. False if that cannot be done.
    pub(super) fn go_back(
        &mut self,
        strategy: StrategyId,
        (state, version): (Option<Vec<u8>>, u32),
        (spare, build): (Option<Box<dyn StrategyInstance>>, Build),
        unneeded: &mut Vec<Box<dyn StrategyInstance>>,
    ) -> bool {
        let Some(state) = state else {
            unneeded.extend(spare);
            return false;
        };
        let is_as_before =
            self.look_at_state(strategy).is_ok_and(|now| now.as_deref() == Some(state.as_slice()));
        if is_as_before {
            unneeded.extend(spare);
            return true;
        }
        let Some(spare) = spare else { return false };
        let state = Arc::new(state);
        let deed = || Deed::PutInPlace { strategy: strategy.0, build, state: StateAfter { version } };
        self.did(deed, Some(Arc::clone(&state)));
        let put = self.driver_mut().engine_mut().put_in_place(strategy, spare, (version, &state));
        self.came(put.is_ok(), None);
        match put {
            Ok(()) => true,
            Err((_, spare)) => {
                unneeded.push(spare);
                false
            }
        }
    }

    pub(super) fn start_one(
        &mut self,
        (index, start): (usize, Start),
        progress: &mut Progress,
    ) -> Result<std::result::Result<(), String>> {
        let (strategy, state) = match start {
            Start::Add(added) => match self.add(*added)? {
                Ok(added) => {
                    progress.joined.push((index, added.0));
                    added
                }
                Err(why) => return Ok(Err(why)),
            },
            Start::Again(strategy, restart, terms) => {
                self.set_terms(strategy, terms, progress);
                match self.restart(strategy, restart)? {
                    Ok(old) => progress.unneeded.extend(old),
                    Err(refused) => {
                        progress.unneeded.push(refused.instance);
                        return Ok(Err(format!("{}: {}", refused.step.name(), refused.fault)));
                    }
                }
                let state =
                    self.engine().strategies().nth(strategy.index()).map(|(_, state, _)| state.clone());
                (strategy, state.unwrap_or(StrategyState::Started))
            }
        };
        if let StrategyState::Faulted(fault) = state {
            return Ok(Err(format!("it failed at its start: {fault}")));
        }
        progress.undo.push(Undo::Started(strategy));
        progress.started.push(strategy);
        Ok(Ok(()))
    }
}
