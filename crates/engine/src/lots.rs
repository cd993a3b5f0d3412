//! What is open of a position, in the order in which it was opened: for cost by first in, first out.

use std::collections::VecDeque;

use stratd_plugin_api::Money;

/// Lots of one position; beyond it the two oldest become one at their average cost.
const LOTS_MAX: usize = 100_000;

/// How the cost of what is closed is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Accounting {
    /// By the average cost of what is open.
    #[default]
    Average,
    /// By the cost of what was opened first.
    Fifo,
}

impl Accounting {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Average, Self::Fifo];

    /// Its word in configuration and results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Fifo => "fifo",
        }
    }
}

/// Cost in the currency of the run, and in that of the instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) run: Money,
    pub(crate) own: Money,
}

impl Cost {
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self { run: self.run.checked_add(other.run)?, own: self.own.checked_add(other.own)? })
    }

    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self { run: self.run.checked_sub(other.run)?, own: self.own.checked_sub(other.own)? })
    }

    pub(crate) fn checked_neg(self) -> Option<Self> {
        Some(Self { run: self.run.checked_neg()?, own: self.own.checked_neg()? })
    }

    pub(crate) fn part(self, numerator: i64, denominator: i64) -> Option<Self> {
        // most often all of it is closed
        if numerator == denominator {
            return Some(self);
        }
        let part = |money: Money| money.checked_mul_div(i128::from(numerator), i128::from(denominator));
        Some(Self { run: part(self.run)?, own: part(self.own)? })
    }
}

/// Quantities (with sign) and their cost, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lots(VecDeque<(i64, Cost)>);

impl Lots {
    pub(crate) fn restored(lots: &[(i64, Money, Money)]) -> Self {
        Self(lots.iter().map(|(quantity, run, own)| (*quantity, Cost { run: *run, own: *own })).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Money, Money)> {
        self.0.iter().map(|(quantity, cost)| (*quantity, cost.run, cost.own))
    }

    pub(crate) fn open(&mut self, quantity: i64, cost: Cost) -> Option<()> {
        if self.0.len() >= LOTS_MAX {
            let ((first, of_first), (second, of_second)) = (self.0.pop_front()?, self.0.pop_front()?);
            self.0.push_front((first.checked_add(second)?, of_first.checked_add(of_second)?));
        }
        self.0.push_back((quantity, cost));
        Some(())
    }

    /// Takes a quantity of the sign of the lots out, the oldest first; what it cost. `None`: there is not so much.
    pub(crate) fn close(&mut self, quantity: i64) -> Option<Cost> {
        let mut left = quantity;
        let mut total = Cost::default();
        while left != 0 {
            let (lot, cost) = self.0.pop_front()?;
            if lot.checked_abs()? <= left.checked_abs()? {
                total = total.checked_add(cost)?;
                left = left.checked_sub(lot)?;
            } else {
                let part = cost.part(left, lot)?;
                total = total.checked_add(part)?;
                self.0.push_front((lot.checked_sub(left)?, cost.checked_sub(part)?));
                left = 0;
            }
        }
        Some(total)
    }
}
