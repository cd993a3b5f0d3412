//! What a caller asks of the book: new orders, new stops and the other operations.
//!
//! The types leave little to refuse: a stop has no quantity of its own, its target cannot be another stop, and an order
//! is for the one instrument of its book.
//! What remains is checked on entry and refused with a reason, never repaired.

use stratd_plugin_api::{OrderFlags, OrderType, Price, Quantity, Reason, Side};

use crate::{
    config::BookConfig,
    notional::Notional,
    order::{Order, OrderId, OwnerId, SelfTrade, Stop},
};

/// How much, and at which price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// At `price` or better; what does not trade at once rests, unless a flag forbids it.
    Limit {
        /// Total quantity.
        quantity: Quantity,
        /// Worst price; 0 and below are prices like any other.
        price: Price,
    },
    /// At the best prices there are; never rests.
    Market {
        /// Total quantity.
        quantity: Quantity,
        /// Protection limit; heeded only with fill-or-kill, all-or-none or immediate-or-cancel, and 0 means none.
        price: Option<Price>,
    },
    /// A market order for as many whole lots as keep the sum of price × quantity within `notional`.
    MarketNotional {
        /// The most to spend or to raise.
        notional: Notional,
        /// Protection limit; heeded only with fill-or-kill, all-or-none or immediate-or-cancel, and 0 means none.
        price: Option<Price>,
    },
}

/// A market or limit order to add, also as the target of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Its id, never used before in this book.
    pub id: OrderId,
    /// Its owner.
    pub owner: OwnerId,
    /// Its side.
    pub side: Side,
    /// How much, and at which price.
    pub terms: Terms,
    /// At most one of fill-or-kill, all-or-none and immediate-or-cancel; post-only for resting limit orders.
    /// Reduce-only is carried along: only the venue knows positions.
    pub flags: OrderFlags,
    /// Self-trade prevention when this order is the incoming one.
    pub self_trade: SelfTrade,
}

impl NewOrder {
    /// A limit order.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, OrderId};
    /// use stratd_plugin_api::{OrderFlags, Price, Quantity, Side};
    /// let order = NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100));
    /// assert_eq!(order.flags, OrderFlags::NONE);
    /// ```
    #[must_use]
    pub const fn limit(id: OrderId, side: Side, quantity: Quantity, price: Price) -> Self {
        Self::with_terms(id, side, Terms::Limit { quantity, price })
    }

    /// A market order.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, OrderId, Terms};
    /// use stratd_plugin_api::{Quantity, Side};
    /// let order = NewOrder::market(OrderId(1), Side::Sell, Quantity::new(5));
    /// assert_eq!(order.terms, Terms::Market { quantity: Quantity::new(5), price: None });
    /// ```
    #[must_use]
    pub const fn market(id: OrderId, side: Side, quantity: Quantity) -> Self {
        Self::with_terms(id, side, Terms::Market { quantity, price: None })
    }

    /// A market order for a notional.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, Notional, OrderId, Terms};
    /// use stratd_plugin_api::Side;
    /// let order = NewOrder::market_notional(OrderId(1), Side::Buy, Notional::new(1_000));
    /// assert_eq!(order.terms, Terms::MarketNotional { notional: Notional::new(1_000), price: None });
    /// ```
    #[must_use]
    pub const fn market_notional(id: OrderId, side: Side, notional: Notional) -> Self {
        Self::with_terms(id, side, Terms::MarketNotional { notional, price: None })
    }

    const fn with_terms(id: OrderId, side: Side, terms: Terms) -> Self {
        Self { id, owner: OwnerId::NONE, side, terms, flags: OrderFlags::NONE, self_trade: SelfTrade::Allow }
    }

    /// With another price: the protection limit of a market order, the limit of a limit order.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, OrderId};
    /// use stratd_plugin_api::{OrderFlags, Price, Quantity, Side};
    /// let order = NewOrder::market(OrderId(1), Side::Buy, Quantity::new(5))
    ///     .price(Price::new(101))
    ///     .flags(OrderFlags::IMMEDIATE_OR_CANCEL);
    /// assert_eq!(order.flags, OrderFlags::IMMEDIATE_OR_CANCEL);
    /// ```
    #[must_use]
    pub const fn price(mut self, new_price: Price) -> Self {
        match &mut self.terms {
            Terms::Limit { price, .. } => *price = new_price,
            Terms::Market { price, .. } | Terms::MarketNotional { price, .. } => *price = Some(new_price),
        }
        self
    }

    /// With these flags besides.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, OrderId};
    /// use stratd_plugin_api::{OrderFlags, Price, Quantity, Side};
    /// let order = NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100))
    ///     .flags(OrderFlags::POST_ONLY);
    /// assert!(order.flags.contains(OrderFlags::POST_ONLY));
    /// ```
    #[must_use]
    pub const fn flags(mut self, flags: OrderFlags) -> Self {
        self.flags = self.flags.with(flags);
        self
    }

    /// With an owner and what to do when it meets the owner's own orders.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, OrderId, OwnerId, SelfTrade};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let order = NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100))
    ///     .owner(OwnerId(3), SelfTrade::CancelOldest);
    /// assert_eq!(order.owner, OwnerId(3));
    /// ```
    #[must_use]
    pub const fn owner(mut self, owner: OwnerId, self_trade: SelfTrade) -> Self {
        self.owner = owner;
        self.self_trade = self_trade;
        self
    }

    /// The price it carries, limit or protection.
    fn any_price(&self) -> Option<Price> {
        match self.terms {
            Terms::Limit { price, .. } => Some(price),
            Terms::Market { price, .. } | Terms::MarketNotional { price, .. } => price,
        }
    }

    /// The worst price at which it may trade; `None` = any.
    #[inline]
    pub(crate) fn limit_price(&self) -> Option<Price> {
        match self.terms {
            Terms::Limit { price, .. } => Some(price),
            Terms::Market { price, .. } | Terms::MarketNotional { price, .. } => {
                price.filter(|price| self.flags.is_immediate() && !price.is_zero())
            }
        }
    }

    /// Whether a remainder stays in the book.
    #[inline]
    pub(crate) fn may_rest(&self) -> bool {
        match self.terms {
            Terms::Limit { .. } => !self.flags.is_immediate(),
            Terms::Market { .. } | Terms::MarketNotional { .. } => false,
        }
    }

    /// Rule 1: price and quantity on their grids.
    #[inline]
    pub(crate) fn check_grid(&self, config: &BookConfig) -> Result<(), Reason> {
        if let Some(price) = self.any_price() {
            config.check_tick(price)?;
        }
        match self.terms {
            Terms::Limit { quantity, .. } | Terms::Market { quantity, .. } => config.check_lot(quantity),
            Terms::MarketNotional { .. } => Ok(()),
        }
    }

    /// Rule 2 and the combinations of flags that contradict themselves.
    #[inline]
    pub(crate) fn check_terms(&self) -> Result<(), Reason> {
        let (is_amount_positive, is_market, is_whole_defined) = match self.terms {
            Terms::Limit { quantity, .. } => (quantity.is_positive(), false, true),
            Terms::Market { quantity, .. } => (quantity.is_positive(), true, true),
            // "all of it" has no meaning for an order that ends somewhere below its notional
            Terms::MarketNotional { notional, .. } => (notional.get() > 0, true, false),
        };
        if !is_amount_positive {
            return Err(Reason::BadQuantity);
        }
        if self.flags == OrderFlags::NONE {
            return Ok(());
        }
        let is_immediate = self.flags.is_immediate();
        let is_post_only = self.flags.contains(OrderFlags::POST_ONLY);
        let has_two = [OrderFlags::FILL_OR_KILL, OrderFlags::ALL_OR_NONE, OrderFlags::IMMEDIATE_OR_CANCEL]
            .iter()
            .filter(|flag| self.flags.contains(**flag))
            .nth(1)
            .is_some();
        let is_contradiction =
            has_two || is_post_only && (is_immediate || is_market) || self.needs_whole() && !is_whole_defined;
        if is_contradiction { Err(Reason::BadOrder) } else { Ok(()) }
    }

    /// Whether it takes all of its quantity or nothing.
    #[inline]
    pub(crate) fn needs_whole(&self) -> bool {
        self.flags.contains(OrderFlags::FILL_OR_KILL) || self.flags.contains(OrderFlags::ALL_OR_NONE)
    }

    /// The state it has before anything happened to it.
    #[inline]
    pub(crate) fn snapshot(&self) -> Order {
        let (order_type, quantity) = match self.terms {
            Terms::Limit { quantity, .. } => (OrderType::Limit, quantity),
            Terms::Market { quantity, .. } => (OrderType::Market, quantity),
            Terms::MarketNotional { .. } => (OrderType::Market, Quantity::ZERO),
        };
        Order {
            id: self.id,
            price: self.any_price().unwrap_or_default(),
            quantity,
            filled: Quantity::ZERO,
            owner: self.owner,
            side: self.side,
            order_type,
            flags: self.flags,
            self_trade: self.self_trade,
        }
    }
}

/// A stop: once a trade reaches `stop_price`, `target` is submitted.
///
/// A stop-limit is a stop with a limit order as target, a stop-market one with a market order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewStop {
    /// The id of the stop itself.
    pub id: OrderId,
    /// Its owner; the target's too.
    pub owner: OwnerId,
    /// Its side; the target's too. A buy stop is elected by a trade at its price or above, a sell stop at or below.
    pub side: Side,
    /// The price that elects it.
    pub stop_price: Price,
    /// The order to submit then; its id is reserved from now on.
    pub target: NewOrder,
}

impl NewStop {
    /// A stop on the side and for the owner of its target.
    ///
    /// ```
    /// use stratd_orderbook::{NewOrder, NewStop, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let target = NewOrder::market(OrderId(2), Side::Sell, Quantity::new(5));
    /// let stop = NewStop::new(OrderId(1), Price::new(95), target);
    /// assert_eq!(stop.side, Side::Sell);
    /// ```
    #[must_use]
    pub const fn new(id: OrderId, stop_price: Price, target: NewOrder) -> Self {
        Self { id, owner: target.owner, side: target.side, stop_price, target }
    }

    pub(crate) fn check_grid(&self, config: &BookConfig) -> Result<(), Reason> {
        config.check_tick(self.stop_price)?;
        self.target.check_grid(config)
    }

    pub(crate) fn check_terms(&self) -> Result<(), Reason> {
        self.target.check_terms()?;
        if self.target.side != self.side || self.target.owner != self.owner {
            return Err(Reason::BadOrder);
        }
        Ok(())
    }

    pub(crate) fn snapshot(&self) -> Stop {
        Stop {
            id: self.id,
            target_id: self.target.id,
            stop_price: self.stop_price,
            owner: self.owner,
            side: self.side,
        }
    }
}

/// One of the four things that can be asked of a book, as a value: to record, send or replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new order.
    Add(NewOrder),
    /// A new stop.
    AddStop(NewStop),
    /// Take a resting order or a waiting stop out.
    Cancel(OrderId),
    /// Another price or quantity for a resting order, another stop price for a waiting stop.
    Change {
        /// Which one.
        id: OrderId,
        /// The new price; of a stop the new stop price.
        price: Price,
        /// The new total quantity, what is filled included. A stop has none: it is not looked at.
        quantity: Quantity,
    },
}
