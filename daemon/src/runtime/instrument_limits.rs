//! Limits of instruments, once exchanges have told what they have.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Error, bail};
use stratd_engine::{Engine, ExitRoutine, Hours, HoursRule, RiskLimits, Scope};
use stratd_plugin_api::InstrumentId;

use super::{exchange_hours::hours_of, plan::PlannedRisk};

/// How many symbols a message shows.
const SYMBOLS_SHOWN_MAX: usize = 10;

/// `trading_hours` of a limit that names no table: orders are held to the hours that the exchange tells.
#[derive(Clone, Debug)]
pub struct ExchangeHours {
    /// Whose holidays and special days count: no exchange tells any.
    pub calendar: Option<Arc<Hours>>,
    /// So much before the close of a session no order is taken any more.
    pub before_close_ns: i64,
    /// What becomes of orders and positions then.
    pub exit: ExitRoutine,
}

/// Sets the limits of instruments, and when they trade.
///
/// # Errors
/// No exchange has an instrument that is named, which would leave another one unlimited; or hours of an exchange are
/// asked for that it does not tell, or that mean nothing.
pub(super) fn limit_instruments(
    engine: &mut Engine,
    risk: &PlannedRisk,
    by_symbol: &BTreeMap<String, Vec<InstrumentId>>,
) -> anyhow::Result<()> {
    if let Some(symbol) = risk.instruments.keys().find(|symbol| !by_symbol.contains_key(*symbol)) {
        let known: Vec<&str> = by_symbol.keys().take(SYMBOLS_SHOWN_MAX).map(String::as_str).collect();
        let more = if by_symbol.len() > known.len() { ", …" } else { "" };
        bail!(
            "risk.instrument.{symbol}: no exchange has an instrument {symbol} (accepted: {}{more})",
            known.join(", ")
        );
    }
    for id in by_symbol.values().flatten() {
        if let Some(hours) = engine.instrument(*id).map(hours_of).transpose()?.flatten() {
            engine.set_hours(*id, Arc::new(hours));
        }
    }
    for (symbol, ids) in by_symbol {
        for id in ids {
            let limits = limits_of_instrument(engine, risk, (symbol, *id)).map_err(Error::msg)?;
            if limits != RiskLimits::default() {
                engine.set_limits(Scope::Instrument(*id), limits);
            }
        }
    }
    check_hours(engine, risk, by_symbol.values().flatten().copied()).map_err(Error::msg)
}

const NO_HOURS: &str = "no hours are named, and no exchange tells when its instruments trade (accepted: hours = the name of an [hours.NAME] table)";

/// The limits of an instrument: orders are held to the hours that its exchange tells where the configuration asks for
/// that and names no others.
///
/// # Errors
/// Its exchange tells none.
pub(super) fn limits_of_instrument(
    engine: &Engine,
    risk: &PlannedRisk,
    (symbol, id): (&str, InstrumentId),
) -> Result<RiskLimits, String> {
    let told = engine.hours(id);
    let own_rule = risk.exchange_hours_of.get(symbol);
    if own_rule.is_some() && told.is_none() {
        return Err(format!("risk.instrument.{symbol}.trading_hours: {NO_HOURS}"));
    }
    let rule = own_rule.or(risk.exchange_hours.as_ref());
    let held = match rule.zip(told) {
        Some((rule, told)) => Some(HoursRule {
            hours: hours_by_calendar(symbol, told, rule.calendar.as_ref())?,
            before_close_ns: rule.before_close_ns,
            exit: rule.exit,
        }),
        None => None,
    };
    let named = risk.instruments.get(symbol).cloned().unwrap_or_default();
    Ok(RiskLimits { trading_hours: named.trading_hours.or(held), ..named })
}

/// The hours of an exchange, on the days of a calendar if there is one.
fn hours_by_calendar(
    symbol: &str,
    told: &Arc<Hours>,
    calendar: Option<&Arc<Hours>>,
) -> Result<Arc<Hours>, String> {
    let Some(calendar) = calendar else { return Ok(Arc::clone(told)) };
    if told.timezone != calendar.timezone {
        let name = |hours: &Hours| hours.timezone.iana_name().unwrap_or("UTC").to_owned();
        return Err(format!(
            "the exchange of {symbol} tells trading hours of the time zone {}, and `holidays` names hours of {} (accepted: the same time zone)",
            name(told),
            name(calendar)
        ));
    }
    Ok(Arc::new(told.on_days_of(calendar)))
}

/// Refuses hours of exchanges for all instruments where none has any: the rule would let everything pass.
///
/// # Errors
/// That.
pub(super) fn check_hours(
    engine: &Engine,
    risk: &PlannedRisk,
    mut ids: impl Iterator<Item = InstrumentId>,
) -> Result<(), String> {
    if risk.exchange_hours.is_some() && !ids.any(|id| engine.hours(id).is_some()) {
        return Err(format!("risk.trading_hours: {NO_HOURS}"));
    }
    Ok(())
}
