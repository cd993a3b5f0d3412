//! The exchange itself: prices that swing, orders that rest, one account. It knows symbols and texts, no handles.
//!
//! All of it is the saved state, as if the exchange were elsewhere and stayed while its connector is replaced.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The instruments; prices are in cents, quantities whole.
pub(crate) const SYMBOLS: [&str; 2] = ["FAKE-A", "FAKE-B"];
/// Working orders at most; a further one is refused.
const ORDERS_MAX: usize = 10_000;
/// Executions that are remembered; the oldest is forgotten first.
const FILLS_MAX: usize = 10_000;
/// Executed at most per order and step: larger orders are filled in parts.
pub(crate) const PART_MAX: i64 = 10;
/// The lowest price.
const LOWEST: i64 = 10_000;
/// Prices rise for so many steps and fall for as many, by so much at each.
const SWING_STEPS: u64 = 20;
const SWING_CENTS: i64 = 5;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) steps: u64,
    orders_ever: u64,
    fills_ever: u64,
    pub(crate) cash_cents: i64,
    pub(crate) positions: [i64; SYMBOLS.len()],
    pub(crate) orders: Vec<Order>,
    pub(crate) fills: VecDeque<Fill>,
    /// The ids of all orders that ever came, in their order: an id that is there twice was sent twice.
    #[serde(default)]
    pub(crate) received: Vec<u64>,
}

/// A working order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The exchange's id: a text.
    pub(crate) id: String,
    pub(crate) client_order_id: u64,
    /// Index into [`SYMBOLS`].
    pub(crate) market: usize,
    pub(crate) is_buy: bool,
    /// `None` = at any price.
    pub(crate) price: Option<i64>,
    pub(crate) quantity: i64,
    pub(crate) filled: i64,
    pub(crate) created: i64,
}

/// An execution, with the order as it was after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fill {
    pub(crate) id: String,
    pub(crate) order: Order,
    pub(crate) ts: i64,
    pub(crate) price: i64,
    pub(crate) quantity: i64,
}

impl Server {
    /// The present price of an instrument.
    pub(crate) fn price(&self, market: usize) -> i64 {
        Self::price_at(self.steps, market)
    }

    /// A triangle, each instrument at another place of it.
    pub(crate) fn price_at(step: u64, market: usize) -> i64 {
        let phase = (step + 7 * market as u64) % (2 * SWING_STEPS);
        let height = phase.min(2 * SWING_STEPS - phase);
        LOWEST + SWING_CENTS * i64::try_from(height).unwrap_or(0)
    }

    /// Takes an order; `None` if there are too many.
    pub(crate) fn submit(&mut self, order: Order) -> Option<&Order> {
        if self.orders.len() >= ORDERS_MAX {
            return None;
        }
        self.orders_ever += 1;
        self.orders.push(Order { id: format!("FAKE-{:08}", self.orders_ever), ..order });
        self.orders.last()
    }

    pub(crate) fn find(&mut self, client_order_id: u64) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.client_order_id == client_order_id)
    }

    pub(crate) fn cancel(&mut self, client_order_id: u64) -> Option<Order> {
        let at = self.orders.iter().position(|order| order.client_order_id == client_order_id)?;
        Some(self.orders.remove(at))
    }

    /// Executes what the present prices allow, in the order in which orders came.
    pub(crate) fn execute(&mut self, ts: i64) -> Vec<Fill> {
        let mut fills = Vec::new();
        let prices: Vec<i64> = (0..SYMBOLS.len()).map(|market| self.price(market)).collect();
        for order in &mut self.orders {
            let price = prices[order.market];
            let is_reached = order.price.is_none_or(|p| if order.is_buy { price <= p } else { price >= p });
            if !is_reached {
                continue;
            }
            let quantity = (order.quantity - order.filled).min(PART_MAX);
            let signed = if order.is_buy { quantity } else { -quantity };
            order.filled += quantity;
            self.positions[order.market] += signed;
            self.cash_cents -= signed * price;
            self.fills_ever += 1;
            let id = format!("EXEC-{:08}", self.fills_ever);
            fills.push(Fill { id, order: order.clone(), ts, price, quantity });
        }
        self.orders.retain(|order| order.filled < order.quantity);
        self.fills.extend(fills.iter().cloned());
        let excess = self.fills.len().saturating_sub(FILLS_MAX);
        self.fills.drain(..excess);
        fills
    }

    /// Cash and the value of all positions.
    pub(crate) fn equity_cents(&self) -> i64 {
        let values = self.positions.iter().enumerate().map(|(market, size)| size * self.price(market));
        self.cash_cents + values.sum::<i64>()
    }
}
