//! A connector behind its C table.
#![expect(unsafe_code, reason = "calls the plugin's function table")]

use std::{ffi::c_void, fmt, ptr::NonNull, sync::Arc};

use stratd_plugin_api::{
    ClientOrderId, ExchangeHost, ExchangeInstance, Fault, InstrumentId, Timestamp,
    abi::{Event, ExchangeV1, OrderCommand, Sink, Str, TextHandle},
    export::SinkBuffer,
};

use crate::plugin_kind::PluginKind;

use super::{
    crash::seat::{Entry, Seat},
    exchange_callbacks::ExchangeBridge,
    instance::{ERROR_BYTES_MAX, STATE_BYTES_MAX, count, done},
    library::Opened,
    refusal::{Identity, Problem},
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
        plugin: &Identity,
        config: &serde_json::Value,
        host: Arc<dyn ExchangeHost>,
    ) -> Result<Self, Problem> {
        let config = config_text(config)?;
        let bridge = ExchangeBridge::leak(
            Seat::new(PluginKind::Exchange, instance, plugin),
            host,
            (table.create as *const ()).addr(),
        );
        let made = creating(bridge.error(), |errors| {
            bridge.during(Entry::Create, || {
                // SAFETY: the plugin's own entry; the bridge's table lives as long as the process, the rest for the call
                unsafe { (table.create)(bridge.table(), Str::new(&config), errors) }
            })
        })?;
        Ok(Self { table, instance: made, bridge, _library: library })
    }

    /// Runs an entry that returns a status.
    fn call(&self, entry: Entry, call: impl FnOnce(*mut c_void) -> i64) -> Result<(), Fault> {
        let status = self.bridge.during(entry, || call(self.instance.as_ptr()));
        done(entry.name(), status, self.bridge.error())
    }

    fn request(&mut self, what: Entry, entry: RequestEntry, correlation: u64) -> Result<(), Fault> {
        // SAFETY: the plugin's own entry with its own instance
        self.call(what, |instance| unsafe { entry(instance, correlation) })
    }

    fn order(&mut self, what: Entry, entry: OrderEntry, command: &OrderCommand) -> Result<(), Fault> {
        let Some(entry) = entry else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        let instance = self.instance.as_ptr();
        // SAFETY: the plugin's own entry with its own instance; the command lives during the call
        let status = self.bridge.about(command, what, || unsafe { entry(instance, command) });
        done(what.name(), status, self.bridge.error())
    }

    /// Runs an entry that takes a configuration or a state and says what is wrong with it.
    fn with_errors(
        &mut self,
        entry: Entry,
        call: impl FnOnce(*mut c_void, *const Sink) -> i64,
    ) -> Result<(), Fault> {
        let mut errors = SinkBuffer::new(ERROR_BYTES_MAX);
        let sink = errors.sink();
        let status = self.bridge.during(entry, || call(self.instance.as_ptr(), &raw const sink));
        let text = errors.into_text();
        if status < 0 && !text.is_empty() {
            self.bridge.error().set(&text);
        }
        done(entry.name(), status, self.bridge.error())
    }
}

impl ExchangeInstance for HostedExchange {
    fn connect(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::Connect, self.table.connect, correlation)
    }

    fn instruments(&mut self, correlation: u64) -> Result<(), Fault> {
        self.request(Entry::Instruments, self.table.instruments, correlation)
    }

    fn subscribe(&mut self, correlation: u64, instrument: Option<InstrumentId>) -> Result<(), Fault> {
        let (subscribe, instrument) = (self.table.subscribe, instrument.map_or(0, |i| i.0));
        // SAFETY: the plugin's own entry with its own instance
        self.call(Entry::Subscribe, |instance| unsafe { subscribe(instance, correlation, instrument) })
    }

    fn poll(&mut self, batch: &mut [Event]) -> Result<usize, Fault> {
        let Some(entry) = self.table.poll else {
            return Err(Fault::error("the exchange has no historical data to pull"));
        };
        if batch.is_empty() {
            return Ok(0);
        }
        let instance = self.instance.as_ptr();
        let written = self.bridge.during(Entry::Poll, || {
            // SAFETY: the plugin's own entry with its own instance; the batch lives during the call
            unsafe { entry(instance, batch.as_mut_ptr(), batch.len() as u64) }
        });
        count("poll", written, (0, batch.len()), self.bridge.error(), 0)
    }

    fn lookup(&mut self, correlation: u64, symbol: &str) -> Result<(), Fault> {
        let lookup = self.table.lookup;
        // SAFETY: the plugin's own entry with its own instance; the text lives during the call
        self.call(Entry::Lookup, |instance| unsafe { lookup(instance, correlation, Str::new(symbol)) })
    }

    fn new_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order(Entry::NewOrder, self.table.new_order, command)
    }

    fn cancel_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        self.order(Entry::CancelOrder, self.table.cancel_order, command)
    }

    fn change_order(&mut self, command: &OrderCommand) -> Result<(), Fault> {
        if self.table.new_order.is_some() && self.table.change_order.is_none() {
            return Err(Fault::error("the exchange changes no orders"));
        }
        self.order(Entry::ChangeOrder, self.table.change_order, command)
    }

    fn accounts(&mut self, correlation: u64) -> Result<(), Fault> {
        let Some(entry) = self.table.accounts else {
            return Err(Fault::error("the exchange has no accounts"));
        };
        self.request(Entry::Accounts, entry, correlation)
    }

    fn open_orders(&mut self, correlation: u64) -> Result<(), Fault> {
        let Some(entry) = self.table.open_orders else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        self.request(Entry::OpenOrders, entry, correlation)
    }

    fn fills_since(&mut self, correlation: u64, since: Timestamp) -> Result<(), Fault> {
        let Some(entry) = self.table.fills_since else { return Err(Fault::error(TAKES_NO_ORDERS)) };
        // SAFETY: the plugin's own entry with its own instance
        self.call(Entry::FillsSince, |instance| unsafe { entry(instance, correlation, since.get()) })
    }

    fn find_order(
        &mut self,
        correlation: u64,
        id: ClientOrderId,
        exchange_order_id: TextHandle,
    ) -> Result<(), Fault> {
        let Some(entry) = self.table.find_order else {
            return Err(Fault::error("the exchange cannot be asked for one order"));
        };
        // SAFETY: the plugin's own entry with its own instance
        self.call(Entry::FindOrder, |instance| unsafe {
            entry(instance, correlation, id.0, exchange_order_id)
        })
    }

    fn stop(&mut self) -> Result<(), Fault> {
        if self.bridge.is_stopped() {
            return Ok(());
        }
        let stop = self.table.stop;
        // SAFETY: the plugin's own entry with its own instance
        let stopped = self.call(Entry::Stop, |instance| unsafe { stop(instance) });
        self.bridge.set_stopped();
        stopped
    }

    fn on_config(&mut self, config: &str) -> Result<(), Fault> {
        let Some(entry) = self.table.on_config else {
            return Err(Fault::error("the exchange takes no new configuration while it runs"));
        };
        self.with_errors(Entry::OnConfig, |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; text and sink live during the call
            unsafe { entry(instance, Str::new(config), errors) }
        })
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let Some(entry) = self.table.save else { return Ok(None) };
        let mut state = SinkBuffer::new(STATE_BYTES_MAX);
        let sink = state.sink();
        let instance = self.instance.as_ptr();
        // SAFETY: the plugin's own entry with its own instance; the sink lives during the call
        let status = self.bridge.during(Entry::Save, || unsafe { entry(instance, &raw const sink) });
        let Some(bytes) = state.into_bytes() else {
            self.bridge.error().forget();
            return Err(Fault::error(format!(
                "`save` wrote more than the host takes (accepted: {STATE_BYTES_MAX} bytes)"
            )));
        };
        done(Entry::Save.name(), status, self.bridge.error())?;
        Ok((status > 0).then_some(bytes))
    }

    fn restore(&mut self, state_version: u32, state: &[u8]) -> Result<(), Fault> {
        let Some(entry) = self.table.restore else {
            return Err(Fault::error(format!(
                "the exchange restores no state (found version {state_version})"
            )));
        };
        self.with_errors(Entry::Restore, |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; bytes and sink live during the call
            unsafe { entry(instance, state_version, state.as_ptr(), state.len() as u64, errors) }
        })
    }

    fn quiesce(&mut self, deadline: Timestamp) -> Result<(), Fault> {
        let Some(entry) = self.table.quiesce else { return Ok(()) };
        // SAFETY: the plugin's own entry with its own instance
        self.call(Entry::Quiesce, |instance| unsafe { entry(instance, deadline.get()) })
    }
}

impl Drop for HostedExchange {
    fn drop(&mut self) {
        // its threads must be quiet before it goes; what `stop` says has no reader any more
        let _ = self.stop();
        let (entry, instance) = (self.table.destroy, self.instance.as_ptr());
        // SAFETY: the plugin's own entry with its own instance, which nobody uses any more
        self.bridge.during(Entry::Destroy, || unsafe { entry(instance) });
    }
}
