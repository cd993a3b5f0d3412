//! The two sides of a book, and the single orders of it where the source shows them.

use std::collections::BTreeMap;

use stratd_plugin_api::Side;

/// At most this many levels a side: beyond it, the one farthest from the best price is left out and counted.
pub(super) const LEVELS_MAX: usize = 100_000;
/// At most this many orders of a book: further ones are left out and counted.
pub(super) const ORDERS_MAX: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) quantity: i64,
    /// Of a source that shows single orders; else 0.
    pub(super) orders: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resting {
    pub(super) side: Side,
    pub(super) price: i64,
    pub(super) quantity: i64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Levels {
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    orders: BTreeMap<u64, Resting>,
    pub(super) left_out: u64,
}

impl Levels {
    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.orders.clear();
    }

    pub(super) fn side(&self, side: Side) -> &BTreeMap<i64, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub(super) fn order_count(&self) -> usize {
        self.orders.len()
    }

    pub(super) fn has_order(&self, id: u64) -> bool {
        self.orders.contains_key(&id)
    }

    pub(super) fn best(&self, side: Side) -> Option<i64> {
        let levels = self.side(side);
        match side {
            Side::Buy => levels.last_key_value(),
            Side::Sell => levels.first_key_value(),
        }
        .map(|(price, _)| *price)
    }

    pub(super) fn is_crossed(&self) -> bool {
        match (self.best(Side::Buy), self.best(Side::Sell)) {
            (Some(bid), Some(ask)) => bid >= ask,
            (None, _) | (_, None) => false,
        }
    }

    /// Sets the quantity of a level; at most 0 takes it away.
    pub(super) fn set(&mut self, side: Side, price: i64, quantity: i64) {
        self.put(side, price, Level { quantity, orders: 0 });
    }

    /// Sets what is left of an order; at most 0 takes it away.
    pub(super) fn set_order(&mut self, id: u64, now: Resting) {
        if let Some(before) = self.orders.remove(&id) {
            self.add(before, false);
        }
        if now.quantity <= 0 {
            return;
        }
        if self.orders.len() >= ORDERS_MAX {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.orders.insert(id, now);
        self.add(now, true);
    }

    fn add(&mut self, order: Resting, comes: bool) {
        let known = self.side(order.side).get(&order.price).copied().unwrap_or_default();
        let level = if comes {
            Level {
                quantity: known.quantity.saturating_add(order.quantity),
                orders: known.orders.saturating_add(1),
            }
        } else {
            Level {
                quantity: known.quantity.saturating_sub(order.quantity),
                orders: known.orders.saturating_sub(1),
            }
        };
        self.put(order.side, order.price, level);
    }

    fn put(&mut self, side: Side, price: i64, level: Level) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if level.quantity <= 0 {
            levels.remove(&price);
            return;
        }
        levels.insert(price, level);
        if levels.len() > LEVELS_MAX {
            match side {
                Side::Buy => levels.pop_first(),
                Side::Sell => levels.pop_last(),
            };
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}
