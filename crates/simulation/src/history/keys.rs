//! Keys that mean the same whatever the form of the files. What is wrong with one is added to a list of problems, so that
//! all are told at once.

use schemars::{Schema, SchemaGenerator, json_schema};
use stratd_plugin_api::{InstrumentType, Session, Timestamp, TradingHours};

use crate::csv::{TimeUnit, instrument_type_named, parse_time};

/// As [`stratd_plugin_api::Instrument::validate`].
const DECIMALS_MAX: u8 = 12;

/// The days of a week as bits count them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The type of instruments that have none in their file.
#[must_use]
pub fn default_instrument_type() -> String {
    InstrumentType::Equity.name().to_owned()
}

/// The schema of a key that is the name of an instrument type.
pub fn instrument_type_name(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<_> = InstrumentType::ALL.iter().map(|t| t.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// The schema of a key that is a list of days.
pub fn day_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": DAYS } })
}

/// The key `instrument_type`.
pub fn instrument_type(name: &str, problems: &mut Vec<String>) -> InstrumentType {
    instrument_type_named(name).unwrap_or_else(|| {
        problems.push(format!("instrument_type {name:?} is not known (accepted: for example equity)"));
        InstrumentType::Other
    })
}

/// Symbols of the keys `symbol` and `symbols`; `example` is what would be accepted.
pub fn check_symbols<'a>(
    symbols: impl Iterator<Item = &'a String>,
    example: &str,
    problems: &mut Vec<String>,
) {
    for symbol in symbols {
        if symbol.trim().is_empty() || symbol.contains(char::is_control) {
            problems.push(format!("{symbol:?} is no symbol (accepted: for example {example})"));
        }
    }
}

/// The keys `price_decimals` and `quantity_decimals`.
pub fn check_decimals([price, quantity]: [Option<u8>; 2], problems: &mut Vec<String>) {
    for (key, decimals) in [("price_decimals", price), ("quantity_decimals", quantity)] {
        if let Some(decimals) = decimals.filter(|decimals| *decimals > DECIMALS_MAX) {
            problems.push(format!("{key} is {decimals} (accepted: 0 to {DECIMALS_MAX})"));
        }
    }
}

/// The keys `start` and `end`.
pub fn time_bounds(
    [start, end]: [Option<&str>; 2],
    unit: Option<TimeUnit>,
    problems: &mut Vec<String>,
) -> [Option<Timestamp>; 2] {
    let mut bound = |key: &str, text: Option<&str>| match parse_time(text?.trim(), unit) {
        Ok(time) => Some(time),
        Err(error) => {
            problems.push(format!("{key}: {error}"));
            None
        }
    };
    let bounds = [bound("start", start), bound("end", end)];
    if let [Some(start), Some(end)] = bounds
        && start >= end
    {
        problems.push(format!("end is {end} (accepted: after start, {start})"));
    }
    bounds
}

/// The keys `sessions`, `timezone` and `days`; no day is every day.
pub fn trading_hours(
    sessions: &[String],
    timezone: String,
    days: &[String],
    problems: &mut Vec<String>,
) -> TradingHours {
    let sessions = sessions.iter().filter_map(|text| match text.parse::<Session>() {
        Ok(session) => Some(session),
        Err(error) => {
            problems.push(format!("sessions: {error}"));
            None
        }
    });
    let sessions = sessions.collect();
    let days = (0u32..).zip(DAYS).filter(|(_, name)| days.iter().any(|day| day == name));
    TradingHours { timezone, sessions, weekdays: days.fold(0, |bits, (day, _)| bits | 1 << day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told() {
        let mut problems = Vec::new();
        instrument_type("shares", &mut problems);
        check_symbols([" ".to_owned(), "A".to_owned()].iter(), "AAPL", &mut problems);
        check_decimals([Some(13), None], &mut problems);
        time_bounds([Some("2024-01-02"), Some("2024-01-01")], None, &mut problems);
        time_bounds([Some("soon"), None], None, &mut problems);
        let hours = trading_hours(&["late".to_owned()], String::new(), &["tue".to_owned()], &mut problems);
        assert_eq!((hours.sessions.len(), hours.weekdays), (0, 2));
        let firsts: Vec<&str> =
            problems.iter().filter_map(|problem| problem.split([' ', ':']).next()).collect();
        assert_eq!(firsts, ["instrument_type", "\"", "price_decimals", "end", "start", "sessions"]);
    }
}
