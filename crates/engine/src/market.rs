//! The latest prices of every instrument.

use stratd_orderbook::Seen;
use stratd_plugin_api::{EventKind, InstrumentId, Price, Side, abi};

/// How many prices per instrument the history keeps; older ones are forgotten.
pub(crate) const PRICE_HISTORY_MAX: usize = 1_000;

/// What is known of the market.
#[derive(Default)]
pub(crate) struct Market {
    // by instrument id, from 1
    instruments: Vec<Latest>,
}

#[derive(Default)]
struct Latest {
    price: Option<Price>,
    /// The middle of the latest quote of both sides, kept until there is a price.
    quoted: Option<Price>,
    /// The latest quote.
    quote: Option<BestQuote>,
    /// The last price of the run before, for what expires before there is another one.
    kept: Option<Price>,
    history: History,
}

/// The best prices of a quote; a side may be empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BestQuote {
    bid: Option<Price>,
    ask: Option<Price>,
}

impl BestQuote {
    /// Whether a limit order would meet somebody.
    pub(crate) fn would_trade(self, side: Side, limit: Price) -> bool {
        match side {
            Side::Buy => self.ask.is_some_and(|ask| limit >= ask),
            Side::Sell => self.bid.is_some_and(|bid| limit <= bid),
        }
    }

    /// The price at which an order of a side could trade.
    fn price_for(self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}

/// The last prices. A ring: once it is full, the oldest one makes room.
#[derive(Default)]
struct History {
    points: Vec<abi::PricePoint>,
    /// The place of the oldest one, which is the next to go.
    oldest: usize,
}

impl History {
    #[inline]
    fn push(&mut self, point: abi::PricePoint) {
        if self.points.len() < PRICE_HISTORY_MAX {
            self.points.push(point);
            return;
        }
        if let Some(place) = self.points.get_mut(self.oldest) {
            *place = point;
        }
        self.oldest = self.oldest.saturating_add(1);
        if self.oldest >= PRICE_HISTORY_MAX {
            self.oldest = 0;
        }
    }

    /// The oldest first.
    fn iter(&self) -> impl Iterator<Item = &abi::PricePoint> {
        let (newer, older) = self.points.split_at_checked(self.oldest).unwrap_or_default();
        older.iter().chain(newer)
    }
}

impl Market {
    /// Takes a market event; returns the new last price (see [`Market::last_price`]) if it brought one.
    ///
    /// A trade made from the close of a bar repeats what the bar told: it sets the price, and is in the history
    /// instead of the bar.
    #[inline]
    pub(crate) fn apply(&mut self, event: &abi::Event) -> Option<Price> {
        let [open_or_price, high_or_quantity, _, close, _] = event.data;
        let (price, quantity) = match EventKind::from_code(event.kind)? {
            EventKind::Trade => (open_or_price, high_or_quantity),
            EventKind::Bar => {
                let latest = self.latest_mut(InstrumentId(event.instrument))?;
                latest.price = Some(Price::new(close));
                return latest.price;
            }
            EventKind::Quote => return self.quote(event),
            EventKind::BookUpdate
            | EventKind::Data
            | EventKind::Timer
            | EventKind::Halt
            | EventKind::Continue
            | EventKind::Error
            | EventKind::Start
            | EventKind::Exit => return None,
        };
        let latest = self.latest_mut(InstrumentId(event.instrument))?;
        latest.price = Some(Price::new(price));
        latest.history.push(abi::PricePoint { ts: event.ts, price, quantity });
        latest.price
    }

    /// The middle of a quote of both sides, if nothing was traded yet.
    fn quote(&mut self, event: &abi::Event) -> Option<Price> {
        let [bid, bid_quantity, ask, ask_quantity, _] = event.data;
        let latest = self.latest_mut(InstrumentId(event.instrument))?;
        latest.quote = Some(BestQuote {
            bid: (bid_quantity > 0).then_some(Price::new(bid)),
            ask: (ask_quantity > 0).then_some(Price::new(ask)),
        });
        if latest.price.is_some() || bid_quantity <= 0 || ask_quantity <= 0 {
            return None;
        }
        let middle = i128::from(bid).saturating_add(i128::from(ask)).checked_div_euclid(2)?;
        latest.quoted = Some(Price::new(i64::try_from(middle).ok()?));
        latest.quoted
    }

    /// The last price, and before the first one the middle of the latest quote: risk judges by it, the account counts by
    /// it, positions are valued at it, and rates follow it. An instrument that is only quoted has no other price.
    pub(crate) fn last_price(&self, instrument: InstrumentId) -> Option<Price> {
        let latest = self.instruments.get(index(instrument)?)?;
        latest.price.or(latest.quoted)
    }

    /// The price of a settlement: the last one, even if it is of the run before.
    pub(crate) fn settlement_price(&self, instrument: InstrumentId) -> Option<Price> {
        let latest = self.instruments.get(index(instrument)?)?;
        latest.price.or(latest.quoted).or(latest.kept)
    }

    /// Takes the last price of the run before.
    pub(crate) fn keep(&mut self, instrument: InstrumentId, price: Price) {
        if let Some(latest) = self.latest_mut(instrument) {
            latest.kept = Some(price);
        }
    }

    /// A run by the clock begins: what history brought is no price of now. The last prices of each instrument stay to be
    /// looked up.
    pub(crate) fn end_history(&mut self) {
        for latest in &mut self.instruments {
            (latest.price, latest.quoted, latest.quote) = (None, None, None);
        }
    }

    /// The latest quote.
    pub(crate) fn quote_of(&self, instrument: InstrumentId) -> Option<BestQuote> {
        self.instruments.get(index(instrument)?)?.quote
    }

    /// The price of the last trade or bar, and before the first one that of the quote which an order of a side could take.
    pub(crate) fn price_for(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        let latest = self.instruments.get(index(instrument)?)?;
        latest.price.or_else(|| latest.quote?.price_for(side))
    }

    /// The prices of an event as they reach an order of a side that waits: those of trades and bars, and of quotes as long as
    /// nothing was traded. A trade at the close of a bar repeats what the bar told.
    pub(crate) fn seen(&self, event: &abi::Event, side: Side) -> Option<Seen> {
        let [first, high, low, ..] = event.data.map(Price::new);
        match EventKind::from_code(event.kind)? {
            EventKind::Trade if event.flags & abi::event_flag::FROM_BAR != 0 => None,
            EventKind::Trade => Some(Seen::at(first)),
            EventKind::Bar => Some(Seen { first, low, high }),
            EventKind::Quote => {
                let latest = self.instruments.get(index(InstrumentId(event.instrument))?)?;
                let quote = latest.quote.filter(|_| latest.price.is_none());
                quote?.price_for(side).map(Seen::at)
            }
            EventKind::BookUpdate
            | EventKind::Data
            | EventKind::Timer
            | EventKind::Halt
            | EventKind::Continue
            | EventKind::Error
            | EventKind::Start
            | EventKind::Exit => None,
        }
    }

    pub(crate) fn history(&self, instrument: InstrumentId, visit: &mut dyn FnMut(&abi::PricePoint)) {
        if let Some(latest) = index(instrument).and_then(|i| self.instruments.get(i)) {
            latest.history.iter().for_each(visit);
        }
    }

    fn latest_mut(&mut self, instrument: InstrumentId) -> Option<&mut Latest> {
        let index = index(instrument)?;
        if index >= self.instruments.len() {
            self.instruments.resize_with(index.checked_add(1)?, Latest::default);
        }
        self.instruments.get_mut(index)
    }
}

fn index(instrument: InstrumentId) -> Option<usize> {
    usize::try_from(instrument.0.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_keeps_the_last_prices_in_their_order() {
        let mut history = History::default();
        for price in 0..2_500 {
            history.push(abi::PricePoint { price, ..abi::PricePoint::default() });
            let kept: Vec<i64> = history.iter().map(|point| point.price).collect();
            let expected: Vec<i64> = ((price - 999).max(0)..=price).collect();
            assert_eq!(kept, expected);
        }
    }
}
