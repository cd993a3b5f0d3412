//! A host that takes notes, with an inbox of limited room.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use exchange_synthetic::SyntheticExchange;
use serde_json::Value;
use stratd_plugin_api::{
    Exchange as _, ExchangeHandle, ExchangeHost, Instrument, InstrumentId, Log, OrderRequest, Reply, Result,
    Side, TextTable, Timestamp, TradingType,
    abi::{self, TextHandle},
    export::instrument_from_record,
};

/// How long a test waits for the thread before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the connector said, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Told {
    Market(abi::Event),
    Order(abi::OrderEvent),
}

#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) told: Vec<Told>,
    /// Events that the inbox takes until the test makes room.
    pub(crate) room: usize,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) answers: Vec<Result<(), String>>,
    pub(crate) accounts: Vec<abi::AccountRecord>,
    pub(crate) open_orders: Vec<abi::OrderRecord>,
    pub(crate) fills: Vec<abi::FillRecord>,
    pub(crate) log: Vec<String>,
}

pub(crate) struct NotingHost {
    notes: Mutex<Notes>,
    changed: Condvar,
    /// Its clock runs a millisecond per look, or stands still.
    clock: AtomicI64,
    clock_step: i64,
    texts: TextTable,
    trading_type: TradingType,
}

impl NotingHost {
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.clock.store(now.get(), Ordering::Relaxed);
    }

    /// Waits until what the connector said satisfies `is_enough`.
    pub(crate) fn wait_for(&self, is_enough: impl Fn(&Notes) -> bool) -> MutexGuard<'_, Notes> {
        let waited = self.changed.wait_timeout_while(self.notes(), PATIENCE, |notes| !is_enough(notes));
        let (notes, result) = waited.unwrap();
        assert!(!result.timed_out(), "the thread did not get there");
        notes
    }

    /// Takes from `room` and notes what fits.
    fn take(&self, told: impl ExactSizeIterator<Item = Told>) -> usize {
        let mut notes = self.notes();
        let count = told.len().min(notes.room);
        notes.room -= count;
        notes.told.extend(told.take(count));
        drop(notes);
        self.changed.notify_all();
        count
    }
}

/// A connector with its host.
pub(crate) struct Bench {
    pub(crate) host: Arc<NotingHost>,
    pub(crate) exchange: SyntheticExchange,
    next_order: u64,
}

impl Bench {
    /// Connected, instruments known, unlimited room.
    pub(crate) fn new(trading_type: TradingType, config: Value) -> Self {
        Self::create(trading_type, config).unwrap()
    }

    pub(crate) fn create(trading_type: TradingType, config: Value) -> Result<Self> {
        let host = Arc::new(NotingHost {
            notes: Mutex::new(Notes { room: usize::MAX, ..Notes::default() }),
            changed: Condvar::new(),
            clock: AtomicI64::new(0),
            clock_step: if trading_type == TradingType::Backtest { 0 } else { 1_000_000 },
            texts: TextTable::new(100),
            trading_type,
        });
        let handle = ExchangeHandle::new(Arc::clone(&host) as Arc<dyn ExchangeHost>);
        let exchange = SyntheticExchange::new(serde_json::from_value(config)?, handle)?;
        let mut bench = Self { host, exchange, next_order: 0 };
        let reply = bench.reply();
        bench.exchange.connect(reply)?;
        let reply = bench.reply();
        bench.exchange.instruments(reply)?;
        Ok(bench)
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::new(ExchangeHandle::new(Arc::clone(&self.host) as Arc<dyn ExchangeHost>), 1)
    }

    pub(crate) fn subscribe(&mut self, instrument: Option<InstrumentId>) {
        let reply = self.reply();
        self.exchange.subscribe(instrument, reply).unwrap();
    }

    /// Sends an order and returns its id.
    pub(crate) fn send(&mut self, request: &OrderRequest) -> Result<u64> {
        self.next_order += 1;
        let command = abi::OrderCommand {
            correlation: self.next_order + 1_000,
            client_order_id: self.next_order,
            order: request.into(),
            ..abi::OrderCommand::default()
        };
        self.exchange.new_order(&command).map(|()| self.next_order)
    }

    pub(crate) fn cancel(&mut self, id: u64) -> Result<()> {
        let command = abi::OrderCommand { client_order_id: id, ..abi::OrderCommand::default() };
        self.exchange.cancel_order(&command)
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.host.notes().told.clone()
    }
}

/// Reports of own orders.
pub(crate) fn own(told: &[Told]) -> Vec<abi::OrderEvent> {
    let own = told.iter().filter_map(|told| match told {
        Told::Order(event) if event.client_order_id != 0 => Some(*event),
        Told::Order(_) | Told::Market(_) => None,
    });
    own.collect()
}

pub(crate) fn first_instrument() -> InstrumentId {
    InstrumentId(101)
}

/// A bid so far out that nobody trades with it.
pub(crate) fn far_bid() -> OrderRequest {
    let (quantity, price) = (stratd_plugin_api::Quantity::new(5), stratd_plugin_api::Price::new(1));
    OrderRequest::limit(first_instrument(), quantity, price).side(Side::Buy)
}

impl ExchangeHost for NotingHost {
    fn log(&self, record: &Log<'_>) {
        self.notes().log.push(record.message.to_owned());
    }
    fn now(&self) -> Timestamp {
        Timestamp::new(self.clock.fetch_add(self.clock_step, Ordering::Relaxed))
    }
    fn trading_type(&self) -> TradingType {
        self.trading_type
    }
    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern(text)
    }
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_default());
    }
    fn emit(&self, events: &[abi::Event]) -> usize {
        self.take(events.iter().map(|event| Told::Market(*event)))
    }
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        self.take(events.iter().map(|event| Told::Order(*event)))
    }
    fn instrument(&self, _: u64, record: &abi::InstrumentRecord) -> u32 {
        let instrument =
            instrument_from_record(record, |text| self.texts.get(text).unwrap_or_default().to_string());
        let instruments = &mut self.notes().instruments;
        instruments.push(instrument);
        u32::try_from(instruments.len()).unwrap() + 100
    }
    fn account(&self, _: u64, record: &abi::AccountRecord) {
        self.notes().accounts.push(*record);
    }
    fn open_order(&self, _: u64, record: &abi::OrderRecord) {
        self.notes().open_orders.push(*record);
    }
    fn fill(&self, _: u64, record: &abi::FillRecord) {
        self.notes().fills.push(*record);
    }
    fn answer(&self, _: u64, result: Result<(), &str>) {
        self.notes().answers.push(result.map_err(str::to_owned));
    }
}
