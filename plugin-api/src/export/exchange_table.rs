//! The table of a connector: one `extern "C"` function per entry, all under the guard.
#![expect(unsafe_code, reason = "the entries of the ABI")]

use std::{
    ffi::c_void,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use super::{exchange_host::TableExchangeHost, sink::write_to, str_of};
use crate::{
    ClientOrderId, Error, Exchange, ExchangeHandle, ExchangeHost, Fault, InstrumentId, Level, Log, Reply,
    Result, StateSink, Timestamp,
    abi::{ABI, Event, ExchangeHostV1, ExchangeV1, OrderCommand, Sink, Str, TextHandle},
    guard::{Guarded, guarded, install_panic_hook, mark_host_thread},
    linked::parse_config,
    log,
};

/// An instance behind the table.
struct Instance<X> {
    guarded: Guarded<X>,
    host: TableExchangeHost,
    handle: ExchangeHandle,
}

/// Names the table of `X`.
pub(super) struct ExchangeTable<X>(PhantomData<X>);

impl<X: Exchange> ExchangeTable<X> {
    /// The table; entries that the capabilities exclude are null.
    pub(super) const TABLE: ExchangeV1 = ExchangeV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a table is small")]
        size: size_of::<ExchangeV1>() as u32,
        abi: ABI,
        create: create::<X>,
        destroy: destroy::<X>,
        connect: connect::<X>,
        instruments: instruments::<X>,
        lookup: lookup::<X>,
        subscribe: subscribe::<X>,
        stop: stop::<X>,
        poll: if X::CAPABILITIES.is_historical { Some(poll::<X>) } else { None },
        new_order: if X::CAPABILITIES.order_entry { Some(new_order::<X>) } else { None },
        cancel_order: if X::CAPABILITIES.order_entry { Some(cancel_order::<X>) } else { None },
        change_order: if X::CAPABILITIES.order_entry { Some(change_order::<X>) } else { None },
        accounts: if X::CAPABILITIES.order_entry { Some(accounts::<X>) } else { None },
        open_orders: if X::CAPABILITIES.order_entry { Some(open_orders::<X>) } else { None },
        fills_since: if X::CAPABILITIES.order_entry { Some(fills_since::<X>) } else { None },
        find_order: if X::CAPABILITIES.order_entry { Some(find_order::<X>) } else { None },
        on_config: Some(on_config::<X>),
        save: Some(save::<X>),
        restore: Some(restore::<X>),
        quiesce: Some(quiesce::<X>),
        get_extension: None,
    };
}

/// The host of the last instance: where panics of the connector's own threads are logged.
static REPORT_TO: Mutex<Option<TableExchangeHost>> = Mutex::new(None);

fn report_panic(text: &str) {
    // `try_lock`: a panic inside of `log` must not wait for itself
    if let Ok(host) = REPORT_TO.try_lock()
        && let Some(host) = &*host
    {
        host.log(&Log::new(Level::CRITICAL, text));
    }
}

unsafe extern "C" fn create<X: Exchange>(
    host: *const ExchangeHostV1,
    config: Str,
    errors: *const Sink,
) -> *mut c_void {
    // SAFETY: the host passes its table and keeps it as long as the process
    let host = unsafe { TableExchangeHost::new(host) };
    *REPORT_TO.lock().unwrap_or_else(PoisonError::into_inner) = Some(host);
    host.log_table().make_ambient();
    log::install();
    install_panic_hook(report_panic);
    let handle = ExchangeHandle::new(Arc::new(host));
    // SAFETY: the host lends the text for the call
    let config = unsafe { str_of(config) }.ok_or_else(|| Fault::error("the configuration is not UTF-8"));
    let made = config.and_then(|config| {
        guarded(|| {
            let config = parse_config(config)?;
            X::new(config, handle.clone()).map_err(|e| Fault::error(e.to_string()))
        })
    });
    match made {
        Ok(exchange) => {
            Box::into_raw(Box::new(Instance { guarded: Guarded::new(exchange), host, handle })).cast()
        }
        Err(fault) => {
            // SAFETY: the host lends the sink for the call
            unsafe { write_to(errors, fault.message.as_bytes()) };
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn destroy<X: Exchange>(instance: *mut c_void) {
    mark_host_thread();
    // SAFETY: `create` made it with `Box::into_raw`, and the host destroys it once
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<X>>()) };
    let host = instance.host;
    // an author's Drop may panic like any other code of theirs
    if let Err(fault) = guarded(|| {
        drop(instance);
        Ok(())
    }) {
        let message = format!("while dropping the connector: {}", fault.message);
        host.log(&Log::new(Level::ERROR, &message));
    }
}

/// Runs one entry; a refusal or panic becomes a negative status, its text goes to the host first.
///
/// # Safety
/// `instance` is what `create::<X>` returned and the host has not destroyed; the host calls one entry at a time.
unsafe fn entry<X: Exchange, R>(
    instance: *mut c_void,
    body: impl FnOnce(&mut X, &ExchangeHandle) -> Result<R>,
    status: impl FnOnce(R) -> i64,
) -> i64 {
    // SAFETY: as demanded of the caller
    let instance = unsafe { &mut *instance.cast::<Instance<X>>() };
    let handle = &instance.handle;
    let result =
        instance.guarded.call(|exchange, _| body(exchange, handle).map_err(|e| Fault::error(e.to_string())));
    match result {
        Ok(value) => status(value),
        Err(fault) => {
            instance.host.error(&fault.message);
            -i64::from(fault.reason.code())
        }
    }
}

/// Runs an entry that gets a [`Reply`].
///
/// # Safety
/// As [`entry`].
unsafe fn request<X: Exchange>(
    instance: *mut c_void,
    correlation: u64,
    body: impl FnOnce(&mut X, Reply) -> Result<()>,
) -> i64 {
    mark_host_thread();
    let with_reply =
        |exchange: &mut X, handle: &ExchangeHandle| body(exchange, Reply::new(handle.clone(), correlation));
    // SAFETY: as demanded of the caller
    unsafe { entry(instance, with_reply, |()| 0) }
}

unsafe extern "C" fn connect<X: Exchange>(instance: *mut c_void, correlation: u64) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.connect(reply)) }
}

unsafe extern "C" fn instruments<X: Exchange>(instance: *mut c_void, correlation: u64) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.instruments(reply)) }
}

unsafe extern "C" fn lookup<X: Exchange>(instance: *mut c_void, correlation: u64, symbol: Str) -> i64 {
    // SAFETY: the host lends the text for the call
    let Some(symbol) = (unsafe { str_of(symbol) }) else { return -1 };
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.lookup(symbol, reply)) }
}

unsafe extern "C" fn subscribe<X: Exchange>(instance: *mut c_void, correlation: u64, instrument: u32) -> i64 {
    let instrument = (instrument != 0).then_some(InstrumentId(instrument));
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.subscribe(instrument, reply)) }
}

unsafe extern "C" fn stop<X: Exchange>(instance: *mut c_void) -> i64 {
    mark_host_thread();
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry::<X, ()>(instance, |exchange, _| exchange.stop(), |()| 0) }
}

unsafe extern "C" fn poll<X: Exchange>(instance: *mut c_void, out: *mut Event, capacity: u64) -> i64 {
    let Ok(capacity) = usize::try_from(capacity) else { return -1 };
    // SAFETY: the host lends `capacity` initialised events for the call
    let batch = unsafe { std::slice::from_raw_parts_mut(out, capacity) };
    // SAFETY: the host passes a living instance, one call at a time
    unsafe {
        entry::<X, usize>(
            instance,
            |exchange, _| exchange.next_batch(batch),
            |count| i64::try_from(count).unwrap_or(i64::MAX),
        )
    }
}

unsafe extern "C" fn new_order<X: Exchange>(instance: *mut c_void, command: *const OrderCommand) -> i64 {
    // SAFETY: the host lends the command for the call
    let command = unsafe { &*command };
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry::<X, ()>(instance, |exchange, _| exchange.new_order(command), |()| 0) }
}

unsafe extern "C" fn cancel_order<X: Exchange>(instance: *mut c_void, command: *const OrderCommand) -> i64 {
    // SAFETY: the host lends the command for the call
    let command = unsafe { &*command };
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry::<X, ()>(instance, |exchange, _| exchange.cancel_order(command), |()| 0) }
}

unsafe extern "C" fn change_order<X: Exchange>(instance: *mut c_void, command: *const OrderCommand) -> i64 {
    // SAFETY: the host lends the command for the call
    let command = unsafe { &*command };
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry::<X, ()>(instance, |exchange, _| exchange.change_order(command), |()| 0) }
}

unsafe extern "C" fn accounts<X: Exchange>(instance: *mut c_void, correlation: u64) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.accounts(reply)) }
}

unsafe extern "C" fn open_orders<X: Exchange>(instance: *mut c_void, correlation: u64) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.open_orders(reply)) }
}

unsafe extern "C" fn fills_since<X: Exchange>(instance: *mut c_void, correlation: u64, since: i64) -> i64 {
    let since = Timestamp::new(since);
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, |exchange, reply| exchange.fills_since(since, reply)) }
}

unsafe extern "C" fn find_order<X: Exchange>(
    instance: *mut c_void,
    correlation: u64,
    client_order_id: u64,
    exchange_order_id: TextHandle,
) -> i64 {
    let id = ClientOrderId(client_order_id);
    let ask = |exchange: &mut X, reply: Reply| exchange.find_order(id, exchange_order_id, reply);
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { request::<X>(instance, correlation, ask) }
}

unsafe extern "C" fn on_config<X: Exchange>(instance: *mut c_void, config: Str, errors: *const Sink) -> i64 {
    // SAFETY: the host lends the text for the call
    let Some(config) = (unsafe { str_of(config) }) else { return -1 };
    mark_host_thread();
    let take = |exchange: &mut X, _: &ExchangeHandle| {
        let config = parse_config(config).map_err(|fault| Error::new(fault.message))?;
        exchange.on_config(config)
    };
    // SAFETY: the host passes a living instance, one call at a time; it lends the sink for the call
    unsafe { entry(instance, |exchange, handle| telling(errors, take(exchange, handle)), |()| 0) }
}

unsafe extern "C" fn save<X: Exchange>(instance: *mut c_void, state: *const Sink) -> i64 {
    mark_host_thread();
    // SAFETY: the host lends the sink for the call
    let mut write = |part: &[u8]| unsafe { write_to(state, part) };
    let into = |exchange: &mut X, _: &ExchangeHandle| exchange.save_to(&mut StateSink::new(&mut write));
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry(instance, into, i64::from) }
}

unsafe extern "C" fn restore<X: Exchange>(
    instance: *mut c_void,
    state_version: u32,
    data: *const u8,
    length: u64,
    errors: *const Sink,
) -> i64 {
    mark_host_thread();
    let Ok(length) = usize::try_from(length) else { return -1 };
    let state = if length == 0 {
        &[][..]
    } else {
        // SAFETY: the host lends `length` bytes for the call
        unsafe { std::slice::from_raw_parts(data, length) }
    };
    // SAFETY: the host passes a living instance, one call at a time; it lends the sink for the call
    unsafe {
        entry::<X, ()>(
            instance,
            |exchange, _| telling(errors, exchange.restore(state_version, state)),
            |()| 0,
        )
    }
}

unsafe extern "C" fn quiesce<X: Exchange>(instance: *mut c_void, deadline: i64) -> i64 {
    mark_host_thread();
    let deadline = Timestamp::new(deadline);
    // SAFETY: the host passes a living instance, one call at a time
    unsafe { entry::<X, ()>(instance, |exchange, _| exchange.quiesce(deadline), |()| 0) }
}

/// Says why an entry that has a sink for it failed.
///
/// # Safety
/// `errors` is null or points to a sink that the host lends for the call.
unsafe fn telling<R>(errors: *const Sink, result: Result<R>) -> Result<R> {
    result.inspect_err(|error| {
        // SAFETY: as demanded of the caller
        unsafe { write_to(errors, error.to_string().as_bytes()) };
    })
}
