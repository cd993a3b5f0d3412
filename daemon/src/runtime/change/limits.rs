//! Limits in a change.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use stratd_engine::{Engine, ReplacedLimits, Scope, StrategyConfig, StrategyId};
use stratd_plugin_api::InstrumentId;

use super::{Progress, Undo};
use crate::{
    recorder::Deed,
    runtime::{
        event_loop::EventLoop,
        instrument_limits::{check_hours, limits_of_instrument},
        plan::PlannedRisk,
    },
};

impl EventLoop {
    /// Sets the limits that differ; `tables` say them.
    pub(super) fn change_limits(
        &mut self,
        (limits, tables): (&PlannedRisk, Map<String, Value>),
        progress: &mut Progress,
    ) -> std::result::Result<(), String> {
        let replaced = replace_limits(self.driver_mut().engine_mut(), limits)?;
        self.did(|| Deed::Limits { tables }, None);
        progress.undo.extend(replaced.into_iter().map(Undo::Limits));
        let before = self.replace_limits_by_name(limits.strategies.clone());
        progress.undo.push(Undo::LimitsByName(before));
        Ok(())
    }
}

/// Sets the limits that differ; what undoes it, the last one first.
///
/// # Errors
/// They name what the run does not have; nothing has changed.
pub(crate) fn replace_limits(
    engine: &mut Engine,
    limits: &PlannedRisk,
) -> std::result::Result<Vec<ReplacedLimits>, String> {
    let mut wanted = vec![(Scope::Run, limits.run.clone())];
    for (index, (StrategyConfig { name, .. }, ..)) in engine.strategies().enumerate() {
        let Ok(id) = u16::try_from(index) else { continue };
        let of = limits.strategies.get(name).cloned().unwrap_or_default();
        wanted.push((Scope::Strategy(StrategyId(id)), of));
    }
    let mut known = BTreeSet::new();
    for id in (1..=u32::MAX).map(InstrumentId) {
        let Some(instrument) = engine.instrument(id) else { break };
        let of = limits_of_instrument(engine, limits, (&instrument.symbol, id))?;
        if !engine.has_left(id) {
            known.insert(instrument.symbol.clone());
        }
        wanted.push((Scope::Instrument(id), of));
    }
    if let Some(symbol) = limits.instruments.keys().find(|symbol| !known.contains(*symbol)) {
        return Err(format!("risk.instrument.{symbol}: no exchange has an instrument {symbol}"));
    }
    let ids = (1..=u32::MAX).map(InstrumentId);
    check_hours(engine, limits, ids.take_while(|id| engine.instrument(*id).is_some()))?;
    let mut replaced = Vec::new();
    for (scope, limits) in wanted {
        if engine.limits(scope).cloned().unwrap_or_default() != limits {
            replaced.push(engine.replace_limits(scope, limits));
        }
    }
    Ok(replaced)
}
