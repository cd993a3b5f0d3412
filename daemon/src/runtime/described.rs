//! What the configuration says of instruments, put over what their exchanges tell; and instruments that are made of others.
//!
//! It is done between the last word of the exchanges and the engine, so that strategies, limits, results and recordings have
//! one description of each. What an exchange tells stays in the registry as it was told: it is asked again after a reload.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use stratd_engine::{Engine, Route};
use stratd_plugin_api::{
    Decimal, ExchangeId, Instrument, InstrumentId, InstrumentType, Price, Quantity, StrategyServices as _,
    abi, export::instrument_to_record,
};

use super::{Services, instruments::Instruments};
use crate::config::{InstrumentConfig, InstrumentsConfig, LegConfig};

/// So many names are in a message.
const NAMES_SHOWN_MAX: usize = 10;
/// Decimals of multipliers.
const MULTIPLIER_DECIMALS: u8 = 8;

/// An instrument with its record.
pub(super) type Admitted = (Instrument, abi::InstrumentRecord);

/// Registers the spreads that no exchange has. Before the run takes its instruments.
///
/// # Errors
/// A leg is not there, or both do not go together.
pub(super) fn register_spreads(
    instruments: &Instruments,
    config: &InstrumentsConfig,
    (names, services): (&[String], &Services),
) -> Result<()> {
    for (symbol, described) in &config.described {
        let Some(instrument_type) = described.instrument_type else { continue };
        if instruments.find(services, symbol, None).is_some() {
            continue;
        }
        let mut legs = Vec::new();
        for leg in &described.legs {
            let found = find(instruments, services, (&leg.instrument, None), names);
            legs.push((found.with_context(|| no_such(symbol, "legs", &leg.instrument))?, leg.side));
        }
        let [(first, first_side), (second, second_side)] = &legs[..] else {
            bail!("instrument.{symbol}.legs: a spread needs two legs");
        };
        if first.currency != second.currency || first.quantity_decimals != second.quantity_decimals {
            bail!(
                "instrument.{symbol}.legs: {} is in {} with {} decimals of quantities, {} in {} with {} (accepted: legs of one currency, with the same decimals)",
                first.symbol,
                first.currency,
                first.quantity_decimals,
                second.symbol,
                second.currency,
                second.quantity_decimals
            );
        }
        let decimals = first.price_decimals.max(second.price_decimals);
        let mut spread = Instrument::new(symbol, instrument_type)
            .price_decimals(decimals)
            .quantity_decimals(first.quantity_decimals)
            .currency(first.currency.as_str());
        spread.legs = [Some((first.id, Some(*first_side))), Some((second.id, Some(*second_side)))];
        spread.multiplier = first.multiplier;
        let record = instrument_to_record(&spread, |text| services.intern(text));
        if instruments.register(&record).is_err() {
            bail!("instrument.{symbol}: there are too many instruments");
        }
    }
    Ok(())
}

/// Puts what is said of instruments over what their exchanges told.
///
/// # Errors
/// A value does not fit its instrument, or an underlying is not there.
pub(super) fn describe(
    admitted: &mut [Admitted],
    config: &InstrumentsConfig,
    (names, registry, services): (&[String], &Instruments, &Services),
) -> Result<()> {
    if config.described.is_empty() {
        return Ok(());
    }
    for (instrument, record) in admitted {
        let exchange = name_of(names, instrument.exchange).unwrap_or_default();
        let symbol = instrument.symbol.clone();
        let mut is_described = false;
        for (key, described) in config.of(&symbol, exchange) {
            is_described = true;
            let found = |symbol: &str, exchange| find(registry, services, (symbol, Some(exchange)), names);
            apply(instrument, described, found).with_context(|| format!("instrument.{key}"))?;
        }
        if is_described {
            instrument.validate().with_context(|| format!("instrument.{symbol}"))?;
            let id = record.id;
            *record = instrument_to_record(instrument, |text| services.intern(text));
            record.id = id;
        }
    }
    Ok(())
}

fn apply(
    instrument: &mut Instrument,
    described: &InstrumentConfig,
    found: impl Fn(&str, ExchangeId) -> Option<Instrument>,
) -> Result<()> {
    let scaled = |key: &str, number: Decimal, decimals: u8| {
        number.scaled(decimals).with_context(|| format!("{key} of {}", instrument.symbol))
    };
    let (prices, quantities) = (instrument.price_decimals, instrument.quantity_decimals);
    let tick = described.tick.map(|tick| scaled("tick", tick, prices)).transpose()?;
    let strike = described.strike.map(|strike| scaled("strike", strike, prices)).transpose()?;
    let lot = described.lot.map(|lot| scaled("lot", lot, quantities)).transpose()?;
    let multiplier = described.multiplier;
    let multiplier =
        multiplier.map(|number| scaled("multiplier", number, MULTIPLIER_DECIMALS)).transpose()?;
    instrument.tick = tick.map_or(instrument.tick, Price::new);
    instrument.strike = strike.map_or(instrument.strike, Price::new);
    instrument.lot = lot.map_or(instrument.lot, Quantity::new);
    instrument.multiplier = multiplier.unwrap_or(instrument.multiplier);
    instrument.expiry = described.expiry.map(|expiry| expiry.0).or(instrument.expiry);
    instrument.option_type = described.option_type.or(instrument.option_type);
    let exchange = instrument.exchange;
    let find = |symbol: &str| {
        found(symbol, exchange)
            .map(|found| found.id)
            .with_context(|| format!("no exchange has an instrument {symbol} (accepted: one that is there)"))
    };
    if let Some(symbol) = &described.underlying {
        instrument.underlying = Some(find(symbol).context("underlying")?);
    }
    if let [first, second] = &described.legs[..] {
        let leg =
            |leg: &LegConfig| anyhow::Ok(Some((find(&leg.instrument).context("legs")?, Some(leg.side))));
        instrument.legs = [leg(first)?, leg(second)?];
    }
    Ok(())
}

/// Refuses what is said of instruments that nobody has: the one that is meant would be without it.
///
/// # Errors
/// That.
pub(super) fn check_symbols(
    admitted: &[Admitted],
    config: &InstrumentsConfig,
    names: &[String],
) -> Result<()> {
    let mut known = BTreeSet::new();
    for (instrument, _) in admitted {
        known.insert(instrument.symbol.clone());
        if let Some(exchange) = name_of(names, instrument.exchange) {
            known.insert(format!("{}@{exchange}", instrument.symbol));
        }
    }
    let Some(unknown) = config.described.keys().find(|key| !known.contains(*key)) else { return Ok(()) };
    let shown: Vec<_> =
        known.iter().filter(|name| !name.contains('@')).take(NAMES_SHOWN_MAX).cloned().collect();
    bail!(
        "instrument.{unknown}: no exchange has it (accepted: {}, or one that is made of legs)",
        shown.join(", ")
    )
}

/// Tells the engine where orders go that name no exchange.
///
/// # Errors
/// An exchange to which the orders for an instrument are to go does not have it.
pub(super) fn set_routes(
    engine: &mut Engine,
    config: &InstrumentsConfig,
    (names, by_symbol): (&[String], &BTreeMap<String, Vec<InstrumentId>>),
) -> Result<()> {
    let route = |word: &str| match word {
        "own" => Some(Route::Own),
        "best" => Some(Route::Best),
        name => names
            .iter()
            .zip(1u16..)
            .find(|(known, _)| *known == name)
            .map(|(_, id)| Route::To(ExchangeId(id))),
    };
    let unknown = |key: &str, word: &str| {
        format!("{key}: no exchange has the name {word} (accepted: own, best, {})", names.join(", "))
    };
    let default = match config.routing.default.as_deref() {
        None => Route::Own,
        Some(word) => route(word).with_context(|| unknown("routing.default", word))?,
    };
    let mut of_symbol = BTreeMap::new();
    for (symbol, described) in &config.described {
        let Some(word) = described.route.as_deref() else { continue };
        let key = format!("instrument.{symbol}.route");
        let route = route(word).with_context(|| unknown(&key, word))?;
        let lines = by_symbol.get(symbol).map_or(&[][..], Vec::as_slice);
        if let Route::To(exchange) = route
            && !lines.iter().any(|id| engine.exchange_of(*id) == Some(exchange))
        {
            bail!(
                "{key}: {word} has no instrument {symbol} (accepted: own, best, or an exchange that has it)"
            );
        }
        of_symbol.insert(symbol.clone(), route);
    }
    engine.set_routes(default, of_symbol);
    Ok(())
}

fn no_such(symbol: &str, key: &str, found: &str) -> String {
    format!("instrument.{symbol}.{key}: no exchange has an instrument {found} (accepted: one that is there)")
}

/// The instrument of a symbol or of `SYMBOL@EXCHANGE`; of several that of an exchange, or else the first one.
fn find(
    registry: &Instruments,
    services: &Services,
    (text, near): (&str, Option<ExchangeId>),
    names: &[String],
) -> Option<Instrument> {
    let of = |symbol: &str, exchange| {
        let found = registry.find(services, symbol, exchange)?;
        // what is made of legs is no leg
        (found.instrument_type != InstrumentType::Spread || found.exchange.0 != 0).then_some(found)
    };
    if let Some((symbol, name)) = text.rsplit_once('@')
        && let Some((_, id)) = names.iter().zip(1u16..).find(|(known, _)| *known == name)
    {
        return of(symbol, Some(ExchangeId(id)));
    }
    near.and_then(|exchange| of(text, Some(exchange))).or_else(|| of(text, None))
}

fn name_of(names: &[String], exchange: ExchangeId) -> Option<&str> {
    let index = usize::from(exchange.0).checked_sub(1)?;
    names.get(index).map(String::as_str)
}
