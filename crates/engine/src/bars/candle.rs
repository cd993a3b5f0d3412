//! A bar in the making.

/// Open, high, low, close, volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candle {
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
    pub(super) volume: i64,
    /// Trades; a bar of the exchange counts as one.
    pub(super) trades: i64,
}

impl Candle {
    /// Of one price.
    pub(super) fn at(price: i64) -> Self {
        Self { open: price, high: price, low: price, close: price, volume: 0, trades: 0 }
    }

    /// Adds what came later; `None` if the volume leaves its range.
    pub(super) fn add(&mut self, later: Candle) -> Option<()> {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume = self.volume.checked_add(later.volume)?;
        self.trades = self.trades.checked_add(1)?;
        Some(())
    }
}
