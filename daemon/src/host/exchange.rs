//! A connector behind its C table.
#![expect(unsafe_code, reason = "calls the plugin's function table")]

use std::{ffi::c_void, fmt, ptr::NonNull, sync::Arc};

use stratd_plugin_api::{
    ExchangeHost, ExchangeInstance, Fault, InstrumentId, Timestamp,
    abi::{Event, ExchangeV1, OrderCommand, Sink, Str},
    export::SinkBuffer,
};

use super::{
    exchange_callbacks::ExchangeBridge,
    instance::{ERROR_BYTES_MAX, STATE_BYTES_MAX, count, done},
    library::Opened,
    refusal::Problem,
    strategy::{config_text, creating},
};

/// An instance of a connector plugin. Stopped, if it was not, and destroyed when dropped; its library stays mapped.
pub struct HostedExchange {
    // copied out of the library when it was loaded: entries that must not be null are not
    table: ExchangeV1,
    instance: NonNull<c_void>,
    bridge: &'static ExchangeBridge,
    // last: it is let go after the instance was destroyed, and until then nobody closes the library
    _library: Arc<Opened>,
}

// SAFETY: the ABI lets the host call an instance from any thread, one call at a time; `&mut self` of every call
// upholds the latter. The bridge is `Sync`.
unsafe impl Send for HostedExchange {}

impl fmt::Debug for HostedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedExchange").field("instance", &self.bridge.instance()).finish_non_exhaustive()
    }
}

/// An entry that acts on an order; absent from a connector without order entry.
type OrderEntry = Option<unsafe extern "C" fn(instance: *mut c_void, command: *const OrderCommand) -> i64>;
/// An entry that is answered through the host.
type RequestEntry = unsafe extern "C" fn(instance: *mut c_void, correlation: u64) -> i64;

const TAKES_NO_ORDERS: &str = "the exchange takes no orders";

impl HostedExchange {
    /// Creates an instance from its configuration.
    ///
    /// # Safety
    /// `table` is that of the exchange plugin in `library`.
    pub(super) unsafe fn create(
        (table, library): (ExchangeV1, Arc<Opened>),
        instance: &str,
        config: &serde_json::Value,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<Self, Problem> {
        let config = config_text(config)?;
        let bridge = ExchangeBridge::leak(instance, host);
        let made = creating(bridge.error(), |errors| {
            // SAFETY: the plugin's own entry; the bridge's table lives as long as the process, the rest for the call
            unsafe { (table.create)(bridge.table(), Str::new(&config), errors) }
        })?;
        Ok(Self { table, instance: made, bridge, _library: library })
    }

    fn done(&self, entry: &str, status: i64) -> Result<(), Fault> {
        done(entry, status, self.bridge.error())
    }

    fn request(&mut self, name: &str, entry: RequestEntry, correlation: u64) -> Result<(), Fault> {
        // SAFETY: the plugin's own entry with its own instance
        let status = unsafe { entry(self.instance.as_ptr(), correlation) };
        self.done(name, status)
    }

    fn order(&mut self, name: &str, entry: OrderEntry, command: &OrderCommand) -> Result<(), Fault> {
        let Some(entry) = entry else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        // SAFETY: the plugin's own entry with its own instance; the command lives during the call
        let status = unsafe { entry(self.instance.as_ptr(), command) };
        self.done(name, status)
    }

    /// Runs an entry that takes a configuration or a state and says what is wrong with it.
    fn with_errors(
        &mut self,
        entry: &str,
        call: impl FnOnce(*mut c_void, *const Sink) -> i64,
    ) -> Result<(), Fault> {
        let mut errors = SinkBuffer::new(ERROR_BYTES_MAX);
        let sink = errors.sink();
        let status = call(self.instance.as_ptr(), &raw const sink);
        let text = errors.into_text();
        if status < 0 && !text.is_empty() {
            self.bridge.error().set(&text);
        }
        self.done(entry, status)
    }
}

impl ExchangeInstance for HostedExchange {
    fn connect(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request("connect", self.table.connect, correlation)
    }

    fn instruments(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request("instruments", self.table.instruments, correlation)
    }

    fn subscribe(&mut self, correlation: u64, instrument: Option<InstrumentId>) -> Result<(), Fault> {
        let instrument = instrument.map_or(0, |i| i.0);
        // SAFETY: the plugin's own entry with its own instance
        let status = unsafe { (self.table.subscribe)(self.instance.as_ptr(), correlation, instrument) };
        self.done("subscribe", status)
    }

    fn poll(&mut self, batch: &mut [Event]) -> Result<usize, Fault> {
        let Some(entry) = self.table.poll else {
            return Err(Fault::error("the exchange has no historical data to pull"));
        };
        if batch.is_empty() {
            return Ok(0);
        }
        // SAFETY: the plugin's own entry with its own instance; the batch lives during the call
        let written = unsafe { entry(self.instance.as_ptr(), batch.as_mut_ptr(), batch.len() as u64) };
        count("poll", written, (0, batch.len()), self.bridge.error(), 0)
    }

    fn lookup(&mut self, correlation: u64, symbol: &str) -> Result<(), Fault> {
        // SAFETY: the plugin's own entry with its own instance; the text lives during the call
        let status = unsafe { (self.table.lookup)(self.instance.as_ptr(), correlation, Str::new(symbol)) };
        self.done("lookup", status)
    }

    fn new_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order("new_order", self.table.new_order, command)
    }

    fn cancel_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order("cancel_order", self.table.cancel_order, command)
    }

    fn change_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        if self.table.new_order.is_some() && self.table.change_order.is_none() {
            return Err(Fault::error("the exchange changes no orders"));
        }
        self.order("change_order", self.table.change_order, command)
    }

    fn accounts(&mut self, correlation: u64) -> Result<(), Fault> {
        let Some(entry) = self.table.accounts else {
            return Err(Fault::error("the exchange has no accounts"));
        };
        self.request("accounts", entry, correlation)
    }

    fn open_orders(&mut self, correlation: u64) -> Result<(), Fault> {
        let Some(entry) = self.table.open_orders else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        self.request("open_orders", entry, correlation)
    }

    fn fills_since(&mut self, correlation: u64, since: Timestamp) -> Result<(), Fault> {
        let Some(entry) = self.table.fills_since else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        // SAFETY: the plugin's own entry with its own instance
        let status = unsafe { entry(self.instance.as_ptr(), correlation, since.get()) };
        self.done("fills_since", status)
    }

    fn stop(&mut self) -> Result<(), Fault> {
        if self.bridge.is_stopped() {
            return Ok(());
        }
        // SAFETY: the plugin's own entry with its own instance
        let status = unsafe { (self.table.stop)(self.instance.as_ptr()) };
        self.bridge.set_stopped();
        self.done("stop", status)
    }

    fn on_config(&mut self, config: &str) -> Result<(), Fault> {
        let Some(entry) = self.table.on_config else {
            return Err(Fault::error("the exchange takes no new configuration while it runs"));
        };
        self.with_errors("on_config", |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; text and sink live during the call
            unsafe { entry(instance, Str::new(config), errors) }
        })
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let Some(entry) = self.table.save else { return Ok(None) };
        let mut state = SinkBuffer::new(STATE_BYTES_MAX);
        let sink = state.sink();
        // SAFETY: the plugin's own entry with its own instance; the sink lives during the call
        let status = unsafe { entry(self.instance.as_ptr(), &raw const sink) };
        let Some(bytes) = state.into_bytes() else {
            self.bridge.error().forget();
            return Err(Fault::error(format!(
                "`save` wrote more than the host takes (accepted: {STATE_BYTES_MAX} bytes)"
            )));
        };
        self.done("save", status)?;
        Ok((status > 0).then_some(bytes))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<(), Fault> {
        let Some(entry) = self.table.restore else {
            return Err(Fault::error(format!(
                "the exchange restores no state (found version {state_version})"
            )));
        };
        self.with_errors("restore", |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; bytes and sink live during the call
            unsafe { entry(instance, state_version, state.as_ptr(), state.len() as u64, errors) }
        })
    }

    fn quiesce(&mut self, deadline: Timestamp) -> Result<(), Fault> {
        let Some(entry) = self.table.quiesce else { return Ok(()) };
        // SAFETY: the plugin's own entry with its own instance
        let status = unsafe { entry(self.instance.as_ptr(), deadline.get()) };
        self.done("quiesce", status)
    }
}

impl Drop for HostedExchange {
    fn drop(&mut self) {
        // its threads must be quiet before it goes; what `stop` says has no reader any more
        let _ = self.stop();
        // SAFETY: the plugin's own entry with its own instance, which nobody uses any more
        unsafe { (self.table.destroy)(self.instance.as_ptr()) };
    }
}
