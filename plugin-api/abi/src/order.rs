//! What a strategy asks for and what an exchange is told.

use abi_stable::StableAbi;

use crate::MoneyBits;

/// A strategy's request for a new order. A request is only a request: the outcome comes as order events.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderRequest {
    /// The instrument's id.
    pub instrument: u32,
    /// Handle of the exchange; 0 = the host chooses: the instrument's own, or by the routing that is configured.
    pub exchange: u16,
    /// One of [`crate::side`].
    pub side: u8,
    /// One of [`crate::order_type`].
    pub order_type: u8,
    /// Bits of [`crate::order_flag`].
    pub flags: u8,
    /// One of [`crate::order_lifetime`].
    pub lifetime: u8,
    /// Zero.
    pub reserved: u16,
    /// A number of the author's choice, kept with the order.
    pub tag: u32,
    /// Quantity; 0 if `notional` is given.
    pub quantity: i64,
    /// Limit price; for a MARKET order 0 = none, for every other type 0 is a price.
    pub price: i64,
    /// Stop or touch price.
    pub stop_price: i64,
    /// Distance of a trailing stop.
    pub trail: i64,
    /// End of a `GTD` lifetime.
    pub expires: i64,
    /// MARKET only: spend or raise at most this much.
    pub notional: MoneyBits,
    /// Orders of a strategy of one group exclude each other (OCO): together they trade no more than the largest of them;
    /// 0 = none. The author's own numbers are 1 to 4294967295. With `ATTACHED`, the id of the order that it waits for.
    pub group: u64,
}

/// What an exchange connector is told to do with an order.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderCommand {
    /// Answers carry this number.
    pub correlation: u64,
    /// Our id of the order: unique over all runs, never 0, and not used again. At the exchange it is this number in
    /// decimal digits, at most 20 of them, with a prefix where the connector needs one.
    pub client_order_id: u64,
    /// The exchange's id (text handle); 0 for a new order.
    pub exchange_order_id: u64,
    /// No answer by this time means that the outcome is unknown.
    pub deadline: i64,
    /// The order as it shall be; for a change, `quantity` is the new total.
    pub order: OrderRequest,
}
