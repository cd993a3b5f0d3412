//! At which price an order trades.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At which price an order of a backtest or simulation trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum FillRule {
    /// At the next price of the instrument: the next trade or quote, or the open of the next bar if the instrument
    /// has bars. Nothing trades at a price that was known when the order was made.
    #[default]
    NextPrice,
    /// At once, at the last price: the one that the strategy has just seen. Optimistic; for comparisons.
    SamePrice,
    /// At once, wholly, at the price the order asks for (a market order at the last price). aat's rule; it never
    /// looks whether the market was there.
    AsAsked,
    /// Through the book that quotes or book updates show: an order takes displayed levels once each, a resting order
    /// waits in the queue of its level. Where the data shows no book, at the next price, within the quantity of each
    /// trade or bar.
    Book,
}

impl FillRule {
    /// The rule in words, for reports.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NextPrice => "orders fill at the next price (after a bar: the next bar's open)",
            Self::SamePrice => "orders fill at the price that the strategy has just seen",
            Self::AsAsked => "orders fill wholly at the price they ask for (market orders at the last price)",
            Self::Book => "orders fill through the displayed book, resting ones by their place in the queue",
        }
    }

    /// Whether the limit of liquidity ([`crate::Liquidity`]) applies: `as_asked` has none, `book` its own.
    #[must_use]
    pub const fn has_liquidity_limit(self) -> bool {
        match self {
            Self::NextPrice | Self::SamePrice => true,
            Self::AsAsked | Self::Book => false,
        }
    }
}

impl fmt::Display for FillRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NextPrice => "next_price",
            Self::SamePrice => "same_price",
            Self::AsAsked => "as_asked",
            Self::Book => "book",
        })
    }
}
