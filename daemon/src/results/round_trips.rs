//! Round trips: from flat to flat, what a position brought after fees and costs.
//!
//! An execution that turns a position around ends one trip and begins the next; its fee is split by quantity.

use stratd_plugin_api::{Instrument, Money, Price, Quantity, Timestamp};

/// The trips of one strategy in one instrument.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrips {
    size: i64,
    /// What the open trip moved in cash so far, fees included.
    cash: Money,
    opened_at: Timestamp,
    totals: TripTotals,
}

/// Sums over trips that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TripTotals {
    pub(super) count: u64,
    /// With a gain.
    pub(super) wins: u64,
    pub(super) gain: Money,
    /// Positive.
    pub(super) loss: Money,
    pub(super) best: Money,
    /// Negative, or 0.
    pub(super) worst: Money,
    /// From the first to the last execution of each, in nanoseconds.
    pub(super) duration_ns: i128,
}

impl RoundTrips {
    /// The position; negative = short.
    pub(super) fn size(&self) -> i64 {
        self.size
    }

    pub(super) fn totals(&self) -> TripTotals {
        self.totals
    }

    /// Takes an execution of `signed` quantity, with all that it cost; `None` = out of range, nothing was taken.
    pub(super) fn fill(
        &mut self,
        instrument: &Instrument,
        price: Price,
        signed: i64,
        cost: Money,
        at: Timestamp,
    ) -> Option<()> {
        let mut next = self.clone();
        let is_growing = next.size == 0 || (next.size > 0) == (signed > 0);
        if is_growing {
            if next.size == 0 {
                (next.cash, next.opened_at) = (Money::ZERO, at);
            }
            next.move_cash(instrument, price, signed, cost)?;
        } else {
            let closed = if signed.checked_abs()? < next.size.checked_abs()? {
                signed
            } else {
                next.size.checked_neg()?
            };
            let cost_closed = cost.checked_mul_div(i128::from(closed), i128::from(signed))?;
            next.move_cash(instrument, price, closed, cost_closed)?;
            if next.size == 0 {
                next.totals = next.totals.with(next.cash, at.get().checked_sub(next.opened_at.get())?)?;
                (next.cash, next.opened_at) = (Money::ZERO, at);
            }
            let opened = signed.checked_sub(closed)?;
            if opened != 0 {
                next.move_cash(instrument, price, opened, cost.checked_sub(cost_closed)?)?;
            }
        }
        *self = next;
        Some(())
    }

    fn move_cash(&mut self, instrument: &Instrument, price: Price, signed: i64, cost: Money) -> Option<()> {
        let value = instrument.notional(price, Quantity::new(signed))?;
        self.cash = self.cash.checked_sub(value)?.checked_sub(cost)?;
        self.size = self.size.checked_add(signed)?;
        Some(())
    }
}

impl TripTotals {
    fn with(mut self, pnl: Money, duration_ns: i64) -> Option<Self> {
        self.count = self.count.checked_add(1)?;
        if pnl > Money::ZERO {
            self.wins = self.wins.checked_add(1)?;
            self.gain = self.gain.checked_add(pnl)?;
        } else {
            self.loss = self.loss.checked_sub(pnl)?;
        }
        self.best = self.best.max(pnl);
        self.worst = self.worst.min(pnl);
        self.duration_ns = self.duration_ns.checked_add(i128::from(duration_ns))?;
        Some(self)
    }

    /// Both together; `None` on overflow.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            count: self.count.checked_add(other.count)?,
            wins: self.wins.checked_add(other.wins)?,
            gain: self.gain.checked_add(other.gain)?,
            loss: self.loss.checked_add(other.loss)?,
            best: self.best.max(other.best),
            worst: self.worst.min(other.worst),
            duration_ns: self.duration_ns.checked_add(other.duration_ns)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use stratd_plugin_api::InstrumentType;

    use super::*;

    /// Executions of (quantity, price, cost) one nanosecond apart.
    fn trips(fills: &[(i64, i64, &str)]) -> RoundTrips {
        let instrument = Instrument::new("X", InstrumentType::Equity).price_decimals(0);
        let mut trips = RoundTrips::default();
        for (at, (signed, price, cost)) in (0..).zip(fills) {
            let taken = trips.fill(
                &instrument,
                Price::new(*price),
                *signed,
                cost.parse().unwrap(),
                Timestamp::new(at),
            );
            assert!(taken.is_some());
        }
        trips
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn a_trip_goes_from_flat_to_flat() {
        let open = trips(&[(10, 100, "1"), (10, 110, "1"), (-15, 120, "1")]);
        assert_eq!((open.size(), open.totals().count), (5, 0));
        let closed = trips(&[(10, 100, "1"), (10, 110, "1"), (-15, 120, "1"), (-5, 90, "1")]);
        // -1000 - 1100 + 1800 + 450 - 4
        assert_eq!(
            closed.totals(),
            TripTotals {
                count: 1,
                wins: 1,
                gain: money("146"),
                best: money("146"),
                duration_ns: 3,
                ..TripTotals::default()
            }
        );
    }

    #[test]
    fn a_turn_ends_one_trip_and_begins_another() {
        let turned = trips(&[(10, 100, "0"), (-30, 90, "3"), (20, 95, "0")]);
        let totals = turned.totals();
        assert_eq!((turned.size(), totals.count, totals.wins), (0, 2, 0));
        // long: -100 and a third of the fee; short: -100 and the rest
        assert_eq!((totals.loss, totals.worst), (money("203"), money("-102")));
    }
}
