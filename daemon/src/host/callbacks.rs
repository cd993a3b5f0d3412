//! The host's functions for strategies: from the C table to [`StrategyHost`].
//!
//! None of them trusts a pointer further than `borrowed` can check. A panic in here or in the engine aborts the
//! process: it must not unwind through the plugin.
#![expect(unsafe_code, reason = "the entries of the host's table")]

use std::ffi::c_void;

use stratd_plugin_api::abi::{
    self, ABI, BarSpec, BookLevelRecord, BookQuery, BookRecord, Filter, HostV1, LOG_EXTENSION, LogRecord,
    MoneyBits, OrderRequest, PortfolioRecord, PricePoint, RiskLimitRecord, RiskRecord, Schedule, Str,
    TextHandle,
};

use super::{
    borrowed::{self, Out},
    call::Bridge,
    instance::ERROR_BYTES_MAX,
    log::{self, InstanceLog},
};

/// The longest id of an extension.
const ID_BYTES_MAX: usize = 64;
/// The longest symbol to look up or name of a metric.
const NAME_BYTES_MAX: usize = 256;
/// The longest reason to stop.
const REASON_BYTES_MAX: usize = 1024;

/// The table of a bridge.
pub(super) const fn table(ctx: *mut c_void) -> HostV1 {
    HostV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a table is small")]
        size: size_of::<HostV1>() as u32,
        abi: ABI,
        ctx,
        log,
        error,
        text,
        now,
        trading_type,
        submit,
        cancel,
        change,
        cancel_all,
        close_all,
        subscribe,
        lookup,
        instruments,
        exchanges,
        orders,
        past_orders,
        fills,
        positions,
        accounts,
        portfolio,
        risk,
        price_history,
        book,
        subscribe_bars,
        timer,
        timer_cancel,
        stop,
        shutdown,
        metric,
        get_extension,
    }
}

unsafe extern "C" fn log(ctx: *mut c_void, record: *const LogRecord) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the record for the call
    unsafe { log::with_base(bridge.log(), record) };
}

unsafe extern "C" fn error(ctx: *mut c_void, message: Str) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    bridge.error().set(&unsafe { borrowed::text(message, ERROR_BYTES_MAX) });
}

unsafe extern "C" fn text(ctx: *mut c_void, handle: TextHandle, out: *mut u8, capacity: u64) -> u64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the buffer for the call
    let mut out = unsafe { Out::new(out, capacity) };
    bridge.services().text(handle, &mut |text| out.extend(text.as_bytes()));
    out.count()
}

unsafe extern "C" fn now(ctx: *mut c_void) -> i64 {
    // SAFETY: the plugin passes the table's context
    unsafe { Bridge::of(ctx) }.now().get()
}

unsafe extern "C" fn trading_type(ctx: *mut c_void) -> u32 {
    // SAFETY: the plugin passes the table's context
    unsafe { Bridge::of(ctx) }.run().trading_type.bit()
}

/// 0 for what was taken, -1 for what was not.
fn taken(is_taken: bool) -> i64 {
    if is_taken { 0 } else { -1 }
}

unsafe extern "C" fn submit(ctx: *mut c_void, request: *const OrderRequest) -> u64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the request for the call
    let Some(request) = (unsafe { borrowed::record(request) }) else { return 0 };
    bridge.lent(0, |host| host.submit(request).unwrap_or(0))
}

unsafe extern "C" fn cancel(ctx: *mut c_void, client_order_id: u64) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.cancel(client_order_id)))
}

unsafe extern "C" fn change(ctx: *mut c_void, client_order_id: u64, price: i64, quantity: i64) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.change(client_order_id, price, quantity)))
}

unsafe extern "C" fn cancel_all(ctx: *mut c_void, instrument: u32) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.cancel_all(instrument)))
}

unsafe extern "C" fn close_all(ctx: *mut c_void, instrument: u32) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.close_all(instrument)))
}

unsafe extern "C" fn subscribe(ctx: *mut c_void, instrument: u32, kinds: u32) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.subscribe(instrument, kinds)))
}

unsafe extern "C" fn lookup(ctx: *mut c_void, symbol: Str, exchange: u16) -> u32 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    let Some(symbol) = (unsafe { borrowed::exact_text(symbol, NAME_BYTES_MAX) }) else { return 0 };
    bridge.lent(0, |host| host.lookup(symbol, exchange))
}

/// Writes one copying query: they differ in the method and the record only.
macro_rules! query {
    ($name:ident, $record:ty) => {
        unsafe extern "C" fn $name(
            ctx: *mut c_void,
            filter: *const Filter,
            out: *mut $record,
            capacity: u64,
        ) -> u64 {
            // SAFETY: the plugin passes the table's context
            let bridge = unsafe { Bridge::of(ctx) };
            // SAFETY: the plugin lends the filter for the call
            let Some(filter) = (unsafe { borrowed::record(filter) }) else { return 0 };
            // SAFETY: the plugin lends the buffer for the call
            let mut out = unsafe { Out::new(out, capacity) };
            bridge.lent((), |host| host.$name(filter, &mut |record| out.push(record)));
            out.count()
        }
    };
}

query!(instruments, abi::InstrumentRecord);
query!(exchanges, abi::ExchangeRecord);
query!(orders, abi::OrderRecord);
query!(past_orders, abi::OrderRecord);
query!(fills, abi::FillRecord);
query!(positions, abi::PositionRecord);
query!(accounts, abi::AccountRecord);

unsafe extern "C" fn portfolio(ctx: *mut c_void, out: *mut PortfolioRecord) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the place for the call
    let mut out = unsafe { Out::new(out, 1) };
    bridge.lent(-1, |host| {
        out.push(&host.portfolio());
        0
    })
}

unsafe extern "C" fn risk(
    ctx: *mut c_void,
    instrument: u32,
    out: *mut RiskRecord,
    limits: *mut RiskLimitRecord,
    capacity: u64,
) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the place for the call
    let mut out = unsafe { Out::new(out, 1) };
    // SAFETY: the plugin lends the buffer for the call
    let mut limits = unsafe { Out::new(limits, capacity) };
    bridge.lent(-1, |host| {
        out.push(&host.risk(instrument, &mut |limit| limits.push(limit)));
        i64::try_from(limits.count()).unwrap_or(i64::MAX)
    })
}

unsafe extern "C" fn price_history(
    ctx: *mut c_void,
    instrument: u32,
    out: *mut PricePoint,
    capacity: u64,
) -> u64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the buffer for the call
    let mut out = unsafe { Out::new(out, capacity) };
    bridge.lent((), |host| host.price_history(instrument, &mut |point| out.push(point)));
    out.count()
}

unsafe extern "C" fn book(
    ctx: *mut c_void,
    query: *const BookQuery,
    out: *mut BookRecord,
    levels: *mut BookLevelRecord,
    capacity: u64,
) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the query for the call
    let Some(query) = (unsafe { borrowed::record(query) }) else { return -1 };
    if query.reserved != BookQuery::default().reserved {
        return -1;
    }
    // SAFETY: the plugin lends the place for the call
    let mut out = unsafe { Out::new(out, 1) };
    // SAFETY: the plugin lends the buffer for the call
    let mut levels = unsafe { Out::new(levels, capacity) };
    bridge.lent(-1, |host| {
        out.push(&host.book(query, &mut |level| levels.push(level)));
        i64::try_from(levels.count()).unwrap_or(i64::MAX)
    })
}

unsafe extern "C" fn subscribe_bars(ctx: *mut c_void, instrument: u32, spec: *const BarSpec) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the record for the call
    let Some(spec) = (unsafe { borrowed::record(spec) }) else { return -1 };
    bridge.lent(-1, |host| host.subscribe_bars(instrument, spec).map_or(-1, i64::from))
}

unsafe extern "C" fn timer(ctx: *mut c_void, schedule: *const Schedule) -> u64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the schedule for the call
    let Some(schedule) = (unsafe { borrowed::record(schedule) }) else { return 0 };
    if schedule.reserved != Schedule::default().reserved {
        return 0;
    }
    bridge.lent(0, |host| host.timer(schedule).unwrap_or(0))
}

unsafe extern "C" fn timer_cancel(ctx: *mut c_void, timer: u64) -> i64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    bridge.lent(-1, |host| taken(host.timer_cancel(timer)))
}

unsafe extern "C" fn stop(ctx: *mut c_void, reason: Str) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    let reason = unsafe { borrowed::text(reason, REASON_BYTES_MAX) };
    bridge.lent((), |host| host.stop(&reason));
}

unsafe extern "C" fn shutdown(ctx: *mut c_void, reason: Str) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    let reason = unsafe { borrowed::text(reason, REASON_BYTES_MAX) };
    bridge.lent((), |host| host.shutdown(&reason));
}

unsafe extern "C" fn metric(ctx: *mut c_void, name: Str, value: MoneyBits) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    let name = unsafe { borrowed::text(name, NAME_BYTES_MAX) };
    bridge.lent((), |host| host.metric(&name, value.into()));
}

/// The extensions of the host: the log.
unsafe extern "C" fn get_extension(ctx: *mut c_void, id: Str) -> *const c_void {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { Bridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    unsafe { extension(bridge.log(), id) }
}

/// An extension table by its id; null if it is not known.
///
/// # Safety
/// `id` is lent for the call.
pub(super) unsafe fn extension(log: &'static InstanceLog, id: Str) -> *const c_void {
    // SAFETY: as demanded of the caller
    match unsafe { borrowed::exact_text(id, ID_BYTES_MAX) } {
        Some(LOG_EXTENSION) => log.table(),
        _ => std::ptr::null(),
    }
}
