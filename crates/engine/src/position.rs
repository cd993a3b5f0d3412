//! A position: size, cost, realized PnL.

use stratd_plugin_api::{Instrument, Money, Price, Quantity};

/// A position at average cost with sign: a short has a negative size and a negative cost.
///
/// Invariant, exact in every unit: `cash + cost == realized - fees` where `cash` is what the fills moved; so
/// `cash + notional == realized + unrealized - fees`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Signed size.
    pub size: Quantity,
    /// Signed cost of what is open.
    pub cost: Money,
    /// Realized on what was closed, before fees.
    pub realized: Money,
    /// Fees and costs paid.
    pub fees: Money,
    /// Signed value of what is open, at the last mark.
    pub notional: Money,
}

impl Position {
    /// Books a fill of `signed` quantity (negative = sold) with its fee and costs; returns the cash that it moved.
    /// `None` on overflow: nothing was changed.
    pub(crate) fn book(
        &mut self,
        instrument: &Instrument,
        price: Price,
        signed: Quantity,
        fee: Money,
    ) -> Option<Money> {
        let value = instrument.notional(price, signed)?;
        let mut next = *self;
        let is_growing = self.size.is_zero() || (self.size.get() > 0) == (signed.get() > 0);
        if is_growing {
            next.cost = self.cost.checked_add(value)?;
        } else {
            // what is closed has the sign of the position
            let closed = if signed.checked_abs()? < self.size.checked_abs()? {
                signed.checked_neg()?
            } else {
                self.size
            };
            let closed_value = instrument.notional(price, closed)?;
            let closed_cost =
                self.cost.checked_mul_div(i128::from(closed.get()), i128::from(self.size.get()))?;
            next.realized = self.realized.checked_add(closed_value.checked_sub(closed_cost)?)?;
            // what is left of the fill opens the other side; as a difference, so that no unit is lost to rounding
            let opened_cost = value.checked_add(closed_value)?;
            next.cost = self.cost.checked_sub(closed_cost)?.checked_add(opened_cost)?;
        }
        next.size = self.size.checked_add(signed)?;
        next.fees = self.fees.checked_add(fee)?;
        next.notional = instrument.notional(price, next.size)?;
        *self = next;
        value.checked_add(fee)?.checked_neg()
    }

    /// Values the position at a price; returns by how much its value changed.
    pub(crate) fn mark(&mut self, instrument: &Instrument, price: Price) -> Option<Money> {
        let notional = instrument.notional(price, self.size)?;
        let change = notional.checked_sub(self.notional)?;
        self.notional = notional;
        Some(change)
    }

    /// What it brought so far, fees included; `None` on overflow.
    #[must_use]
    pub fn pnl(&self) -> Option<Money> {
        self.realized.checked_add(self.unrealized()?)?.checked_sub(self.fees)
    }

    /// Value less cost; `None` on overflow.
    #[must_use]
    pub fn unrealized(&self) -> Option<Money> {
        self.notional.checked_sub(self.cost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stratd_plugin_api::InstrumentType;

    use super::*;

    fn run(fills: &[(i64, i64)]) -> Position {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let mut position = Position::default();
        for (quantity, price) in fills {
            position.book(&instrument, Price::new(*price), Quantity::new(*quantity), Money::ZERO).unwrap();
        }
        position
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn realized_counts_the_closed_quantity() {
        // the numbers that aat gets wrong (44, and +20 @ 102.6)
        assert_eq!(run(&[(10, 101), (-4, 103), (-6, 105)]).realized, money("32"));
        let short = run(&[(-10, 101), (4, 103), (6, 105)]);
        assert_eq!((short.realized, short.size, short.cost), (money("-32"), Quantity::ZERO, Money::ZERO));
    }

    #[test]
    fn a_fill_through_zero_closes_and_opens() {
        let flipped = run(&[(10, 100), (-15, 110)]);
        assert_eq!(flipped.realized, money("100"));
        assert_eq!(flipped.size, Quantity::new(-5));
        assert_eq!(flipped.cost, money("-550"));
    }

    #[test]
    fn an_overflow_changes_nothing() {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let mut position = Position::default();
        position.book(&instrument, Price::new(1), Quantity::new(i64::MAX), Money::ZERO).unwrap();
        let before = position;
        assert_eq!(position.book(&instrument, Price::new(1), Quantity::new(1), Money::ZERO), None);
        assert_eq!(position, before);
    }

    proptest! {
        #[test]
        fn cash_plus_value_equals_pnl_less_fees(
            // negative fees are rebates
            fills in prop::collection::vec((-1_000i64..1_000, 1i64..1_000_000, -1_000i128..1_000), 1..60),
            price_decimals in 0u8..6,
            quantity_decimals in 0u8..8,
            multiplier in 1i64..10_000_000_000,
        ) {
            let mut instrument = Instrument::new("X", InstrumentType::Future)
                .price_decimals(price_decimals)
                .quantity_decimals(quantity_decimals);
            instrument.multiplier = multiplier;
            let (mut position, mut cash) = (Position::default(), Money::ZERO);
            for (quantity, price, fee) in fills.into_iter().filter(|fill| fill.0 != 0) {
                let moved = position
                    .book(&instrument, Price::new(price), Quantity::new(quantity), Money::new(fee))
                    .unwrap();
                cash = cash.checked_add(moved).unwrap();
                let left = cash.checked_add(position.notional).unwrap();
                let right = position
                    .realized
                    .checked_add(position.unrealized().unwrap())
                    .and_then(|pnl| pnl.checked_sub(position.fees))
                    .unwrap();
                prop_assert_eq!(left, right);
                if position.size.is_zero() {
                    prop_assert_eq!(position.cost, Money::ZERO);
                }
            }
        }
    }
}
