//! [`StrategyHost`] over the host's table, as seen from inside the plugin.
#![expect(unsafe_code, reason = "calls the host's function table")]

use std::sync::{Arc, atomic::Ordering};

use crate::{
    Log, LogSink, LogValue, Money, StrategyHost, Timestamp, TradingType,
    abi::{self, Filter, HostV1, LOG_EXTENSION, Str, TextHandle},
};

use super::table_log::{self, TableLog};

/// The host's table. The host keeps it alive as long as the process.
#[derive(Clone, Copy)]
pub(super) struct TableHost {
    table: *const HostV1,
    log: TableLog,
}

/// Records that fit on the stack: most queries need one call.
const FIRST_CAPACITY: usize = 16;

impl TableHost {
    /// # Safety
    /// `table` is the pointer that the host passed to `create`; the host keeps it valid as long as the process.
    pub(super) unsafe fn new(table: *const HostV1) -> Self {
        // SAFETY: as demanded of the caller
        let host = unsafe { &*table };
        // SAFETY: the host's function with the host's context; the text lives during the call
        let extension = unsafe { (host.get_extension)(host.ctx, Str::new(LOG_EXTENSION)) };
        // SAFETY: both are of the host's table, which it keeps as long as the process
        let log = unsafe { TableLog::new(extension, (host.ctx, host.log)) };
        Self { table, log }
    }

    /// The instance's own logger.
    pub(super) fn log_table(&self) -> &TableLog {
        &self.log
    }

    fn table(&self) -> &HostV1 {
        // SAFETY: whoever called `new` vouched that the host keeps the table
        unsafe { &*self.table }
    }

    /// Says why the call that is about to return failed.
    pub(super) fn error(&self, message: &str) {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.error)(host.ctx, Str::new(message)) }
    }

    /// Runs a copying query: `call(out, capacity)` returns how many records there are.
    fn visit<T: Default + Copy>(&self, call: impl Fn(*mut T, u64) -> u64, visit: &mut dyn FnMut(&T)) {
        let mut first = [T::default(); FIRST_CAPACITY];
        let mut count = call(first.as_mut_ptr(), FIRST_CAPACITY as u64);
        if let Ok(count @ ..=FIRST_CAPACITY) = usize::try_from(count) {
            first[..count].iter().for_each(visit);
            return;
        }
        // during a call of a strategy nothing changes, so the second answer is as long as the first
        let mut records = vec![T::default(); usize::try_from(count).unwrap_or(0)];
        count = call(records.as_mut_ptr(), records.len() as u64).min(records.len() as u64);
        records[..usize::try_from(count).unwrap_or(0)].iter().for_each(visit);
    }
}

/// Writes one forwarding query: they differ in the function and the record only.
macro_rules! query {
    ($name:ident, $record:ty) => {
        fn $name(&self, filter: &Filter, visit: &mut dyn FnMut(&$record)) {
            let host = self.table();
            // SAFETY: the host writes at most `capacity` records to a buffer of that many
            self.visit(|out, capacity| unsafe { (host.$name)(host.ctx, filter, out, capacity) }, visit);
        }
    };
}

impl StrategyHost for TableHost {
    fn log(&self, record: &Log<'_>) {
        self.log.send(record);
    }

    fn log_threshold(&self) -> i32 {
        self.log.threshold().load(Ordering::Relaxed)
    }

    fn log_sink(&self, name: &str) -> Option<Arc<dyn LogSink>> {
        Some(table_log::shared(self.log.child(name)))
    }

    fn log_context(&self, key: &str, value: LogValue<'_>) {
        self.log.set_context(key, value);
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        let host = self.table();
        // SAFETY: the host writes at most `capacity` bytes to a buffer of that many
        with_text(|out, capacity| unsafe { (host.text)(host.ctx, handle, out, capacity) }, visit);
    }

    fn now(&self) -> Timestamp {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        Timestamp::new(unsafe { (host.now)(host.ctx) })
    }

    fn trading_type(&self) -> TradingType {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        let bit = unsafe { (host.trading_type)(host.ctx) };
        // a type of a newer host is not one in which this plugin may assume real money is safe
        TradingType::from_bit(bit).unwrap_or(TradingType::Live)
    }

    fn submit(&mut self, request: &abi::OrderRequest) -> Option<u64> {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the request lives during the call
        let id = unsafe { (host.submit)(host.ctx, request) };
        (id != 0).then_some(id)
    }

    fn cancel(&mut self, client_order_id: u64) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.cancel)(host.ctx, client_order_id) >= 0 }
    }

    fn change(&mut self, client_order_id: u64, price: i64, quantity: i64) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.change)(host.ctx, client_order_id, price, quantity) >= 0 }
    }

    fn cancel_all(&mut self, instrument: u32) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.cancel_all)(host.ctx, instrument) >= 0 }
    }

    fn close_all(&mut self, instrument: u32) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.close_all)(host.ctx, instrument) >= 0 }
    }

    fn subscribe(&mut self, instrument: u32, kinds: u32) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.subscribe)(host.ctx, instrument, kinds) >= 0 }
    }

    fn lookup(&self, symbol: &str, exchange: u16) -> u32 {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.lookup)(host.ctx, Str::new(symbol), exchange) }
    }

    query!(instruments, abi::InstrumentRecord);
    query!(exchanges, abi::ExchangeRecord);
    query!(orders, abi::OrderRecord);
    query!(past_orders, abi::OrderRecord);
    query!(fills, abi::FillRecord);
    query!(positions, abi::PositionRecord);
    query!(accounts, abi::AccountRecord);

    fn portfolio(&self) -> abi::PortfolioRecord {
        let host = self.table();
        let mut record = abi::PortfolioRecord::default();
        // SAFETY: the host writes one record
        unsafe { (host.portfolio)(host.ctx, &raw mut record) };
        record
    }

    fn risk(&self, instrument: u32, visit: &mut dyn FnMut(&abi::RiskLimitRecord)) -> abi::RiskRecord {
        let host = self.table();
        let mut record = abi::RiskRecord::default();
        let out = &raw mut record;
        let call = |limits: *mut abi::RiskLimitRecord, capacity: u64| {
            // SAFETY: the host writes one record and at most `capacity` limits to a buffer of that many
            let count = unsafe { (host.risk)(host.ctx, instrument, out, limits, capacity) };
            u64::try_from(count).unwrap_or(0)
        };
        self.visit(call, visit);
        record
    }

    fn price_history(&self, instrument: u32, visit: &mut dyn FnMut(&abi::PricePoint)) {
        let host = self.table();
        // SAFETY: the host writes at most `capacity` records to a buffer of that many
        self.visit(
            |out, capacity| unsafe { (host.price_history)(host.ctx, instrument, out, capacity) },
            visit,
        );
    }

    fn book(&self, query: &abi::BookQuery, visit: &mut dyn FnMut(&abi::BookLevelRecord)) -> abi::BookRecord {
        let host = self.table();
        let mut record = abi::BookRecord::default();
        let out = &raw mut record;
        let call = |levels: *mut abi::BookLevelRecord, capacity: u64| {
            // SAFETY: the host writes one record and at most `capacity` levels to a buffer of that many
            let count = unsafe { (host.book)(host.ctx, query, out, levels, capacity) };
            u64::try_from(count).unwrap_or(0)
        };
        self.visit(call, visit);
        record
    }

    fn subscribe_bars(&mut self, instrument: u32, spec: &abi::BarSpec) -> Option<u8> {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the record lives during the call
        let series = unsafe { (host.subscribe_bars)(host.ctx, instrument, spec) };
        u8::try_from(series).ok().filter(|series| *series != 0)
    }

    fn timer(&mut self, schedule: &abi::Schedule) -> Option<u64> {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the schedule lives during the call
        let id = unsafe { (host.timer)(host.ctx, schedule) };
        (id != 0).then_some(id)
    }

    fn timer_cancel(&mut self, timer: u64) -> bool {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        unsafe { (host.timer_cancel)(host.ctx, timer) >= 0 }
    }

    fn stop(&mut self, reason: &str) {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.stop)(host.ctx, Str::new(reason)) }
    }

    fn shutdown(&mut self, reason: &str) {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.shutdown)(host.ctx, Str::new(reason)) }
    }

    fn metric(&mut self, name: &str, value: Money) {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.metric)(host.ctx, Str::new(name), value.into()) }
    }
}

/// Copies a text out and hands it on: `call(out, capacity)` returns its length. Most fit at once; a payload is asked for
/// again with the room that it needs.
pub(super) fn with_text(call: impl Fn(*mut u8, u64) -> u64, visit: &mut dyn FnMut(&str)) {
    let mut bytes = [0u8; abi::TEXT_BYTES_MAX];
    let length = usize::try_from(call(bytes.as_mut_ptr(), bytes.len() as u64)).unwrap_or(0);
    if let Some(text) = bytes.get(..length) {
        return visit(std::str::from_utf8(text).unwrap_or(""));
    }
    let mut bytes = vec![0u8; length.min(abi::PAYLOAD_BYTES_MAX)];
    let again = usize::try_from(call(bytes.as_mut_ptr(), bytes.len() as u64)).unwrap_or(0);
    bytes.truncate(again);
    visit(std::str::from_utf8(&bytes).unwrap_or(""));
}
