//! From the keys of `[risk]` and `[hours]` to the limits of a run.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use stratd_engine::{Hours, HoursRule, RiskLimits};

use crate::{
    config::{Limits, RunConfig},
    runtime::PlannedRisk,
};

/// The limits of a checked configuration.
pub(super) fn planned_risk(config: &RunConfig) -> Result<PlannedRisk> {
    let mut hours = BTreeMap::new();
    for (name, table) in &config.hours {
        hours.insert(name.as_str(), Arc::new(table.hours().with_context(|| format!("hours.{name}"))?));
    }
    let limits = |limits: &Limits| with_hours(limits, &hours);
    let of = |scopes: &BTreeMap<String, Limits>| {
        scopes.iter().map(|(name, of)| Ok((name.clone(), limits(of)?))).collect::<Result<BTreeMap<_, _>>>()
    };
    let risk = &config.risk;
    Ok(PlannedRisk {
        run: limits(&risk.run)?,
        strategies: of(&risk.strategy)?,
        instruments: of(&risk.instrument)?,
    })
}

fn with_hours(limits: &Limits, hours: &BTreeMap<&str, Arc<Hours>>) -> Result<RiskLimits> {
    let rule = limits.trading_hours.as_ref().map(|rule| {
        let hours = hours.get(rule.hours.as_str());
        let hours = hours.with_context(|| format!("no [hours.{}] describes these hours", rule.hours))?;
        Ok::<_, anyhow::Error>(HoursRule {
            hours: Arc::clone(hours),
            before_close_ns: rule.before_close.nanoseconds(),
            exit: rule.exit,
        })
    });
    Ok(RiskLimits { trading_hours: rule.transpose()?, ..limits.engine() })
}
