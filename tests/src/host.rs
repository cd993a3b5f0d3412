//! A host that records what a plugin does with it.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use stratd_plugin_api::{
    Log, Money, StrategyHost, StrategyServices, TextTable, Timestamp, TradingType,
    abi::{self, Filter, TextHandle},
};

/// What a plugin requested, in order, one line each.
pub type Calls = Vec<String>;

/// The engine's side of a strategy call: one instrument "AAPL" with id 1, cents and whole shares.
#[derive(Debug)]
pub struct RecordingHost {
    /// The requests.
    pub calls: Calls,
    /// What `now` tells.
    pub now: i64,
    /// The instruments.
    pub instruments: Vec<abi::InstrumentRecord>,
    next_id: u64,
}

impl Default for RecordingHost {
    fn default() -> Self {
        let aapl = abi::InstrumentRecord {
            id: 1,
            exchange: 1,
            instrument_type: abi::instrument_type::EQUITY,
            price_decimals: 2,
            tick: 1,
            lot: 1,
            multiplier: 100_000_000,
            ..abi::InstrumentRecord::default()
        };
        Self { calls: Calls::new(), now: 1_000, instruments: vec![aapl], next_id: 1 }
    }
}

impl RecordingHost {
    fn record(&mut self, call: String) -> bool {
        self.calls.push(call);
        true
    }
}

impl StrategyHost for RecordingHost {
    fn log(&self, _: &Log<'_>) {}
    fn text(&self, _: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit("");
    }
    fn now(&self) -> Timestamp {
        Timestamp::new(self.now)
    }
    fn trading_type(&self) -> TradingType {
        TradingType::Backtest
    }
    fn submit(&mut self, request: &abi::OrderRequest) -> Option<u64> {
        let side = if request.side == abi::side::BUY { "buy" } else { "sell" };
        self.record(format!("{side} {} of {}", request.quantity, request.instrument));
        self.next_id += 1;
        Some(self.next_id - 1)
    }
    fn cancel(&mut self, client_order_id: u64) -> bool {
        self.record(format!("cancel {client_order_id}"))
    }
    fn change(&mut self, client_order_id: u64, price: i64, quantity: i64) -> bool {
        self.record(format!("change {client_order_id} to {quantity} at {price}"))
    }
    fn cancel_all(&mut self, instrument: u32) -> bool {
        self.record(format!("cancel all of {instrument}"))
    }
    fn close_all(&mut self, instrument: u32) -> bool {
        self.record(format!("close all of {instrument}"))
    }
    fn subscribe(&mut self, instrument: u32, kinds: u32) -> bool {
        self.record(format!("subscribe {instrument} kinds {kinds}"))
    }
    fn lookup(&self, symbol: &str, _: u16) -> u32 {
        u32::from(symbol == "AAPL")
    }
    fn instruments(&self, filter: &Filter, visit: &mut dyn FnMut(&abi::InstrumentRecord)) {
        let matching = |i: &&abi::InstrumentRecord| filter.instrument == 0 || filter.instrument == i.id;
        self.instruments.iter().filter(matching).for_each(visit);
    }
    fn exchanges(&self, _: &Filter, _: &mut dyn FnMut(&abi::ExchangeRecord)) {}
    fn orders(&self, _: &Filter, _: &mut dyn FnMut(&abi::OrderRecord)) {}
    fn past_orders(&self, _: &Filter, _: &mut dyn FnMut(&abi::OrderRecord)) {}
    fn fills(&self, _: &Filter, _: &mut dyn FnMut(&abi::FillRecord)) {}
    fn positions(&self, _: &Filter, _: &mut dyn FnMut(&abi::PositionRecord)) {}
    fn accounts(&self, _: &Filter, _: &mut dyn FnMut(&abi::AccountRecord)) {}
    fn portfolio(&self) -> abi::PortfolioRecord {
        abi::PortfolioRecord { cash: abi::MoneyBits { lo: 7, hi: 0 }, ..abi::PortfolioRecord::default() }
    }
    fn risk(&self, _: u32, visit: &mut dyn FnMut(&abi::RiskLimitRecord)) -> abi::RiskRecord {
        for limit_code in 1..=3 {
            visit(&abi::RiskLimitRecord { limit_code, ..abi::RiskLimitRecord::default() });
        }
        abi::RiskRecord { exposure: abi::MoneyBits { lo: 5, hi: 0 }, ..abi::RiskRecord::default() }
    }
    fn price_history(&self, _: u32, visit: &mut dyn FnMut(&abi::PricePoint)) {
        for ts in 1..=3 {
            visit(&abi::PricePoint { ts, price: 10 * ts, quantity: 1 });
        }
    }
    fn book(&self, query: &abi::BookQuery, visit: &mut dyn FnMut(&abi::BookLevelRecord)) -> abi::BookRecord {
        for price in 1..=i64::from(query.depth).min(20) {
            visit(&abi::BookLevelRecord { price, quantity: 10 * price, ..abi::BookLevelRecord::default() });
        }
        abi::BookRecord { instrument: query.instrument, gaps: 7, ..abi::BookRecord::default() }
    }
    fn subscribe_bars(&mut self, instrument: u32, spec: &abi::BarSpec) -> Option<u8> {
        self.record(format!("bars of {instrument}: kind {} step {}", spec.kind, spec.step));
        Some(9)
    }
    fn timer(&mut self, schedule: &abi::Schedule) -> Option<u64> {
        self.record(format!("timer of kind {}", schedule.kind));
        Some(77)
    }
    fn timer_cancel(&mut self, timer: u64) -> bool {
        self.record(format!("cancel timer {timer}"))
    }
    fn stop(&mut self, reason: &str) {
        self.record(format!("stop: {reason}"));
    }
    fn shutdown(&mut self, reason: &str) {
        self.record(format!("shutdown: {reason}"));
    }
    fn metric(&mut self, name: &str, value: Money) {
        self.record(format!("metric {name} {}", value.get()));
    }
}

/// How long a test waits for what must come.
const WAIT: Duration = Duration::from_secs(10);

/// A log record of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The instance.
    pub instance: String,
    /// CPython's number.
    pub level: i32,
    /// The message.
    pub message: String,
}

/// What works from any thread: a log that is kept, and texts.
pub struct RecordingServices {
    lines: Mutex<Vec<LogLine>>,
    has_more: Condvar,
    /// The interned texts.
    pub texts: TextTable,
}

impl RecordingServices {
    /// An empty one.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { lines: Mutex::default(), has_more: Condvar::new(), texts: TextTable::new(100) })
    }

    /// What was logged so far.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until at least `count` lines were logged.
    ///
    /// # Panics
    /// That many do not come within ten seconds.
    pub fn wait_for(&self, count: usize) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.has_more.wait_timeout_while(lines, WAIT, |lines| lines.len() < count);
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(lines.len() >= count, "{} lines of {count} after {WAIT:?}: {lines:?}", lines.len());
    }

    /// The messages alone.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.message).collect()
    }
}

impl StrategyServices for RecordingServices {
    fn log(&self, instance: &str, record: &Log<'_>) {
        let fields: String = record.fields.iter().map(|(key, value)| format!(" {key}={value}")).collect();
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(LogLine {
            instance: instance.to_owned(),
            level: record.level.get(),
            message: format!("{}{fields}", record.message),
        });
        self.has_more.notify_all();
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        visit(&self.texts.get(handle).unwrap_or_else(|| "".into()));
    }

    fn intern(&self, text: &str) -> TextHandle {
        self.texts.intern(text)
    }
}
