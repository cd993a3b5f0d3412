//! A position: size, cost, realized PnL.

use stratd_plugin_api::{Instrument, InstrumentId, Money, PositionSide, Price, Quantity};

use crate::{
    lots::{Cost, Lots},
    rates::Rate,
};

/// A position with sign: a short has a negative size and a negative cost. All amounts are in the currency of the run,
/// at the rates of their moments.
///
/// Invariant, exact in every unit: `cash + cost == realized - fees` where `cash` is what the fills moved; so
/// `cash + notional == realized + unrealized - fees`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which position of its instrument; a hedged one never turns into the other.
    pub side: PositionSide,
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
    /// Signed cost of what is open, in the currency of the instrument: for its average price.
    pub cost_own: Money,
}

/// What names a position of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PositionId {
    pub(crate) instrument: InstrumentId,
    pub(crate) side: PositionSide,
}

/// By what a position is booked.
pub(crate) struct Booking<'a> {
    pub(crate) instrument: &'a Instrument,
    pub(crate) rate: Rate,
    /// What is open in its order, if cost is first in, first out.
    pub(crate) lots: Option<&'a mut Lots>,
}

impl Position {
    /// A position that was never traded.
    pub(crate) fn flat(side: PositionSide) -> Self {
        Self { side, ..Self::default() }
    }

    /// Books a fill of `signed` quantity (negative = sold) with its fee and costs, in the currency of the instrument;
    /// returns the cash that it moved in that of the run. `None` on overflow: the position was not changed.
    pub(crate) fn book(
        &mut self,
        booking: &mut Booking<'_>,
        price: Price,
        signed: Quantity,
        fee: Money,
    ) -> Option<Money> {
        let Booking { instrument, rate, lots } = booking;
        let valued = |quantity: Quantity| {
            let own = instrument.notional(price, quantity)?;
            Some(Cost { run: rate.convert(own)?, own })
        };
        let (value, fee) = (valued(signed)?, rate.convert(fee)?);
        let mut next = *self;
        let cost = Cost { run: self.cost, own: self.cost_own };
        let is_growing = self.size.is_zero() || (self.size.get() > 0) == (signed.get() > 0);
        let cost = if is_growing {
            if let Some(lots) = lots {
                lots.open(signed.get(), value)?;
            }
            cost.checked_add(value)?
        } else {
            // what is closed has the sign of the position
            let closed = if signed.checked_abs()? < self.size.checked_abs()? {
                signed.checked_neg()?
            } else {
                self.size
            };
            // of the same quantity the same value: rounding to even knows no direction
            let closed_value =
                if closed == signed.checked_neg()? { value.checked_neg()? } else { valued(closed)? };
            let closed_cost = match lots {
                Some(lots) => lots.close(closed.get())?,
                None => cost.part(closed.get(), self.size.get())?,
            };
            let gain = closed_value.run.checked_sub(closed_cost.run)?;
            next.realized = self.realized.checked_add(gain)?;
            // what is left of the fill opens the other side; as a difference, so that no unit is lost to rounding
            let opened = value.checked_add(closed_value)?;
            let opened_quantity = signed.checked_add(closed)?;
            match lots {
                // what rounding left of a closed position stays in its cost, as at average cost
                Some(lots) if !opened_quantity.is_zero() => lots.open(opened_quantity.get(), opened)?,
                Some(_) | None => {}
            }
            cost.checked_sub(closed_cost)?.checked_add(opened)?
        };
        (next.cost, next.cost_own) = (cost.run, cost.own);
        next.size = self.size.checked_add(signed)?;
        next.fees = self.fees.checked_add(fee)?;
        next.notional =
            if next.size.is_zero() { Money::ZERO } else { rate.notional(instrument, price, next.size)? };
        *self = next;
        value.run.checked_add(fee)?.checked_neg()
    }

    /// Values the position at a price; returns by how much its value changed.
    pub(crate) fn mark(&mut self, instrument: &Instrument, rate: Rate, price: Price) -> Option<Money> {
        let notional = rate.notional(instrument, price, self.size)?;
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
    use stratd_plugin_api::{Decimal, InstrumentType};

    use super::*;

    fn run(fills: &[(i64, i64)]) -> Position {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let mut position = Position::default();
        for (quantity, price) in fills {
            let mut booking = average(&instrument);
            position.book(&mut booking, Price::new(*price), Quantity::new(*quantity), Money::ZERO).unwrap();
        }
        position
    }

    fn average(instrument: &Instrument) -> Booking<'_> {
        Booking { instrument, rate: Rate::ONE, lots: None }
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
    fn first_in_first_out_realizes_the_oldest_cost() {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let (mut position, mut lots) = (Position::default(), Lots::default());
        let mut book = |quantity: i64, price: i64| {
            let mut booking = Booking { instrument: &instrument, rate: Rate::ONE, lots: Some(&mut lots) };
            position.book(&mut booking, Price::new(price), Quantity::new(quantity), Money::ZERO).unwrap();
            (position.realized, position.cost)
        };
        book(10, 100);
        book(10, 110);
        assert_eq!(book(-15, 120), (money("250"), money("550")));
        assert_eq!(book(-15, 120), (money("300"), money("-1200")));
        assert_eq!(book(10, 100), (money("500"), Money::ZERO));
    }

    #[test]
    fn a_position_in_another_currency_gains_by_its_rate() {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let rate = |text: &str| Rate::of(text.parse().unwrap()).unwrap();
        let mut position = Position::default();
        let mut booking = Booking { instrument: &instrument, rate: rate("1.1"), lots: None };
        let moved = position.book(&mut booking, Price::new(100), Quantity::new(10), money("1")).unwrap();
        assert_eq!((moved, position.cost, position.fees), (money("-1101.1"), money("1100"), money("1.1")));
        assert_eq!(instrument.average_price(position.cost_own, position.size), Some(Price::new(100)));
        assert_eq!(position.mark(&instrument, rate("1.2"), Price::new(100)), Some(money("100")));
        assert_eq!(position.unrealized(), Some(money("100")));
    }

    #[test]
    fn an_overflow_changes_nothing() {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let mut position = Position::default();
        position
            .book(&mut average(&instrument), Price::new(1), Quantity::new(i64::MAX), Money::ZERO)
            .unwrap();
        let before = position;
        assert_eq!(
            position.book(&mut average(&instrument), Price::new(1), Quantity::new(1), Money::ZERO),
            None
        );
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
            is_fifo in any::<bool>(),
            // the rate moves with every fill
            rates in prop::collection::vec(1i64..1_000_000, 60),
        ) {
            let mut instrument = Instrument::new("X", InstrumentType::Future)
                .price_decimals(price_decimals)
                .quantity_decimals(quantity_decimals);
            instrument.multiplier = multiplier;
            let (mut position, mut cash, mut lots) =
                (Position::default(), Money::ZERO, Lots::default());
            let fills = fills.into_iter().zip(rates).filter(|(fill, _)| fill.0 != 0);
            for ((quantity, price, fee), rate) in fills {
                let rate = Rate::of(Decimal::new(rate, 5).unwrap()).unwrap();
                let mut booking = Booking { instrument: &instrument, rate, lots: is_fifo.then_some(&mut lots) };
                let moved = position
                    .book(&mut booking, Price::new(price), Quantity::new(quantity), Money::new(fee))
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
