//! The book that the data displays, with what our orders took of it.
//!
//! Sources show a book as quotes (one level a side), as levels, or order by order; once a source sends book updates,
//! its quotes are not looked at any more. What our orders took is not offered again until the level is updated; a quote
//! that only repeats price and quantity is no update.
//! Complexity: an update costs the logarithm of the number of levels.
//! Known limit: a source sends a trade before the update of its level. The other way round, a resting order advances
//! twice for one trade.

use std::collections::BTreeMap;

use stratd_plugin_api::{BookUpdate, EventKind, Instrument, Price, Quantity, Quote, Side, abi};

use crate::trigger::{Offer, is_at_or_better};

/// At most this many levels a side are kept; the one farthest from the best price goes.
const LEVELS_MAX: usize = 100_000;
/// At most this many orders of a source that shows single orders are kept; later ones are not displayed.
const ORDERS_MAX: usize = 10_000_000;

/// The quantity before an own resting order in the queue of its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// The order does not rest.
    NotQueued,
    /// The source has not displayed its level: quotes show the best price only.
    Hidden,
    /// So much, own orders excluded.
    Known(i64),
}

impl Ahead {
    pub(crate) fn is_queued(self) -> bool {
        self != Self::NotQueued
    }
}

/// What an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    /// The best level of both sides.
    Best,
    /// One level.
    Level(Side, i64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Nothing,
    Quotes,
    Updates,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Level {
    displayed: i64,
    /// What our orders took since the last update.
    taken: i64,
}

/// The displayed book of one instrument.
#[derive(Clone, Debug, Default)]
pub(crate) struct LevelBook {
    source: Source,
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    // orders of others, where the source shows them: side, price, quantity
    orders: BTreeMap<u64, (Side, i64, i64)>,
}

impl LevelBook {
    /// Whether the source ever showed a book.
    pub(crate) fn is_shown(&self) -> bool {
        self.source != Source::Nothing
    }

    /// Takes a quote or book update; `None` if the event is neither, or does not count.
    pub(crate) fn apply(&mut self, event: &abi::Event) -> Option<Touched> {
        match EventKind::from_code(event.kind)? {
            EventKind::Quote if self.source != Source::Updates => {
                let quote = Quote::from(event);
                self.source = Source::Quotes;
                set_best(&mut self.bids, quote.bid, quote.bid_quantity);
                set_best(&mut self.asks, quote.ask, quote.ask_quantity);
                Some(Touched::Best)
            }
            EventKind::BookUpdate => self.update(&BookUpdate::from(event)),
            _ => None,
        }
    }

    fn update(&mut self, update: &BookUpdate) -> Option<Touched> {
        let side = update.side?;
        if self.source != Source::Updates || update.is_snapshot {
            self.bids.clear();
            self.asks.clear();
            self.orders.clear();
            self.source = Source::Updates;
        }
        let price = update.price.get();
        let quantity = update.quantity.get().max(0);
        if update.order_id == 0 {
            self.set(side, price, quantity);
            return Some(Touched::Level(side, price));
        }
        if let Some((side, price, quantity)) = self.orders.remove(&update.order_id) {
            let left = self.displayed(side, price).saturating_sub(quantity);
            self.set(side, price, left.max(0));
        }
        if quantity > 0 && self.orders.len() < ORDERS_MAX {
            self.orders.insert(update.order_id, (side, price, quantity));
            let sum = self.displayed(side, price).saturating_add(quantity);
            self.set(side, price, sum);
        }
        Some(Touched::Level(side, price))
    }

    fn levels(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn set(&mut self, side: Side, price: i64, displayed: i64) {
        let levels = self.levels(side);
        if displayed == 0 {
            levels.remove(&price);
            return;
        }
        levels.insert(price, Level { displayed, taken: 0 });
        if levels.len() > LEVELS_MAX {
            match side {
                Side::Buy => levels.pop_first(),
                Side::Sell => levels.pop_last(),
            };
        }
    }

    fn displayed(&self, side: Side, price: i64) -> i64 {
        let levels = if side == Side::Buy { &self.bids } else { &self.asks };
        levels.get(&price).map_or(0, |level| level.displayed)
    }

    /// The best displayed price of a side.
    pub(crate) fn best(&self, side: Side) -> Option<Price> {
        let best = match side {
            Side::Buy => self.bids.keys().next_back(),
            Side::Sell => self.asks.keys().next(),
        };
        best.copied().map(Price::new)
    }

    /// The best prices as an offer: what triggers stops where there are no trades.
    pub(crate) fn offer(&self) -> Offer {
        Offer::Quote { bid: self.best(Side::Buy), ask: self.best(Side::Sell) }
    }

    /// Where a new order joins the queue.
    pub(crate) fn join(&self, side: Side, price: Price) -> Ahead {
        let displayed = self.displayed(side, price.get());
        let is_behind_best =
            self.best(side).is_some_and(|best| is_at_or_better(side.opposite(), best, price));
        if displayed == 0 && is_behind_best && self.source == Source::Quotes {
            return Ahead::Hidden;
        }
        Ahead::Known(displayed)
    }

    /// Where a resting order stands after an event: never ahead of what was before it and is displayed still.
    pub(crate) fn requeue(&self, touched: Touched, side: Side, price: Price, ahead: Ahead) -> Ahead {
        let is_concerned = match touched {
            Touched::Best => self.join(side, price) != Ahead::Hidden,
            Touched::Level(of_side, at) => of_side == side && at == price.get(),
        };
        let displayed = self.displayed(side, price.get());
        match ahead {
            Ahead::Known(ahead) if is_concerned => Ahead::Known(ahead.min(displayed)),
            Ahead::Hidden if is_concerned => Ahead::Known(displayed),
            Ahead::NotQueued | Ahead::Hidden | Ahead::Known(_) => ahead,
        }
    }

    /// The best level that still has whole lots for an order of `side` with a limit: its price and what is left there.
    pub(crate) fn free(
        &self,
        side: Side,
        limit: Option<Price>,
        instrument: &Instrument,
    ) -> Option<(Price, Quantity)> {
        let lot = instrument.lot.get().max(1);
        let whole = |(price, level): (&i64, &Level)| {
            let left = level.displayed.saturating_sub(level.taken);
            (Price::new(*price), Quantity::new(left - left % lot))
        };
        let within = |(price, _): &(Price, Quantity)| limit.is_none_or(|l| is_at_or_better(side, *price, l));
        let mut levels: Box<dyn Iterator<Item = (&i64, &Level)>> = match side {
            Side::Buy => Box::new(self.asks.iter()),
            Side::Sell => Box::new(self.bids.iter().rev()),
        };
        let mut levels = levels.by_ref().map(whole).take_while(within);
        levels.find(|(_, left)| left.is_positive())
    }

    /// An order of `side` takes a quantity of a level; negative gives it back.
    pub(crate) fn take(&mut self, side: Side, price: Price, quantity: Quantity) {
        if let Some(level) = self.levels(side.opposite()).get_mut(&price.get()) {
            level.taken = level.taken.saturating_add(quantity.get());
        }
    }
}

/// A quote shows one level; if it only repeats it, what was taken stays taken.
fn set_best(levels: &mut BTreeMap<i64, Level>, price: Price, quantity: Quantity) {
    let known = levels.get(&price.get()).copied();
    levels.clear();
    if quantity.is_positive() {
        let repeated = known.filter(|level| level.displayed == quantity.get());
        let new = Level { displayed: quantity.get(), taken: 0 };
        levels.insert(price.get(), repeated.unwrap_or(new));
    }
}
