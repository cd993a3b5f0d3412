//! The trading hours that exchanges tell of their instruments.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use stratd_engine::Hours;
use stratd_plugin_api::{Instrument, Session, TradingHours};

use crate::config::time_zone;

const DAY_SECONDS: u32 = 86_400;
const EVERY_DAY: u8 = 0x7f;

/// The hours of an instrument; `None` = its exchange tells none.
///
/// # Errors
/// They mean nothing.
pub(super) fn hours_of(instrument: &Instrument) -> Result<Option<Hours>> {
    let TradingHours { timezone, sessions, weekdays } = &instrument.trading_hours;
    if sessions.is_empty() {
        return Ok(None);
    }
    let name = if timezone.is_empty() { "UTC" } else { timezone };
    let symbol = &instrument.symbol;
    let Some(timezone) = time_zone(name) else {
        bail!(
            "the exchange of {symbol} tells trading hours of the time zone {name:?} (accepted: the IANA name of a time zone, such as America/New_York)"
        );
    };
    if !are_in_order(sessions) {
        bail!(
            "the exchange of {symbol} tells the sessions {sessions:?} (accepted: seconds of the day in the order of the sessions, which do not overlap; only the last may end on the next day)"
        );
    }
    let weekdays = if *weekdays == 0 { EVERY_DAY } else { *weekdays };
    Ok(Some(Hours {
        timezone,
        weekdays,
        sessions: sessions.clone(),
        holidays: BTreeSet::new(),
        special: BTreeMap::new(),
    }))
}

fn are_in_order(sessions: &[Session]) -> bool {
    let is_of_day = |one: &Session| one.open < DAY_SECONDS && one.close < DAY_SECONDS;
    let is_before = |pair: &[Session]| match pair {
        [one, next] => one.open < one.close && one.close <= next.open,
        _ => true,
    };
    let ends_in_time = match (sessions.first(), sessions.last()) {
        (Some(first), Some(last)) => last.open < last.close || last.close <= first.open,
        _ => true,
    };
    sessions.iter().all(is_of_day) && sessions.windows(2).all(is_before) && ends_in_time
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::InstrumentType;

    use super::*;

    fn hours(timezone: &str, sessions: &[(u32, u32)], weekdays: u8) -> Result<Option<Hours>> {
        let mut instrument = Instrument::new("X", InstrumentType::Equity);
        let sessions = sessions.iter().map(|(open, close)| Session { open: *open, close: *close });
        instrument.trading_hours =
            TradingHours { timezone: timezone.to_owned(), sessions: sessions.collect(), weekdays };
        hours_of(&instrument)
    }

    #[test]
    fn hours_are_taken_as_the_exchange_tells_them() {
        assert_eq!(hours("", &[], 31).unwrap(), None);
        let told = hours("America/New_York", &[(34_200, 57_600)], 31).unwrap().unwrap();
        assert_eq!(
            (told.weekdays, told.sessions.len(), told.timezone.iana_name()),
            (31, 1, Some("America/New_York"))
        );
        assert_eq!(hours("", &[(0, 0)], 0).unwrap().unwrap().weekdays, EVERY_DAY);
        assert!(hours("", &[(0, 100), (200, 0)], 0).unwrap().is_some());
    }

    #[test]
    fn hours_that_mean_nothing_are_refused() {
        for sessions in [
            vec![(0, 86_400)],
            vec![(0, 300), (200, 400)],
            vec![(100, 0), (200, 300)],
            vec![(50, 100), (200, 60)],
        ] {
            assert!(hours("", &sessions, 0).is_err(), "{sessions:?}");
        }
        let error = hours("Mars/Olympus", &[(0, 1)], 0).unwrap_err().to_string();
        assert!(error.contains("Mars/Olympus") && error.contains("IANA"), "{error}");
    }
}
