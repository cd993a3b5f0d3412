//! Working orders, counted: how many by scope, and what they would still trade by position. Risk asks for every order.

use stratd_plugin_api::{InstrumentId, PositionSide, Side};

use crate::{StrategyId, position::PositionId};

/// All counts.
#[derive(Default)]
pub(crate) struct OpenOrders {
    strategies: Vec<u32>,
    // by instrument id, from 1
    instruments: Vec<Open>,
}

/// The working orders of an instrument.
#[derive(Clone, Copy, Default)]
struct Open {
    orders: u32,
    net: Quantities,
    long: Quantities,
    short: Quantities,
}

/// What the working orders about a position would still trade.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Quantities {
    buy: i64,
    sell: i64,
}

impl Open {
    fn of(&self, side: PositionSide) -> &Quantities {
        match side {
            PositionSide::Net => &self.net,
            PositionSide::Long => &self.long,
            PositionSide::Short => &self.short,
        }
    }

    fn of_mut(&mut self, side: PositionSide) -> &mut Quantities {
        match side {
            PositionSide::Net => &mut self.net,
            PositionSide::Long => &mut self.long,
            PositionSide::Short => &mut self.short,
        }
    }
}

impl Quantities {
    fn of(&self, side: Side) -> i64 {
        match side {
            Side::Buy => self.buy,
            Side::Sell => self.sell,
        }
    }

    fn of_mut(&mut self, side: Side) -> &mut i64 {
        match side {
            Side::Buy => &mut self.buy,
            Side::Sell => &mut self.sell,
        }
    }
}

impl OpenOrders {
    pub(crate) fn add_strategy(&mut self) {
        self.strategies.push(0);
    }

    /// How many orders of a strategy work.
    pub(crate) fn of_strategy(&self, strategy: StrategyId) -> u32 {
        self.strategies.get(strategy.index()).copied().unwrap_or(0)
    }

    /// How many orders for an instrument work.
    pub(crate) fn of_instrument(&self, instrument: InstrumentId) -> u32 {
        self.get(instrument).map_or(0, |open| open.orders)
    }

    /// What working orders of a side about a position would still trade.
    pub(crate) fn quantity(&self, position: PositionId, side: Side) -> i64 {
        self.get(position.instrument).map_or(0, |open| open.of(position.side).of(side))
    }

    /// The positions that working orders are about, in their order.
    pub(crate) fn positions(&self) -> impl Iterator<Item = PositionId> {
        let ids = (1u32..).map(InstrumentId).zip(&self.instruments);
        ids.flat_map(|(instrument, open)| {
            let sides = [PositionSide::Net, PositionSide::Long, PositionSide::Short].into_iter();
            let is_open = |side: &PositionSide| *open.of(*side) != Quantities::default();
            sides.filter(is_open).map(move |side| PositionId { instrument, side })
        })
    }

    /// Adds to the number of orders, and to what they would still trade.
    pub(crate) fn add(
        &mut self,
        (strategy, position, side): (StrategyId, PositionId, Side),
        orders: i32,
        quantity: i64,
    ) {
        // most reports that an order was received change nothing of it
        if (orders, quantity) == (0, 0) {
            return;
        }
        if let Some(index) = index(position.instrument) {
            if index >= self.instruments.len() {
                // risk let the order pass: there is an instrument of this id
                self.instruments.resize(index.saturating_add(1), Open::default());
            }
            if let Some(open) = self.instruments.get_mut(index) {
                open.orders = open.orders.saturating_add_signed(orders);
                let of_side = open.of_mut(position.side).of_mut(side);
                *of_side = of_side.saturating_add(quantity);
            }
        }
        if let Some(of_strategy) = self.strategies.get_mut(strategy.index()) {
            *of_strategy = of_strategy.saturating_add_signed(orders);
        }
    }

    fn get(&self, instrument: InstrumentId) -> Option<&Open> {
        self.instruments.get(index(instrument)?)
    }
}

fn index(instrument: InstrumentId) -> Option<usize> {
    usize::try_from(instrument.0.checked_sub(1)?).ok()
}
