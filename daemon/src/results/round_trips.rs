//! Round trips: from flat to flat, what a position brought after fees and costs.
//!
//! An execution that turns a position around ends one trip and begins the next; its fee is split by quantity.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use stratd_engine::{FillReport, StrategyId};
use stratd_plugin_api::{InstrumentId, Money, PositionSide, Side, Timestamp};

/// The trips of all positions.
#[derive(Clone, Debug, Default)]
pub(super) struct Trips(BTreeMap<(StrategyId, InstrumentId, PositionSide), RoundTrips>);

impl Trips {
    /// Takes an execution and all that it cost in the currency of the run. Of hedged positions it belongs to those of
    /// its side; what closes more than there is opened the other one.
    pub(super) fn take(&mut self, report: &FillReport, cost: Money) -> Result<()> {
        let (fill, side) = (&report.fill, report.side);
        let is_sale = Side::from_code(fill.side) == Some(Side::Sell);
        let signed = if is_sale { -fill.quantity } else { fill.quantity };
        let key = |side: PositionSide| (report.strategy, InstrumentId(fill.instrument), side);
        let trips = self.0.entry(key(side)).or_default();
        let after = trips.open.size.checked_add(signed).context("a position is out of range")?;
        if side.can_hold(after) {
            // nearly every execution is of one trip, or of two of one position
            let (value, at) = (report.amounts.notional, Timestamp::new(fill.ts));
            let taken = trips.fill(&Execution { signed, value, cost, at });
            return taken.context("a round trip is out of range");
        }
        let beyond = after;
        let part = |quantity: i64, sum: Money| {
            part_of(sum, quantity, signed).context("the value of a fill is out of range")
        };
        let parts = [(Some(side), signed - beyond), (side.opposite(), beyond)];
        for (side, quantity) in parts.into_iter().filter(|(_, quantity)| *quantity != 0) {
            let Some(side) = side else { continue };
            let one = Execution {
                signed: quantity,
                value: part(quantity, report.amounts.notional)?,
                cost: part(quantity, cost)?,
                at: Timestamp::new(fill.ts),
            };
            self.0.entry(key(side)).or_default().fill(&one).context("a round trip is out of range")?;
        }
        Ok(())
    }

    /// What all strategies hold of an instrument; negative = short.
    pub(super) fn net_size(&self, instrument: InstrumentId) -> i64 {
        let of_instrument = self.0.iter().filter(|((_, id, _), _)| *id == instrument);
        of_instrument.fold(0, |sum, (_, trips)| sum.saturating_add(trips.open.size))
    }

    /// Sums over those of the strategies that are meant; `None` on overflow.
    pub(super) fn totals(&self, is_meant: impl Fn(StrategyId) -> bool) -> Option<TripTotals> {
        let meant = self.0.iter().filter(|((strategy, ..), _)| is_meant(*strategy));
        meant.map(|(_, trips)| trips.totals).try_fold(TripTotals::default(), TripTotals::add)
    }
}

/// The part of a sum that falls on `quantity` of `total`; `None` on overflow.
fn part_of(sum: Money, quantity: i64, total: i64) -> Option<Money> {
    // nearly every execution is of one trip
    if quantity == total {
        return Some(sum);
    }
    sum.checked_mul_div(i128::from(quantity), i128::from(total))
}

/// An execution, in the currency of the run.
struct Execution {
    /// Negative = sold.
    signed: i64,
    /// Without sign.
    value: Money,
    /// Fees and costs.
    cost: Money,
    at: Timestamp,
}

/// The trips of one position.
#[derive(Clone, Debug, Default)]
struct RoundTrips {
    open: Open,
    totals: TripTotals,
}

/// The trip that is not over.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    size: i64,
    /// What it moved in cash so far, fees included.
    cash: Money,
    opened_at: Timestamp,
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
    /// Takes an execution; `None` = out of range, nothing was taken.
    fn fill(&mut self, one: &Execution) -> Option<()> {
        let Execution { signed, value, cost, at } = *one;
        let mut next = self.open;
        let is_growing = next.size == 0 || (next.size > 0) == (signed > 0);
        if is_growing {
            if next.size == 0 {
                (next.cash, next.opened_at) = (Money::ZERO, at);
            }
            next.move_cash(signed, value, cost)?;
        } else {
            let closed = if signed.checked_abs()? < next.size.checked_abs()? {
                signed
            } else {
                next.size.checked_neg()?
            };
            let (value_closed, cost_closed) =
                (part_of(value, closed, signed)?, part_of(cost, closed, signed)?);
            next.move_cash(closed, value_closed, cost_closed)?;
            let ended = (next.size == 0).then_some(next);
            if ended.is_some() {
                (next.cash, next.opened_at) = (Money::ZERO, at);
            }
            let opened = signed.checked_sub(closed)?;
            if opened != 0 {
                next.move_cash(opened, value.checked_sub(value_closed)?, cost.checked_sub(cost_closed)?)?;
            }
            if let Some(Open { cash, opened_at, .. }) = ended {
                self.totals = self.totals.with(cash, at.get().checked_sub(opened_at.get())?)?;
            }
        }
        self.open = next;
        Some(())
    }
}

impl Open {
    fn move_cash(&mut self, signed: i64, value: Money, cost: Money) -> Option<()> {
        let paid = if signed < 0 { value.checked_neg()? } else { value };
        self.cash = self.cash.checked_sub(paid)?.checked_sub(cost)?;
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
    use super::*;

    /// Executions of (quantity, price, cost) one nanosecond apart.
    fn trips(fills: &[(i64, i64, &str)]) -> RoundTrips {
        let mut trips = RoundTrips::default();
        for (at, (signed, price, cost)) in (0..).zip(fills) {
            let value = Money::new(i128::from(signed.abs() * price) * 100_000_000);
            let cost = cost.parse().unwrap();
            let taken = trips.fill(&Execution { signed: *signed, value, cost, at: Timestamp::new(at) });
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
        assert_eq!((open.open.size, open.totals.count), (5, 0));
        let closed = trips(&[(10, 100, "1"), (10, 110, "1"), (-15, 120, "1"), (-5, 90, "1")]);
        // -1000 - 1100 + 1800 + 450 - 4
        assert_eq!(
            closed.totals,
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
        let totals = turned.totals;
        assert_eq!((turned.open.size, totals.count, totals.wins), (0, 2, 0));
        // long: -100 and a third of the fee; short: -100 and the rest
        assert_eq!((totals.loss, totals.worst), (money("203"), money("-102")));
    }
}
