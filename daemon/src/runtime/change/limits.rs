//! Limits in a change.

use std::collections::BTreeSet;

use stratd_engine::{Scope, StrategyConfig, StrategyId};
use stratd_plugin_api::InstrumentId;

use super::{Progress, Undo};
use crate::runtime::{
    event_loop::EventLoop,
    instrument_limits::{check_hours, limits_of_instrument},
    plan::PlannedRisk,
};

impl EventLoop {
    /// Sets the limits that differ.
    pub(super) fn change_limits(
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
            if !self.engine().has_left(id) {
                known.insert(instrument.symbol.clone());
            }
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
}
