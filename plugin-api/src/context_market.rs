//! What of the market a strategy can read and ask for: books, bars made of trades, and what instruments have to do with
//! each other.

use std::sync::Arc;

use crate::{
    BarSeries, BarSpec, BookLevel, BookState, BookStatus, Context, Error, Instrument, InstrumentId, Price,
    Result, Side, StrategyHost, abi,
};

/// As many levels as there are.
const ALL_LEVELS: u32 = u32::MAX;

/// The book of an instrument during a call: each question is asked of the host, which copies the answer out.
///
/// A book that has lost something is [`BookState::Stale`] and has no levels until its source sent a snapshot; one of
/// which parts have come only ([`BookState::Partial`]) has the levels so far.
#[derive(Clone, Copy)]
pub struct BookView<'a> {
    host: &'a dyn StrategyHost,
    instrument: InstrumentId,
}

impl BookView<'_> {
    /// What is known of it besides its levels.
    #[must_use]
    pub fn status(&self) -> BookStatus {
        let query = abi::BookQuery { instrument: self.instrument.0, ..abi::BookQuery::default() };
        BookStatus::from(&self.host.book(&query, &mut |_| {}))
    }

    /// Whether it is whole and nothing of it was lost.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status().state == BookState::Live
    }

    /// The highest bid.
    #[must_use]
    pub fn best_bid(&self) -> Option<BookLevel> {
        self.levels(Some(Side::Buy), 1).first().copied()
    }

    /// The lowest offer.
    #[must_use]
    pub fn best_ask(&self) -> Option<BookLevel> {
        self.levels(Some(Side::Sell), 1).first().copied()
    }

    /// From the highest bid to the lowest offer; negative or zero if the book is crossed, `None` if a side is empty.
    #[must_use]
    pub fn spread(&self) -> Option<Price> {
        let (bid, ask) = (self.best_bid()?, self.best_ask()?);
        ask.price.checked_sub(bid.price)
    }

    /// At most `depth` bids, from the highest.
    #[must_use]
    pub fn bids(&self, depth: usize) -> Vec<BookLevel> {
        self.levels(Some(Side::Buy), depth)
    }

    /// At most `depth` offers, from the lowest.
    #[must_use]
    pub fn asks(&self, depth: usize) -> Vec<BookLevel> {
        self.levels(Some(Side::Sell), depth)
    }

    /// At most `depth` levels a side: bids from the highest, then offers from the lowest.
    #[must_use]
    pub fn both(&self, depth: usize) -> Vec<BookLevel> {
        self.levels(None, depth)
    }

    /// The level at a price.
    #[must_use]
    pub fn level(&self, side: Side, price: Price) -> Option<BookLevel> {
        self.ask_for(&abi::BookQuery {
            instrument: self.instrument.0,
            depth: 1,
            side: side.code(),
            has_price: 1,
            price: price.get(),
            ..abi::BookQuery::default()
        })
        .first()
        .copied()
    }

    fn levels(&self, side: Option<Side>, depth: usize) -> Vec<BookLevel> {
        self.ask_for(&abi::BookQuery {
            instrument: self.instrument.0,
            depth: u32::try_from(depth).unwrap_or(ALL_LEVELS),
            side: side.map_or(0, Side::code),
            ..abi::BookQuery::default()
        })
    }

    fn ask_for(&self, query: &abi::BookQuery) -> Vec<BookLevel> {
        let mut levels = Vec::new();
        self.host.book(query, &mut |level| levels.extend(BookLevel::from_raw(level)));
        levels
    }
}

impl Context<'_> {
    /// The book of an instrument, as the events so far have made it, the one in work included.
    ///
    /// The host builds it of book updates (by level or by order); where there are none, of the order events of the feed;
    /// where there are none of these either, of quotes.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> BookView<'_> {
        BookView { host: self.host(), instrument }
    }

    /// Bars of an instrument, made of its trades from the next event on: they come through `on_bar`, with the returned
    /// number in [`crate::Bar::series`]. The same `spec` has the same number, whatever the instrument.
    ///
    /// A bar of a time closes at the first trade or moment at or after its end (and its delay), before that trade is told;
    /// one of ticks or volume right after the trade that completes it.
    ///
    /// # Errors
    /// There is no such instrument, a step is not usable, or a limit of the host is reached.
    pub fn subscribe_bars(&mut self, instrument: InstrumentId, spec: BarSpec) -> Result<BarSeries> {
        self.note_request();
        let series = self.host_mut().subscribe_bars(instrument.0, &(&spec).into());
        series.map(BarSeries).ok_or_else(|| {
            Error::new(format!(
                "bars of {} {} for instrument {instrument} were refused (accepted: steps above 0, times that divide a day or are whole days, delays from 0 to the step, at most 255 kinds of bars)",
                spec.kind, spec.step
            ))
        })
    }

    /// The same name and type on all exchanges, the instrument itself included, in the order of their ids.
    ///
    /// # Errors
    /// There is no such instrument.
    pub fn trading_lines(&mut self, instrument: InstrumentId) -> Result<Vec<Arc<Instrument>>> {
        let own = self.instrument(instrument)?;
        let mut all = self.instruments(Some(own.instrument_type), None)?;
        all.retain(|other| other.symbol == own.symbol);
        Ok(all)
    }

    /// The same name whatever the type, on all exchanges, the instrument itself included, in the order of their ids.
    ///
    /// # Errors
    /// There is no such instrument.
    pub fn synthetics(&mut self, instrument: InstrumentId) -> Result<Vec<Arc<Instrument>>> {
        let own = self.instrument(instrument)?;
        let mut all = self.instruments(None, None)?;
        all.retain(|other| other.symbol == own.symbol);
        Ok(all)
    }
}
