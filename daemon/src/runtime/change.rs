//! A change of the configuration, carried out between two events: whole, or not at all.
//!
//! What can be refused without a trace comes first: `on_config` and swaps of strategies, `on_config` of connectors,
//! limits. Then strategies start, which everybody may see; what is final comes last: old instances go, and strategies
//! stop. If a part is refused, the parts before it are undone in the opposite order:
//!
//! - a strategy that was told its new configuration is told the old one, and if its state is not the one that it had
//!   before, byte for byte, an instance made with the old configuration takes its place with that state;
//! - a strategy whose instance was exchanged gets the old instance back, which was not called meanwhile;
//! - limits, sessions and terms are those of before;
//! - a strategy that started already is stopped: what it sent in its `on_start` cannot be unsent, and is canceled.
//!
//! A strategy that keeps no state can only be told its old configuration.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use stratd_engine::{
    Carried, InputKind, Probation, ReplacedLimits, Replacement, RiskLimits, Scope, StrategyConfig,
    StrategyId, StrategyState,
};
use stratd_plugin_api::{ExchangeId, Fault, InstrumentId, Reason, StrategyInstance, Timestamp};

use super::{
    clock::Stopwatch,
    command::{AddedStrategy, OwnedRestart, SavedByLoop, Tag},
    event_loop::EventLoop,
    exchange_changes::open_exchange,
    instrument_limits::{check_hours, limits_of_instrument},
    plan::{OpenExchange, PlannedRisk},
};

/// What a plugin says that has no `on_config`: in the SDK's default, and in the host for a table without one.
const TAKES_NONE: &str = "takes no new configuration while it runs";

/// A change, with all that it needs at hand.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) strategies: Vec<StrategyChange>,
    pub(crate) exchanges: Vec<ExchangeChange>,
    /// Whether strategies may end the run, and whether their orders are canceled when they end.
    pub(crate) terms: Vec<(StrategyId, (bool, bool))>,
    /// All limits from now on, if one changes.
    pub(crate) limits: Option<PlannedRisk>,
    pub(crate) starts: Vec<Start>,
    pub(crate) stops: Vec<StrategyId>,
    /// How long an old instance may take to come to rest.
    pub(crate) quiesce_ns: i64,
}

/// Another configuration, or another place for its code, of a strategy that runs.
pub(crate) struct StrategyChange {
    pub(crate) strategy: StrategyId,
    /// What `on_config` is told, and was told before; `None` if the instance must be another one in any case.
    pub(crate) texts: Option<(String, String)>,
    /// With the new configuration, for a strategy that takes none while it runs.
    pub(crate) replacement: Box<Replacement>,
    /// With the old configuration, for a strategy that cannot go back by itself.
    pub(crate) spare: Option<Box<dyn StrategyInstance>>,
    pub(crate) tag: Tag,
}

/// Another configuration of a connector.
pub(crate) struct ExchangeChange {
    pub(crate) exchange: ExchangeId,
    pub(crate) new: String,
    pub(crate) old: String,
}

/// A strategy that starts.
pub(crate) enum Start {
    /// It joins the run.
    Add(Box<AddedStrategy>),
    /// It was in the run before.
    Again(StrategyId, OwnedRestart, (bool, bool)),
}

/// What was done.
pub(crate) struct ChangeDone {
    /// Of each changed strategy, in order: what another instance carried; `None` if it was told.
    pub(crate) strategies: Vec<Option<Carried>>,
    /// The ids of the strategies that started, in order.
    pub(crate) started: Vec<StrategyId>,
    /// The last states of those that were stopped.
    pub(crate) stopped: Vec<SavedByLoop>,
    /// To be dropped away from the loop.
    pub(crate) unneeded: Vec<Box<dyn StrategyInstance>>,
    /// How long the events waited.
    pub(crate) pause_us: u64,
}

/// Which part was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Strategy(StrategyId),
    Exchange(ExchangeId),
    /// A connector that takes no new configuration: another one must take its place.
    ExchangeTakesNone(ExchangeId),
    Limits,
    /// By its index among those that start.
    Start(usize),
}

/// A change that was not done.
pub(crate) struct ChangeRefused {
    pub(crate) part: Part,
    pub(crate) why: String,
    /// The places of strategies that joined, by their index among those that start: they stay, and are empty.
    pub(crate) joined: Vec<(usize, StrategyId)>,
    /// To be dropped away from the loop.
    pub(crate) unneeded: Vec<Box<dyn StrategyInstance>>,
}

/// What undoes the parts that were done.
enum Undo {
    Told {
        strategy: StrategyId,
        old: String,
        state: Option<Vec<u8>>,
        version: u32,
        spare: Option<Box<dyn StrategyInstance>>,
    },
    Swapped(StrategyId),
    Terms(StrategyId, (bool, bool)),
    Exchange {
        exchange: ExchangeId,
        old: String,
    },
    Limits(ReplacedLimits),
    /// Of strategies that join later.
    LimitsByName(BTreeMap<String, RiskLimits>),
    Started(StrategyId),
}

/// A change under way.
#[derive(Default)]
struct Progress {
    undo: Vec<Undo>,
    swapped: Vec<StrategyId>,
    anew: Vec<StrategyId>,
    carried: Vec<Option<Carried>>,
    started: Vec<StrategyId>,
    joined: Vec<(usize, StrategyId)>,
    unneeded: Vec<Box<dyn StrategyInstance>>,
}

type Refused = (Part, String);

impl EventLoop {
    /// Carries a change out, or leaves everything as it was.
    ///
    /// # Errors
    /// The engine cannot go on.
    pub(super) fn change(
        &mut self,
        change: Change,
        exchanges: &mut [OpenExchange],
    ) -> Result<std::result::Result<ChangeDone, ChangeRefused>> {
        let stopwatch = Stopwatch::start();
        let mut progress = Progress::default();
        let stops = change.stops.clone();
        let refused = self.try_change(change, exchanges, &mut progress)?;
        let Progress { undo, swapped, carried, started, joined, mut unneeded, .. } = progress;
        if let Some((part, why)) = refused {
            for step in undo.into_iter().rev() {
                self.undo(step, exchanges, &mut unneeded)?;
            }
            self.take_outputs()?;
            return Ok(Err(ChangeRefused { part, why, joined, unneeded }));
        }
        let exchanged = swapped.len();
        for strategy in swapped {
            self.driver_mut().engine_mut().keep_swap(strategy);
        }
        unneeded.extend(undo.into_iter().filter_map(|step| match step {
            Undo::Told { spare, .. } => spare,
            Undo::Swapped(_)
            | Undo::Terms(..)
            | Undo::Exchange { .. }
            | Undo::Limits(_)
            | Undo::LimitsByName(_)
            | Undo::Started(_) => None,
        }));
        let mut stopped = Vec::new();
        for strategy in stops {
            stopped.push(self.save(strategy, Vec::new())?);
            let now = self.now();
            self.driver_mut().feed(now, InputKind::StopStrategy(strategy, Reason::StrategyStopped))?;
            unneeded.extend(self.driver_mut().engine_mut().take_instance(strategy));
        }
        self.take_outputs()?;
        let pause = stopwatch.elapsed();
        if let Some(observer) = self.observer() {
            (0..exchanged).for_each(|_| observer.meters().pause(pause));
        }
        let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        Ok(Ok(ChangeDone { strategies: carried, started, stopped, unneeded, pause_us }))
    }

    fn try_change(
        &mut self,
        change: Change,
        exchanges: &mut [OpenExchange],
        progress: &mut Progress,
    ) -> Result<Option<Refused>> {
        let Change { strategies, exchanges: connectors, terms, limits, starts, stops: _, quiesce_ns } =
            change;
        for one in strategies {
            let part = Part::Strategy(one.strategy);
            if let Err(why) = self.change_strategy(one, quiesce_ns, progress)? {
                return Ok(Some((part, why)));
            }
        }
        for ExchangeChange { exchange, new, old } in connectors {
            let told =
                open_exchange(exchanges, exchange).map(|open| open.exchange.borrow_mut().on_config(&new));
            match told {
                Some(Ok(())) => progress.undo.push(Undo::Exchange { exchange, old }),
                Some(Err(fault)) if fault.message.contains(TAKES_NONE) => {
                    return Ok(Some((Part::ExchangeTakesNone(exchange), fault.message)));
                }
                Some(Err(fault)) => return Ok(Some((Part::Exchange(exchange), fault.to_string()))),
                None => return Ok(Some((Part::Exchange(exchange), "there is no such exchange".to_owned()))),
            }
        }
        for (strategy, terms) in terms {
            self.set_terms(strategy, terms, progress);
        }
        if let Some(limits) = limits
            && let Err(why) = self.change_limits(&limits, progress)
        {
            return Ok(Some((Part::Limits, why)));
        }
        let now = self.now();
        for strategy in std::mem::take(&mut progress.anew) {
            self.driver_mut().feed(now, InputKind::StartStrategy(strategy))?;
            // one that failed in its start has gone back to the instance before
            if !self.engine().is_on_probation(strategy) {
                let why = "it failed in its `on_start` with the new configuration".to_owned();
                return Ok(Some((Part::Strategy(strategy), why)));
            }
        }
        for (index, start) in starts.into_iter().enumerate() {
            match self.start_one((index, start), progress)? {
                Ok(()) => {}
                Err(why) => return Ok(Some((Part::Start(index), why))),
            }
        }
        Ok(None)
    }

    fn change_strategy(
        &mut self,
        change: StrategyChange,
        quiesce_ns: i64,
        progress: &mut Progress,
    ) -> Result<std::result::Result<(), String>> {
        let StrategyChange { strategy, texts, replacement, spare, tag } = change;
        if self.engine().is_on_probation(strategy) {
            progress.unneeded.extend(spare.into_iter().chain([replacement.instance]));
            return Ok(Err("another version of it is on probation (accepted: when that is over)".to_owned()));
        }
        let mut replacement = Some(replacement);
        if let Some((new, old)) = texts {
            let version = self.tags().now(strategy).state_version;
            let state = match self.driver_mut().engine_mut().save_strategy(strategy, Vec::new()) {
                Ok(state) => state,
                Err(fault) => return self.refused_by(strategy, fault).map(Err),
            };
            let told = self.driver_mut().engine_mut().configure_strategy(strategy, &new);
            match told {
                Ok(()) => {
                    progress.undo.push(Undo::Told { strategy, old, state, version, spare });
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
                    if !self.go_back(strategy, (state.as_deref(), version), spare, &mut progress.unneeded)
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
            match self.driver_mut().engine_mut().swap_strategy(strategy, replacement) {
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

    fn set_terms(&mut self, strategy: StrategyId, terms: (bool, bool), progress: &mut Progress) {
        progress.undo.push(Undo::Terms(strategy, self.terms_of(strategy)));
        self.driver_mut().engine_mut().set_strategy_terms(strategy, terms.0, terms.1);
    }

    fn terms_of(&self, strategy: StrategyId) -> (bool, bool) {
        let config = self.engine().strategies().nth(strategy.index()).map(|(config, ..)| config);
        config.map_or((false, true), |config| (config.may_shutdown, config.cancels_on_stop))
    }

    /// An instance that panicked is not called any more: its strategy has failed.
    fn refused_by(&mut self, strategy: StrategyId, fault: Fault) -> Result<String> {
        let why = fault.to_string();
        if fault.reason == Reason::Panic {
            let now = self.now();
            self.driver_mut().feed(now, InputKind::FailStrategy(strategy, fault))?;
        }
        Ok(why)
    }

    /// Looks whether the state of a strategy is still the one that it had, and puts the spare instance in its place with
    /// that state if it is not. False if that cannot be done.
    fn go_back(
        &mut self,
        strategy: StrategyId,
        (state, version): (Option<&[u8]>, u32),
        spare: Option<Box<dyn StrategyInstance>>,
        unneeded: &mut Vec<Box<dyn StrategyInstance>>,
    ) -> bool {
        let Some(state) = state else {
            unneeded.extend(spare);
            return false;
        };
        let engine = self.driver_mut().engine_mut();
        let is_as_before =
            engine.save_strategy(strategy, Vec::new()).is_ok_and(|now| now.as_deref() == Some(state));
        if is_as_before {
            unneeded.extend(spare);
            return true;
        }
        let Some(spare) = spare else { return false };
        match engine.put_in_place(strategy, spare, (version, state)) {
            Ok(()) => true,
            Err((_, spare)) => {
                unneeded.push(spare);
                false
            }
        }
    }

    /// Sets the limits that differ.
    fn change_limits(
        &mut self,
        limits: &PlannedRisk,
        progress: &mut Progress,
    ) -> std::result::Result<(), String> {
        let mut wanted = vec![(Scope::Run, limits.run.clone())];
        let names: Vec<String> =
            self.engine().strategies().map(|(StrategyConfig { name, .. }, ..)| name.clone()).collect();
        for (index, name) in names.iter().enumerate() {
            let Ok(id) = u16::try_from(index) else { continue };
            let of = limits.strategies.get(name).cloned().unwrap_or_default();
            wanted.push((Scope::Strategy(StrategyId(id)), of));
        }
        let mut known = BTreeSet::new();
        for id in (1..=u32::MAX).map(InstrumentId) {
            let Some(instrument) = self.engine().instrument(id) else { break };
            let of = limits_of_instrument(self.engine(), limits, (&instrument.symbol, id))?;
            known.insert(instrument.symbol.clone());
            wanted.push((Scope::Instrument(id), of));
        }
        if let Some(symbol) = limits.instruments.keys().find(|symbol| !known.contains(*symbol)) {
            return Err(format!("risk.instrument.{symbol}: no exchange has an instrument {symbol}"));
        }
        let ids = (1..=u32::MAX).map(InstrumentId);
        let ids = ids.take_while(|id| self.engine().instrument(*id).is_some());
        check_hours(self.engine(), limits, ids)?;
        for (scope, limits) in wanted {
            let now = self.engine().limits(scope).cloned().unwrap_or_default();
            if now != limits {
                let replaced = self.driver_mut().engine_mut().replace_limits(scope, limits);
                progress.undo.push(Undo::Limits(replaced));
            }
        }
        let before = self.replace_limits_by_name(limits.strategies.clone());
        progress.undo.push(Undo::LimitsByName(before));
        Ok(())
    }

    fn start_one(
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

    fn undo(
        &mut self,
        step: Undo,
        exchanges: &mut [OpenExchange],
        unneeded: &mut Vec<Box<dyn StrategyInstance>>,
    ) -> Result<()> {
        match step {
            Undo::Told { strategy, old, state, version, spare } => {
                let told = self.driver_mut().engine_mut().configure_strategy(strategy, &old);
                let has_state = state.is_some();
                let is_back = self.go_back(strategy, (state.as_deref(), version), spare, unneeded);
                if let Err(fault) = told
                    && !(is_back && has_state)
                {
                    let name = self.recorder_mut().strategy_name(strategy).to_owned();
                    tracing::error!(
                        logger = "config",
                        "strategy {name} keeps the new configuration, because it keeps no state and refuses to go back: {fault}"
                    );
                    self.refused_by(strategy, fault)?;
                }
            }
            Undo::Swapped(strategy) => {
                self.driver_mut().engine_mut().undo_swap(strategy);
            }
            Undo::Terms(strategy, (may_shutdown, cancels_on_stop)) => {
                self.driver_mut().engine_mut().set_strategy_terms(strategy, may_shutdown, cancels_on_stop);
            }
            Undo::Exchange { exchange, old } => {
                let told =
                    open_exchange(exchanges, exchange).map(|open| open.exchange.borrow_mut().on_config(&old));
                if let Some(Err(fault)) = told {
                    tracing::error!(
                        logger = "config",
                        "exchange {} keeps the new configuration, because it refuses to go back: {fault}",
                        exchange.0
                    );
                }
            }
            Undo::Limits(replaced) => self.driver_mut().engine_mut().put_limits_back(replaced),
            Undo::LimitsByName(limits) => drop(self.replace_limits_by_name(limits)),
            Undo::Started(strategy) => {
                let now = self.now();
                self.driver_mut().feed(now, InputKind::StopStrategy(strategy, Reason::StrategyStopped))?;
                unneeded.extend(self.driver_mut().engine_mut().take_instance(strategy));
            }
        }
        Ok(())
    }
}
