//! The table of an exchange connector and what the host offers to one.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::{
    AccountRecord, Event, FillRecord, InstrumentRecord, LogRecord, OrderCommand, OrderEvent, OrderRecord,
    PositionRecord, Sink, Str, TextHandle,
};

/// The host's functions for a connector. Lives as long as the process; every function may be called from any
/// thread until `stop` has returned.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct ExchangeHostV1 {
    /// Size of this table in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// First argument of every function.
    pub ctx: *mut c_void,
    /// Logs a record.
    pub log: unsafe extern "C" fn(ctx: *mut c_void, record: *const LogRecord),
    /// Says why the call that is about to return failed.
    pub error: unsafe extern "C" fn(ctx: *mut c_void, message: Str),
    /// The host's clock.
    pub now: unsafe extern "C" fn(ctx: *mut c_void) -> i64,
    /// The bit of [`crate::trading_type`] of this run.
    pub trading_type: unsafe extern "C" fn(ctx: *mut c_void) -> u32,
    /// Interns a text of at most [`crate::TEXT_BYTES_MAX`] bytes; 0 if it is longer or the host's limit is reached.
    pub intern: unsafe extern "C" fn(ctx: *mut c_void, text: Str) -> TextHandle,
    /// Hands over the text of one DATA event, at most [`crate::PAYLOAD_BYTES_MAX`] bytes, and returns the handle that the
    /// event carries; 0 if it is empty, longer, or not UTF-8. The host keeps a payload until its event was handled, and no
    /// less than the latest 4096 of them: emit the event before you hand over so many others.
    pub payload: unsafe extern "C" fn(ctx: *mut c_void, text: Str) -> TextHandle,
    /// As `HostV1::text`.
    pub text: unsafe extern "C" fn(ctx: *mut c_void, handle: TextHandle, out: *mut u8, capacity: u64) -> u64,
    /// Pushes market events; returns how many the inbox took (fewer when it is full).
    pub emit: unsafe extern "C" fn(ctx: *mut c_void, events: *const Event, count: u64) -> u64,
    /// Pushes order events; never blocks, because a connector may report from inside a call of the host. Returns how
    /// many were taken: fewer only when a limit far above any burst is reached, and the host then ends the run, or
    /// while it shuts down.
    pub emit_orders: unsafe extern "C" fn(ctx: *mut c_void, events: *const OrderEvent, count: u64) -> u64,
    /// Registers an instrument (or finds the one of the same symbol and type) and returns its id; 0 if the
    /// record is not usable. `correlation` is that of the request it answers, or 0.
    pub instrument:
        unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, record: *const InstrumentRecord) -> u32,
    /// Reports an account.
    pub account: unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, record: *const AccountRecord),
    /// Reports what an account holds of an instrument: `instrument`, `side` and `size` count, `price_average` and `cost` if
    /// they are known.
    pub position: unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, record: *const PositionRecord),
    /// Reports an open order.
    pub open_order: unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, record: *const OrderRecord),
    /// Reports a past execution.
    pub fill: unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, record: *const FillRecord),
    /// Ends the answer to a request: 0 = complete, negative = failed with the message.
    pub answer: unsafe extern "C" fn(ctx: *mut c_void, correlation: u64, status: i64, message: Str),
    /// An extension table by id; null if unknown.
    pub get_extension: unsafe extern "C" fn(ctx: *mut c_void, id: Str) -> *const c_void,
}

/// A connector's functions. Requests return at once: 0 = accepted, negative = refused with a text through
/// `ExchangeHostV1::error`; the answer comes through the host's functions with the request's correlation number.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct ExchangeV1 {
    /// Size of this table in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// Makes an instance from its configuration (JSON, validated against the manifest's schema).
    /// Null if refused; the reason goes to `errors`.
    pub create: unsafe extern "C" fn(
        host: *const crate::ExchangeHostV1,
        config: Str,
        errors: *const Sink,
    ) -> *mut c_void,
    /// Ends an instance; nothing of it is used afterwards.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// Connects. A reconnect is another call.
    pub connect: unsafe extern "C" fn(instance: *mut c_void, correlation: u64) -> i64,
    /// Reports all instruments.
    pub instruments: unsafe extern "C" fn(instance: *mut c_void, correlation: u64) -> i64,
    /// Finds one instrument by its symbol.
    pub lookup: unsafe extern "C" fn(instance: *mut c_void, correlation: u64, symbol: Str) -> i64,
    /// Starts market data of an instrument (0 = all). Asked again while the run goes on, a snapshot of its book is wanted.
    pub subscribe: unsafe extern "C" fn(instance: *mut c_void, correlation: u64, instrument: u32) -> i64,
    /// Ends all activity: after it returned, the connector calls the host no more.
    pub stop: unsafe extern "C" fn(instance: *mut c_void) -> i64,
    /// Historical sources: writes up to `capacity` events with rising time and returns how many; 0 = the end,
    /// negative = error. Null for live sources.
    pub poll: Option<unsafe extern "C" fn(instance: *mut c_void, out: *mut Event, capacity: u64) -> i64>,
    /// Sends an order. Null without order entry.
    pub new_order: Option<unsafe extern "C" fn(instance: *mut c_void, command: *const OrderCommand) -> i64>,
    /// Cancels an order. Null without order entry.
    pub cancel_order:
        Option<unsafe extern "C" fn(instance: *mut c_void, command: *const OrderCommand) -> i64>,
    /// Changes price and total quantity of an order. Null if the exchange cannot (the host then cancels and
    /// sends anew).
    pub change_order:
        Option<unsafe extern "C" fn(instance: *mut c_void, command: *const OrderCommand) -> i64>,
    /// Reports all accounts and, where their `has_positions` says so, all that they hold. Null without order entry.
    pub accounts: Option<unsafe extern "C" fn(instance: *mut c_void, correlation: u64) -> i64>,
    /// Reports all own open orders. Null without order entry.
    pub open_orders: Option<unsafe extern "C" fn(instance: *mut c_void, correlation: u64) -> i64>,
    /// Reports all own executions since a time. Null without order entry.
    pub fills_since: Option<unsafe extern "C" fn(instance: *mut c_void, correlation: u64, since: i64) -> i64>,
    /// Reports one own order through `open_order`, whatever its status: what ended is asked for as well. A complete
    /// answer without a report = the exchange does not have it, and will not get it any more; who cannot be sure of that
    /// fails. `exchange_order_id` is 0 until known. Null if the exchange cannot be asked for one order.
    pub find_order: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            correlation: u64,
            client_order_id: u64,
            exchange_order_id: TextHandle,
        ) -> i64,
    >,
    /// As `StrategyV1::on_config`. May be null.
    pub on_config:
        Option<unsafe extern "C" fn(instance: *mut c_void, config: Str, errors: *const Sink) -> i64>,
    /// As `StrategyV1::save`. May be null.
    pub save: Option<unsafe extern "C" fn(instance: *mut c_void, state: *const Sink) -> i64>,
    /// As `StrategyV1::restore`. May be null.
    pub restore: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            state_version: u32,
            data: *const u8,
            length: u64,
            errors: *const Sink,
        ) -> i64,
    >,
    /// As `StrategyV1::quiesce`. May be null.
    pub quiesce: Option<unsafe extern "C" fn(instance: *mut c_void, deadline: i64) -> i64>,
    /// An extension table by id; null if unknown. May be null.
    pub get_extension: Option<unsafe extern "C" fn(instance: *mut c_void, id: Str) -> *const c_void>,
}
