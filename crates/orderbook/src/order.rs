//! Orders and stops as they are at one moment: what events and queries carry.

use std::fmt;

use stratd_plugin_api::{OrderFlags, OrderType, Price, Quantity, Side};

/// An order as it is at one moment: what events and queries carry. It does not change afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Limit price, or the protection limit of a market order (0 = none).
    pub price: Price,
    /// Total quantity. Of a market order for a notional it is what was filled so far.
    pub quantity: Quantity,
    /// How much of it traded.
    pub filled: Quantity,
    /// Its owner.
    pub owner: OwnerId,
    /// Its side.
    pub side: Side,
    /// Market or limit.
    pub order_type: OrderType,
    /// Its flags.
    pub flags: OrderFlags,
    /// Its self-trade prevention.
    pub self_trade: SelfTrade,
}

impl Order {
    /// What has not traded; of a canceled order what was canceled.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let mut events = Vec::new();
    /// book.add(NewOrder::limit(OrderId(1), Side::Buy, Quantity::new(5), Price::new(100)), &mut events)?;
    /// book.add(NewOrder::market(OrderId(2), Side::Sell, Quantity::new(3)), &mut events)?;
    /// assert_eq!(book.find(OrderId(1)).unwrap().remaining(), Quantity::new(2));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> Quantity {
        Quantity::new(self.quantity.get().saturating_sub(self.filled.get()))
    }
}

/// A stop as it is at one moment. It does not change afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its id.
    pub id: OrderId,
    /// The id of the order it submits.
    pub target_id: OrderId,
    /// The price that elects it.
    pub stop_price: Price,
    /// Its owner.
    pub owner: OwnerId,
    /// Its side.
    pub side: Side,
}

/// The id of an order or stop; unique for the lifetime of its book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Who an order belongs to, for self-trade prevention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct OwnerId(pub u32);

impl OwnerId {
    /// Nobody in particular: such orders trade with everyone.
    pub const NONE: OwnerId = OwnerId(0);
}

/// What happens when an order meets a resting order of its own owner. The mode of the incoming order decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SelfTrade {
    /// They trade.
    #[default]
    Allow,
    /// The incoming order is canceled; what it traded before stays.
    CancelNewest,
    /// The resting order is canceled and the incoming one goes on.
    CancelOldest,
    /// Both lose the smaller of the two quantities without a trade; one that has nothing left is canceled.
    Decrement,
}
