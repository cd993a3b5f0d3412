//! The host as the connectors of a backtest see it: they register instruments and answer requests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, bail};
use stratd_plugin_api::{
    ExchangeHost, ExchangeId, Instrument, InstrumentId, Log, Timestamp, TradingType,
    abi::{self, TextHandle},
    export::instrument_from_record,
};

use super::Services;

/// How long a connector may take to answer a request before the run.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// More instruments than any run needs; beyond it, the host refuses new ones.
const INSTRUMENTS_MAX: usize = 1_000_000;

/// All instruments of a run, with ids from 1, shared by the connectors.
#[derive(Default)]
pub struct Instruments {
    records: Mutex<Vec<abi::InstrumentRecord>>,
}

impl Instruments {
    /// The instruments in the order of their ids.
    pub(super) fn all(&self, services: &Services) -> Vec<(Instrument, abi::InstrumentRecord)> {
        let records = lock(&self.records);
        let text = |handle| services.text_of(handle);
        records.iter().map(|record| (instrument_from_record(record, text), *record)).collect()
    }

    /// The id of an instrument; the same symbol and type on the same exchange is the same instrument.
    fn register(&self, record: &abi::InstrumentRecord) -> Option<InstrumentId> {
        let mut records = lock(&self.records);
        let key = |r: &abi::InstrumentRecord| (r.exchange, r.symbol, r.instrument_type);
        if let Some(known) = records.iter().find(|known| key(known) == key(record)) {
            return Some(InstrumentId(known.id));
        }
        if records.len() >= INSTRUMENTS_MAX {
            return None;
        }
        let id = u32::try_from(records.len()).ok()?.checked_add(1)?;
        records.push(abi::InstrumentRecord { id, ..*record });
        Some(InstrumentId(id))
    }
}

/// The host for one connector of a backtest.
pub struct Registrar {
    name: String,
    exchange: ExchangeId,
    trading_type: TradingType,
    services: Arc<Services>,
    instruments: Arc<Instruments>,
    answers: Mutex<BTreeMap<u64, Result<(), String>>>,
    answered: Condvar,
}

impl Registrar {
    /// The host for the connector `name`.
    #[must_use]
    pub fn new(
        name: &str,
        exchange: ExchangeId,
        trading_type: TradingType,
        services: Arc<Services>,
        instruments: Arc<Instruments>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            exchange,
            trading_type,
            services,
            instruments,
            answers: Mutex::default(),
            answered: Condvar::new(),
        }
    }

    /// Waits for the answer to a request.
    pub(super) fn wait(&self, correlation: u64) -> Result<()> {
        let answers = lock(&self.answers);
        let is_open = |answers: &mut BTreeMap<u64, _>| !answers.contains_key(&correlation);
        let waited = self.answered.wait_timeout_while(answers, ANSWER_TIME_MAX, is_open);
        let (mut answers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match answers.remove(&correlation) {
            Some(Ok(())) => Ok(()),
            Some(Err(message)) => bail!("{message}"),
            None => bail!("no answer within {} s", ANSWER_TIME_MAX.as_secs()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ExchangeHost for Registrar {
    fn log(&self, record: &Log<'_>) {
        self.services.log_plugin(&format!("exchange.{}", self.name), record);
    }

    fn now(&self) -> Timestamp {
        self.services.now()
    }

    fn trading_type(&self) -> TradingType {
        self.trading_type
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.services.texts().intern(text)
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.services.text_of(handle));
    }

    fn emit(&self, events: &[abi::Event]) -> usize {
        // historical sources are pulled: what they push would have no place in time
        tracing::warn!(
            exchange = self.name,
            "{} pushed events ignored: a backtest pulls its data",
            events.len()
        );
        0
    }

    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        tracing::warn!(
            exchange = self.name,
            "{} pushed order events ignored: a backtest fills orders itself",
            events.len()
        );
        0
    }

    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        let mine = abi::InstrumentRecord { exchange: self.exchange.0, ..*record };
        let instrument = instrument_from_record(&mine, |handle| self.services.text_of(handle));
        if let Err(error) = instrument.validate() {
            tracing::error!(exchange = self.name, "instrument refused: {error}");
            return 0;
        }
        self.instruments.register(&mine).map_or(0, |id| id.0)
    }

    fn account(&self, _: u64, _: &abi::AccountRecord) {}

    fn open_order(&self, _: u64, _: &abi::OrderRecord) {}

    fn fill(&self, _: u64, _: &abi::FillRecord) {}

    fn answer(&self, correlation: u64, result: stratd_plugin_api::Result<(), &str>) {
        lock(&self.answers).insert(correlation, result.map_err(str::to_owned));
        self.answered.notify_all();
    }
}
