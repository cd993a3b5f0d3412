//! The grid and the limits of a book.

use stratd_plugin_api::{Price, Quantity, Reason};

use crate::error::{Attempt, Error};

/// Most orders that may rest at once, unless configured otherwise.
pub const ORDERS_MAX: u32 = 1 << 20;
/// Most stops that may wait at once, unless configured otherwise.
pub const STOPS_MAX: u32 = 1 << 16;
/// Most ids that a book accepts in its lifetime, unless configured otherwise.
pub const IDS_MAX: u64 = 1 << 26;
/// No configuration allows more resting orders or waiting stops than this: a reference to a level is 32 bits.
pub const SLOTS_LIMIT: u32 = 1 << 26;
/// No configuration allows more ids than this: the tables that remember them have at most 2^32 entries.
pub const IDS_LIMIT: u64 = 1 << 31;

/// The grid and the limits of a book.
///
/// Reaching a limit has one outcome: the operation is refused with [`Reason::HostLimit`] and changes nothing.
/// Only the target of an elected stop is already accepted: it is canceled with that reason.
///
/// ```
/// use stratd_orderbook::BookConfig;
/// use stratd_plugin_api::{Price, Quantity};
/// let config = BookConfig::new(Price::new(25), Quantity::new(10))?.orders_max(50_000);
/// assert_eq!(config.tick(), Price::new(25));
/// # Ok::<(), stratd_orderbook::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookConfig {
    tick: i64,
    lot: i64,
    orders_max: u32,
    stops_max: u32,
    ids_max: u64,
    orders_expected: u32,
    ids_expected: u32,
}

/// Every price and quantity is on the grid, default limits.
impl Default for BookConfig {
    fn default() -> Self {
        Self {
            tick: 1,
            lot: 1,
            orders_max: ORDERS_MAX,
            stops_max: STOPS_MAX,
            ids_max: IDS_MAX,
            orders_expected: 0,
            ids_expected: 0,
        }
    }
}

impl BookConfig {
    /// A grid, with default limits: prices are multiples of `tick`, quantities of `lot`.
    ///
    /// ```
    /// use stratd_orderbook::BookConfig;
    /// use stratd_plugin_api::{Price, Quantity, Reason};
    /// let error = BookConfig::new(Price::ZERO, Quantity::new(1)).unwrap_err();
    /// assert_eq!(error.reason(), Reason::OffTick);
    /// ```
    ///
    /// # Errors
    /// `OffTick` if the tick is not positive, `OffLot` if the lot is not.
    pub fn new(tick: Price, lot: Quantity) -> Result<Self, Error> {
        if !tick.is_positive() {
            return Err(Error::new(Attempt::Tick(tick), Reason::OffTick));
        }
        if !lot.is_positive() {
            return Err(Error::new(Attempt::Lot(lot), Reason::OffLot));
        }
        Ok(Self { tick: tick.get(), lot: lot.get(), ..Self::default() })
    }

    /// The smallest step of prices.
    ///
    /// ```
    /// use stratd_orderbook::BookConfig;
    /// use stratd_plugin_api::Price;
    /// assert_eq!(BookConfig::default().tick(), Price::new(1));
    /// ```
    #[must_use]
    pub const fn tick(&self) -> Price {
        Price::new(self.tick)
    }

    /// The smallest step of quantities.
    ///
    /// ```
    /// use stratd_orderbook::BookConfig;
    /// use stratd_plugin_api::Quantity;
    /// assert_eq!(BookConfig::default().lot(), Quantity::new(1));
    /// ```
    #[must_use]
    pub const fn lot(&self) -> Quantity {
        Quantity::new(self.lot)
    }

    /// With another limit of resting orders, at most [`SLOTS_LIMIT`].
    ///
    /// In a full book an order that might rest is refused, even if all of it would trade: the answer does not depend
    /// on what is on the other side.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default().orders_max(1));
    /// let order = |id| NewOrder::limit(OrderId(id), Side::Buy, Quantity::new(5), Price::new(100));
    /// let mut events = Vec::new();
    /// assert!(book.add(order(1), &mut events).is_ok());
    /// assert_eq!(book.add(order(2), &mut events).unwrap_err().reason(), Reason::HostLimit);
    /// ```
    #[must_use]
    pub const fn orders_max(mut self, orders: u32) -> Self {
        self.orders_max = if orders < SLOTS_LIMIT { orders } else { SLOTS_LIMIT };
        self
    }

    /// With another limit of waiting stops, at most [`SLOTS_LIMIT`].
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, NewStop, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default().stops_max(0));
    /// let target = NewOrder::market(OrderId(2), Side::Buy, Quantity::new(5));
    /// let stop = NewStop::new(OrderId(1), Price::new(100), target);
    /// assert_eq!(book.add_stop(stop, &mut Vec::new()).unwrap_err().reason(), Reason::HostLimit);
    /// ```
    #[must_use]
    pub const fn stops_max(mut self, stops: u32) -> Self {
        self.stops_max = if stops < SLOTS_LIMIT { stops } else { SLOTS_LIMIT };
        self
    }

    /// With another limit of ids over the lifetime of the book, at most [`IDS_LIMIT`].
    ///
    /// Ids are unique for that long, so the book remembers each: a quarter of a byte where ids are given out in
    /// sequence, up to 32 bytes where they are scattered.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Quantity, Reason, Side};
    /// let mut book = OrderBook::new(BookConfig::default().ids_max(1));
    /// let order = |id| NewOrder::market(OrderId(id), Side::Buy, Quantity::new(5));
    /// let mut events = Vec::new();
    /// assert!(book.add(order(1), &mut events).is_ok());
    /// assert_eq!(book.add(order(2), &mut events).unwrap_err().reason(), Reason::HostLimit);
    /// ```
    #[must_use]
    pub const fn ids_max(mut self, ids: u64) -> Self {
        self.ids_max = if ids < IDS_LIMIT { ids } else { IDS_LIMIT };
        self
    }

    /// With memory taken in advance for so many resting orders and so many ids, so that no operation has to wait for
    /// a table to grow: 60 bytes an order, and up to 24 bytes an id.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, OrderBook};
    /// let book = OrderBook::new(BookConfig::default().expecting(10_000, 1_000_000));
    /// assert!(book.is_empty());
    /// ```
    #[must_use]
    pub const fn expecting(mut self, orders: u32, ids: u32) -> Self {
        self.orders_expected = if orders < self.orders_max { orders } else { self.orders_max };
        self.ids_expected = ids;
        self
    }

    #[inline]
    pub(crate) fn check_tick(&self, price: Price) -> Result<(), Reason> {
        if is_multiple(price.get(), self.tick) { Ok(()) } else { Err(Reason::OffTick) }
    }

    #[inline]
    pub(crate) fn check_lot(&self, quantity: Quantity) -> Result<(), Reason> {
        if is_multiple(quantity.get(), self.lot) { Ok(()) } else { Err(Reason::OffLot) }
    }

    /// The number of ticks in a price on the grid.
    #[inline]
    pub(crate) fn ticks(&self, price: Price) -> i64 {
        if self.tick == 1 {
            return price.get();
        }
        // the tick is positive: this division has an answer for every price
        price.get().checked_div(self.tick).unwrap_or(price.get())
    }

    /// The price of so many ticks; it was a price once, so it fits.
    #[inline]
    pub(crate) fn price_of(&self, ticks: i64) -> Price {
        Price::new(ticks.saturating_mul(self.tick))
    }

    pub(crate) const fn max_orders(&self) -> u32 {
        self.orders_max
    }

    pub(crate) const fn max_stops(&self) -> u32 {
        self.stops_max
    }

    pub(crate) const fn max_ids(&self) -> u64 {
        self.ids_max
    }

    pub(crate) const fn expected(&self) -> (u32, u32) {
        (self.orders_expected, self.ids_expected)
    }
}

/// Whether `value` is a multiple of the positive `step`. A step of one, the usual case, spares the division.
#[inline]
fn is_multiple(value: i64, step: i64) -> bool {
    step == 1 || value.checked_rem(step) == Some(0)
}
