//! Whether positions are netted or hedged, and which of them an order is about.

use std::fmt;

use stratd_abi as abi;

use super::order::{OrderFlags, Side, coded};

coded! {
    /// How executions make positions, for the whole run (`[portfolio] oms_type`).
    #[derive(Default)]
    OmsType: u16 {
        /// One position for each instrument: a sale makes a long position smaller and then turns it into a short one.
        #[default]
        Netting = abi::oms_type::NETTING, "netting";
        /// A long and a short position side by side for each instrument: an order opens its own side, or with
        /// [`OrderFlags::REDUCE_ONLY`] closes the other.
        Hedging = abi::oms_type::HEDGING, "hedging";
    }
}

coded! {
    /// Which position of an instrument. Together with the instrument it names a position of a strategy.
    #[derive(Default)]
    PositionSide: u16 {
        /// The only one: positions are netted.
        #[default]
        Net = abi::position_side::NET, "net";
        /// The long one: bought to open, sold to close.
        Long = abi::position_side::LONG, "long";
        /// The short one: sold to open, bought to close.
        Short = abi::position_side::SHORT, "short";
    }
}

impl OmsType {
    /// The position that an order is about.
    ///
    /// ```
    /// use stratd_plugin_api::{OmsType, OrderFlags, PositionSide, Side};
    ///
    /// let to_close = OrderFlags::REDUCE_ONLY;
    /// assert_eq!(OmsType::Hedging.position_side(Side::Buy, OrderFlags::NONE), PositionSide::Long);
    /// assert_eq!(OmsType::Hedging.position_side(Side::Buy, to_close), PositionSide::Short);
    /// assert_eq!(OmsType::Netting.position_side(Side::Buy, to_close), PositionSide::Net);
    /// ```
    #[must_use]
    pub const fn position_side(self, side: Side, flags: OrderFlags) -> PositionSide {
        match (self, side, flags.contains(OrderFlags::REDUCE_ONLY)) {
            (Self::Netting, Side::Buy | Side::Sell, _) => PositionSide::Net,
            (Self::Hedging, Side::Buy, false) | (Self::Hedging, Side::Sell, true) => PositionSide::Long,
            (Self::Hedging, Side::Sell, false) | (Self::Hedging, Side::Buy, true) => PositionSide::Short,
        }
    }
}

impl PositionSide {
    /// The other one of two that are held side by side; a netted position has none.
    #[must_use]
    pub const fn opposite(self) -> Option<Self> {
        match self {
            Self::Net => None,
            Self::Long => Some(Self::Short),
            Self::Short => Some(Self::Long),
        }
    }

    /// Whether a position of this side may have a size: a long one is never below zero, a short one never above.
    #[must_use]
    pub const fn can_hold(self, size: i64) -> bool {
        match self {
            Self::Net => true,
            Self::Long => size >= 0,
            Self::Short => size <= 0,
        }
    }
}
