//! One book: what its source shows, and how far that can be relied on.
//!
//! Sources are ranked: book updates before order events before quotes. One of a higher rank forgets what those below it
//! showed, and those below are not looked at any more.
//!
//! ```text
//! none ─ first event ─► live ◄─ last of an update ─ partial ◄─ MORE ─ live
//!                        │ GAP, or a number that does not follow: all levels are forgotten
//!                        ▼
//!                      stale ─ SNAPSHOT ─► live (or partial, with MORE)
//! ```

use stratd_plugin_api::{
    BookSource, BookState, BookUpdate, OrderEventKind, Quote, Side, Timestamp, abi, abi::book_source,
};

use super::{
    BookGap,
    levels::{Level, Levels, Resting},
};

/// The book of one instrument.
#[derive(Clone, Debug)]
pub(super) struct Book {
    source: BookSource,
    state: BookState,
    ts: Timestamp,
    seq: u64,
    /// The feed's own number of the last update; 0 = none is known.
    feed_number: u64,
    /// Kept apart: a quote must not cost two trees.
    quote: Option<Quote>,
    levels: Levels,
    is_crossed: bool,
    gaps: u64,
    crossings: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            source: BookSource::None,
            state: BookState::None,
            ts: Timestamp::default(),
            seq: 0,
            feed_number: 0,
            quote: None,
            levels: Levels::default(),
            is_crossed: false,
            gaps: 0,
            crossings: 0,
        }
    }
}

impl Book {
    /// Takes a quote.
    pub(super) fn quote(&mut self, quote: &Quote) {
        if self.source.code() > book_source::QUOTES {
            return;
        }
        self.source = BookSource::Quotes;
        self.quote = Some(*quote);
        let is_crossed =
            quote.bid_quantity.is_positive() && quote.ask_quantity.is_positive() && quote.bid >= quote.ask;
        self.changed(quote.ts, quote.seq);
        self.whole(is_crossed);
    }

    /// Takes a book update; returns what was lost before it.
    pub(super) fn gaps(&self) -> u64 {
        self.gaps
    }

    pub(super) fn update(&mut self, update: &BookUpdate) -> Option<BookGap> {
        // who shows single orders by their events forgets and tells gaps with updates that name no side
        let is_level = update.side.is_some();
        if is_level || self.source != BookSource::Orders {
            self.comes_from(BookSource::Updates);
        }
        self.changed(update.ts, update.seq);
        let expected = self.feed_number.wrapping_add(1);
        let found = update.feed_number;
        let follows = found == 0 || self.feed_number == 0 || found == self.feed_number || found == expected;
        self.feed_number = found;
        if !update.is_snapshot && (update.is_gap || !follows) {
            self.state = BookState::Stale;
            self.forget();
            self.gaps = self.gaps.saturating_add(1);
            let expected = if update.is_gap { 0 } else { expected };
            return Some(BookGap { instrument: update.instrument, expected, found });
        }
        if update.is_snapshot {
            self.forget();
            self.state = BookState::Partial;
        }
        if self.state == BookState::Stale {
            return None;
        }
        if let Some(side) = update.side {
            let (price, quantity) = (update.price.get(), update.quantity.get());
            if update.order_id == 0 {
                self.levels.set(side, price, quantity);
            } else {
                self.levels.set_order(update.order_id, Resting { side, price, quantity });
            }
        }
        if update.has_more {
            self.state = BookState::Partial;
        } else {
            self.whole(self.levels.is_crossed());
        }
        None
    }

    /// Takes an order event of the feed.
    pub(super) fn order(&mut self, event: &abi::OrderEvent) {
        if self.source == BookSource::Updates || event.exchange_order_id == 0 {
            return;
        }
        let Some(side) = Side::from_code(event.side) else { return };
        let id = event.exchange_order_id;
        let rest = event.quantity.saturating_sub(event.cumulative_quantity);
        let quantity = match OrderEventKind::from_code(event.kind) {
            Some(OrderEventKind::Open) => rest,
            // of an order that never rested, as the one that takes, nothing changes in the book
            Some(OrderEventKind::Change) if self.levels.has_order(id) => rest,
            Some(OrderEventKind::Cancel | OrderEventKind::Fill) if self.levels.has_order(id) => 0,
            Some(
                OrderEventKind::Change
                | OrderEventKind::Cancel
                | OrderEventKind::Fill
                | OrderEventKind::Received
                | OrderEventKind::Rejected
                | OrderEventKind::Canceled
                | OrderEventKind::Bought
                | OrderEventKind::Sold
                | OrderEventKind::RequestRejected,
            )
            | None => return,
        };
        self.comes_from(BookSource::Orders);
        self.changed(Timestamp::new(event.ts), event.seq);
        if self.state == BookState::Stale {
            return;
        }
        self.levels.set_order(id, Resting { side, price: event.price, quantity });
        self.whole(self.levels.is_crossed());
    }

    /// Visits the levels that are asked for.
    pub(super) fn query(
        &self,
        query: &abi::BookQuery,
        visit: &mut dyn FnMut(&abi::BookLevelRecord),
    ) -> abi::BookRecord {
        let depth = usize::try_from(query.depth).unwrap_or(usize::MAX);
        for side in [Side::Buy, Side::Sell] {
            if query.side != 0 && query.side != side.code() {
                continue;
            }
            let mut tell = |(price, level): (&i64, &Level)| {
                visit(&abi::BookLevelRecord {
                    price: *price,
                    quantity: level.quantity,
                    orders: level.orders,
                    side: side.code(),
                    reserved: [0; 3],
                });
            };
            let levels = self.levels.side(side);
            if let Some((price, level)) = self.quoted(side) {
                if depth > 0 && (query.has_price == 0 || query.price == price) {
                    tell((&price, &level));
                }
            } else if query.has_price != 0 {
                levels.get_key_value(&query.price).filter(|_| depth > 0).into_iter().for_each(tell);
            } else if side == Side::Buy {
                levels.iter().rev().take(depth).for_each(tell);
            } else {
                levels.iter().take(depth).for_each(tell);
            }
        }
        self.record(query.instrument)
    }

    fn record(&self, instrument: u32) -> abi::BookRecord {
        let count = |side| {
            let quoted = usize::from(self.quoted(side).is_some());
            u32::try_from(self.levels.side(side).len().max(quoted)).unwrap_or(u32::MAX)
        };
        abi::BookRecord {
            instrument,
            state: self.state.code(),
            source: self.source.code(),
            is_crossed: u8::from(self.is_crossed),
            reserved: 0,
            ts: self.ts.get(),
            seq: self.seq,
            bid_levels: count(Side::Buy),
            ask_levels: count(Side::Sell),
            orders: u64::try_from(self.levels.order_count()).unwrap_or(u64::MAX),
            gaps: self.gaps,
            crossings: self.crossings,
            left_out: self.levels.left_out,
        }
    }

    fn quoted(&self, side: Side) -> Option<(i64, Level)> {
        let quote = self.quote.as_ref()?;
        let (price, quantity) = match side {
            Side::Buy => (quote.bid, quote.bid_quantity),
            Side::Sell => (quote.ask, quote.ask_quantity),
        };
        quantity.is_positive().then_some((price.get(), Level { quantity: quantity.get(), orders: 0 }))
    }

    fn comes_from(&mut self, source: BookSource) {
        if self.source != source {
            self.forget();
            self.feed_number = 0;
            self.source = source;
            self.state = BookState::Partial;
        }
    }

    fn forget(&mut self) {
        self.levels.clear();
        self.quote = None;
        self.is_crossed = false;
    }

    fn changed(&mut self, ts: Timestamp, seq: u64) {
        self.ts = ts;
        self.seq = seq;
    }

    /// Nothing more belongs to what has come.
    fn whole(&mut self, is_crossed: bool) {
        self.state = BookState::Live;
        if is_crossed && !self.is_crossed {
            self.crossings = self.crossings.saturating_add(1);
        }
        self.is_crossed = is_crossed;
    }
}
