//! The instruments of a run, as the connectors register them.

use std::{
    collections::BTreeMap,
    sync::{OnceLock, PoisonError, RwLock},
};

use stratd_plugin_api::{ExchangeId, Instrument, InstrumentId, abi, export::instrument_from_record};

use super::Services;

/// More instruments than any run needs; beyond it, the host refuses new ones.
const INSTRUMENTS_MAX: usize = 1_000_000;

/// All instruments of a run, with ids from 1, shared by the connectors. Closed when the engine takes them over:
/// the engine's ids and these are the same, so none may come later.
#[derive(Default)]
pub(super) struct Instruments {
    records: RwLock<Registered>,
    /// The exchange of each instrument, once closed: looked at for every event.
    exchanges: OnceLock<Vec<ExchangeId>>,
}

#[derive(Default)]
struct Registered {
    by_id: Vec<abi::InstrumentRecord>,
    // exchange, symbol and type; look-up only
    ids: BTreeMap<(u16, u64, u8), u32>,
}

impl Instruments {
    /// Takes no more, and returns all in the order of their ids.
    pub(super) fn close(&self, services: &Services) -> Vec<(Instrument, abi::InstrumentRecord)> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        self.exchanges
            .get_or_init(|| records.by_id.iter().map(|record| ExchangeId(record.exchange)).collect());
        let text = |handle| services.text_of(handle);
        records.by_id.iter().map(|record| (instrument_from_record(record, text), *record)).collect()
    }

    /// The id of an instrument; the same symbol and type on the same exchange is the same instrument.
    pub(super) fn register(&self, record: &abi::InstrumentRecord) -> Option<InstrumentId> {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        let key = (record.exchange, record.symbol, record.instrument_type);
        if let Some(known) = records.ids.get(&key) {
            return Some(InstrumentId(*known));
        }
        if records.by_id.len() >= INSTRUMENTS_MAX || self.exchanges.get().is_some() {
            return None;
        }
        let id = u32::try_from(records.by_id.len()).ok()?.checked_add(1)?;
        records.by_id.push(abi::InstrumentRecord { id, ..*record });
        records.ids.insert(key, id);
        Some(InstrumentId(id))
    }

    /// Whether an instrument (0 = none in particular) belongs to an exchange.
    pub(super) fn is_of(&self, instrument: u32, exchange: ExchangeId) -> bool {
        let Some(index) = instrument.checked_sub(1) else { return true };
        let known = self.exchanges.get().and_then(|exchanges| exchanges.get(usize::try_from(index).ok()?));
        known == Some(&exchange)
    }
}
