//! What a strategy asks about the market: books, and bars made of trades.

use abi_stable::StableAbi;

/// What of a book is asked for.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookQuery {
    /// The instrument's id.
    pub instrument: u32,
    /// At most this many levels a side; 0 = none, 4294967295 = all.
    pub depth: u32,
    /// One of [`crate::side`]; 0 = both.
    pub side: u8,
    /// 1 = only the level at `price`, 0 = the best levels.
    pub has_price: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The price of the one level that is asked for.
    pub price: i64,
}

/// What is known of a book.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookRecord {
    /// The instrument's id.
    pub instrument: u32,
    /// One of [`crate::book_state`].
    pub state: u8,
    /// One of [`crate::book_source`].
    pub source: u8,
    /// 1 = the best bid is at or above the best offer.
    pub is_crossed: u8,
    /// Zero.
    pub reserved: u8,
    /// Time of the last change at the exchange.
    pub ts: i64,
    /// Number of the input that changed it last.
    pub seq: u64,
    /// Levels of the bid side.
    pub bid_levels: u32,
    /// Levels of the ask side.
    pub ask_levels: u32,
    /// Single orders that are known; 0 where the source shows levels only.
    pub orders: u64,
    /// How often something was lost, since the start of the run.
    pub gaps: u64,
    /// How often the sides came to cross, since the start of the run.
    pub crossings: u64,
    /// Updates that found no room, since the start of the run.
    pub left_out: u64,
}

/// A level of a book.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookLevelRecord {
    /// Price.
    pub price: i64,
    /// Quantity of all orders there.
    pub quantity: i64,
    /// How many orders; 0 where the source shows levels only.
    pub orders: u32,
    /// One of [`crate::side`].
    pub side: u8,
    /// Zero.
    pub reserved: [u8; 3],
}

/// How bars are made of trades.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BarSpec {
    /// One of [`crate::bar_kind`].
    pub kind: u32,
    /// Bits of [`crate::bar_flag`].
    pub flags: u32,
    /// TIME: nanoseconds, a divisor of a day or whole days. TICK: trades. VOLUME: quantity, in units of the instrument.
    pub step: i64,
    /// TIME: how long after its end a bar waits for trades that come late, in nanoseconds.
    pub delay: i64,
}
