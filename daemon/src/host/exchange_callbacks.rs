//! The host's functions for connectors: from the C table to [`ExchangeHost`].
//!
//! Every function may be called from any thread. After `stop` has returned, those that deliver something do nothing:
//! a connector that leaves a thread behind must not feed a run that is over.
#![expect(unsafe_code, reason = "the entries of the host's table")]

use std::{
    collections::HashMap,
    ffi::c_void,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustc_hash::FxBuildHasher;
use stratd_plugin_api::{
    ExchangeHost,
    abi::{
        ABI, AccountRecord, Event, ExchangeHostV1, FillRecord, InstrumentRecord, LogRecord, OrderCommand,
        OrderEvent, OrderRecord, PAYLOAD_BYTES_MAX, PositionRecord, Str, TEXT_BYTES_MAX, TextHandle,
    },
};

use super::{
    borrowed::{self, Out},
    call::LastError,
    callbacks::extension,
    crash::seat::{self, Entry, Seat},
    instance::ERROR_BYTES_MAX,
    log::{self, InHand, InstanceLog, Instruments, Way},
};

/// The context of a connector instance; `ExchangeHostV1::ctx` points to it. Leaked, as [`super::call::Bridge`].
pub(super) struct ExchangeBridge {
    table: ExchangeHostV1,
    seat: Seat,
    host: Arc<dyn ExchangeHost>,
    log: InstanceLog,
    /// The symbols of the instruments that it registered: names for the log. Look-up only.
    symbols: Mutex<HashMap<u32, TextHandle, FxBuildHasher>>,
    is_stopped: AtomicBool,
    error: LastError,
}

/// Symbols that are remembered; records about further instruments do not name them.
const SYMBOLS_MAX: usize = 65_536;

// SAFETY: the table's pointer is the address of this bridge and never written; all else is `Sync` by itself
unsafe impl Sync for ExchangeBridge {}

impl ExchangeBridge {
    /// A bridge that lives as long as the process.
    /// `library` is a number that instances of one library share.
    pub(super) fn leak(seat: Seat, host: Arc<dyn ExchangeHost>, library: usize) -> &'static Self {
        let bridge = Box::into_raw(Box::new(Self {
            table: table(std::ptr::null_mut()),
            log: InstanceLog::new(Way::Exchange(Arc::clone(&host)), library),
            symbols: Mutex::default(),
            seat,
            host,
            is_stopped: AtomicBool::new(false),
            error: LastError::default(),
        }));
        // SAFETY: just allocated, and nobody else knows of it
        unsafe { (*bridge).table.ctx = bridge.cast() };
        // SAFETY: as above, and it never moves again
        unsafe { (*bridge).log.settle() };
        // SAFETY: never freed, and from here on only shared
        let bridge = unsafe { &*bridge };
        bridge.log.belongs_to(&bridge.seat, bridge);
        seat::register(&bridge.seat);
        bridge
    }

    /// Runs a call into the plugin.
    #[inline]
    pub(super) fn during<R>(&self, entry: Entry, call: impl FnOnce() -> R) -> R {
        self.seat.during(entry, call)
    }

    /// As [`ExchangeBridge::during`], about an order.
    pub(super) fn about<R>(&self, command: &OrderCommand, entry: Entry, call: impl FnOnce() -> R) -> R {
        self.log.hold(InHand::command(command));
        let result = self.seat.during(entry, call);
        self.log.hold(InHand::Nothing);
        result
    }

    /// # Safety
    /// `ctx` is `ExchangeHostV1::ctx` of a bridge, as the ABI demands of the plugin.
    unsafe fn of(ctx: *mut c_void) -> &'static Self {
        // SAFETY: as demanded of the caller; bridges are never freed
        unsafe { &*ctx.cast::<Self>() }
    }

    pub(super) fn table(&'static self) -> *const ExchangeHostV1 {
        &raw const self.table
    }

    pub(super) fn instance(&self) -> &str {
        self.seat.instance()
    }

    pub(super) fn error(&self) -> &LastError {
        &self.error
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Closes the way in.
    pub(super) fn set_stopped(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// The host, unless the connector was stopped.
    fn open(&self) -> Option<&dyn ExchangeHost> {
        (!self.is_stopped()).then_some(&*self.host)
    }
}

impl Instruments for ExchangeBridge {
    fn symbol(&self, instrument: u32) -> TextHandle {
        let symbols = self.symbols.lock().unwrap_or_else(PoisonError::into_inner);
        symbols.get(&instrument).copied().unwrap_or(0)
    }

    // a connector gets no events
    fn keep_time(&self) {}
}

const fn table(ctx: *mut c_void) -> ExchangeHostV1 {
    ExchangeHostV1 {
        #[expect(clippy::cast_possible_truncation, reason = "a table is small")]
        size: size_of::<ExchangeHostV1>() as u32,
        abi: ABI,
        ctx,
        log,
        error,
        now,
        trading_type,
        intern,
        payload,
        text,
        emit,
        emit_orders,
        instrument,
        account,
        position,
        open_order,
        fill,
        answer,
        get_extension,
    }
}

unsafe extern "C" fn log(ctx: *mut c_void, record: *const LogRecord) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    // SAFETY: the plugin lends the record for the call
    unsafe { log::with_base(&bridge.log, record) };
}

unsafe extern "C" fn error(ctx: *mut c_void, message: Str) {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    bridge.error.set(&unsafe { borrowed::text(message, ERROR_BYTES_MAX) });
}

unsafe extern "C" fn now(ctx: *mut c_void) -> i64 {
    // SAFETY: the plugin passes the table's context
    unsafe { ExchangeBridge::of(ctx) }.host.now().get()
}

unsafe extern "C" fn trading_type(ctx: *mut c_void) -> u32 {
    // SAFETY: the plugin passes the table's context
    unsafe { ExchangeBridge::of(ctx) }.host.trading_type().bit()
}

unsafe extern "C" fn intern(ctx: *mut c_void, text: Str) -> TextHandle {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    unsafe { borrowed::exact_text(text, TEXT_BYTES_MAX) }.map_or(0, |text| bridge.host.intern(text))
}

unsafe extern "C" fn payload(ctx: *mut c_void, text: Str) -> TextHandle {
    // SAFETY: the plugin passes the table's context
    let Some(host) = unsafe { ExchangeBridge::of(ctx) }.open() else { return 0 };
    // SAFETY: the plugin lends the text for the call
    unsafe { borrowed::exact_text(text, PAYLOAD_BYTES_MAX) }.map_or(0, |text| host.payload(text))
}

unsafe extern "C" fn text(ctx: *mut c_void, handle: TextHandle, out: *mut u8, capacity: u64) -> u64 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    // SAFETY: the plugin lends the buffer for the call
    let mut out = unsafe { Out::new(out, capacity) };
    bridge.host.text(handle, &mut |text| out.extend(text.as_bytes()));
    out.count()
}

unsafe extern "C" fn emit(ctx: *mut c_void, events: *const Event, count: u64) -> u64 {
    // SAFETY: the plugin passes the table's context
    let Some(host) = unsafe { ExchangeBridge::of(ctx) }.open() else { return 0 };
    // SAFETY: the plugin lends the events for the call
    unsafe { borrowed::slice(events, count) }.map_or(0, |events| host.emit(events) as u64)
}

unsafe extern "C" fn emit_orders(ctx: *mut c_void, events: *const OrderEvent, count: u64) -> u64 {
    // SAFETY: the plugin passes the table's context
    let Some(host) = unsafe { ExchangeBridge::of(ctx) }.open() else { return 0 };
    // SAFETY: the plugin lends the events for the call
    unsafe { borrowed::slice(events, count) }.map_or(0, |events| host.emit_orders(events) as u64)
}

unsafe extern "C" fn instrument(ctx: *mut c_void, correlation: u64, record: *const InstrumentRecord) -> u32 {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    let Some(host) = bridge.open() else { return 0 };
    // SAFETY: the plugin lends the record for the call
    let Some(record) = (unsafe { borrowed::record(record) }) else { return 0 };
    if record.reserved != InstrumentRecord::default().reserved {
        return 0;
    }
    let id = host.instrument(correlation, record);
    let mut symbols = bridge.symbols.lock().unwrap_or_else(PoisonError::into_inner);
    if id != 0 && symbols.len() < SYMBOLS_MAX {
        symbols.insert(id, record.symbol);
    }
    id
}

/// Writes one forwarding report: they differ in the method and the record only.
macro_rules! report {
    ($name:ident, $record:ty) => {
        unsafe extern "C" fn $name(ctx: *mut c_void, correlation: u64, record: *const $record) {
            // SAFETY: the plugin passes the table's context
            let Some(host) = unsafe { ExchangeBridge::of(ctx) }.open() else { return };
            // SAFETY: the plugin lends the record for the call
            if let Some(record) = unsafe { borrowed::record(record) } {
                host.$name(correlation, record);
            }
        }
    };
}

report!(account, AccountRecord);
report!(position, PositionRecord);
report!(open_order, OrderRecord);
report!(fill, FillRecord);

unsafe extern "C" fn answer(ctx: *mut c_void, correlation: u64, status: i64, message: Str) {
    // SAFETY: the plugin passes the table's context
    let Some(host) = unsafe { ExchangeBridge::of(ctx) }.open() else { return };
    if status >= 0 {
        host.answer(correlation, Ok(()));
        return;
    }
    // SAFETY: the plugin lends the text for the call
    let message = unsafe { borrowed::text(message, ERROR_BYTES_MAX) };
    host.answer(correlation, Err(&message));
}

/// The extensions of the host: the log.
unsafe extern "C" fn get_extension(ctx: *mut c_void, id: Str) -> *const c_void {
    // SAFETY: the plugin passes the table's context
    let bridge = unsafe { ExchangeBridge::of(ctx) };
    // SAFETY: the plugin lends the text for the call
    unsafe { extension(&bridge.log, id) }
}
