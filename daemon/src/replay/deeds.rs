//! What was done to strategies and limits between two inputs, again: with the engine's functions that did it.
//!
//! What these functions need as inputs of the engine, the start of a strategy and its failure, was recorded as inputs.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use stratd_engine::{
    InputKind, OnRestoreError, Probation, Replacement, Restart, Scope, StrategyConfig, StrategyId,
};
use stratd_plugin_api::{BarSpec, Fault, StrategyInstance, Timestamp, abi};

use super::{Came, Run, marks::state_in_words, search::Wanted};
use crate::{
    cli::planned_risk,
    config::{RunConfig, secrets::Expanded},
    recorder::{Build, Deed, StateAfter, fingerprint},
    reload::InstanceSettings,
    runtime::replace_limits,
};

/// What came of a deed that may be refused.
pub(super) struct LastDeed {
    what: String,
    /// A strategy joined: whether its state was taken is told by the input that follows.
    is_add: bool,
    /// The fingerprint of the state that was carried, 0 for none; or why it was refused.
    came: Result<u64, String>,
}

impl Run {
    /// Carries a deed out, with the state that belongs to it.
    pub(super) fn did(&mut self, deed: Deed, state: Option<&[u8]>) -> Result<Option<Came>> {
        let what = deed.in_words(|strategy| self.name_of(StrategyId(strategy)));
        let instances = match self.instances(&deed) {
            Ok(instances) => instances,
            Err(error) => return Ok(Some(self.ends_at(&what, &format!("for which {error:#}")))),
        };
        self.changes += 1;
        let is_add = matches!(deed, Deed::Add { .. });
        let came = self.carry_out(deed, instances, state).with_context(|| what.clone())?;
        self.last_deed = came.map(|came| LastDeed { what, is_add, came });
        while self.made.engine.take_retired().is_some() {}
        Ok(None)
    }

    /// Compares what came of the last deed with what was recorded of it.
    pub(super) fn came(&mut self, is_done: bool, state: u64) -> Option<Came> {
        let LastDeed { what, came, .. } = self.last_deed.take()?;
        let recorded = is_done.then_some(state);
        if came.as_ref().ok() == recorded.as_ref() {
            return None;
        }
        let done = |state: u64| format!("done, with {}", state_in_words(state));
        let recorded = recorded.map_or_else(|| "refused".to_owned(), done);
        Some(self.differs(what, recorded, came.map_or_else(|why| format!("refused: {why}"), done)))
    }

    /// What an input says of the last deed: a strategy starts only after one that was done.
    pub(super) fn check_deed(&mut self, input: &InputKind) -> Option<Came> {
        let LastDeed { what, is_add, came } = self.last_deed.as_ref()?;
        let difference = match (input, came) {
            (InputKind::StartStrategy(_), Err(why)) => Some(("done", format!("refused: {why}"))),
            (InputKind::FailStrategy(_, fault), Ok(_)) if *is_add => {
                return Some(self.differs(what.clone(), format!("refused: {fault}"), "done".to_owned()));
            }
            _ => None,
        };
        let found = difference.map(|(recorded, why)| self.differs(what.clone(), recorded.to_owned(), why));
        if *is_add {
            self.last_deed = None;
        }
        found
    }

    /// The instances that a deed needs: one, and a spare one after it.
    fn instances(&mut self, deed: &Deed) -> Result<Vec<Box<dyn StrategyInstance>>> {
        let (name, build, has_spare) = match deed {
            Deed::Swap { strategy, build, has_spare, .. } => {
                (self.name_of(StrategyId(*strategy)), build, *has_spare)
            }
            Deed::Restart { strategy, build, .. } | Deed::PutInPlace { strategy, build, .. } => {
                (self.name_of(StrategyId(*strategy)), build, false)
            }
            Deed::Add { name, build, .. } => (name.clone(), build, false),
            Deed::Taken { .. }
            | Deed::Configure { .. }
            | Deed::KeepSwap { .. }
            | Deed::UndoSwap { .. }
            | Deed::Terms { .. }
            | Deed::Limits { .. }
            | Deed::UndoLimits => return Ok(Vec::new()),
        };
        let Build { plugin, version, file, sha256, config, isolation, unload } = build;
        let wanted = Wanted { strategy: &name, plugin, version, file, sha256 };
        let (plugin, is_recorded) = self.made.search.plugin_of(&wanted)?;
        let other = format!("{name}: {}", plugin.identity());
        if !is_recorded && !self.made.other_builds.contains(&other) {
            self.made.other_builds.push(other);
        }
        let settings = InstanceSettings {
            config: config.clone(),
            isolation: *isolation,
            unload: *unload,
            // the engine knows these
            may_shutdown: false,
            cancels_on_stop: false,
            bars: Vec::new(),
        };
        let make = || Ok(self.made.factory.strategy(&plugin, &name, &settings)?.instance);
        (0..1 + usize::from(has_spare)).map(|_| make()).collect()
    }

    /// What came of it, if it may be refused.
    fn carry_out(
        &mut self,
        deed: Deed,
        instances: Vec<Box<dyn StrategyInstance>>,
        state: Option<&[u8]>,
    ) -> Result<Option<Result<u64, String>>> {
        let mut instances = instances.into_iter();
        let mut instance = || instances.next().context("no instance was made");
        let engine = &mut self.made.engine;
        let came = match deed {
            Deed::Swap {
                strategy,
                is_batch_safe,
                state_version,
                accepts,
                deadline,
                probation,
                has_spare,
                ..
            } => {
                let (new, (events, until)) = (instance()?, probation);
                let spare = if has_spare { OnRestoreError::Fresh(instance()?) } else { OnRestoreError::Keep };
                let replacement = Replacement {
                    instance: new,
                    is_batch_safe,
                    state_version,
                    accepts: accepts.0..=accepts.1,
                    deadline: Timestamp::new(deadline),
                    on_restore_error: spare,
                    probation: Probation { events, until: Timestamp::new(until) },
                    room: Vec::new(),
                };
                let swapped = engine.swap_strategy(StrategyId(strategy), replacement);
                swapped
                    .map(|swapped| swapped.state.as_deref().map_or(0, fingerprint))
                    .map_err(|refused| format!("{}: {}", refused.step.name(), refused.fault))
            }
            Deed::Restart { strategy, is_batch_safe, state: after, .. } => {
                let restart =
                    Restart { instance: instance()?, is_batch_safe, state: versioned(after, state) };
                let restarted = engine.restart_strategy(StrategyId(strategy), restart);
                restarted.map(|_| 0).map_err(|refused| format!("{}: {}", refused.step.name(), refused.fault))
            }
            Deed::Add { name, may_shutdown, cancels_on_stop, is_batch_safe, bars, state: after, .. } => {
                let bars = bars.into_iter().map(|(kind, flags, step, delay)| {
                    let record = abi::BarSpec { kind, flags, step, delay };
                    BarSpec::from_raw(&record)
                        .with_context(|| format!("bars of kind {kind}, which nobody knows"))
                });
                let bars = bars.collect::<Result<_>>()?;
                let config = StrategyConfig { name, may_shutdown, cancels_on_stop, is_batch_safe, bars };
                self.add(config, instance()?, versioned(after, state))?
            }
            Deed::Configure { strategy, config } => {
                let config = Expanded::of("/config", &Value::Object(config)).value.to_string();
                in_words(engine.configure_strategy(StrategyId(strategy), &config))
            }
            Deed::PutInPlace { strategy, state: after, .. } => {
                let state = (after.version, state.unwrap_or_default());
                let put = engine.put_in_place(StrategyId(strategy), instance()?, state);
                in_words(put.map_err(|(fault, _)| fault))
            }
            other => return self.settle(other).map(|()| None),
        };
        Ok(Some(came))
    }

    /// Carries out what nobody can refuse.
    fn settle(&mut self, deed: Deed) -> Result<()> {
        let engine = &mut self.made.engine;
        match deed {
            Deed::Taken { strategy } => drop(engine.take_instance(StrategyId(strategy))),
            Deed::KeepSwap { strategy } => engine.keep_swap(StrategyId(strategy)),
            Deed::UndoSwap { strategy } => {
                engine.undo_swap(StrategyId(strategy));
            }
            Deed::Terms { strategy, may_shutdown, cancels_on_stop } => {
                engine.set_strategy_terms(StrategyId(strategy), may_shutdown, cancels_on_stop);
            }
            Deed::Limits { tables } => self.set_limits(tables)?,
            Deed::UndoLimits => {
                let (replaced, by_name) = std::mem::take(&mut self.made.limits_before);
                replaced.into_iter().rev().for_each(|replaced| engine.put_limits_back(replaced));
                self.made.limits = by_name;
            }
            Deed::Swap { .. }
            | Deed::Restart { .. }
            | Deed::Add { .. }
            | Deed::Configure { .. }
            | Deed::PutInPlace { .. } => {}
        }
        Ok(())
    }

    /// As the event loop does it: the limits are there before the strategy starts, which is an input.
    fn add(
        &mut self,
        config: StrategyConfig,
        instance: Box<dyn StrategyInstance>,
        state: Option<(u32, &[u8])>,
    ) -> Result<Result<u64, String>> {
        let engine = &mut self.made.engine;
        let next = u16::try_from(engine.strategies().count()).map(StrategyId)?;
        if let Some(limits) = self.made.limits.get(&config.name) {
            engine.set_limits(Scope::Strategy(next), limits.clone());
        }
        let id = engine.add_strategy(config, instance)?;
        let restored = state.map_or(Ok(()), |(version, state)| engine.restore_strategy(id, version, state));
        Ok(in_words(restored))
    }

    fn set_limits(&mut self, tables: Map<String, Value>) -> Result<()> {
        let config = self.made.config.as_object_mut().context("the configuration is no table")?;
        for key in ["risk", "hours"] {
            config.remove(key);
        }
        config.extend(tables);
        let config: RunConfig = serde_json::from_value(self.made.config.clone())?;
        let risk = planned_risk(&config)?;
        let replaced = replace_limits(&mut self.made.engine, &risk).map_err(anyhow::Error::msg)?;
        let before = std::mem::replace(&mut self.made.limits, risk.strategies);
        self.made.limits_before = (replaced, before);
        Ok(())
    }
}

fn versioned(after: Option<StateAfter>, state: Option<&[u8]>) -> Option<(u32, &[u8])> {
    after.map(|after| after.version).zip(state)
}

fn in_words(came: Result<(), Fault>) -> Result<u64, String> {
    came.map(|()| 0).map_err(|fault| fault.to_string())
}
