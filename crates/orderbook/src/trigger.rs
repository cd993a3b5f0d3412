//! When an order that waits for a price is due.

use stratd_plugin_api::{OrderRequest, OrderType, Price, Side};

/// The prices that one event of the market tells of, as far as an order can trade at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first one.
    pub first: Price,
    /// The lowest one.
    pub low: Price,
    /// The highest one.
    pub high: Price,
}

impl Seen {
    /// A single price: that of a trade, or the side of a quote that an order could take.
    ///
    /// ```
    /// use stratd_orderbook::Seen;
    /// use stratd_plugin_api::Price;
    /// assert_eq!(Seen::at(Price::new(100)).low, Price::new(100));
    /// ```
    #[must_use]
    pub const fn at(price: Price) -> Self {
        Self { first: price, low: price, high: price }
    }
}

/// What an order waits for: a stop, a touch price, or a stop that follows the market. The exchange of a backtest and an
/// engine that stands in for an exchange go by the same rules:
///
/// - A price at or beyond the level is enough. A buy stop waits for the price to rise, a sell stop for it to fall, touch
///   orders the other way round.
/// - Over a gap it is due at the first price beyond the level; within a bar, at the level.
/// - A trailing stop follows the highest price that it has seen (a sell) or the lowest (a buy) at its distance, and never
///   goes back. Within a bar nobody knows whether high or low came first: the bar is held against the stop as it was
///   before it, and moves it afterwards.
///
/// ```
/// use stratd_orderbook::{Seen, Trigger};
/// use stratd_plugin_api::{InstrumentId, OrderRequest, Price, Quantity, Side};
/// let stop = OrderRequest::trailing_stop(InstrumentId(1), Quantity::new(10), Price::new(5)).side(Side::Sell);
/// let mut trigger = Trigger::of(&stop).unwrap();
/// let mut due = |price| trigger.take(Seen::at(Price::new(price)));
/// assert_eq!([due(100), due(108), due(104)], [None, None, None]);
/// assert_eq!(due(101), Some(Price::new(101))); // 108 - 5 is passed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Whether the price has to rise to the level.
    rises: bool,
    level: Option<Price>,
    /// Of a stop that follows.
    trail: Option<Price>,
}

impl Trigger {
    /// That of an order; `None` for one that waits for no price: market and limit orders.
    ///
    /// ```
    /// use stratd_orderbook::Trigger;
    /// use stratd_plugin_api::{InstrumentId, OrderRequest, Quantity};
    /// assert_eq!(Trigger::of(&OrderRequest::market(InstrumentId(1), Quantity::new(1))), None);
    /// ```
    #[must_use]
    pub fn of(request: &OrderRequest) -> Option<Self> {
        let is_buy = request.side == Side::Buy;
        match request.order_type {
            OrderType::Market | OrderType::Limit => None,
            OrderType::StopMarket | OrderType::StopLimit => {
                Some(Self { rises: is_buy, level: Some(request.stop_price?), trail: None })
            }
            OrderType::MarketIfTouched | OrderType::LimitIfTouched => {
                Some(Self { rises: !is_buy, level: Some(request.stop_price?), trail: None })
            }
            OrderType::TrailingStop => {
                Some(Self { rises: is_buy, level: request.stop_price, trail: Some(request.trail?) })
            }
        }
    }

    /// Due once an order of that side could trade at a price or a better one: what a limit order that is held back waits for.
    ///
    /// ```
    /// use stratd_orderbook::{Seen, Trigger};
    /// use stratd_plugin_api::{Price, Side};
    /// let mut profit = Trigger::at_or_better(Side::Sell, Price::new(110));
    /// assert_eq!(profit.take(Seen::at(Price::new(111))), Some(Price::new(111)));
    /// ```
    #[must_use]
    pub fn at_or_better(side: Side, price: Price) -> Self {
        Self { rises: side == Side::Sell, level: Some(price), trail: None }
    }

    /// The price that it waits for; `None` for a stop that follows and has not seen a price yet.
    ///
    /// ```
    /// use stratd_orderbook::Trigger;
    /// use stratd_plugin_api::{Price, Side};
    /// assert_eq!(Trigger::at_or_better(Side::Buy, Price::new(9)).level(), Some(Price::new(9)));
    /// ```
    #[must_use]
    pub fn level(&self) -> Option<Price> {
        self.level
    }

    /// Waits for another price from now on; a stop that follows goes on from there.
    ///
    /// ```
    /// use stratd_orderbook::Trigger;
    /// use stratd_plugin_api::{Price, Side};
    /// let mut trigger = Trigger::at_or_better(Side::Buy, Price::new(9));
    /// trigger.move_to(Price::new(8));
    /// assert_eq!(trigger.level(), Some(Price::new(8)));
    /// ```
    pub fn move_to(&mut self, price: Price) {
        self.level = Some(price);
    }

    /// Takes the prices of an event: the price at which the order is due, if it is.
    ///
    /// ```
    /// use stratd_orderbook::{Seen, Trigger};
    /// use stratd_plugin_api::{InstrumentId, OrderRequest, Price, Quantity, Side};
    /// let stop = OrderRequest::stop_market(InstrumentId(1), Quantity::new(10), Price::new(95)).side(Side::Sell);
    /// let mut trigger = Trigger::of(&stop).unwrap();
    /// let bar = Seen { first: Price::new(99), low: Price::new(94), high: Price::new(101) };
    /// assert_eq!(trigger.take(bar), Some(Price::new(95)));
    /// ```
    pub fn take(&mut self, seen: Seen) -> Option<Price> {
        let (extreme, opposite) = if self.rises { (seen.high, seen.low) } else { (seen.low, seen.high) };
        if let Some(level) = self.level {
            if self.is_reached(seen.first, level) {
                return Some(seen.first);
            }
            if self.is_reached(extreme, level) {
                return Some(level);
            }
        }
        if let Some(trail) = self.trail {
            let followed = if self.rises { opposite.checked_add(trail) } else { opposite.checked_sub(trail) };
            // beyond the range of prices the market cannot come back to it
            if let Some(followed) = followed
                && self.level.is_none_or(|level| !self.is_reached(followed, level))
            {
                self.level = Some(followed);
            }
        }
        None
    }

    fn is_reached(&self, price: Price, level: Price) -> bool {
        if self.rises { price >= level } else { price <= level }
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::{InstrumentId, Quantity};

    use super::*;

    /// At which price each event makes the order due, until one does.
    fn check(request: OrderRequest, events: &[(i64, i64, i64)], expected: &str) {
        let mut trigger = Trigger::of(&request).unwrap();
        let mut found = Vec::new();
        for (first, low, high) in events {
            let (first, low, high) = (Price::new(*first), Price::new(*low), Price::new(*high));
            let due = trigger.take(Seen { first, low, high });
            found.push(due.map_or_else(|| "-".to_owned(), |price| price.to_string()));
            if due.is_some() {
                break;
            }
        }
        assert_eq!(found.join(" "), expected, "{request:?}");
    }

    fn trailing(side: Side) -> OrderRequest {
        OrderRequest::trailing_stop(InstrumentId(1), Quantity::new(1), Price::new(5)).side(side)
    }

    #[test]
    fn a_trailing_stop_follows_the_best_price_and_never_goes_back() {
        let sell = trailing(Side::Sell);
        check(sell, &[(100, 100, 100), (104, 104, 104), (100, 100, 100), (99, 99, 99)], "- - - 99");
        check(sell, &[(100, 100, 100), (90, 90, 90)], "- 90");
        let buy = trailing(Side::Buy);
        check(buy, &[(100, 100, 100), (96, 96, 96), (100, 100, 100), (101, 101, 101)], "- - - 101");
        check(OrderRequest { stop_price: Some(Price::new(98)), ..sell }, &[(98, 98, 98)], "98");
    }

    #[test]
    fn a_bar_is_held_against_the_stop_as_it_was_before_it() {
        // the high moves the stop to 105, for the next bar; that one passes it
        check(trailing(Side::Sell), &[(100, 99, 110), (108, 103, 109)], "- 105");
        check(trailing(Side::Sell), &[(100, 100, 100), (101, 94, 110)], "- 95");
    }

    #[test]
    fn at_the_edge_of_the_range_a_trailing_stop_stays_where_it_is() {
        check(trailing(Side::Sell), &[(i64::MIN, i64::MIN, i64::MIN), (0, 0, 0), (-5, -5, -5)], "- - -5");
        check(trailing(Side::Buy), &[(i64::MAX, i64::MAX, i64::MAX), (0, 0, 0), (5, 5, 5)], "- - 5");
    }
}
