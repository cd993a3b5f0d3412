//! From the keys of `[risk]`, `[hours]` and `[portfolio]` to the limits and rates of a run.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use stratd_engine::{Hours, HoursRule, RiskLimits};

use crate::{
    config::{Limits, QuotedRate, RateConfig, RunConfig},
    runtime::{ExchangeHours, PlannedRate, PlannedRisk},
};

/// The limits of a checked configuration.
pub(crate) fn planned_risk(config: &RunConfig) -> Result<PlannedRisk> {
    let mut hours = BTreeMap::new();
    for (name, table) in &config.hours {
        hours.insert(name.as_str(), Arc::new(table.hours().with_context(|| format!("hours.{name}"))?));
    }
    let limits = |limits: &Limits| with_hours(limits, &hours);
    let of = |scopes: &BTreeMap<String, Limits>| {
        scopes.iter().map(|(name, of)| Ok((name.clone(), limits(of)?))).collect::<Result<BTreeMap<_, _>>>()
    };
    let risk = &config.risk;
    let mut exchange_hours_of = BTreeMap::new();
    for (symbol, limits) in &risk.instrument {
        exchange_hours_of.extend(exchange_hours(limits, &hours)?.map(|rule| (symbol.clone(), rule)));
    }
    Ok(PlannedRisk {
        run: limits(&risk.run)?,
        strategies: of(&risk.strategy)?,
        instruments: of(&risk.instrument)?,
        exchange_hours: exchange_hours(&risk.run, &hours)?,
        exchange_hours_of,
    })
}

/// The rates of a checked configuration.
pub(crate) fn planned_rates(config: &RunConfig) -> Vec<PlannedRate> {
    let rates = config.portfolio.rates.iter().map(|(currency, rate)| match rate {
        RateConfig::Fixed(rate) => PlannedRate { currency: currency.clone(), rate: *rate, quoted: None },
        RateConfig::Quoted(QuotedRate { instrument, initial, inverse }) => PlannedRate {
            currency: currency.clone(),
            rate: *initial,
            quoted: Some((instrument.clone(), *inverse)),
        },
    });
    rates.collect()
}

/// The rule of limits that name no hours: those of the exchange count.
fn exchange_hours(limits: &Limits, hours: &BTreeMap<&str, Arc<Hours>>) -> Result<Option<ExchangeHours>> {
    let Some(rule) = limits.trading_hours.as_ref().filter(|rule| rule.hours.is_none()) else {
        return Ok(None);
    };
    let named = |name: &str| {
        hours.get(name).cloned().with_context(|| format!("no [hours.{name}] describes these holidays"))
    };
    Ok(Some(ExchangeHours {
        calendar: rule.holidays.as_deref().map(named).transpose()?,
        before_close_ns: rule.before_close.nanoseconds(),
        exit: rule.exit,
    }))
}

fn with_hours(limits: &Limits, hours: &BTreeMap<&str, Arc<Hours>>) -> Result<RiskLimits> {
    let named = limits.trading_hours.as_ref().and_then(|rule| Some((rule, rule.hours.as_deref()?)));
    let rule = named.map(|(rule, name)| {
        let hours = hours.get(name);
        let hours = hours.with_context(|| format!("no [hours.{name}] describes these hours"))?;
        Ok::<_, anyhow::Error>(HoursRule {
            hours: Arc::clone(hours),
            before_close_ns: rule.before_close.nanoseconds(),
            exit: rule.exit,
        })
    });
    Ok(RiskLimits { trading_hours: rule.transpose()?, ..limits.engine() })
}
