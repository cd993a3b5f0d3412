//! [`ExchangeHost`] over the host's table, as seen from inside the connector.
#![expect(unsafe_code, reason = "calls the host's function table")]

use std::sync::{Arc, atomic::Ordering};

use super::{
    strategy_host::with_text,
    table_log::{self, TableLog},
};
use crate::{
    ExchangeHost, Log, LogSink, LogValue, Result, Timestamp, TradingType,
    abi::{
        AccountRecord, Event, ExchangeHostV1, FillRecord, InstrumentRecord, LOG_EXTENSION, OrderEvent,
        OrderRecord, PositionRecord, Str, TextHandle,
    },
};

/// The host's table. The host keeps it alive as long as the process.
#[derive(Clone, Copy)]
pub(super) struct TableExchangeHost {
    table: *const ExchangeHostV1,
    log: TableLog,
}

// SAFETY: the host promises that every function of this table may be called from any thread
unsafe impl Send for TableExchangeHost {}
// SAFETY: as above
unsafe impl Sync for TableExchangeHost {}

impl TableExchangeHost {
    /// # Safety
    /// `table` is the pointer that the host passed to `create`; the host keeps it valid as long as the process.
    pub(super) unsafe fn new(table: *const ExchangeHostV1) -> Self {
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

    fn table(&self) -> &ExchangeHostV1 {
        // SAFETY: whoever called `new` vouched that the host keeps the table
        unsafe { &*self.table }
    }

    /// Says why the call that is about to return failed.
    pub(super) fn error(&self, message: &str) {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.error)(host.ctx, Str::new(message)) }
    }
}

impl ExchangeHost for TableExchangeHost {
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

    fn now(&self) -> Timestamp {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        Timestamp::new(unsafe { (host.now)(host.ctx) })
    }

    fn trading_type(&self) -> TradingType {
        let host = self.table();
        // SAFETY: the host's function with the host's context
        let bit = unsafe { (host.trading_type)(host.ctx) };
        TradingType::from_bit(bit).unwrap_or(TradingType::Live)
    }

    fn intern(&self, text: &str) -> TextHandle {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.intern)(host.ctx, Str::new(text)) }
    }

    fn payload(&self, text: &str) -> TextHandle {
        let host = self.table();
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.payload)(host.ctx, Str::new(text)) }
    }

    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str)) {
        let host = self.table();
        // SAFETY: the host writes at most `capacity` bytes to a buffer of that many
        with_text(|out, capacity| unsafe { (host.text)(host.ctx, handle, out, capacity) }, visit);
    }

    fn emit(&self, events: &[Event]) -> usize {
        let host = self.table();
        // SAFETY: the host reads `count` events during the call
        let taken = unsafe { (host.emit)(host.ctx, events.as_ptr(), events.len() as u64) };
        usize::try_from(taken).unwrap_or(events.len())
    }

    fn emit_orders(&self, events: &[OrderEvent]) -> usize {
        let host = self.table();
        // SAFETY: the host reads `count` events during the call
        let taken = unsafe { (host.emit_orders)(host.ctx, events.as_ptr(), events.len() as u64) };
        usize::try_from(taken).unwrap_or(events.len())
    }

    fn instrument(&self, correlation: u64, record: &InstrumentRecord) -> u32 {
        let host = self.table();
        // SAFETY: the host reads the record during the call
        unsafe { (host.instrument)(host.ctx, correlation, record) }
    }

    fn account(&self, correlation: u64, record: &AccountRecord) {
        let host = self.table();
        // SAFETY: the host reads the record during the call
        unsafe { (host.account)(host.ctx, correlation, record) }
    }

    fn position(&self, correlation: u64, record: &PositionRecord) {
        let host = self.table();
        // SAFETY: the host reads the record during the call
        unsafe { (host.position)(host.ctx, correlation, record) }
    }

    fn open_order(&self, correlation: u64, record: &OrderRecord) {
        let host = self.table();
        // SAFETY: the host reads the record during the call
        unsafe { (host.open_order)(host.ctx, correlation, record) }
    }

    fn fill(&self, correlation: u64, record: &FillRecord) {
        let host = self.table();
        // SAFETY: the host reads the record during the call
        unsafe { (host.fill)(host.ctx, correlation, record) }
    }

    fn answer(&self, correlation: u64, result: Result<(), &str>) {
        let host = self.table();
        let (status, message) = match result {
            Ok(()) => (0, ""),
            Err(message) => (-1, message),
        };
        // SAFETY: the host's function with the host's context; the text lives during the call
        unsafe { (host.answer)(host.ctx, correlation, status, Str::new(message)) }
    }
}
