//! The table of a strategy plugin.

use std::ffi::c_void;

use abi_stable::StableAbi;

use crate::{Event, FillRecord, HostV1, MoneyBits, OrderEvent, Sink, Str};

/// A strategy's functions. The host never calls two of them at once for one instance, and calls all of one
/// instance's functions on one thread at a time.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct StrategyV1 {
    /// Size of this table in bytes.
    pub size: u32,
    /// [`crate::ABI`].
    pub abi: u32,
    /// Makes an instance from its configuration (JSON, validated against the manifest's schema).
    /// Null if refused; the reason goes to `errors`.
    pub create: unsafe extern "C" fn(host: *const HostV1, config: Str, errors: *const Sink) -> *mut c_void,
    /// Ends an instance; nothing of it is used afterwards.
    pub destroy: unsafe extern "C" fn(instance: *mut c_void),
    /// Takes market events in engine order. Returns how many were consumed (at least 1), or a negative number for an
    /// error, with the index of the event that failed in `failed_index` and the text through `HostV1::error`. Minus the
    /// number of [`crate::reason::PANIC`] ends the instance without `on_error`; every other negative number is an error of
    /// the handler.
    /// Return right after an event at which you made a request or set a timer (the SDK does): the host carries the request
    /// out, lets timers fire that are due, and calls again with the rest. What you take beyond that event has happened
    /// before the request is sent, and a timer that is due between two of these events fires after the last of them.
    /// `failed_index` starts at 0. A plugin that calls the host while it handles several events keeps it at the index
    /// of the event in work: `HostV1::now`, timers and records of the log go by it.
    pub on_events: unsafe extern "C" fn(
        instance: *mut c_void,
        events: *const Event,
        count: u64,
        failed_index: *mut u64,
    ) -> i64,
    /// Takes order events in engine order; returns as `on_events`.
    pub on_orders: unsafe extern "C" fn(
        instance: *mut c_void,
        events: *const OrderEvent,
        count: u64,
        failed_index: *mut u64,
    ) -> i64,
    /// Takes a new configuration while running: 0 taken, negative refused (the old one stays). May be null.
    pub on_config:
        Option<unsafe extern "C" fn(instance: *mut c_void, config: Str, errors: *const Sink) -> i64>,
    /// Models the slippage of an own fill: 1 and `out`, 0 = no opinion (the configured model decides),
    /// negative = error. May be null.
    pub slippage: Option<
        unsafe extern "C" fn(instance: *mut c_void, fill: *const FillRecord, out: *mut MoneyBits) -> i64,
    >,
    /// Models the transaction cost of an own fill, as `slippage`. May be null.
    pub transaction_cost: Option<
        unsafe extern "C" fn(instance: *mut c_void, fill: *const FillRecord, out: *mut MoneyBits) -> i64,
    >,
    /// Writes the state: 1 written, 0 there is none, negative = error. May be null.
    pub save: Option<unsafe extern "C" fn(instance: *mut c_void, state: *const Sink) -> i64>,
    /// Takes over a state that `save` of version `state_version` wrote: 0, negative = refused. May be null.
    pub restore: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            state_version: u32,
            data: *const u8,
            length: u64,
            errors: *const Sink,
        ) -> i64,
    >,
    /// Prepares for being replaced or stopped, by `deadline`: 0, negative = error. May be null.
    pub quiesce: Option<unsafe extern "C" fn(instance: *mut c_void, deadline: i64) -> i64>,
    /// An extension table by id; null if unknown. May be null.
    pub get_extension: Option<unsafe extern "C" fn(instance: *mut c_void, id: Str) -> *const c_void>,
}
