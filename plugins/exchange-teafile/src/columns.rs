//! Which field of a file is what.

use schemars::JsonSchema;
use serde::Deserialize;
use teafile::{Field, ItemDescription};

/// What the items of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Public prints: a price, and mostly a quantity.
    Trade,
    /// Best bid and ask.
    Quote,
    /// Open, high, low and close of an interval.
    Bar,
    /// Changes of an order book: recordings only.
    Book,
}

impl Kind {
    /// All.
    pub(crate) const ALL: [Self; 4] = [Self::Trade, Self::Quote, Self::Bar, Self::Book];

    /// Its name, as the configuration and recordings have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Bar => "bar",
            Self::Book => "book",
        }
    }

    /// Its numbers in the order of the event's, and whether a file must have them.
    pub(crate) const fn numbers(self) -> &'static [(Number, bool)] {
        match self {
            Self::Trade => &[(Number::Price, true), (Number::Quantity, false)],
            Self::Quote => &[
                (Number::Bid, true),
                (Number::BidQuantity, false),
                (Number::Ask, true),
                (Number::AskQuantity, false),
            ],
            Self::Bar => &[
                (Number::Open, true),
                (Number::High, true),
                (Number::Low, true),
                (Number::Close, true),
                (Number::Volume, false),
            ],
            Self::Book => &[(Number::Price, true), (Number::Quantity, true)],
        }
    }
}

/// A number of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Price,
    Quantity,
    Bid,
    BidQuantity,
    Ask,
    AskQuantity,
    Open,
    High,
    Low,
    Close,
    Volume,
}

impl Number {
    /// Its key in `columns`.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Quantity => "quantity",
            Self::Bid => "bid",
            Self::BidQuantity => "bid_quantity",
            Self::Ask => "ask",
            Self::AskQuantity => "ask_quantity",
            Self::Open => "open",
            Self::High => "high",
            Self::Low => "low",
            Self::Close => "close",
            Self::Volume => "volume",
        }
    }

    /// Whether it is in the decimals of quantities, else in those of prices.
    pub(crate) const fn is_quantity(self) -> bool {
        matches!(self, Self::Quantity | Self::BidQuantity | Self::AskQuantity | Self::Volume)
    }

    /// Names of fields that mean it, in small letters without `_`, `-`, `.` and blanks; the first that is there counts.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Price => &["price", "last", "lastprice", "px"],
            Self::Quantity => &["quantity", "volume", "size", "qty", "amount"],
            Self::Bid => &["bid", "bidprice"],
            Self::BidQuantity => &["bidquantity", "bidsize", "bidvolume", "bidqty"],
            Self::Ask => &["ask", "askprice", "offer"],
            Self::AskQuantity => &["askquantity", "asksize", "askvolume", "askqty"],
            Self::Open => &["open"],
            Self::High => &["high"],
            Self::Low => &["low"],
            Self::Close => &["close"],
            Self::Volume => &["volume", "quantity", "size"],
        }
    }

    /// The field of a file by its name.
    pub(crate) fn find(self, item: &ItemDescription) -> Option<&Field> {
        let fields = || item.fields().iter().filter(|field| !field.is_time());
        self.names().iter().find_map(|name| fields().find(|field| plain(field.name()) == *name))
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The fields by their names in the files; those that are not named are found by usual names.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The time. By default the event time of the file.
    pub time: Option<String>,
    /// Trade: the price. Usual names: `price`, `last`, `last_price`, `px`.
    pub price: Option<String>,
    /// Trade: the quantity, 0 if there is none. Usual names: `quantity`, `volume`, `size`, `qty`, `amount`.
    pub quantity: Option<String>,
    /// Quote: the best bid. Usual names: `bid`, `bid_price`.
    pub bid: Option<String>,
    /// Quote: the quantity at the best bid, 0 if there is none. Usual names: `bid_quantity`, `bid_size`, `bid_volume`.
    pub bid_quantity: Option<String>,
    /// Quote: the best ask. Usual names: `ask`, `ask_price`, `offer`.
    pub ask: Option<String>,
    /// Quote: the quantity at the best ask, 0 if there is none. Usual names: `ask_quantity`, `ask_size`, `ask_volume`.
    pub ask_quantity: Option<String>,
    /// Bar: the first price. Usual name: `open`.
    pub open: Option<String>,
    /// Bar: the highest price. Usual name: `high`.
    pub high: Option<String>,
    /// Bar: the lowest price. Usual name: `low`.
    pub low: Option<String>,
    /// Bar: the last price. Usual name: `close`.
    pub close: Option<String>,
    /// Bar: the traded quantity, 0 if there is none. Usual names: `volume`, `quantity`, `size`.
    pub volume: Option<String>,
}

impl Columns {
    /// The name that the configuration gives.
    pub(crate) fn name(&self, number: Number) -> Option<&str> {
        let name = match number {
            Number::Price => &self.price,
            Number::Quantity => &self.quantity,
            Number::Bid => &self.bid,
            Number::BidQuantity => &self.bid_quantity,
            Number::Ask => &self.ask,
            Number::AskQuantity => &self.ask_quantity,
            Number::Open => &self.open,
            Number::High => &self.high,
            Number::Low => &self.low,
            Number::Close => &self.close,
            Number::Volume => &self.volume,
        };
        name.as_deref()
    }
}
