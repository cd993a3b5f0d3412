//! What the author of a connector writes.

use std::{fmt, sync::Arc};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    Error, Fault, Instrument, InstrumentId, InstrumentTypes, Level, Log, Result, Timestamp, TradingType,
    TradingTypes,
    abi::{self, TextHandle},
    export::instrument_to_record,
    log,
};

/// What a connector can do. `stratd check` refuses a configuration that asks for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Delivers market data.
    pub market_data: bool,
    /// Takes orders.
    pub order_entry: bool,
    /// Market data is pulled in batches ([`Exchange::next_batch`]) instead of pushed.
    pub is_historical: bool,
    /// The trading types that it serves.
    pub trading_types: TradingTypes,
    /// The instrument types that it serves.
    pub instrument_types: InstrumentTypes,
    /// Starts threads of its own.
    pub spawns_threads: bool,
    /// Two connections of one account may live side by side while one replaces the other.
    pub make_before_break: bool,
}

/// An exchange connector: market data, order entry, or both.
///
/// Calls return at once. A live connector works on threads of its own and pushes events through its
/// [`ExchangeHandle`]; a historical one is pulled through [`Exchange::next_batch`].
/// Answers go through the [`Reply`] of the call.
pub trait Exchange: Sized + Send + 'static {
    /// The configuration, as [`crate::Strategy::Config`].
    type Config: DeserializeOwned + JsonSchema;

    /// What it can do.
    const CAPABILITIES: Capabilities;

    /// Makes the connector; does not connect.
    ///
    /// # Errors
    /// The configuration is not usable; the message says why and what would be.
    fn new(config: Self::Config, host: ExchangeHandle) -> Result<Self>;

    /// Connects; a reconnect is another call.
    ///
    /// # Errors
    /// Refused at once.
    fn connect(&mut self, reply: Reply) -> Result<()> {
        reply.done();
        Ok(())
    }

    /// Reports all instruments through [`Reply::instrument`].
    ///
    /// # Errors
    /// Refused at once.
    fn instruments(&mut self, reply: Reply) -> Result<()>;

    /// Finds one instrument.
    ///
    /// # Errors
    /// Refused at once.
    fn lookup(&mut self, symbol: &str, reply: Reply) -> Result<()> {
        let _ = (symbol, reply);
        Err(Error::new("this exchange looks no instruments up; it reports all of them"))
    }

    /// Starts market data of an instrument, `None` = all.
    ///
    /// # Errors
    /// Refused at once.
    fn subscribe(&mut self, instrument: Option<InstrumentId>, reply: Reply) -> Result<()> {
        let _ = instrument;
        reply.done();
        Ok(())
    }

    /// Historical sources: writes events with rising time into `batch`, returns how many; 0 = the end.
    ///
    /// # Errors
    /// Ends the run.
    fn next_batch(&mut self, batch: &mut [abi::Event]) -> Result<usize> {
        let _ = batch;
        Err(Error::new("this exchange has no historical data to pull"))
    }

    /// Sends an order.
    ///
    /// # Errors
    /// Refused at once: the order is Rejected.
    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let _ = command;
        Err(Error::new("this exchange takes no orders"))
    }

    /// Cancels an order.
    ///
    /// # Errors
    /// Refused at once: the order is as it was.
    fn cancel_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let _ = command;
        Err(Error::new("this exchange takes no orders"))
    }

    /// Changes price and total quantity of an order.
    ///
    /// # Errors
    /// Refused at once: the order is as it was.
    fn change_order(&mut self, command: &abi::OrderCommand) -> Result<()> {
        let _ = command;
        Err(Error::new("this exchange changes no orders"))
    }

    /// Reports all accounts through [`Reply::account`].
    ///
    /// # Errors
    /// Refused at once.
    fn accounts(&mut self, reply: Reply) -> Result<()> {
        let _ = reply;
        Err(Error::new("this exchange has no accounts"))
    }

    /// Reports all own open orders through [`Reply::open_order`].
    ///
    /// # Errors
    /// Refused at once.
    fn open_orders(&mut self, reply: Reply) -> Result<()> {
        let _ = reply;
        Err(Error::new("this exchange takes no orders"))
    }

    /// Reports all own executions since a time through [`Reply::fill`].
    ///
    /// # Errors
    /// Refused at once.
    fn fills_since(&mut self, since: Timestamp, reply: Reply) -> Result<()> {
        let _ = (since, reply);
        Err(Error::new("this exchange takes no orders"))
    }

    /// Ends all activity: after it returned, nothing of the connector calls the host any more.
    ///
    /// # Errors
    /// Logged.
    fn stop(&mut self) -> Result<()> {
        Ok(())
    }

    /// A new configuration while running.
    ///
    /// # Errors
    /// Refused: the old configuration stays. The default refuses everything.
    fn on_config(&mut self, config: Self::Config) -> Result<()> {
        let _ = config;
        Err(Error::new("this exchange takes no new configuration while it runs"))
    }
}

/// The host, as a connector sees it; every method may be called from any thread until `stop` returned.
pub trait ExchangeHost: Send + Sync {
    /// Logs a record.
    fn log(&self, record: &Log<'_>);
    /// The host's clock.
    fn now(&self) -> Timestamp;
    /// What the run is.
    fn trading_type(&self) -> TradingType;
    /// Interns a text of at most 64 bytes; 0 if it is longer or the host's limit is reached.
    fn intern(&self, text: &str) -> TextHandle;
    /// Hands the interned text to `visit`.
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str));
    /// Pushes market events; how many were taken.
    fn emit(&self, events: &[abi::Event]) -> usize;
    /// Pushes order events; never waits.
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize;
    /// Registers an instrument; 0 if the record is not usable.
    fn instrument(&self, correlation: u64, record: &abi::InstrumentRecord) -> u32;
    /// Reports an account.
    fn account(&self, correlation: u64, record: &abi::AccountRecord);
    /// Reports an open order.
    fn open_order(&self, correlation: u64, record: &abi::OrderRecord);
    /// Reports a past execution.
    fn fill(&self, correlation: u64, record: &abi::FillRecord);
    /// Ends the answer to a request.
    fn answer(&self, correlation: u64, result: Result<(), &str>);
}

/// An exchange instance, as the host's shell sees it. Requests return at once.
pub trait ExchangeInstance: Send {
    /// Connects.
    ///
    /// # Errors
    /// Refused at once.
    fn connect(&mut self, correlation: u64) -> Result<(), Fault>;
    /// Reports all instruments.
    ///
    /// # Errors
    /// Refused at once.
    fn instruments(&mut self, correlation: u64) -> Result<(), Fault>;
    /// Starts market data of an instrument, `None` = all.
    ///
    /// # Errors
    /// Refused at once.
    fn subscribe(&mut self, correlation: u64, instrument: Option<InstrumentId>) -> Result<(), Fault>;
    /// Pulls events; 0 = the end.
    ///
    /// # Errors
    /// The source failed.
    fn poll(&mut self, batch: &mut [abi::Event]) -> Result<usize, Fault>;
    /// Finds one instrument.
    ///
    /// # Errors
    /// Refused at once.
    fn lookup(&mut self, correlation: u64, symbol: &str) -> Result<(), Fault>;
    /// Sends an order.
    ///
    /// # Errors
    /// Refused at once: the order is Rejected.
    fn new_order(&mut self, command: &abi::OrderCommand) -> Result<(), Fault>;
    /// Cancels an order.
    ///
    /// # Errors
    /// Refused at once: the order is as it was.
    fn cancel_order(&mut self, command: &abi::OrderCommand) -> Result<(), Fault>;
    /// Changes price and total quantity of an order.
    ///
    /// # Errors
    /// Refused at once: the order is as it was.
    fn change_order(&mut self, command: &abi::OrderCommand) -> Result<(), Fault>;
    /// Reports all accounts.
    ///
    /// # Errors
    /// Refused at once.
    fn accounts(&mut self, correlation: u64) -> Result<(), Fault>;
    /// Reports all own open orders.
    ///
    /// # Errors
    /// Refused at once.
    fn open_orders(&mut self, correlation: u64) -> Result<(), Fault>;
    /// Reports all own executions since a time.
    ///
    /// # Errors
    /// Refused at once.
    fn fills_since(&mut self, correlation: u64, since: Timestamp) -> Result<(), Fault>;
    /// Ends all activity.
    ///
    /// # Errors
    /// The hook failed.
    fn stop(&mut self) -> Result<(), Fault>;
}

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

    /// An interned text.
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

    /// Logs a message under `exchange.<instance>`.
    pub fn log(&self, level: Level, message: impl fmt::Display) {
        log::with_message(level, message, |record| self.0.log(record));
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
