//! What one market event leaves for our orders.

use stratd_plugin_api::{Bar, EventKind, Instrument, Quote, Side, Trade, abi};

use crate::Liquidity;

/// Quantities that orders may still have of the last event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Budget {
    /// No limit.
    #[default]
    Unlimited,
    /// A trade or bar: one quantity for both sides.
    Shared(i64),
    /// A quote: what buyers and sellers may have.
    Sides {
        /// Of the offer.
        buy: i64,
        /// Of the bid.
        sell: i64,
    },
}

impl Budget {
    /// That of an event.
    pub(crate) fn of(event: &abi::Event, liquidity: Liquidity, instrument: &Instrument) -> Self {
        if liquidity == Liquidity::Unlimited {
            return Self::Unlimited;
        }
        let part = |quantity| liquidity.part_of(quantity, instrument.lot);
        match EventKind::from_code(event.kind) {
            Some(EventKind::Trade) => part(Trade::from(event).quantity).map_or(Self::Unlimited, Self::Shared),
            Some(EventKind::Bar) => part(Bar::from(event).volume).map_or(Self::Unlimited, Self::Shared),
            Some(EventKind::Quote) => {
                let quote = Quote::from(event);
                match (part(quote.ask_quantity), part(quote.bid_quantity)) {
                    (Some(buy), Some(sell)) => Self::Sides { buy, sell },
                    _ => Self::Unlimited,
                }
            }
            _ => Self::Unlimited,
        }
    }

    /// What an order of a side may have.
    pub(crate) fn left(self, side: Side) -> i64 {
        match (self, side) {
            (Self::Unlimited, _) => i64::MAX,
            (Self::Shared(left), _)
            | (Self::Sides { buy: left, .. }, Side::Buy)
            | (Self::Sides { sell: left, .. }, Side::Sell) => left,
        }
    }

    /// An order got `quantity`, which is not more than what was left.
    pub(crate) fn spend(&mut self, side: Side, quantity: i64) {
        match (self, side) {
            (Self::Unlimited, _) => {}
            (Self::Shared(left), _)
            | (Self::Sides { buy: left, .. }, Side::Buy)
            | (Self::Sides { sell: left, .. }, Side::Sell) => *left = left.saturating_sub(quantity),
        }
    }
}
