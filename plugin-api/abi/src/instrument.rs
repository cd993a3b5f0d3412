//! The description of an instrument.

use abi_stable::StableAbi;

use crate::TextHandle;

/// One trading session of a day, in seconds after midnight of the instrument's time zone.
/// A session that ends before it opens ends on the next day.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Opening second, 0..=86_399.
    pub open: u32,
    /// Closing second, 1..=86_400.
    pub close: u32,
}

/// An instrument. The host assigns `id`; a connector leaves it 0.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstrumentRecord {
    /// The host's number of the instrument, from 1.
    pub id: u32,
    /// Handle of the exchange, from 1.
    pub exchange: u16,
    /// One of [`crate::instrument_type`].
    pub instrument_type: u8,
    /// One of [`crate::option_type`].
    pub option_type: u8,
    /// Symbol, e.g. "AAPL".
    pub symbol: TextHandle,
    /// Currency of its prices, e.g. "USD".
    pub currency: TextHandle,
    /// The exchange's own id of the instrument, if it differs from the symbol.
    pub broker_id: TextHandle,
    /// Prices are integers in units of 10^-price_decimals.
    pub price_decimals: u8,
    /// Quantities are integers in units of 10^-quantity_decimals.
    pub quantity_decimals: u8,
    /// Sides of the legs of a SPREAD, one of [`crate::side`].
    pub leg1_side: u8,
    /// As `leg1_side`.
    pub leg2_side: u8,
    /// The option's or future's underlying; 0 = none or unknown.
    pub underlying: u32,
    /// First leg of a PAIR or SPREAD; 0 = none.
    pub leg1: u32,
    /// Second leg of a PAIR or SPREAD; 0 = none.
    pub leg2: u32,
    /// Smallest step of the price, in units of the price scale; at least 1.
    pub tick: i64,
    /// Smallest step of the quantity, in units of the quantity scale; at least 1.
    pub lot: i64,
    /// Value of one point per unit of quantity, in units of 1e-8 (100_000_000 = 1).
    pub multiplier: i64,
    /// Strike of an option, in units of the price scale.
    pub strike: i64,
    /// Expiry time; 0 = none.
    pub expiry: i64,
    /// IANA name of the time zone of `sessions`; empty = UTC.
    pub timezone: TextHandle,
    /// The first `session_count` are used; none = around the clock.
    pub sessions: [Session; 4],
    /// How many of `sessions` are used.
    pub session_count: u8,
    /// Bit 0 = Monday … bit 6 = Sunday; 0 = every day.
    pub weekdays: u8,
    /// Zero.
    pub reserved: [u8; 6],
}
