//! What a book tells: immutable snapshots, numbered in the order in which things happened.
//!
//! The events of one operation come in groups, one per order that entered; the group of the operation's own order is
//! first, those of the targets of elected stops follow.
//! Within a group:
//!
//! 1. what the caller asked for: `StopOpen`, `StopChange`, `StopCancel`, or the `Change` or `Cancel` of an accepted
//!    change or cancel; `StopTrigger` in front of a target;
//! 2. per match the maker's `Change` or `Fill`, then the taker's; self-trade prevention reports the maker it met in
//!    the same place;
//! 3. one `Trade` summary, if anything traded;
//! 4. `Open` if the order now rests for the first time, or `Cancel` with the reason if its remainder was canceled.
//!
//! A changed order that rests on has no second `Open`: it was open all the time, and its `Change` told where it is.

use stratd_plugin_api::{Price, Quantity, Reason, Side};

use crate::{
    notional::Notional,
    order::{Order, OrderId, Stop},
};

/// Something that happened in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The book's own count of events, from 1, without gaps.
    pub sequence: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The order rests in the book.
    Open {
        /// The order now.
        order: Order,
    },
    /// The order was partly filled (`last`), changed on request, or reduced by self-trade prevention (no `last`).
    Change {
        /// The order now.
        order: Order,
        /// The execution.
        last: Option<Execution>,
    },
    /// The order was completely filled.
    Fill {
        /// The order now.
        order: Order,
        /// The execution that completed it.
        last: Execution,
    },
    /// Summary of all executions of one incoming order.
    Trade(TradeSummary),
    /// The order left the book, or never rested, with something unfilled.
    Cancel {
        /// The order now; `remaining` is what was canceled.
        order: Order,
        /// `Requested`, `Unfilled` (nothing more to trade with within its limit, or not all of it at once),
        /// `MaxOrderNotional` (no further lot fits into the notional), `SelfTrade`; for the target of an elected stop
        /// also `WouldExecute`, `HostLimit` or `Overflow`.
        reason: Reason,
    },
    /// The stop was accepted.
    StopOpen {
        /// The stop now.
        stop: Stop,
    },
    /// The stop has another stop price.
    StopChange {
        /// The stop now.
        stop: Stop,
    },
    /// The stop was elected and its target entered; the target's events follow.
    StopTrigger {
        /// The stop as it was.
        stop: Stop,
    },
    /// The stop was canceled; its target never enters.
    StopCancel {
        /// The stop as it was.
        stop: Stop,
        /// `Requested`.
        reason: Reason,
    },
}

/// One match: always at the maker's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
}

/// All executions of one incoming order in one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeSummary {
    /// The incoming order.
    pub taker: OrderId,
    /// Its side.
    pub side: Side,
    /// The sum of the quantities.
    pub quantity: Quantity,
    /// The sum of price × quantity.
    pub notional: Notional,
    /// How many resting orders it traded with; their events are the makers' of this group.
    pub makers: u32,
}

impl TradeSummary {
    /// The volume-weighted average price, rounded to a price unit, halves to even. [`TradeSummary::notional`] and
    /// `quantity` have it exactly.
    ///
    /// ```
    /// use stratd_orderbook::{BookConfig, EventKind, NewOrder, OrderBook, OrderId};
    /// use stratd_plugin_api::{Price, Quantity, Side};
    /// let mut book = OrderBook::new(BookConfig::default());
    /// let mut events = Vec::new();
    /// book.add(NewOrder::limit(OrderId(1), Side::Sell, Quantity::new(1), Price::new(100)), &mut events)?;
    /// book.add(NewOrder::limit(OrderId(2), Side::Sell, Quantity::new(2), Price::new(102)), &mut events)?;
    /// events.clear();
    /// book.add(NewOrder::market(OrderId(3), Side::Buy, Quantity::new(3)), &mut events)?;
    /// let Some(EventKind::Trade(trade)) = events.last().map(|event| event.kind) else { panic!() };
    /// assert_eq!((trade.average_price(), trade.notional.get()), (Price::new(101), 304));
    /// # Ok::<(), stratd_orderbook::Error>(())
    /// ```
    #[must_use]
    pub fn average_price(&self) -> Price {
        let (notional, quantity) = (self.notional.get(), i128::from(self.quantity.get()));
        let floor = notional.checked_div_euclid(quantity).unwrap_or(0);
        let rest = notional.checked_rem_euclid(quantity).unwrap_or(0);
        // compares rest with quantity - rest, which cannot overflow, instead of 2 * rest with quantity
        let is_up = match rest.cmp(&quantity.saturating_sub(rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => floor.checked_rem(2) != Some(0),
            std::cmp::Ordering::Greater => true,
        };
        let average = floor.saturating_add(i128::from(is_up && rest > 0));
        // an average lies between the prices it was made of, which are 64-bit
        Price::new(i64::try_from(average).unwrap_or(i64::MAX))
    }
}
