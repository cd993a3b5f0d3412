//! The books of all instruments, as strategies read them.
//!
//! They are made of inputs only, so a replay has the same books. They are no part of how orders fill: the fill model
//! keeps its own, because it must know what our orders took.
//! Complexity: an event costs the logarithm of the number of levels; an instrument without book events costs nothing.

mod book;
mod levels;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "numbers of the tests' own")]
mod tests;

use stratd_plugin_api::{BookUpdate, EventKind, InstrumentId, Price, Quantity, Quote, Side, abi};

use self::book::Book;

/// What a feed of numbered updates lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookGap {
    /// Whose book.
    pub instrument: InstrumentId,
    /// The number that should have come; 0 = the source itself told that something was lost.
    pub expected: u64,
    /// The number that came.
    pub found: u64,
}

/// All books.
#[derive(Default)]
pub(crate) struct Books {
    // by instrument id, from 1
    books: Vec<Option<Box<Book>>>,
}

impl Books {
    /// Takes a market event; returns what its feed lost, as this event shows.
    #[inline]
    pub(crate) fn apply(&mut self, event: &abi::Event) -> Option<BookGap> {
        if event.kind != abi::event_kind::QUOTE && event.kind != abi::event_kind::BOOK_UPDATE {
            return None;
        }
        self.apply_to_book(event)
    }

    fn apply_to_book(&mut self, event: &abi::Event) -> Option<BookGap> {
        let book = self.book_mut(event.instrument)?;
        if event.kind == EventKind::Quote.code() {
            book.quote(&Quote::from(event));
            return None;
        }
        book.update(&BookUpdate::from(event))
    }

    /// Forgets all levels: they are of history, and the run is by the clock.
    pub(crate) fn end_history(&mut self) {
        self.books.clear();
    }

    /// Takes an order event of the feed.
    pub(crate) fn order(&mut self, report: &abi::OrderEvent) {
        if let Some(book) = self.book_mut(report.instrument) {
            book.order(report);
        }
    }

    /// Visits the levels that are asked for.
    pub(crate) fn query(
        &self,
        query: &abi::BookQuery,
        visit: &mut dyn FnMut(&abi::BookLevelRecord),
    ) -> abi::BookRecord {
        let book = index(query.instrument).and_then(|index| self.books.get(index)?.as_ref());
        match book {
            Some(book) => book.query(query, visit),
            None => abi::BookRecord { instrument: query.instrument, ..abi::BookRecord::default() },
        }
    }

    /// How often the book of an instrument has lost something.
    pub(crate) fn gaps(&self, instrument: u32) -> u64 {
        let book = index(instrument).and_then(|index| self.books.get(index)?.as_ref());
        book.map_or(0, |book| book.gaps())
    }

    /// The best price of a side, as far as the book is known.
    pub(crate) fn best(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        self.best_level(instrument, side).map(|(price, _)| price)
    }

    /// As [`Books::best`], with what is there.
    pub(crate) fn best_level(&self, instrument: InstrumentId, side: Side) -> Option<(Price, Quantity)> {
        let query = abi::BookQuery {
            instrument: instrument.0,
            depth: 1,
            side: side.code(),
            ..abi::BookQuery::default()
        };
        let mut best = None;
        self.query(&query, &mut |level| {
            best = Some((Price::new(level.price), Quantity::new(level.quantity)))
        });
        best
    }

    fn book_mut(&mut self, instrument: u32) -> Option<&mut Book> {
        let index = index(instrument)?;
        if index >= self.books.len() {
            self.books.resize_with(index.checked_add(1)?, || None);
        }
        Some(self.books.get_mut(index)?.get_or_insert_with(Box::default))
    }
}

fn index(instrument: u32) -> Option<usize> {
    usize::try_from(instrument.checked_sub(1)?).ok()
}
