//! Limits and commands of a script, as text.
//!
//! `limits max_position=10/reduce max_order_rate=2/5s` is of the run, `limits a …` of a strategy, `limits X …` of an
//! instrument. `trading a halted close_all` is a command.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::tz::TimeZone;
use stratd_engine::{
    Engine, ExitRoutine, Hours, HoursRule, Limit, LossLimit, OnBreach, OrderRate, PriceCollar, RiskLimits,
    Scope, StrategyId, TradingCommand, TradingState,
};
use stratd_plugin_api::{InstrumentId, Reason, Session};

use crate::actor::{duration, instrument, number, symbol};

/// The scope of `run`, `a` or `X`.
pub(crate) fn scope(name: &str) -> Scope {
    match name.as_bytes() {
        b"run" => Scope::Run,
        [letter @ b'a'..=b'z'] => Scope::Strategy(StrategyId(u16::from(letter - b'a'))),
        _ => Scope::Instrument(InstrumentId(instrument(name))),
    }
}

pub(crate) fn scope_name(scope: Scope) -> String {
    match scope {
        Scope::Run => "run".to_owned(),
        Scope::Strategy(id) => char::from(b'a' + u8::try_from(id.0).expect("few strategies")).to_string(),
        Scope::Instrument(id) => symbol(id.0).to_owned(),
    }
}

/// Sets the limits of strategies and instruments.
pub(crate) fn limit_scopes(engine: &mut Engine, lines: &[&str]) {
    let scopes: BTreeSet<Scope> = lines.iter().filter_map(|line| Some(of_line(line)?.0)).collect();
    for scope in scopes.into_iter().filter(|scope| *scope != Scope::Run) {
        engine.set_limits(scope, limits(lines, scope));
    }
}

/// The scope of a line of limits, and its words.
fn of_line(line: &str) -> Option<(Scope, &str)> {
    let words = line.strip_prefix("limits ")?;
    match words.split_once(' ') {
        Some((name, rest)) if !name.contains('=') => Some((scope(name), rest)),
        _ => Some((Scope::Run, words)),
    }
}

/// The limits of a scope.
pub(crate) fn limits(lines: &[&str], scope: Scope) -> RiskLimits {
    let mut limits = RiskLimits::default();
    let words = lines.iter().filter_map(|line| of_line(line)).filter(|(of, _)| *of == scope);
    for (name, value) in
        words.flat_map(|(_, words)| words.split_whitespace()).filter_map(|w| w.split_once('='))
    {
        let parts: Vec<&str> = value.split('/').collect();
        let first = parts[0];
        match name {
            "max_position" => limits.max_position = Some(limit(first, &parts)),
            "max_order_quantity" => limits.max_order_quantity = Some(limit(first, &parts)),
            "max_order_notional" => limits.max_order_notional = Some(limit(first, &parts)),
            "max_open_orders" => limits.max_open_orders = Some(first.parse().expect("a number")),
            "max_order_rate" => {
                let count = first.parse().expect("a number");
                limits.max_order_rate = Some(OrderRate { count, window_ns: duration(parts[1]) });
            }
            "price_collar" => {
                let collar = match first.strip_suffix("bps") {
                    Some(points) => PriceCollar::basis_points(points.parse().expect("a number")),
                    None => PriceCollar::percent(first.trim_end_matches('%').parse().expect("a number")),
                };
                limits.price_collar = Some(collar.expect("few decimals"));
            }
            "max_daily_loss" => limits.max_daily_loss = Some(loss(&parts)),
            "max_drawdown" => limits.max_drawdown = Some(loss(&parts)),
            // `trading_hours=15-16/60s/close_all`: whole hours of UTC, every day
            "trading_hours" => limits.trading_hours = Some(hours(&parts)),
            _ => panic!("`{name}` is no limit"),
        }
    }
    limits
}

fn limit<T: std::str::FromStr>(value: &str, parts: &[&str]) -> Limit<T>
where
    T::Err: std::fmt::Debug,
{
    let on_breach = if parts.get(1) == Some(&"reduce") { OnBreach::Reduce } else { OnBreach::Deny };
    Limit { limit: value.parse().expect("a number"), on_breach }
}

fn state(name: &str) -> TradingState {
    TradingState::ALL.into_iter().find(|state| state.name() == name).expect("a trading state")
}

fn exit(parts: &[&str], index: usize) -> ExitRoutine {
    let name = parts.get(index).copied().unwrap_or("none");
    ExitRoutine::ALL.into_iter().find(|exit| exit.name() == name).expect("an exit routine")
}

fn loss(parts: &[&str]) -> LossLimit {
    let plain = LossLimit::from(parts[0].parse::<stratd_plugin_api::Money>().expect("an amount"));
    LossLimit { state: parts.get(1).map_or(plain.state, |name| state(name)), exit: exit(parts, 2), ..plain }
}

fn hours(parts: &[&str]) -> HoursRule {
    let (open, close) = parts[0].split_once('-').expect("hours");
    let second = |hour| u32::try_from(number(hour) * 3_600).expect("an hour");
    let sessions = vec![Session { open: second(open), close: second(close) }];
    let hours = Hours {
        timezone: TimeZone::UTC,
        weekdays: 0x7f,
        sessions,
        holidays: BTreeSet::new(),
        special: BTreeMap::new(),
    };
    HoursRule {
        hours: Arc::new(hours),
        before_close_ns: parts.get(1).map_or(0, |early| duration(early)),
        exit: exit(parts, 2),
    }
}

/// A command from `run halted close_all`.
pub(crate) fn trading(words: &[&str]) -> TradingCommand {
    let reason = Reason::Requested;
    TradingCommand { scope: scope(words[0]), state: state(words[1]), exit: exit(words, 2), reason }
}
