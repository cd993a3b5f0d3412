//! The table of a strategy: one `extern "C"` function per entry, all under the guard.
#![expect(unsafe_code, reason = "the entries of the ABI")]

use std::{ffi::c_void, marker::PhantomData, sync::Mutex, sync::PoisonError};

use super::{sink::write_to, str_of, strategy_host::TableHost};
use crate::{
    Fault, Fill, Level, Log, Money, Reason, StateSink, Strategy, StrategyHost, Timestamp,
    abi::{ABI, Event, FillRecord, HostV1, MoneyBits, OrderEvent, Sink, Str, StrategyV1},
    dispatch,
    guard::{Guarded, install_panic_hook, mark_host_thread},
    linked, log,
};

/// An instance behind the table.
struct Instance<S> {
    guarded: Guarded<S>,
    host: TableHost,
}

/// Names the table of `S`.
pub(super) struct StrategyTable<S>(PhantomData<S>);

impl<S: Strategy> StrategyTable<S> {
    /// The table.
    pub(super) const TABLE: StrategyV1 = StrategyV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a table is small")]
        size: size_of::<StrategyV1>() as u32,
        abi: ABI,
        create: create::<S>,
        destroy: destroy::<S>,
        on_events: on_events::<S>,
        on_orders: on_orders::<S>,
        on_config: Some(on_config::<S>),
        slippage: Some(slippage::<S>),
        transaction_cost: Some(transaction_cost::<S>),
        save: Some(save::<S>),
        restore: Some(restore::<S>),
        quiesce: Some(quiesce::<S>),
        get_extension: None,
    };
}

/// The host of the last instance: where panics of the plugin's own threads are logged.
static REPORT_TO: Mutex<Option<ReportTo>> = Mutex::new(None);

struct ReportTo(TableHost);
// SAFETY: the host promises that `log` may be called from any thread and that its table outlives the process
unsafe impl Send for ReportTo {}

fn report_panic(text: &str) {
    // `try_lock`: a panic inside of `log` must not wait for itself
    if let Ok(host) = REPORT_TO.try_lock()
        && let Some(ReportTo(host)) = &*host
    {
        host.log(&Log::new(Level::CRITICAL, text));
    }
}

/// The status of a result; a fault's text goes to the host first.
fn status<S>(instance: &Instance<S>, result: Result<i64, Fault>) -> i64 {
    result.unwrap_or_else(|fault| {
        instance.host.error(&fault.message);
        -i64::from(fault.reason.code())
    })
}

/// # Safety
/// `instance` is what `create::<S>` returned and the host has not destroyed; the host calls one entry at a time.
unsafe fn instance_of<'a, S>(instance: *mut c_void) -> &'a mut Instance<S> {
    // SAFETY: as demanded of the caller
    unsafe { &mut *instance.cast::<Instance<S>>() }
}

unsafe extern "C" fn create<S: Strategy>(
    host: *const HostV1,
    config: Str,
    errors: *const Sink,
) -> *mut c_void {
    // SAFETY: the host passes its table and keeps it as long as the process
    let host = unsafe { TableHost::new(host) };
    *REPORT_TO.lock().unwrap_or_else(PoisonError::into_inner) = Some(ReportTo(host));
    host.log_table().make_ambient();
    log::install();
    install_panic_hook(report_panic);
    // SAFETY: the host lends the text for the call
    let config = unsafe { str_of(config) }.ok_or_else(|| Fault::error("the configuration is not UTF-8"));
    match config.and_then(Guarded::<S>::create) {
        Ok(guarded) => Box::into_raw(Box::new(Instance { guarded, host })).cast(),
        Err(fault) => {
            // SAFETY: the host lends the sink for the call
            unsafe { write_to(errors, fault.message.as_bytes()) };
            std::ptr::null_mut()
        }
    }
}

unsafe extern "C" fn destroy<S: Strategy>(instance: *mut c_void) {
    mark_host_thread();
    // SAFETY: `create` made it with `Box::into_raw`, and the host destroys it once
    let instance = unsafe { Box::from_raw(instance.cast::<Instance<S>>()) };
    let host = instance.host;
    // an author's Drop may panic like any other code of theirs
    if let Err(fault) = crate::guard::guarded(|| {
        drop(instance);
        Ok(())
    }) {
        host.log(&Log::new(Level::ERROR, &format!("while dropping the strategy: {}", fault.message)));
    }
}

unsafe extern "C" fn on_events<S: Strategy>(
    instance: *mut c_void,
    events: *const Event,
    count: u64,
    failed_index: *mut u64,
) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    let Ok(count) = usize::try_from(count) else { return -1 };
    // SAFETY: the host lends `count` events for the call
    let events = unsafe { std::slice::from_raw_parts(events, count) };
    let mut host = instance.host;
    let begin = |_: &mut dyn StrategyHost, index: usize, _: &Event| {
        if !failed_index.is_null() {
            // SAFETY: not null, lent by the host for the call
            unsafe { failed_index.write(index as u64) };
        }
    };
    let result =
        instance.guarded.call(|strategy, cache| dispatch::events(strategy, &mut host, cache, events, begin));
    // SAFETY: the host lends `failed_index` for the call
    unsafe { consumed(instance, result, failed_index) }
}

unsafe extern "C" fn on_orders<S: Strategy>(
    instance: *mut c_void,
    events: *const OrderEvent,
    count: u64,
    failed_index: *mut u64,
) -> i64 {
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    let Ok(count) = usize::try_from(count) else { return -1 };
    // SAFETY: the host lends `count` events for the call
    let events = unsafe { std::slice::from_raw_parts(events, count) };
    let mut host = instance.host;
    let result =
        instance.guarded.call(|strategy, cache| dispatch::orders(strategy, &mut host, cache, events));
    // SAFETY: the host lends `failed_index` for the call
    unsafe { consumed(instance, result, failed_index) }
}

/// # Safety
/// `failed_index` is null or lent by the host for the call.
unsafe fn consumed<S>(instance: &Instance<S>, result: Result<usize, Fault>, failed_index: *mut u64) -> i64 {
    // a panic does not know its event: what was in work is there already
    if let Err(fault) = &result
        && fault.reason != Reason::Panic
        && !failed_index.is_null()
    {
        // SAFETY: not null, lent by the host
        unsafe { failed_index.write(fault.index as u64) };
    }
    status(instance, result.map(|count| i64::try_from(count).unwrap_or(i64::MAX)))
}

unsafe extern "C" fn on_config<S: Strategy>(instance: *mut c_void, config: Str, errors: *const Sink) -> i64 {
    mark_host_thread();
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    // SAFETY: the host lends the text for the call
    let Some(config) = (unsafe { str_of(config) }) else { return -1 };
    let mut host = instance.host;
    let result =
        instance.guarded.call(|strategy, cache| linked::on_config(strategy, &mut host, cache, config));
    if let Err(fault) = &result {
        // SAFETY: the host lends the sink for the call
        unsafe { write_to(errors, fault.message.as_bytes()) };
    }
    status(instance, result.map(|()| 0))
}

unsafe extern "C" fn slippage<S: Strategy>(
    instance: *mut c_void,
    fill: *const FillRecord,
    out: *mut MoneyBits,
) -> i64 {
    // SAFETY: the host lends all three for the call
    unsafe { cost::<S>(instance, fill, out, S::slippage) }
}

unsafe extern "C" fn transaction_cost<S: Strategy>(
    instance: *mut c_void,
    fill: *const FillRecord,
    out: *mut MoneyBits,
) -> i64 {
    // SAFETY: the host lends all three for the call
    unsafe { cost::<S>(instance, fill, out, S::transaction_cost) }
}

/// # Safety
/// The host passes a living instance, a fill to read and a place to write, for the call.
unsafe fn cost<S: Strategy>(
    instance: *mut c_void,
    fill: *const FillRecord,
    out: *mut MoneyBits,
    model: fn(&mut S, &Fill) -> Option<Money>,
) -> i64 {
    // SAFETY: as demanded of the caller
    let instance = unsafe { instance_of::<S>(instance) };
    // SAFETY: as demanded of the caller
    let Some(fill) = Fill::from_raw(unsafe { &*fill }) else { return 0 };
    let result = instance.guarded.call(|strategy, _| Ok(model(strategy, &fill)));
    if let Ok(Some(money)) = &result {
        // SAFETY: as demanded of the caller
        unsafe { out.write((*money).into()) };
    }
    status(instance, result.map(|money| i64::from(money.is_some())))
}

unsafe extern "C" fn save<S: Strategy>(instance: *mut c_void, state: *const Sink) -> i64 {
    mark_host_thread();
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    let result = instance.guarded.call(|strategy, _| {
        // SAFETY: the host lends the sink for the call
        let mut write = |part: &[u8]| unsafe { write_to(state, part) };
        strategy.save_to(&mut StateSink::new(&mut write)).map_err(|e| Fault::error(e.to_string()))
    });
    status(instance, result.map(i64::from))
}

unsafe extern "C" fn restore<S: Strategy>(
    instance: *mut c_void,
    state_version: u32,
    data: *const u8,
    length: u64,
    errors: *const Sink,
) -> i64 {
    mark_host_thread();
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    let Ok(length) = usize::try_from(length) else { return -1 };
    let state = if length == 0 {
        &[][..]
    } else {
        // SAFETY: the host lends `length` bytes for the call
        unsafe { std::slice::from_raw_parts(data, length) }
    };
    let result = instance
        .guarded
        .call(|strategy, _| strategy.restore(state_version, state).map_err(|e| Fault::error(e.to_string())));
    if let Err(fault) = &result {
        // SAFETY: the host lends the sink for the call
        unsafe { write_to(errors, fault.message.as_bytes()) };
    }
    status(instance, result.map(|()| 0))
}

unsafe extern "C" fn quiesce<S: Strategy>(instance: *mut c_void, deadline: i64) -> i64 {
    mark_host_thread();
    // SAFETY: the host passes a living instance, one call at a time
    let instance = unsafe { instance_of::<S>(instance) };
    let deadline = Timestamp::new(deadline);
    let result = instance
        .guarded
        .call(|strategy, _| strategy.quiesce(deadline).map_err(|e| Fault::error(e.to_string())));
    status(instance, result.map(|()| 0))
}
