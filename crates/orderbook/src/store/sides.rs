//! A ladder for each side: of the resting orders, or of the waiting stops.

use stratd_plugin_api::Side;

use super::{BestFirst, Ladder};

/// Two ladders.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    buy: Ladder,
    sell: Ladder,
}

impl Sides {
    /// With the price that is best on the buy side; on the sell side it is the other way round.
    pub(crate) fn new(buy_best: BestFirst) -> Self {
        let sell_best = match buy_best {
            BestFirst::Highest => BestFirst::Lowest,
            BestFirst::Lowest => BestFirst::Highest,
        };
        Self { buy: Ladder::new(buy_best), sell: Ladder::new(sell_best) }
    }

    #[inline]
    pub(crate) fn of(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.buy,
            Side::Sell => &self.sell,
        }
    }

    #[inline]
    pub(crate) fn of_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.buy,
            Side::Sell => &mut self.sell,
        }
    }
}
