//! What one market event offers to a resting order.

use stratd_orderbook::Seen;
use stratd_plugin_api::{Bar, EventKind, Price, Quote, Side, Trade, abi};

/// The prices that one market event offers: a single price, or the path of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A trade: one price for both sides.
    Trade(Price),
    /// A quote: the bid for sellers, the ask for buyers; `None` where the side is empty.
    Quote { bid: Option<Price>, ask: Option<Price> },
    /// A bar: it opened, and reached every price between low and high.
    Bar { open: Price, high: Price, low: Price, close: Price },
}

impl Offer {
    /// The offer of an event; `None` if it brings no price.
    ///
    /// A trade that only repeats the close of a bar offers nothing: no execution took place at that instant.
    pub(crate) fn of(event: &abi::Event) -> Option<Self> {
        match EventKind::from_code(event.kind)? {
            EventKind::Trade => {
                let trade = Trade::from(event);
                (!trade.is_from_bar).then_some(Self::Trade(trade.price))
            }
            EventKind::Quote => {
                let quote = Quote::from(event);
                Some(Self::Quote {
                    bid: quote.bid_quantity.is_positive().then_some(quote.bid),
                    ask: quote.ask_quantity.is_positive().then_some(quote.ask),
                })
            }
            EventKind::Bar => {
                let Bar { open, high, low, close, .. } = Bar::from(event);
                Some(Self::Bar { open, high, low, close })
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

    /// The first price at which a side could trade.
    pub(crate) fn first(self, side: Side) -> Option<Price> {
        match (self, side) {
            (Self::Trade(price), _) => Some(price),
            (Self::Quote { ask, .. }, Side::Buy) => ask,
            (Self::Quote { bid, .. }, Side::Sell) => bid,
            (Self::Bar { open, .. }, _) => Some(open),
        }
    }

    /// The last price at which a side could trade.
    pub(crate) fn last(self, side: Side) -> Option<Price> {
        match self {
            Self::Bar { close, .. } => Some(close),
            Self::Trade(_) | Self::Quote { .. } => self.first(side),
        }
    }

    /// The best price for a side during the event: the lowest for a buyer.
    pub(crate) fn best(self, side: Side) -> Option<Price> {
        match (self, side) {
            (Self::Bar { low, .. }, Side::Buy) => Some(low),
            (Self::Bar { high, .. }, Side::Sell) => Some(high),
            (Self::Trade(_) | Self::Quote { .. }, _) => self.first(side),
        }
    }

    /// The prices of the event as an order of that side sees them.
    pub(crate) fn seen(self, side: Side) -> Option<Seen> {
        match self {
            Self::Bar { open, high, low, .. } => Some(Seen { first: open, low, high }),
            Self::Trade(_) | Self::Quote { .. } => self.first(side).map(Seen::at),
        }
    }
}

/// Whether `price` is as good as `limit` for a side, or better.
pub(crate) fn is_at_or_better(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// The price at which something waiting for `level` happens: at the first price if that is already there, at the
/// level if a bar passes it, not at all otherwise. `reaches(price)` = the price is at or beyond the level.
pub(crate) fn reached(
    first: Price,
    extreme: Price,
    level: Price,
    reaches: impl Fn(Price) -> bool,
) -> Option<Price> {
    if reaches(first) {
        return Some(first);
    }
    reaches(extreme).then_some(level)
}
