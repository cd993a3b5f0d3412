//! What a run begins with, as far as a replay needs it: `head.json` of a recording.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stratd_plugin_api::{Takes, abi};

/// The form of recordings that this version writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// Everything that is known before the first input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// The version of the program.
    pub(crate) version: String,
    /// The name of the run, which is that of its results.
    pub(crate) run: String,
    /// The number of the run, which is in the ids of its orders.
    pub(crate) number: u64,
    /// What is in the ids of its orders, if that is another number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<u64>,
    /// The time of its start.
    pub(crate) began: String,
    /// The configuration as it was checked; secrets by their names.
    pub(crate) config: Value,
    /// By id, from 1.
    pub(crate) exchanges: Vec<HeadExchange>,
    /// By id, from 0.
    pub(crate) strategies: Vec<HeadStrategy>,
    /// By id, from 1.
    pub(crate) instruments: Vec<HeadInstrument>,
}

/// An exchange of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeadExchange {
    pub(crate) name: String,
    pub(crate) plugin: String,
    pub(crate) instrument_types: u32,
    pub(crate) trading_types: u32,
    /// Which orders were taken where its orders went, as the numbers of a manifest.
    #[serde(default = "everything")]
    pub(crate) takes: [u32; 4],
}

/// Before there was a choice, the engine stood in for nothing.
fn everything() -> [u32; 4] {
    Takes::ALL.bits()
}

/// A strategy that the run began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeadStrategy {
    pub(crate) name: String,
    /// Name of the plugin.
    pub(crate) plugin: String,
    pub(crate) version: String,
    /// Where it was loaded from.
    pub(crate) file: String,
    pub(crate) sha256: String,
    pub(crate) is_batch_safe: bool,
    /// What it had saved before.
    pub(crate) state: Option<HeadState>,
}

/// A saved state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeadState {
    pub(crate) version: u32,
    /// The file beside the head.
    pub(crate) file: String,
    pub(crate) sha256: String,
}

/// An instrument, in the words of the ABI; texts by their handles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeadInstrument {
    id: u32,
    exchange: u16,
    instrument_type: u8,
    option_type: u8,
    symbol: u64,
    currency: u64,
    broker_id: u64,
    price_decimals: u8,
    quantity_decimals: u8,
    legs: [(u32, u8); 2],
    underlying: u32,
    tick: i64,
    lot: i64,
    multiplier: i64,
    strike: i64,
    expiry: i64,
    timezone: u64,
    sessions: Vec<[u32; 2]>,
    weekdays: u8,
}

impl HeadInstrument {
    pub(crate) fn of(record: &abi::InstrumentRecord) -> Self {
        let sessions = record.sessions.iter().take(usize::from(record.session_count));
        Self {
            id: record.id,
            exchange: record.exchange,
            instrument_type: record.instrument_type,
            option_type: record.option_type,
            symbol: record.symbol,
            currency: record.currency,
            broker_id: record.broker_id,
            price_decimals: record.price_decimals,
            quantity_decimals: record.quantity_decimals,
            legs: [(record.leg1, record.leg1_side), (record.leg2, record.leg2_side)],
            underlying: record.underlying,
            tick: record.tick,
            lot: record.lot,
            multiplier: record.multiplier,
            strike: record.strike,
            expiry: record.expiry,
            timezone: record.timezone,
            sessions: sessions.map(|session| [session.open, session.close]).collect(),
            weekdays: record.weekdays,
        }
    }

    /// The record; `None` if it has more sessions than one can have.
    pub(crate) fn record(&self) -> Option<abi::InstrumentRecord> {
        let mut sessions = [abi::Session::default(); 4];
        if self.sessions.len() > sessions.len() {
            return None;
        }
        for (place, [open, close]) in sessions.iter_mut().zip(&self.sessions) {
            *place = abi::Session { open: *open, close: *close };
        }
        let [(leg1, leg1_side), (leg2, leg2_side)] = self.legs;
        Some(abi::InstrumentRecord {
            id: self.id,
            exchange: self.exchange,
            instrument_type: self.instrument_type,
            option_type: self.option_type,
            symbol: self.symbol,
            currency: self.currency,
            broker_id: self.broker_id,
            price_decimals: self.price_decimals,
            quantity_decimals: self.quantity_decimals,
            leg1_side,
            leg2_side,
            underlying: self.underlying,
            leg1,
            leg2,
            tick: self.tick,
            lot: self.lot,
            multiplier: self.multiplier,
            strike: self.strike,
            expiry: self.expiry,
            timezone: self.timezone,
            sessions,
            session_count: u8::try_from(self.sessions.len()).ok()?,
            weekdays: self.weekdays,
            reserved: [0; 6],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_comes_back_as_it_was() {
        let session = abi::Session { open: 1, close: 2 };
        let record = abi::InstrumentRecord {
            id: 3,
            exchange: 1,
            symbol: 1 << 63,
            leg1: 4,
            leg2_side: 2,
            expiry: i64::MIN,
            sessions: [session, session, abi::Session::default(), abi::Session::default()],
            session_count: 2,
            weekdays: 31,
            ..abi::InstrumentRecord::default()
        };
        let text = serde_json::to_string(&HeadInstrument::of(&record)).unwrap();
        let back: HeadInstrument = serde_json::from_str(&text).unwrap();
        assert_eq!(back.record(), Some(record));
    }
}
