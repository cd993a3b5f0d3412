//! A change of the configuration, carried out between two events: whole, or not at all.
//!
//! What can be refused without a trace comes first: `on_config` and swaps of strategies, `on_config` of connectors. Then
//! exchanges leave and join, for limits and strategies that start with the change, which everybody may see; what is
//! final comes last: old instances go, strategies stop, and all hear what has joined and left. If a part is refused,
//! the parts before it are undone in the opposite order:
//!
//! - a strategy that was told its new configuration is told the old one, and if its state is not the one that it had
//!   before, byte for byte, an instance made with the old configuration takes its place with that state;
//! - a strategy whose instance was exchanged gets the old instance back, which was not called meanwhile;
//! - limits, sessions and terms are those of before;
//! - an exchange that joined leaves again, and its place stays, as that of a strategy does;
//! - a strategy that started already is stopped: what it sent in its `on_start` cannot be unsent, and is canceled.
//!
//! A strategy that keeps no state can only be told its old configuration.
//!
//! - `strategies`, `exchanges`, `limits`: the parts; here: their order, and the way back

mod exchanges;
mod limits;
mod strategies;

use std::collections::{BTreeMap, VecDeque};

use anyhow::Result;
use serde_json::{Map, Value};
use stratd_engine::{Carried, InputKind, ReplacedLimits, Replacement, RiskLimits, StrategyId};
use stratd_plugin_api::{
    ExchangeId, ExchangeInstance, InstrumentId, Reason, StrategyInstance, abi::ExchangeRecord,
};

use self::exchanges::tell_exchanges;
pub(crate) use self::{exchanges::JoiningExchange, limits::replace_limits};
use super::{
    clock::Stopwatch,
    command::{AddedStrategy, ExchangeLeft, OwnedRestart, SavedByLoop, Tag},
    event_loop::EventLoop,
    exchange_changes::open_exchange,
    plan::{OpenExchange, PlannedRisk},
};
use crate::recorder::{Build, Deed, Mark};

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
    /// The tables of the configuration that say them.
    pub(crate) limit_tables: Map<String, Value>,
    pub(crate) leaves: Vec<ExchangeId>,
    pub(crate) joins: VecDeque<JoiningExchange>,
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
    /// Of what the new instance is made, and of what the spare one.
    pub(crate) builds: Box<[Build; 2]>,
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
    /// The connectors of exchanges that left.
    pub(crate) left: Vec<ExchangeLeft>,
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
    /// An exchange that is to leave.
    Leaves(ExchangeId),
    /// By its index among those that join.
    Joins(usize),
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
    /// The same of exchanges, by their index among those that join.
    pub(crate) places: Vec<(usize, ExchangeId)>,
    pub(crate) unneeded: Unneeded,
}

/// Instances that nobody needs: to be stopped and dropped away from the loop.
#[derive(Default)]
pub(crate) struct Unneeded {
    pub(crate) strategies: Vec<Box<dyn StrategyInstance>>,
    pub(crate) exchanges: Vec<Box<dyn ExchangeInstance>>,
}

/// What undoes the parts that were done.
enum Undo {
    Told {
        strategy: StrategyId,
        old: String,
        /// Of what the spare instance is made.
        build: Build,
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
    /// What strategies find again.
    Leaving(Option<ExchangeRecord>, Vec<InstrumentId>),
    Joined(usize, ExchangeId),
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
    /// Exchanges that have not joined yet.
    joins: VecDeque<JoiningExchange>,
    /// Those that have.
    in_place: Vec<ExchangeId>,
    /// Their instruments.
    opened: Vec<InstrumentId>,
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
        exchanges: &mut Vec<OpenExchange>,
    ) -> Result<std::result::Result<ChangeDone, ChangeRefused>> {
        let stopwatch = Stopwatch::start();
        let mut progress = Progress::default();
        if !change.joins.is_empty() || !change.leaves.is_empty() {
            self.mark(|| Mark::Changed("exchanges join or leave".to_owned()));
        }
        let (stops, leaves) = (change.stops.clone(), change.leaves.clone());
        if let Some(refused) = self.try_change(change, exchanges, &mut progress)? {
            return Ok(Err(self.undo_all(refused, progress, exchanges)?));
        }
        let Progress { undo, swapped, carried, started, in_place, opened, mut unneeded, .. } = progress;
        let exchanged = swapped.len();
        for strategy in swapped {
            self.driver_mut().engine_mut().keep_swap(strategy);
            self.did(|| Deed::KeepSwap { strategy: strategy.0 }, None);
        }
        unneeded.extend(undo.into_iter().filter_map(|step| match step {
            Undo::Told { spare, .. } => spare,
            Undo::Swapped(_)
            | Undo::Terms(..)
            | Undo::Exchange { .. }
            | Undo::Limits(_)
            | Undo::LimitsByName(_)
            | Undo::Leaving(..)
            | Undo::Joined(..)
            | Undo::Started(_) => None,
        }));
        let mut stopped = Vec::new();
        for strategy in stops {
            stopped.push(self.save(strategy, Vec::new())?);
            let now = self.now();
            self.driver_mut().feed(now, InputKind::StopStrategy(strategy, Reason::StrategyStopped))?;
            unneeded.extend(self.take_instance(strategy));
        }
        let left = self.leave(&leaves, exchanges)?;
        self.tell_joined((&in_place, &opened), exchanges)?;
        self.take_outputs()?;
        let pause = stopwatch.elapsed();
        if let Some(observer) = self.observer() {
            (0..exchanged).for_each(|_| observer.meters().pause(pause));
        }
        let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        Ok(Ok(ChangeDone { strategies: carried, started, stopped, left, unneeded, pause_us }))
    }

    /// Does all that can be refused. What it did not come to is in `progress`: the loop drops no instance.
    fn try_change(
        &mut self,
        change: Change,
        exchanges: &mut Vec<OpenExchange>,
        progress: &mut Progress,
    ) -> Result<Option<Refused>> {
        let Change { strategies, exchanges: connectors, terms, limits, limit_tables, .. } = change;
        let Change { leaves, joins, starts, .. } = change;
        progress.joins = joins;
        let mut starts = starts.into_iter().enumerate();
        let refused = 'refused: {
            if let Some(refused) = self.change_strategies(strategies, change.quiesce_ns, progress)? {
                break 'refused Some(refused);
            }
            if let Some(refused) = tell_exchanges(connectors, exchanges, progress) {
                break 'refused Some(refused);
            }
            for (strategy, terms) in terms {
                self.set_terms(strategy, terms, progress);
            }
            if let Err(refused) = self.begin_leaving(&leaves, exchanges, progress) {
                break 'refused Some(refused);
            }
            if let Err(refused) = self.join_exchanges(exchanges, progress)? {
                break 'refused Some(refused);
            }
            if let Some(limits) = limits
                && let Err(why) = self.change_limits((&limits, limit_tables), progress)
            {
                break 'refused Some((Part::Limits, why));
            }
            if let Some(refused) = self.start_anew(progress)? {
                break 'refused Some(refused);
            }
            for (index, start) in starts.by_ref() {
                if let Err(why) = self.start_one((index, start), progress)? {
                    break 'refused Some((Part::Start(index), why));
                }
            }
            None
        };
        progress.unneeded.extend(starts.map(|(_, start)| match start {
            Start::Add(added) => added.instance,
            Start::Again(_, restart, _) => restart.instance,
        }));
        Ok(refused)
    }

    /// Starts those whose new instance keeps nothing of the old one.
    fn start_anew(&mut self, progress: &mut Progress) -> Result<Option<Refused>> {
        let now = self.now();
        for strategy in std::mem::take(&mut progress.anew) {
            self.driver_mut().feed(now, InputKind::StartStrategy(strategy))?;
            // one that failed in its start has gone back to the instance before
            if !self.engine().is_on_probation(strategy) {
                let why = "it failed in its `on_start` with the new configuration".to_owned();
                return Ok(Some((Part::Strategy(strategy), why)));
            }
        }
        Ok(None)
    }

    /// Undoes what was done of a change, in the opposite order.
    fn undo_all(
        &mut self,
        (part, why): Refused,
        progress: Progress,
        exchanges: &mut [OpenExchange],
    ) -> Result<ChangeRefused> {
        let Progress { undo, joined, joins, unneeded, .. } = progress;
        let exchanges_unneeded = joins.into_iter().map(|joining| joining.instance).collect();
        let mut unneeded = Unneeded { strategies: unneeded, exchanges: exchanges_unneeded };
        let mut places = Vec::new();
        for step in undo.into_iter().rev() {
            if let Undo::Joined(index, id) = step {
                unneeded.exchanges.extend(self.undo_joining(id, exchanges));
                places.push((index, id));
            } else {
                self.undo(step, exchanges, &mut unneeded.strategies)?;
            }
        }
        self.take_outputs()?;
        Ok(ChangeRefused { part, why, joined, places, unneeded })
    }

    fn undo(
        &mut self,
        step: Undo,
        exchanges: &mut [OpenExchange],
        unneeded: &mut Vec<Box<dyn StrategyInstance>>,
    ) -> Result<()> {
        match step {
            Undo::Told { strategy, old, build, state, version, spare } => {
                let told = self.tell_strategy(strategy, (&old, &build));
                let has_state = state.is_some();
                let is_back = self.go_back(strategy, (state, version), (spare, build), unneeded);
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
                self.did(|| Deed::UndoSwap { strategy: strategy.0 }, None);
                self.driver_mut().engine_mut().undo_swap(strategy);
            }
            Undo::Terms(strategy, (may_shutdown, cancels_on_stop)) => {
                self.put_terms(strategy, (may_shutdown, cancels_on_stop));
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
            Undo::LimitsByName(limits) => {
                // it is the last part of the limits, and stands for all
                self.did(|| Deed::UndoLimits, None);
                drop(self.replace_limits_by_name(limits));
            }
            Undo::Leaving(record, instruments) => {
                if let Some(record) = record {
                    self.driver_mut().engine_mut().restore_exchange(record, &instruments);
                }
            }
            // its connector goes elsewhere
            Undo::Joined(..) => {}
            Undo::Started(strategy) => {
                let now = self.now();
                self.driver_mut().feed(now, InputKind::StopStrategy(strategy, Reason::StrategyStopped))?;
                unneeded.extend(self.take_instance(strategy));
            }
        }
        Ok(())
    }
}
