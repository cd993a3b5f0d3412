//! What a venue is made from, and its limits.

use std::fmt;

use stratd_orderbook::SelfTrade;
use stratd_plugin_api::{Money, Timestamp};

/// Most instruments of a venue.
pub const INSTRUMENTS_MAX: u32 = 1_000;
/// Most accounts of a venue.
pub const ACCOUNTS_MAX: usize = 64;
/// Most own orders of one account that may work at once; further ones are rejected with `HostLimit`.
pub const OWN_ORDERS_MAX: usize = 10_000;
/// Executions of an account that are kept for `fills_since`; the oldest go first.
pub const FILLS_MAX: usize = 100_000;
/// Largest quantity of an own order; together with [`PRICE_MAX`] no amount can leave the range of money.
pub const QUANTITY_MAX: i64 = 1_000_000_000;
/// Largest magnitude of a price of an own order, in units of the price scale.
pub const PRICE_MAX: i64 = 1_000_000_000;
/// Orders that may rest in one book, own and the participants'.
pub const ORDERS_MAX: u32 = 65_536;
/// Stops that may wait in one book.
pub const STOPS_MAX: u32 = 16_384;
/// Largest maker or taker fee: the whole notional.
pub const FEE_RATE_MAX: i64 = 100_000_000;
/// 1 of a fee rate.
pub(crate) const RATE_ONE: i64 = 100_000_000;

/// Which public events a venue sends; own orders are always reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feeds {
    /// Every execution.
    pub trades: bool,
    /// Best bid and offer, when they changed.
    pub quotes: bool,
    /// The new quantity of each price level that an operation touched.
    pub book: bool,
    /// Each order of the book, anyone's: OPEN, CANCEL, CHANGE, FILL.
    pub orders: bool,
}

impl Feeds {
    /// All of them.
    pub const ALL: Feeds = Feeds { trades: true, quotes: true, book: true, orders: true };
}

/// What a venue is made from. Two venues of equal configurations that are told the same do the same.
#[derive(Clone, Debug)]
pub struct VenueConfig {
    /// Decides prices at the start and everything that participants do.
    pub seed: u64,
    /// How many instruments trade.
    pub instruments: u32,
    /// The time of the start.
    pub start: Timestamp,
    /// Longest time between two actions of participants, in ms; each takes 1 to so many.
    pub step_ms_max: u32,
    /// What the feed carries.
    pub feeds: Feeds,
    /// Fee of executions of own resting orders, in units of 1e-8 of the notional; negative = a rebate.
    pub maker_fee: i64,
    /// Fee of executions of own incoming orders, likewise.
    pub taker_fee: i64,
    /// Cash of the first account at the start.
    pub cash: Money,
    /// What happens when an order meets another one of its account. `Allow` lets one trade id name two own executions.
    pub self_trade: SelfTrade,
    /// After so many ids a book is made anew from its orders, because a book remembers every id: memory stays constant
    /// however long the venue runs. Nobody sees it.
    pub ids_per_book: u64,
}

impl Default for VenueConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            instruments: 3,
            // 2024-01-02T14:30:00Z
            start: Timestamp::new(1_704_205_800_000_000_000),
            step_ms_max: 200,
            feeds: Feeds::ALL,
            maker_fee: 0,
            taker_fee: 0,
            cash: Money::new(1_000_000 * 100_000_000),
            self_trade: SelfTrade::CancelNewest,
            // a quarter of a byte each: one megabyte
            ids_per_book: 1 << 22,
        }
    }
}

/// A configuration that no venue can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueError {
    what: &'static str,
    value: i64,
    accepted: (i64, i64),
}

impl fmt::Display for VenueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.accepted;
        write!(f, "{} is {} (accepted: {low} to {high})", self.what, self.value)
    }
}

impl std::error::Error for VenueError {}

impl VenueConfig {
    pub(crate) fn check(&self) -> Result<(), VenueError> {
        let ids = i64::try_from(self.ids_per_book).unwrap_or(i64::MAX);
        let ranges = [
            ("instruments", i64::from(self.instruments), (1, i64::from(INSTRUMENTS_MAX))),
            ("step_ms_max", i64::from(self.step_ms_max), (1, 3_600_000)),
            ("maker_fee", self.maker_fee, (-FEE_RATE_MAX, FEE_RATE_MAX)),
            ("taker_fee", self.taker_fee, (-FEE_RATE_MAX, FEE_RATE_MAX)),
            ("ids_per_book", ids, (16, i64::from(u32::MAX))),
        ];
        for (what, value, accepted) in ranges {
            if value < accepted.0 || value > accepted.1 {
                return Err(VenueError { what, value, accepted });
            }
        }
        Ok(())
    }
}
