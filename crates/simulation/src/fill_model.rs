//! Everything that decides how an order fills.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Decimal, Quantity};

use crate::{Fees, FillRule};

/// How the simulated exchange fills orders. The default: at the next price, at once, all of it, without fees.
///
/// ```
/// use stratd_simulation::{FillModel, FillRule};
/// let model = FillModel { latency_ns: 5_000_000, ..FillRule::Book.into() };
/// assert_eq!(model.latency_in_words(), "orders, changes and cancels arrive after 5 ms");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FillModel {
    /// At which price.
    pub rule: FillRule,
    /// How long orders, changes and cancels travel to the exchange, in nanoseconds.
    pub latency_ns: i64,
    /// How much of what is traded an order may have.
    pub liquidity: Liquidity,
    /// What the exchange takes.
    pub fees: Fees,
}

impl From<FillRule> for FillModel {
    fn from(rule: FillRule) -> Self {
        Self { rule, ..Self::default() }
    }
}

impl FillModel {
    /// The latency in words, for reports.
    #[must_use]
    pub fn latency_in_words(&self) -> String {
        const UNITS: [(i64, &str); 4] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
        let unit = UNITS.iter().find(|(size, _)| self.latency_ns > 0 && self.latency_ns % size == 0);
        match unit {
            Some((size, name)) => {
                format!("orders, changes and cancels arrive after {} {name}", self.latency_ns / size)
            }
            None => "orders, changes and cancels arrive at once".to_owned(),
        }
    }

    /// The liquidity in words, for reports.
    #[must_use]
    pub fn liquidity_in_words(&self) -> String {
        match (self.rule, self.liquidity) {
            (FillRule::Book, _) => "what the book displays, each level once".to_owned(),
            (FillRule::AsAsked, _) => Liquidity::Unlimited.to_string(),
            (FillRule::NextPrice | FillRule::SamePrice, liquidity) => liquidity.to_string(),
        }
    }
}

/// How much of what is traded an order may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Liquidity {
    /// Orders fill wholly or not at all.
    #[default]
    Unlimited,
    /// At most this fraction of the quantity of each trade, quote or bar, rounded down to the lot and shared by all
    /// orders of the instrument; the rest of an order waits for the next one.
    Volume(Decimal),
}

impl Liquidity {
    /// The part of `quantity` that orders may have, in whole lots; `None` = no limit.
    pub(crate) fn part_of(self, quantity: Quantity, lot: Quantity) -> Option<i64> {
        let Self::Volume(fraction) = self else { return None };
        let part = i128::from(quantity.get().max(0))
            .checked_mul(i128::from(fraction.mantissa().max(0)))
            .and_then(|product| product.checked_div(10i128.pow(u32::from(fraction.scale()))))
            .and_then(|part| i64::try_from(part).ok())
            .unwrap_or(i64::MAX);
        Some(part - part % lot.get().max(1))
    }
}

impl fmt::Display for Liquidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::Volume(fraction) => write!(f, "{fraction} of the quantity of each trade, quote or bar"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_rounded_down_to_the_lot() {
        let tenth = Liquidity::Volume("0.1".parse().unwrap());
        let part = |quantity, lot| tenth.part_of(Quantity::new(quantity), Quantity::new(lot));
        assert_eq!(part(1_000, 1), Some(100));
        assert_eq!(part(1_009, 1), Some(100));
        assert_eq!(part(1_999, 100), Some(100));
        assert_eq!(part(9, 1), Some(0));
        assert_eq!(part(-5, 1), Some(0));
        assert_eq!(part(i64::MAX, 1), Some(922_337_203_685_477_580));
        assert_eq!(Liquidity::Unlimited.part_of(Quantity::new(9), Quantity::new(1)), None);
    }

    #[test]
    fn words() {
        let mut model = FillModel { latency_ns: 1_500_000, ..FillModel::default() };
        assert_eq!(model.latency_in_words(), "orders, changes and cancels arrive after 1500 us");
        model.latency_ns = 0;
        assert_eq!(model.latency_in_words(), "orders, changes and cancels arrive at once");
        assert_eq!(model.liquidity_in_words(), "unlimited");
    }
}
