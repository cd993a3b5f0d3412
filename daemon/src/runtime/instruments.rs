//! The instruments of a run, as the connectors register them.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU16, Ordering},
    },
};

use stratd_plugin_api::{ExchangeId, Instrument, InstrumentId, abi, export::instrument_from_record};

use super::Services;

/// More instruments than any run needs; beyond it, the host refuses new ones.
const INSTRUMENTS_MAX: usize = 1_000_000;
/// So many instruments share a piece of the table that is looked at for every event.
const CHUNK: usize = 4_096;

/// All instruments of a run, with ids from 1, shared by the connectors.
///
/// Invariant: the engine's ids and these are the same, because the engine takes over what was registered in this order
/// ([`Instruments::admit`]). So none comes in between: once the run has begun, only the connector of an exchange that
/// is about to join registers new ones, and they are taken back if it does not join after all.
pub(super) struct Instruments {
    records: RwLock<Registered>,
    /// The exchange of each instrument that the engine has taken over, 0 for others: looked at for every event, so
    /// without a lock.
    exchanges: Box<[OnceLock<Box<[AtomicU16]>>]>,
}

#[derive(Default)]
struct Registered {
    by_id: Vec<abi::InstrumentRecord>,
    // exchange, symbol and type; look-up only
    ids: BTreeMap<(u16, u64, u8), u32>,
    /// So many, from the first, the engine has taken over.
    admitted: usize,
    /// The run has begun.
    is_closed: bool,
    /// The exchange that registers new ones although the run has begun.
    joining: Option<ExchangeId>,
}

/// Why an instrument is not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unregistered {
    /// None is taken any more, or there are too many.
    Full,
    /// It is known, and its numbers meant something else until now.
    Differs(&'static str),
}

impl Default for Instruments {
    fn default() -> Self {
        let chunks = INSTRUMENTS_MAX.div_ceil(CHUNK);
        Self { records: RwLock::default(), exchanges: (0..chunks).map(|_| OnceLock::new()).collect() }
    }
}

impl Instruments {
    /// The run begins: takes no more, and returns all in the order of their ids.
    pub(super) fn close(&self, services: &Services) -> Vec<(Instrument, abi::InstrumentRecord)> {
        self.lock().is_closed = true;
        self.admit(services)
    }

    /// An exchange joins a run that has begun: its connector may register new ones from now on.
    pub(super) fn begin_joining(&self, exchange: ExchangeId) {
        self.lock().joining = Some(exchange);
    }

    /// It has told what it has.
    pub(super) fn end_joining(&self) {
        self.lock().joining = None;
    }

    /// Those of an exchange that the engine has not taken over yet.
    pub(super) fn waiting_of(&self, exchange: ExchangeId, services: &Services) -> Vec<Instrument> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let waiting = records.by_id.get(records.admitted..).unwrap_or_default().iter();
        let mine = waiting.filter(|record| record.exchange == exchange.0);
        mine.map(|record| instrument_from_record(record, |handle| services.text_of(handle))).collect()
    }

    /// The engine takes over what it has not yet, in the order of the ids.
    pub(super) fn admit(&self, services: &Services) -> Vec<(Instrument, abi::InstrumentRecord)> {
        let mut records = self.lock();
        let from = records.admitted;
        let waiting = records.by_id.get(from..).unwrap_or_default();
        let admitted: Vec<_> = waiting.to_vec();
        for record in &admitted {
            self.set_exchange(record);
        }
        records.admitted = from + admitted.len();
        drop(records);
        let text = |handle| services.text_of(handle);
        admitted.into_iter().map(|record| (instrument_from_record(&record, text), record)).collect()
    }

    /// What the engine has not taken over is gone, and registers nothing any more.
    pub(super) fn take_back(&self) {
        let mut records = self.lock();
        records.joining = None;
        let admitted = records.admitted;
        records.by_id.truncate(admitted);
        records.ids.retain(|_, id| usize::try_from(*id).is_ok_and(|id| id <= admitted));
    }

    /// The first instrument of a symbol, of one exchange or of any, as it was told.
    pub(super) fn find(
        &self,
        services: &Services,
        symbol: &str,
        exchange: Option<ExchangeId>,
    ) -> Option<Instrument> {
        let symbol = stratd_plugin_api::StrategyServices::intern(services, symbol);
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = records.by_id.iter();
        let found = all.find(|record| {
            record.symbol == symbol && exchange.is_none_or(|exchange| exchange.0 == record.exchange)
        })?;
        Some(instrument_from_record(found, |handle| services.text_of(handle)))
    }

    /// The instrument of the same exchange and symbol as another record: the one of its type, or else the first.
    pub(super) fn of_symbol(&self, other: &abi::InstrumentRecord) -> Option<abi::InstrumentRecord> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        let is_same = |record: &&abi::InstrumentRecord| {
            record.exchange == other.exchange && record.symbol == other.symbol
        };
        let mut of_symbol = records.by_id.iter().filter(is_same);
        let of_type = of_symbol.clone().find(|record| record.instrument_type == other.instrument_type);
        of_type.or_else(|| of_symbol.next()).copied()
    }

    /// The id of an instrument; the same symbol and type on the same exchange is the same instrument.
    pub(super) fn register(&self, record: &abi::InstrumentRecord) -> Result<InstrumentId, Unregistered> {
        let mut records = self.lock();
        let key = (record.exchange, record.symbol, record.instrument_type);
        if let Some(known) = records.ids.get(&key) {
            let id = *known;
            let before = usize::try_from(id).ok().and_then(|id| records.by_id.get(id.checked_sub(1)?));
            return match before.and_then(|before| other_meaning(before, record)) {
                Some(what) => Err(Unregistered::Differs(what)),
                None => Ok(InstrumentId(id)),
            };
        }
        let may_come = !records.is_closed || records.joining == Some(ExchangeId(record.exchange));
        if records.by_id.len() >= INSTRUMENTS_MAX || !may_come {
            return Err(Unregistered::Full);
        }
        let id = u32::try_from(records.by_id.len()).ok().and_then(|count| count.checked_add(1));
        let id = id.ok_or(Unregistered::Full)?;
        records.by_id.push(abi::InstrumentRecord { id, ..*record });
        records.ids.insert(key, id);
        Ok(InstrumentId(id))
    }

    /// Whether an instrument (0 = none in particular) belongs to an exchange.
    pub(super) fn is_of(&self, instrument: u32, exchange: ExchangeId) -> bool {
        let Some(index) = instrument.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else {
            return true;
        };
        let chunk = self.exchanges.get(index / CHUNK).and_then(OnceLock::get);
        let known = chunk.and_then(|chunk| chunk.get(index % CHUNK));
        known.is_some_and(|known| known.load(Ordering::Acquire) == exchange.0)
    }

    fn set_exchange(&self, record: &abi::InstrumentRecord) {
        let Some(index) = record.id.checked_sub(1).and_then(|index| usize::try_from(index).ok()) else {
            return;
        };
        let Some(chunk) = self.exchanges.get(index / CHUNK) else { return };
        let chunk = chunk.get_or_init(|| (0..CHUNK).map(|_| AtomicU16::new(0)).collect());
        if let Some(known) = chunk.get(index % CHUNK) {
            known.store(record.exchange, Ordering::Release);
        }
    }

    fn lock(&self) -> RwLockWriteGuard<'_, Registered> {
        self.records.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of an instrument would make the numbers of prices, quantities and amounts mean something else; the rest may
/// change from one day to the next.
fn other_meaning(before: &abi::InstrumentRecord, now: &abi::InstrumentRecord) -> Option<&'static str> {
    let differs = [
        (before.price_decimals != now.price_decimals, "price_decimals"),
        (before.quantity_decimals != now.quantity_decimals, "quantity_decimals"),
        (before.multiplier != now.multiplier, "multiplier"),
        (before.currency != now.currency, "currency"),
    ];
    differs.into_iter().find_map(|(differs, what)| differs.then_some(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(exchange: u16, symbol: u64) -> abi::InstrumentRecord {
        abi::InstrumentRecord { exchange, symbol, price_decimals: 2, ..abi::InstrumentRecord::default() }
    }

    fn count(admitted: &[(Instrument, abi::InstrumentRecord)]) -> Vec<u32> {
        admitted.iter().map(|(_, record)| record.id).collect()
    }

    #[test]
    fn none_comes_after_the_beginning_but_those_of_an_exchange_that_joins() {
        let (instruments, services) = (Instruments::default(), Services::default());
        assert_eq!(instruments.register(&record(1, 7)), Ok(InstrumentId(1)));
        assert!(!instruments.is_of(1, ExchangeId(1)), "the engine does not know it yet");
        assert_eq!(count(&instruments.close(&services)), [1]);
        assert!(instruments.is_of(1, ExchangeId(1)) && !instruments.is_of(1, ExchangeId(2)));
        assert_eq!(instruments.register(&record(1, 7)), Ok(InstrumentId(1)));
        assert_eq!(instruments.register(&record(1, 8)), Err(Unregistered::Full));
        instruments.begin_joining(ExchangeId(2));
        assert_eq!(instruments.register(&record(2, 7)), Ok(InstrumentId(2)));
        assert_eq!(instruments.register(&record(1, 8)), Err(Unregistered::Full));
        instruments.end_joining();
        assert_eq!(instruments.register(&record(2, 8)), Err(Unregistered::Full));
        assert!(!instruments.is_of(2, ExchangeId(2)));
        assert_eq!(instruments.waiting_of(ExchangeId(2), &services).len(), 1);
        assert_eq!(count(&instruments.admit(&services)), [2]);
        assert!(instruments.is_of(2, ExchangeId(2)) && instruments.admit(&services).is_empty());
    }

    #[test]
    fn what_does_not_join_leaves_nothing_behind() {
        let (instruments, services) = (Instruments::default(), Services::default());
        instruments.register(&record(1, 7)).unwrap();
        instruments.close(&services);
        instruments.begin_joining(ExchangeId(2));
        instruments.register(&record(2, 7)).unwrap();
        instruments.take_back();
        assert_eq!(instruments.register(&record(2, 7)), Err(Unregistered::Full));
        instruments.begin_joining(ExchangeId(3));
        assert_eq!(instruments.register(&record(3, 9)), Ok(InstrumentId(2)));
        assert_eq!(instruments.register(&record(1, 7)), Ok(InstrumentId(1)));
    }

    #[test]
    fn numbers_never_mean_something_else() {
        let instruments = Instruments::default();
        instruments.register(&record(1, 7)).unwrap();
        let finer = abi::InstrumentRecord { price_decimals: 4, ..record(1, 7) };
        assert_eq!(instruments.register(&finer), Err(Unregistered::Differs("price_decimals")));
        let other_tick = abi::InstrumentRecord { tick: 5, ..record(1, 7) };
        assert_eq!(instruments.register(&other_tick), Ok(InstrumentId(1)));
    }
}
