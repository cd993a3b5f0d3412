//! Limits of instruments, once exchanges have told what they have.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, bail};
use stratd_engine::{Engine, ExitRoutine, HoursRule, Scope};
use stratd_plugin_api::InstrumentId;

use super::{exchange_hours::hours_of, plan::PlannedRisk};

/// How many symbols a message shows.
const SYMBOLS_SHOWN_MAX: usize = 10;

/// `trading_hours` of a limit that names no table: orders are held to the hours that the exchange tells.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeHours {
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
) -> Result<()> {
    if let Some(symbol) = risk.instruments.keys().find(|symbol| !by_symbol.contains_key(*symbol)) {
        let known: Vec<&str> = by_symbol.keys().take(SYMBOLS_SHOWN_MAX).map(String::as_str).collect();
        let more = if by_symbol.len() > known.len() { ", …" } else { "" };
        bail!(
            "risk.instrument.{symbol}: no exchange has an instrument {symbol} (accepted: {}{more})",
            known.join(", ")
        );
    }
    let mut has_hours = false;
    for (symbol, ids) in by_symbol {
        for id in ids {
            has_hours |= limit_instrument(engine, risk, (symbol, *id))?;
        }
    }
    if risk.exchange_hours.is_some() && !has_hours {
        bail!("risk.trading_hours: {}", NO_HOURS);
    }
    Ok(())
}

const NO_HOURS: &str = "no hours are named, and no exchange tells when its instruments trade (accepted: hours = the name of an [hours.NAME] table)";

/// Sets the limits of one; whether its exchange tells when it trades.
fn limit_instrument(
    engine: &mut Engine,
    risk: &PlannedRisk,
    (symbol, id): (&String, InstrumentId),
) -> Result<bool> {
    let told = engine.instrument(id).map(hours_of).transpose()?.flatten().map(Arc::new);
    if let Some(hours) = &told {
        engine.set_hours(id, Arc::clone(hours));
    }
    let (named, own_rule) = (risk.instruments.get(symbol), risk.exchange_hours_of.get(symbol));
    if own_rule.is_some() && told.is_none() {
        bail!("risk.instrument.{symbol}.trading_hours: {}", NO_HOURS);
    }
    let rule = own_rule.or(risk.exchange_hours.as_ref());
    let held = rule.zip(told.as_ref()).map(|(rule, hours)| HoursRule {
        hours: Arc::clone(hours),
        before_close_ns: rule.before_close_ns,
        exit: rule.exit,
    });
    if named.is_some() || held.is_some() {
        let mut limits = named.cloned().unwrap_or_default();
        limits.trading_hours = limits.trading_hours.or(held);
        engine.set_limits(Scope::Instrument(id), limits);
    }
    Ok(told.is_some())
}
