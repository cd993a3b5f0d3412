//! A strategy behind its C table.
#![expect(unsafe_code, reason = "calls the plugin's function table")]

use std::{ffi::c_void, fmt, ptr::NonNull, sync::Arc};

use stratd_plugin_api::{
    Fault, Money, StrategyHost, StrategyInstance, StrategyServices, Timestamp,
    abi::{Event, FillRecord, MoneyBits, OrderEvent, Sink, Str, StrategyV1},
    export::SinkBuffer,
};

use crate::plugin_kind::PluginKind;

use super::{
    call::Bridge,
    crash::seat::{Entry, Seat},
    instance::{CONFIG_BYTES_MAX, ERROR_BYTES_MAX, Run, STATE_BYTES_MAX, count, done, fault},
    library::Opened,
    log::InHand,
    refusal::{Identity, Problem, Step},
};

/// An instance of a strategy plugin. Destroyed when dropped; its library stays mapped.
pub struct HostedStrategy {
    // copied out of the library when it was loaded: entries that must not be null are not
    table: StrategyV1,
    instance: NonNull<c_void>,
    bridge: &'static Bridge,
    // last: it is let go after the instance was destroyed, and until then nobody closes the library
    _library: Arc<Opened>,
}

// SAFETY: the ABI lets the host call an instance from any thread, one call at a time; `&mut self` of every call
// upholds the latter. The bridge is `Sync`.
unsafe impl Send for HostedStrategy {}

impl fmt::Debug for HostedStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedStrategy").field("instance", &self.bridge.instance()).finish_non_exhaustive()
    }
}

/// The entry of [`StrategyV1`] that models a cost.
type CostEntry =
    unsafe extern "C" fn(instance: *mut c_void, fill: *const FillRecord, out: *mut MoneyBits) -> i64;

impl HostedStrategy {
    /// Creates an instance from its configuration.
    ///
    /// # Safety
    /// `table` is that of the strategy plugin in `library`.
    pub(super) unsafe fn create(
        (table, library): (StrategyV1, Arc<Opened>),
        instance: &str,
        plugin: &Identity,
        config: &serde_json::Value,
        run: Run,
        services: Arc<dyn StrategyServices>,
    ) -> Result<Self, Problem> {
        let config = config_text(config)?;
        let bridge = Bridge::leak(
            Seat::new(PluginKind::Strategy, instance, plugin),
            run,
            services,
            (table.create as *const ()).addr(),
        );
        let made = creating(bridge.error(), |errors| {
            bridge.during_alone(Entry::Create, || {
                // SAFETY: the plugin's own entry; the bridge's table lives as long as the process, the rest for the call
                unsafe { (table.create)(bridge.table(), Str::new(&config), errors) }
            })
        })?;
        Ok(Self { table, instance: made, bridge, _library: library })
    }

    /// Runs an entry that takes a configuration or a state and says what is wrong with it.
    fn with_errors(
        &mut self,
        host: &mut dyn StrategyHost,
        entry: Entry,
        call: impl FnOnce(*mut c_void, *const Sink) -> i64,
    ) -> Result<(), Fault> {
        let mut errors = SinkBuffer::new(ERROR_BYTES_MAX);
        let sink = errors.sink();
        let instance = self.instance.as_ptr();
        let status = self.bridge.during(host, entry, || call(instance, &raw const sink));
        let text = errors.into_text();
        if status < 0 && !text.is_empty() {
            self.bridge.error().set(&text);
        }
        done(entry.name(), status, self.bridge.error())
    }

    fn cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &FillRecord,
        (what, entry): (Entry, Option<CostEntry>),
    ) -> Result<Option<Money>, Fault> {
        let Some(entry) = entry else { return Ok(None) };
        let mut out = MoneyBits::default();
        let instance = self.instance.as_ptr();
        // SAFETY: the plugin's own entry with its own instance; fill and place live during the call
        let status = self.bridge.during(host, what, || unsafe { entry(instance, fill, &raw mut out) });
        done(what.name(), status, self.bridge.error())?;
        Ok((status > 0).then(|| Money::from(out)))
    }
}

impl StrategyInstance for HostedStrategy {
    #[inline]
    fn on_events(&mut self, host: &mut dyn StrategyHost, events: &[Event]) -> Result<usize, Fault> {
        let Some(last) = events.last() else { return Ok(0) };
        self.bridge.set_time(last.ts);
        self.bridge.log().hold(InHand::events(events));
        let (entry, instance) = (self.table.on_events, self.instance.as_ptr());
        let in_work = self.bridge.log().begin_slice();
        let returned = self.bridge.during(host, Entry::OnEvents, || {
            // SAFETY: the plugin's own entry with its own instance; the slice lives during the call, the place longer
            unsafe { entry(instance, events.as_ptr(), events.len() as u64, in_work) }
        });
        count("on_events", returned, (1, events.len()), self.bridge.error(), self.bridge.log().in_work())
    }

    fn takes_up_events(&self) -> bool {
        // the plugin says which is in work, and the bridge tells the host
        true
    }

    #[inline]
    fn on_orders(&mut self, host: &mut dyn StrategyHost, events: &[OrderEvent]) -> Result<usize, Fault> {
        let Some(last) = events.last() else { return Ok(0) };
        self.bridge.set_time(last.ts);
        self.bridge.log().hold(InHand::orders(events));
        let (entry, instance) = (self.table.on_orders, self.instance.as_ptr());
        let mut failed_index = 0;
        let returned = self.bridge.during(host, Entry::OnOrders, || {
            // SAFETY: the plugin's own entry with its own instance; the slice and the place live during the call
            unsafe { entry(instance, events.as_ptr(), events.len() as u64, &raw mut failed_index) }
        });
        count("on_orders", returned, (1, events.len()), self.bridge.error(), failed_index)
    }

    fn on_config(&mut self, host: &mut dyn StrategyHost, config: &str) -> Result<(), Fault> {
        let Some(entry) = self.table.on_config else {
            return Err(Fault::error("the strategy takes no new configuration while it runs"));
        };
        self.with_errors(host, Entry::OnConfig, |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; text and sink live during the call
            unsafe { entry(instance, Str::new(config), errors) }
        })
    }

    fn slippage(&mut self, host: &mut dyn StrategyHost, fill: &FillRecord) -> Result<Option<Money>, Fault> {
        self.cost(host, fill, (Entry::Slippage, self.table.slippage))
    }

    fn transaction_cost(
        &mut self,
        host: &mut dyn StrategyHost,
        fill: &FillRecord,
    ) -> Result<Option<Money>, Fault> {
        self.cost(host, fill, (Entry::TransactionCost, self.table.transaction_cost))
    }

    fn save(&mut self, host: &mut dyn StrategyHost) -> Result<Option<Vec<u8>>, Fault> {
        self.save_into(host, Vec::new())
    }

    fn save_into(&mut self, host: &mut dyn StrategyHost, room: Vec<u8>) -> Result<Option<Vec<u8>>, Fault> {
        let Some(entry) = self.table.save else { return Ok(None) };
        let mut state = SinkBuffer::in_room(room, STATE_BYTES_MAX);
        let sink = state.sink();
        let instance = self.instance.as_ptr();
        // SAFETY: the plugin's own entry with its own instance; the sink lives during the call
        let status = self.bridge.during(host, Entry::Save, || unsafe { entry(instance, &raw const sink) });
        let Some(bytes) = state.into_bytes() else {
            self.bridge.error().forget();
            return Err(Fault::error(format!(
                "`save` wrote more than the host takes (accepted: {STATE_BYTES_MAX} bytes)"
            )));
        };
        done("save", status, self.bridge.error())?;
        Ok((status > 0).then_some(bytes))
    }

    fn restore(
        &mut self,
        host: &mut dyn StrategyHost,
        state_version: u32,
        state: &[u8],
    ) -> Result<(), Fault> {
        let Some(entry) = self.table.restore else {
            return Err(Fault::error(format!(
                "the strategy restores no state (found version {state_version})"
            )));
        };
        self.with_errors(host, Entry::Restore, |instance, errors| {
            // SAFETY: the plugin's own entry with its own instance; bytes and sink live during the call
            unsafe { entry(instance, state_version, state.as_ptr(), state.len() as u64, errors) }
        })
    }

    fn quiesce(&mut self, host: &mut dyn StrategyHost, deadline: Timestamp) -> Result<(), Fault> {
        let Some(entry) = self.table.quiesce else { return Ok(()) };
        let instance = self.instance.as_ptr();
        // SAFETY: the plugin's own entry with its own instance
        let status = self.bridge.during(host, Entry::Quiesce, || unsafe { entry(instance, deadline.get()) });
        done("quiesce", status, self.bridge.error())
    }
}

impl Drop for HostedStrategy {
    fn drop(&mut self) {
        let (entry, instance) = (self.table.destroy, self.instance.as_ptr());
        // alone: an ending instance has no request left to make
        // SAFETY: the plugin's own entry with its own instance, which nobody uses any more
        self.bridge.during_alone(Entry::Destroy, || unsafe { entry(instance) });
    }
}

/// The configuration as the plugin reads it.
pub(super) fn config_text(config: &serde_json::Value) -> Result<String, Problem> {
    let text = config.to_string();
    if text.len() > CONFIG_BYTES_MAX {
        return Err(Problem::new(
            Step::Config,
            format!("a configuration of {} bytes", text.len()),
            format!("at most {CONFIG_BYTES_MAX}"),
        ));
    }
    Ok(text)
}

/// Runs a `create` entry and turns null into what the plugin says.
pub(super) fn creating(
    error: &super::call::LastError,
    call: impl FnOnce(*const Sink) -> *mut c_void,
) -> Result<NonNull<c_void>, Problem> {
    let mut errors = SinkBuffer::new(ERROR_BYTES_MAX);
    let sink = errors.sink();
    let made = call(&raw const sink);
    let said = match errors.into_text() {
        text if text.is_empty() => error.take(),
        text => text,
    };
    NonNull::new(made).ok_or_else(|| {
        let found = if said.is_empty() { fault("create", 0, error, 0).message } else { said };
        Problem::new(Step::Create, found, "a configuration that the plugin takes")
    })
}
