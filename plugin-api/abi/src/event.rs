//! The two records that reach a strategy: market events and order events.

use abi_stable::StableAbi;

use crate::{MoneyBits, TextHandle};

/// A market event: 64 bytes, one cache line.
///
/// What the five numbers of `data` mean depends on `kind`, see [`crate::event_kind`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Time at the exchange.
    pub ts: i64,
    /// Position in the engine's order of all inputs; 0 until the engine assigned it.
    pub seq: u64,
    /// The instrument's id; 0 where none applies.
    pub instrument: u32,
    /// One of [`crate::event_kind`].
    pub kind: u16,
    /// Bits of [`crate::event_flag`].
    pub flags: u16,
    /// Five numbers, by kind.
    pub data: [i64; 5],
}

/// An order event: 128 bytes.
///
/// The feed reports anyone's orders (kinds OPEN, CANCEL, CHANGE, FILL); own orders have kinds of their own.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderEvent {
    /// Time at the exchange.
    pub ts: i64,
    /// Position in the engine's order of all inputs; 0 until the engine assigned it.
    pub seq: u64,
    /// Our id; 0 for orders of others.
    pub client_order_id: u64,
    /// The exchange's id.
    pub exchange_order_id: TextHandle,
    /// The instrument's id.
    pub instrument: u32,
    /// One of [`crate::order_event_kind`].
    pub kind: u16,
    /// One of [`crate::order_status`]: the status after this event.
    pub status: u8,
    /// One of [`crate::side`].
    pub side: u8,
    /// Price of the order; 0 for a market order.
    pub price: i64,
    /// Total quantity of the order.
    pub quantity: i64,
    /// Price of this execution; 0 without one.
    pub last_price: i64,
    /// Quantity of this execution; 0 without one.
    pub last_quantity: i64,
    /// Quantity executed so far, this execution included.
    pub cumulative_quantity: i64,
    /// The exchange's fee of this execution, positive when we pay, in the currency of the instrument.
    pub fee: MoneyBits,
    /// The exchange's id of this execution.
    pub trade_id: TextHandle,
    /// One of [`crate::reason`].
    pub reason: u32,
    /// Handle of the exchange.
    pub exchange: u16,
    /// One of [`crate::order_type`].
    pub order_type: u8,
    /// Bits of [`crate::order_flag`]; on an own execution also one of [`crate::order_event_flag`].
    pub flags: u8,
    /// Time of receipt.
    pub ts_recv: i64,
    /// The request that this answers; 0 for unsolicited reports.
    pub correlation: u64,
}

const _: () = assert!(size_of::<Event>() == 64 && size_of::<OrderEvent>() == 128);
