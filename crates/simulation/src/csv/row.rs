//! One row, read.

use stratd_plugin_api::{
    Bar, InstrumentId, Price, Quantity, Side, Timestamp, Trade,
    abi::{self, TextHandle},
};

/// A row of a file, on the grid of its instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its time.
    pub ts: Timestamp,
    /// Where its instrument stands in the [`super::InstrumentTable`].
    pub instrument: usize,
    /// What it says.
    pub data: RowData,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowData {
    /// Open, high, low, close and volume of an interval.
    Bar {
        /// First price.
        open: Price,
        /// Highest price.
        high: Price,
        /// Lowest price.
        low: Price,
        /// Last price.
        close: Price,
        /// Traded quantity.
        volume: Quantity,
    },
    /// A public print.
    Trade {
        /// Price.
        price: Price,
        /// Quantity.
        quantity: Quantity,
        /// The side that took liquidity, if known.
        aggressor: Option<Side>,
        /// The exchange's id, if the file has one.
        id: Option<String>,
    },
}

impl Row {
    /// The row as market events, in this order: the bar if it is one, then a trade. The trade of a bar is at its
    /// close, with its volume, and carries the flag FROM_BAR.
    ///
    /// `trade_id` is the interned id of a trade; it is left out of the trade of a bar.
    #[must_use]
    pub fn events(&self, instrument: InstrumentId, trade_id: TextHandle) -> (Option<abi::Event>, abi::Event) {
        let mut trade = Trade {
            ts: self.ts,
            ts_recv: Timestamp::new(0),
            seq: 0,
            instrument,
            price: Price::ZERO,
            quantity: Quantity::ZERO,
            aggressor: None,
            is_from_bar: false,
            trade_id: 0,
        };
        match self.data {
            RowData::Bar { open, high, low, close, volume } => {
                let bar = Bar { ts: self.ts, instrument, open, high, low, close, volume, ..Bar::default() };
                trade.price = close;
                trade.quantity = volume;
                trade.is_from_bar = true;
                (Some(abi::Event::from(&bar)), abi::Event::from(&trade))
            }
            RowData::Trade { price, quantity, aggressor, .. } => {
                trade.price = price;
                trade.quantity = quantity;
                trade.aggressor = aggressor;
                trade.trade_id = trade_id;
                (None, abi::Event::from(&trade))
            }
        }
    }
}
