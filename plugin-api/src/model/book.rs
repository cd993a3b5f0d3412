//! Books as queries tell them.

use std::fmt;

use stratd_abi::{self as abi, book_source, book_state};

use super::{InstrumentId, Price, Quantity, Side, Timestamp, order::coded};

coded! {
    /// How far a book can be relied on.
    BookState: u8 {
        /// The source never showed one.
        None = book_state::NONE, "none";
        /// Parts of an update or snapshot have come, and others follow.
        Partial = book_state::PARTIAL, "partial";
        /// As the source shows it.
        Live = book_state::LIVE, "live";
        /// Something was lost: there is nothing to see until a snapshot comes.
        Stale = book_state::STALE, "stale";
    }
}

coded! {
    /// What a book is made of.
    BookSource: u8 {
        /// Nothing yet.
        None = book_source::NONE, "none";
        /// Quotes: one level a side.
        Quotes = book_source::QUOTES, "quotes";
        /// Order events of the feed.
        Orders = book_source::ORDERS, "orders";
        /// Book updates, by level or by order.
        Updates = book_source::UPDATES, "updates";
    }
}

/// A level of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLevel {
    /// Side.
    pub side: Side,
    /// Price.
    pub price: Price,
    /// Quantity of all orders there.
    pub quantity: Quantity,
    /// How many orders; 0 where the source shows levels only.
    pub orders: u32,
}

impl BookLevel {
    /// From the ABI's record; `None` if its side is not known.
    #[must_use]
    pub fn from_raw(raw: &abi::BookLevelRecord) -> Option<Self> {
        Some(Self {
            side: Side::from_code(raw.side)?,
            price: Price::new(raw.price),
            quantity: Quantity::new(raw.quantity),
            orders: raw.orders,
        })
    }
}

/// What is known of a book besides its levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookStatus {
    /// The instrument.
    pub instrument: InstrumentId,
    /// How far it can be relied on.
    pub state: BookState,
    /// What it is made of.
    pub source: BookSource,
    /// Whether the best bid is at or above the best offer.
    pub is_crossed: bool,
    /// Time of the last change at the exchange.
    pub ts: Timestamp,
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

impl From<&abi::BookRecord> for BookStatus {
    fn from(raw: &abi::BookRecord) -> Self {
        Self {
            instrument: InstrumentId(raw.instrument),
            // what a newer host says of a book is nothing to rely on
            state: BookState::from_code(raw.state).unwrap_or(BookState::Stale),
            source: BookSource::from_code(raw.source).unwrap_or(BookSource::None),
            is_crossed: raw.is_crossed != 0,
            ts: Timestamp::new(raw.ts),
            seq: raw.seq,
            bid_levels: raw.bid_levels,
            ask_levels: raw.ask_levels,
            orders: raw.orders,
            gaps: raw.gaps,
            crossings: raw.crossings,
            left_out: raw.left_out,
        }
    }
}
