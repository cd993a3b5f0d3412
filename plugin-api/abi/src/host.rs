//! What the host offers to a strategy.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::{
    AccountRecord, BarSpec, BookLevelRecord, BookQuery, BookRecord, ExchangeRecord, FillRecord, Filter,
    InstrumentRecord, MoneyBits, OrderRecord, OrderRequest, PortfolioRecord, PositionRecord, PricePoint,
    RiskLimitRecord, RiskRecord, Str, TextHandle,
};

/// A key with its value, both as text.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct KeyValue {
    /// Key.
    pub key: Str,
    /// Value.
    pub value: Str,
}

/// A log record, borrowed for the call; the host copies.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct LogRecord {
    /// CPython's numbers: 10 debug, 20 info, 30 warning, 40 error, 50 critical; any other is allowed.
    pub level: u32,
    /// Length of `fields`.
    pub field_count: u32,
    /// Logger name below the plugin instance's own; empty = the instance's.
    pub target: Str,
    /// Message.
    pub message: Str,
    /// Key-values.
    pub fields: *const KeyValue,
}

/// When a timer fires.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// One of [`crate::schedule_kind`].
    pub kind: u32,
    /// The instrument whose session counts (BEFORE_CLOSE); else 0.
    pub instrument: u32,
    /// ONCE: the time.
    pub time: i64,
    /// PERIODIC, BEFORE_CLOSE: nanoseconds.
    pub interval: i64,
    /// AT: 0..=23, -1 = every.
    pub hour: i8,
    /// AT: 0..=59, -1 = every.
    pub minute: i8,
    /// AT: 0..=59, -1 = every.
    pub second: i8,
    /// Zero.
    pub reserved: [u8; 5],
    /// A number of the author's choice, handed back with the event.
    pub tag: i64,
}

/// The host's functions. Lives as long as the process; the plugin may keep the pointer.
///
/// Only `log`, `error`, `text`, `now` and `trading_type` may be called from any thread and at any time.
/// Everything else works only during a call of the strategy's table, on the calling thread; outside of it the
/// call does nothing and returns its failure value.
///
/// Queries fill at most `capacity` records of `out` in a stable order and return how many there are,
/// so that a caller with too small a buffer can come back with a larger one.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct HostV1 {
    /// Size of this table in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Logs a record.
    pub log: unsafe extern "C" fn(ctx: *mut c_void, record: *const LogRecord),
    /// Says why the call that is about to return failed; the last text before the return counts.
    pub error: unsafe extern "C" fn(ctx: *mut c_void, message: Str),
    /// Copies the text of a handle to `out`, as far as `capacity` goes, and returns its whole length in bytes; 0 for an
    /// unknown handle. The payload of a DATA event has at most [`crate::PAYLOAD_BYTES_MAX`] bytes and is there during the
    /// call that brings the event; every other text has at most [`crate::TEXT_BYTES_MAX`] and stays.
    pub text: unsafe extern "C" fn(ctx: *mut c_void, handle: TextHandle, out: *mut u8, capacity: u64) -> u64,
    /// The time of the event in work, or the host's clock outside of one.
    pub now: unsafe extern "C" fn(ctx: *mut c_void) -> i64,
    /// The bit of [`crate::trading_type`] of this run.
    pub trading_type: unsafe extern "C" fn(ctx: *mut c_void) -> u32,

    /// Requests an order; returns our id, or 0 if the host's limit of requests per event is reached.
    pub submit: unsafe extern "C" fn(ctx: *mut c_void, request: *const OrderRequest) -> u64,
    /// Requests to cancel an order; 0, or negative if the limit of requests is reached.
    pub cancel: unsafe extern "C" fn(ctx: *mut c_void, client_order_id: u64) -> i64,
    /// Requests another price and total quantity (filled included); as `cancel`.
    pub change:
        unsafe extern "C" fn(ctx: *mut c_void, client_order_id: u64, price: i64, quantity: i64) -> i64,
    /// Requests to cancel all own orders (of an instrument, 0 = all); as `cancel`.
    pub cancel_all: unsafe extern "C" fn(ctx: *mut c_void, instrument: u32) -> i64,
    /// Requests to cancel all own orders and close all own positions (of an instrument, 0 = all); as `cancel`.
    pub close_all: unsafe extern "C" fn(ctx: *mut c_void, instrument: u32) -> i64,

    /// Narrows the market events to subscribed instruments (0 = all of them).
    /// A strategy that never subscribes gets everything. `kinds` has bit 1 << event kind; 0 = every kind.
    pub subscribe: unsafe extern "C" fn(ctx: *mut c_void, instrument: u32, kinds: u32) -> i64,
    /// Looks a symbol up; `exchange` 0 = any. Returns the instrument's id, 0 if unknown.
    pub lookup: unsafe extern "C" fn(ctx: *mut c_void, symbol: Str, exchange: u16) -> u32,
    /// Instruments that match.
    pub instruments: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut InstrumentRecord,
        capacity: u64,
    ) -> u64,
    /// Exchanges that match.
    pub exchanges: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut ExchangeRecord,
        capacity: u64,
    ) -> u64,
    /// Own working orders.
    pub orders: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut OrderRecord,
        capacity: u64,
    ) -> u64,
    /// Own finished orders.
    pub past_orders: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut OrderRecord,
        capacity: u64,
    ) -> u64,
    /// Own executions.
    pub fills: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut FillRecord,
        capacity: u64,
    ) -> u64,
    /// Own positions, closed ones with their realized PnL included.
    pub positions: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut PositionRecord,
        capacity: u64,
    ) -> u64,
    /// Accounts.
    pub accounts: unsafe extern "C" fn(
        ctx: *mut c_void,
        filter: *const Filter,
        out: *mut AccountRecord,
        capacity: u64,
    ) -> u64,
    /// The strategy's portfolio; 0, or negative outside of a call.
    pub portfolio: unsafe extern "C" fn(ctx: *mut c_void, out: *mut PortfolioRecord) -> i64,
    /// Risk figures (instrument 0 = all) and the limits that apply; negative outside of a call.
    pub risk: unsafe extern "C" fn(
        ctx: *mut c_void,
        instrument: u32,
        out: *mut RiskRecord,
        limits: *mut RiskLimitRecord,
        capacity: u64,
    ) -> i64,
    /// The latest prices of an instrument, oldest first; the host keeps a limited number.
    pub price_history:
        unsafe extern "C" fn(ctx: *mut c_void, instrument: u32, out: *mut PricePoint, capacity: u64) -> u64,

    /// What is known of an instrument's book, and levels of it: bids from the highest, then offers from the lowest.
    /// Returns how many levels were asked for and are there; negative outside of a call.
    pub book: unsafe extern "C" fn(
        ctx: *mut c_void,
        query: *const BookQuery,
        out: *mut BookRecord,
        levels: *mut BookLevelRecord,
        capacity: u64,
    ) -> i64,
    /// Bars of an instrument, made of its trades from the next one on; they come as events of kind BAR. Returns the
    /// number that they carry, from 1, the same for the same `spec`; negative if it is not usable or a limit is reached.
    pub subscribe_bars: unsafe extern "C" fn(ctx: *mut c_void, instrument: u32, spec: *const BarSpec) -> i64,

    /// Sets a timer; returns its id, 0 if the schedule is not usable or the limit of timers is reached.
    pub timer: unsafe extern "C" fn(ctx: *mut c_void, schedule: *const Schedule) -> u64,
    /// Cancels a timer; 0, or negative if there is none of this id.
    pub timer_cancel: unsafe extern "C" fn(ctx: *mut c_void, timer: u64) -> i64,
    /// Ends this strategy after the call.
    pub stop: unsafe extern "C" fn(ctx: *mut c_void, reason: Str),
    /// Ends the run after the call, if the configuration permits it; otherwise only this strategy.
    pub shutdown: unsafe extern "C" fn(ctx: *mut c_void, reason: Str),
    /// Reports a figure of the strategy's own: `value` in units of 1e-8.
    pub metric: unsafe extern "C" fn(ctx: *mut c_void, name: Str, value: MoneyBits),
    /// An extension table by id ("stratd.NAME/1"); null if unknown.
    pub get_extension: unsafe extern "C" fn(ctx: *mut c_void, id: Str) -> *const c_void,
}
