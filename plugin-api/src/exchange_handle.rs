//! How a connector reaches its host: from any thread, and in answer to a request.

use std::{fmt, sync::Arc};

use crate::{
    Error, ExchangeHost, Instrument, InstrumentId, Level, Location, Log, LogTarget, LogValue, PluginLogger,
    Result, Timestamp, TradingType,
    abi::{self, TextHandle},
    export::instrument_to_record,
    log,
};

/// A shared handle on the host: clone it into your threads.
#[derive(Clone)]
pub struct ExchangeHandle(Arc<dyn ExchangeHost>);

impl ExchangeHandle {
    /// From a host.
    #[must_use]
    pub fn new(host: Arc<dyn ExchangeHost>) -> Self {
        Self(host)
    }

    /// The host's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }

    /// What the run is.
    #[must_use]
    pub fn trading_type(&self) -> TradingType {
        self.0.trading_type()
    }

    /// Interns a text.
    ///
    /// # Errors
    /// It is longer than 64 bytes, or the host's limit of texts is reached.
    pub fn intern(&self, text: &str) -> Result<TextHandle> {
        match self.0.intern(text) {
            0 if !text.is_empty() => Err(Error::new(format!(
                "the host refused the text `{text}` of {} bytes (accepted: at most {})",
                text.len(),
                abi::TEXT_BYTES_MAX
            ))),
            handle => Ok(handle),
        }
    }

    /// Hands over the text of one [`Data`](crate::Data) event: news, a signal, JSON. The event carries the handle, and is to
    /// be emitted before many other payloads are handed over: the host keeps the latest 4,096 at least.
    ///
    /// # Errors
    /// It is longer than 65,536 bytes.
    pub fn payload(&self, text: &str) -> Result<TextHandle> {
        match self.0.payload(text) {
            0 if !text.is_empty() => Err(Error::new(format!(
                "the host refused a payload of {} bytes (accepted: at most {})",
                text.len(),
                abi::PAYLOAD_BYTES_MAX
            ))),
            handle => Ok(handle),
        }
    }

    /// An interned text, or a payload.
    #[must_use]
    pub fn text(&self, handle: TextHandle) -> String {
        let mut text = String::new();
        self.0.text(handle, &mut |t| text.push_str(t));
        text
    }

    /// Pushes market events; returns how many were taken (fewer when the inbox is full).
    #[must_use]
    pub fn emit(&self, events: &[abi::Event]) -> usize {
        self.0.emit(events)
    }

    /// Pushes order events; never waits, so that it may be called from inside a call of the host. Fewer are taken only
    /// when the host ends the run.
    #[must_use]
    pub fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize {
        self.0.emit_orders(events)
    }

    /// Logs a message under `exchange.<instance>`, if the level is taken. The macro [`log!`](crate::log) does so with
    /// fields.
    #[track_caller]
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        if !self.is_enabled(level) {
            return;
        }
        let location = Location::caller();
        log::with_message(format_args!("{message}"), |message| {
            self.log_record(&Log { location, ..Log::new(level, message) });
        });
    }

    /// The logger `name` below the instance's own.
    #[must_use]
    pub fn logger(&self, name: &str) -> PluginLogger {
        PluginLogger::of_host(self.0.log_sink(name), name)
    }

    /// Sets a field that every later record of this instance has; [`LogValue::Null`] takes it away.
    pub fn set_log_context<'v>(&self, key: &str, value: impl Into<LogValue<'v>>) {
        self.0.log_context(key, value.into());
    }

    fn register(&self, correlation: u64, instrument: &Instrument) -> Result<InstrumentId> {
        instrument.validate()?;
        for text in [&instrument.currency, &instrument.broker_id, &instrument.trading_hours.timezone] {
            self.intern(text)?;
        }
        let record = instrument_to_record(instrument, |text| self.0.intern(text));
        match self.0.instrument(correlation, &record) {
            0 => Err(Error::new(format!("the host refused the instrument `{}`", instrument.symbol))),
            id => Ok(InstrumentId(id)),
        }
    }
}

impl LogTarget for ExchangeHandle {
    #[inline]
    fn is_enabled(&self, level: Level) -> bool {
        log::is_enabled_in_scope(level, level.get() >= self.0.log_threshold())
    }

    fn log_record(&self, record: &Log<'_>) {
        log::pass(record, || self.0.log_sink(""), |record| self.0.log(record));
    }
}

/// Where the answer to one request goes. End it with [`Reply::done`] or [`Reply::fail`]; a reply that is dropped
/// without either fails the request.
pub struct Reply {
    host: ExchangeHandle,
    correlation: u64,
    is_open: bool,
}

impl Reply {
    /// The answer to the request `correlation`.
    #[must_use]
    pub fn new(host: ExchangeHandle, correlation: u64) -> Self {
        Self { host, correlation, is_open: true }
    }

    /// Reports an instrument and returns its id, which events carry.
    ///
    /// # Errors
    /// The instrument is not usable.
    pub fn instrument(&self, instrument: &Instrument) -> Result<InstrumentId> {
        self.host.register(self.correlation, instrument)
    }

    /// Reports an account.
    pub fn account(&self, record: &abi::AccountRecord) {
        self.host.0.account(self.correlation, record);
    }

    /// Reports what an account holds: `instrument` and `size` count. All that is not zero, where `has_positions` of the
    /// account is 1; the host compares it with its own books.
    pub fn position(&self, record: &abi::PositionRecord) {
        self.host.0.position(self.correlation, record);
    }

    /// Reports an open order.
    pub fn open_order(&self, record: &abi::OrderRecord) {
        self.host.0.open_order(self.correlation, record);
    }

    /// Reports a past execution.
    pub fn fill(&self, record: &abi::FillRecord) {
        self.host.0.fill(self.correlation, record);
    }

    /// The answer is complete.
    pub fn done(mut self) {
        self.is_open = false;
        self.host.0.answer(self.correlation, Ok(()));
    }

    /// The request failed.
    pub fn fail(mut self, message: &str) {
        self.is_open = false;
        self.host.0.answer(self.correlation, Err(message));
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.is_open {
            self.host.0.answer(self.correlation, Err("the connector dropped the request without an answer"));
        }
    }
}
