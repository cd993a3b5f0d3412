//! Instruments and exchanges of the run.

use std::collections::{BTreeMap, BTreeSet};

use stratd_plugin_api::{ExchangeId, Instrument, InstrumentId, abi};

/// Everything that is tradable or watched; ids count from 1 without gaps.
#[derive(Default)]
pub(crate) struct Instruments {
    entries: Vec<Entry>,
    by_symbol: BTreeMap<String, Vec<InstrumentId>>,
    exchanges: Vec<abi::ExchangeRecord>,
    /// Those that have left with their exchange.
    left: BTreeSet<InstrumentId>,
}

struct Entry {
    instrument: Instrument,
    record: abi::InstrumentRecord,
}

impl Instruments {
    /// Adds an instrument and returns its id.
    pub(crate) fn add(
        &mut self,
        mut instrument: Instrument,
        mut record: abi::InstrumentRecord,
    ) -> Option<InstrumentId> {
        let id = InstrumentId(u32::try_from(self.entries.len()).ok()?.checked_add(1)?);
        instrument.id = id;
        record.id = id.0;
        self.by_symbol.entry(instrument.symbol.clone()).or_default().push(id);
        self.entries.push(Entry { instrument, record });
        Some(id)
    }

    pub(crate) fn add_exchange(&mut self, record: abi::ExchangeRecord) {
        self.exchanges.push(record);
    }

    pub(crate) fn remove_exchange(&mut self, exchange: ExchangeId) {
        self.exchanges.retain(|record| record.id != exchange.0);
        let gone: Vec<_> = self.of_exchange(exchange).collect();
        self.left.extend(gone);
    }

    pub(crate) fn restore_exchange(&mut self, record: abi::ExchangeRecord, instruments: &[InstrumentId]) {
        // in the order of their ids, as they were added
        let at = self.exchanges.partition_point(|known| known.id < record.id);
        self.exchanges.insert(at, record);
        for id in instruments {
            self.left.remove(id);
        }
    }

    pub(crate) fn exchange(&self, id: ExchangeId) -> Option<abi::ExchangeRecord> {
        self.exchanges.iter().find(|record| record.id == id.0).copied()
    }

    #[inline]
    pub(crate) fn has_left(&self, id: InstrumentId) -> bool {
        self.left.contains(&id)
    }

    pub(crate) fn get(&self, id: InstrumentId) -> Option<&Instrument> {
        self.entry(id).map(|entry| &entry.instrument)
    }

    /// Those of an exchange, in the order of their ids.
    pub(crate) fn of_exchange(&self, exchange: ExchangeId) -> impl Iterator<Item = InstrumentId> {
        let all = self.entries.iter().map(|entry| &entry.instrument);
        all.filter(move |instrument| instrument.exchange == exchange).map(|instrument| instrument.id)
    }

    /// All of them, in the order of their ids, but those that have left.
    pub(crate) fn all(&self) -> impl Iterator<Item = InstrumentId> {
        self.entries.iter().map(|entry| entry.instrument.id).filter(|id| !self.has_left(*id))
    }

    /// Those of a currency, in the order of their ids.
    pub(crate) fn of_currency(&self, currency: &str) -> impl Iterator<Item = InstrumentId> {
        let all = self.entries.iter().map(|entry| &entry.instrument);
        all.filter(move |instrument| instrument.currency == currency).map(|instrument| instrument.id)
    }

    /// Those of a symbol, in the order in which they were added.
    pub(crate) fn of_symbol(&self, symbol: &str) -> &[InstrumentId] {
        self.by_symbol.get(symbol).map_or(&[], Vec::as_slice)
    }

    fn entry(&self, id: InstrumentId) -> Option<&Entry> {
        self.entries.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// The instrument of a symbol, on an exchange (0 = any; the one added first wins).
    pub(crate) fn lookup(&self, symbol: &str, exchange: ExchangeId) -> Option<InstrumentId> {
        let of_symbol = self.by_symbol.get(symbol)?;
        let fits = |id: &&InstrumentId| {
            !self.has_left(**id)
                && (exchange.0 == 0
                    || self.get(**id).is_some_and(|instrument| instrument.exchange == exchange))
        };
        of_symbol.iter().find(fits).copied()
    }

    pub(crate) fn visit(&self, filter: &abi::Filter, visit: &mut dyn FnMut(&abi::InstrumentRecord)) {
        if filter.instrument != 0 {
            // the common question, answered without a scan; who holds a position may ask about what has left
            if let Some(entry) = self.entry(InstrumentId(filter.instrument)) {
                visit(&entry.record);
            }
            return;
        }
        let is_there = |entry: &&Entry| !self.has_left(entry.instrument.id);
        for Entry { record, .. } in self.entries.iter().filter(is_there) {
            let is_type = filter.instrument_type_plus_one == 0
                || filter.instrument_type_plus_one.checked_sub(1) == Some(record.instrument_type);
            if is_type && (filter.exchange == 0 || filter.exchange == record.exchange) {
                visit(record);
            }
        }
    }

    pub(crate) fn visit_exchanges(&self, filter: &abi::Filter, visit: &mut dyn FnMut(&abi::ExchangeRecord)) {
        for record in &self.exchanges {
            let serves = match filter.instrument_type_plus_one.checked_sub(1) {
                None => true,
                Some(code) => {
                    1u32.checked_shl(u32::from(code)).is_some_and(|bit| record.instrument_types & bit != 0)
                }
            };
            if serves && (filter.exchange == 0 || filter.exchange == record.id) {
                visit(record);
            }
        }
    }
}
