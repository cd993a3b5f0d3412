//! What executions cost: by the model of the run, or as a strategy thinks.
//!
//! Who found a cost is seen by its last digits, so that the twin can tell whether the right one was asked. Every amount is
//! whole at every rate, so that the naive books need no rounding.

use stratd_plugin_api::{FillCosts, Instrument, Money, abi};

use super::random::Random;

const UNIT: i128 = 1_000;
const OF_MODEL: i128 = 300;
const OF_STRATEGY: i128 = 500;

/// The model of the run.
pub(super) struct Model;

impl FillCosts for Model {
    fn slippage(&self, _: &Instrument, fill: &abi::FillRecord) -> Option<Money> {
        Some(of_model(i128::from(fill.quantity % 17) - 3))
    }

    fn transaction_cost(&self, _: &Instrument, fill: &abi::FillRecord) -> Option<Money> {
        Some(of_model(i128::from(fill.price % 13)))
    }
}

fn of_model(units: i128) -> Money {
    Money::new(units * UNIT + OF_MODEL)
}

/// What a strategy thinks that a fill cost.
pub(super) fn of_strategy(random: &mut Random) -> Money {
    Money::new(i128::from(random.range(-10, 100)) * UNIT + OF_STRATEGY)
}

/// Whether the strategy found a cost; `None`: nobody here did.
pub(super) fn is_by_strategy(cost: Money) -> Option<bool> {
    match cost.get().rem_euclid(UNIT) {
        OF_MODEL => Some(false),
        OF_STRATEGY => Some(true),
        _ => None,
    }
}
