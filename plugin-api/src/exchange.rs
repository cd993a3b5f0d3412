//! What the author of a connector writes.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{
    ClientOrderId, Error, ExchangeHandle, Fault, InstrumentId, InstrumentTypes, Log, LogSink, LogValue,
    Reply, Result, StateSink, Takes, Timestamp, TradingType, TradingTypes,
    abi::{self, TextHandle},
};

/// What a connector can do. `stratd check` refuses a configuration that asks for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Delivers market data.
    pub market_data: bool,
    /// Takes orders.
    pub order_entry: bool,
    /// Which orders it takes, exactly as asked for; [`Takes::NONE`] without order entry. The host emulates what it can of
    /// the others.
    pub takes: Takes,
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
    /// Version of the bytes that `save` writes; 0 = no state.
    const STATE_VERSION: u32 = 0;
    /// The oldest version that `restore` understands.
    const STATE_COMPAT_MIN: u32 = Self::STATE_VERSION;
    /// As [`crate::Strategy::UNLOAD_SAFE`]. A connector that starts threads may promise it, if `stop` joins them all.
    const UNLOAD_SAFE: bool = false;

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

    /// Starts market data of an instrument, `None` = all. Asked again for an instrument whose book lost something: a snapshot
    /// of it is wanted.
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

    /// Reports one own order through [`Reply::open_order`], whatever its status: what ended is asked for as well.
    /// [`Reply::done`] without a report says that the exchange does not have it, and will not get it any more. Who
    /// cannot be sure of that fails: then it stays unknown.
    ///
    /// # Errors
    /// Refused at once; the default, for exchanges that cannot be asked for one order.
    fn find_order(&mut self, id: ClientOrderId, exchange_order_id: TextHandle, reply: Reply) -> Result<()> {
        let _ = (id, exchange_order_id, reply);
        Err(Error::new("this exchange cannot be asked for one order"))
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

    /// The state to carry over to the next version: sessions, tokens, counters of ids; `None` = there is none.
    /// Called before or after `stop`.
    ///
    /// # Errors
    /// The state cannot be saved; a reload is then refused.
    fn save(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    /// As [`Exchange::save`], for a large state; see [`crate::Strategy::save_to`].
    ///
    /// # Errors
    /// As [`Exchange::save`].
    fn save_to(&mut self, state: &mut StateSink<'_>) -> Result<bool> {
        state.write_whole(self.save()?)
    }

    /// Takes over what `save` of version `state_version` wrote, before `connect`.
    ///
    /// # Errors
    /// Refused; the message says why.
    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<()> {
        let _ = state;
        Err(Error::new(format!("this exchange restores no state (found version {state_version})")))
    }

    /// Prepares for being replaced or stopped, by `deadline`: takes no further order, has reported what it knows.
    ///
    /// # Errors
    /// A reload is refused.
    fn quiesce(&mut self, deadline: Timestamp) -> Result<()> {
        let _ = deadline;
        Ok(())
    }
}

/// The host, as a connector sees it; every method may be called from any thread until `stop` returned.
pub trait ExchangeHost: Send + Sync {
    /// Logs a record.
    fn log(&self, record: &Log<'_>);
    /// The lowest level that anybody takes of this instance's own logger.
    fn log_threshold(&self) -> i32 {
        i32::MIN
    }
    /// The logger `name` below the instance's own, for any thread and any time; the empty name is its own. `None` if the
    /// host keeps none.
    fn log_sink(&self, name: &str) -> Option<Arc<dyn LogSink>> {
        let _ = name;
        None
    }
    /// Sets a field that every later record of the instance has; [`LogValue::Null`] takes it away.
    fn log_context(&self, key: &str, value: LogValue<'_>) {
        let _ = (key, value);
    }
    /// The host's clock.
    fn now(&self) -> Timestamp;
    /// What the run is.
    fn trading_type(&self) -> TradingType;
    /// Interns a text of at most 64 bytes; 0 if it is longer or the host's limit is reached.
    fn intern(&self, text: &str) -> TextHandle;
    /// Keeps the payload of a DATA event, of at most 65,536 bytes, until its event was handled; 0 if it is longer. A host
    /// that has no place for payloads interns them.
    fn payload(&self, text: &str) -> TextHandle {
        self.intern(text)
    }
    /// Hands the interned text, or the payload, to `visit`.
    fn text(&self, handle: TextHandle, visit: &mut dyn FnMut(&str));
    /// Pushes market events; how many were taken.
    fn emit(&self, events: &[abi::Event]) -> usize;
    /// Pushes order events; never waits.
    fn emit_orders(&self, events: &[abi::OrderEvent]) -> usize;
    /// Registers an instrument; 0 if the record is not usable.
    fn instrument(&self, correlation: u64, record: &abi::InstrumentRecord) -> u32;
    /// Reports an account.
    fn account(&self, correlation: u64, record: &abi::AccountRecord);
    /// Reports what an account holds. A host that does not compare it with anything leaves it alone.
    fn position(&self, correlation: u64, record: &abi::PositionRecord) {
        let _ = (correlation, record);
    }
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
    /// Starts market data of an instrument, `None` = all. Asked again for an instrument whose book lost something: a snapshot
    /// of it is wanted.
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

    /// Reports one own order, whatever its status; see [`Exchange::find_order`].
    ///
    /// # Errors
    /// Refused at once, or it cannot be asked for one.
    fn find_order(
        &mut self,
        correlation: u64,
        id: ClientOrderId,
        exchange_order_id: TextHandle,
    ) -> Result<(), Fault> {
        let _ = (correlation, id, exchange_order_id);
        Err(Fault::error("the exchange cannot be asked for one order"))
    }

    /// Ends all activity.
    ///
    /// # Errors
    /// The hook failed.
    fn stop(&mut self) -> Result<(), Fault>;

    /// Takes a new configuration (JSON).
    ///
    /// # Errors
    /// Refused: the old configuration stays. The default refuses everything.
    fn on_config(&mut self, config: &str) -> Result<(), Fault> {
        let _ = config;
        Err(Fault::error("the exchange takes no new configuration while it runs"))
    }

    /// The state to carry over; `None` if the exchange keeps none.
    ///
    /// # Errors
    /// The hook failed.
    fn save(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    /// Takes over a saved state, before `connect`.
    ///
    /// # Errors
    /// Refused: the instance must not be used.
    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<(), Fault> {
        let _ = state;
        Err(Fault::error(format!("the exchange restores no state (found version {state_version})")))
    }

    /// Prepares for being replaced or stopped, by `deadline`.
    ///
    /// # Errors
    /// The hook failed.
    fn quiesce(&mut self, deadline: Timestamp) -> Result<(), Fault> {
        let _ = deadline;
        Ok(())
    }
}
