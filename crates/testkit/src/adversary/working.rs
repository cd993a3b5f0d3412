//! An order that works, by what was sent and reported.

use stratd_engine::StrategyId;
use stratd_plugin_api::{OrderFlags, OrderType, PositionSide, Side};

/// A working order, as it stands by what was reported.
#[derive(Clone)]
pub(super) struct Working {
    pub(super) id: u64,
    pub(super) strategy: StrategyId,
    pub(super) instrument: u32,
    pub(super) side: Side,
    pub(super) flags: OrderFlags,
    pub(super) order_type: OrderType,
    /// The group that the engine sees to, 0 = none.
    pub(super) group: u64,
    /// It is not at its exchange.
    pub(super) is_held: bool,
    /// Its exchange refused a request for it, and no price came since.
    pub(super) is_refused: bool,
    /// The position that it is about.
    pub(super) position: PositionSide,
    pub(super) price: Option<i64>,
    pub(super) has_limit: bool,
    /// What an order by amount may spend.
    pub(super) amount: Option<i128>,
    pub(super) quantity: i64,
    pub(super) filled: i64,
    /// Changes without an answer, the largest quantity among them and the highest price.
    pub(super) changes: (u32, i64, Option<i64>),
    /// What an order by amount may buy, until its exchange says it.
    pub(super) expected: i64,
    /// A fill said that it was the last one.
    pub(super) is_told_filled: bool,
}

impl Working {
    pub(super) fn open(&self) -> i64 {
        (self.quantity.max(self.changes.1).max(self.expected) - self.filled).max(0)
    }

    /// The price by which a cash account keeps money aside for it.
    pub(super) fn price_highest(&self) -> Option<i64> {
        self.price.max(self.changes.2)
    }

    /// An answer to a change; false if none was expected.
    pub(super) fn answered(&mut self) -> bool {
        let was_expected = self.changes.0 > 0;
        self.changes.0 = self.changes.0.saturating_sub(1);
        if self.changes.0 == 0 {
            self.changes = (0, 0, None);
        }
        was_expected
    }
}
