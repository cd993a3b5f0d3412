//! The keys of the configuration.

use schemars::JsonSchema;
use serde::Deserialize;
use stratd_plugin_api::{Decimal, Error, Instrument, Result};

use crate::desk::Limits;

/// Where and how much to quote.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Symbols to quote; all by default.
    #[serde(default)]
    #[schemars(length(max = 1000), extend("x-accepted" = "a list of at most 1000 symbols"))]
    pub instruments: Vec<String>,
    /// Size of each order.
    #[serde(default = "ten")]
    pub quantity: Decimal,
    /// Ticks between the bid and the ask.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub spread_ticks: u32,
    /// The position, long or short, that is never exceeded, per instrument.
    #[serde(default = "hundred")]
    pub max_position: Decimal,
    /// An order stays where it is until it is so many ticks from where it belongs. A small number follows the market
    /// closely and gives up its place in the queue often.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requote_ticks: u32,
    /// Whether its orders are canceled when trading is halted. Without, they work on, and whoever halts decides.
    #[serde(default = "yes")]
    pub cancel_on_halt: bool,
}

fn yes() -> bool {
    true
}
fn ten() -> Decimal {
    Decimal::from(10)
}
fn hundred() -> Decimal {
    Decimal::from(100)
}
fn four() -> u32 {
    4
}
fn two() -> u32 {
    2
}

impl Config {
    /// Checks what the schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        let positive = [
            ("quantity", self.quantity.mantissa()),
            ("max_position", self.max_position.mantissa()),
            ("spread_ticks", i64::from(self.spread_ticks)),
            ("requote_ticks", i64::from(self.requote_ticks)),
        ];
        match positive.into_iter().find(|(_, value)| *value <= 0) {
            Some((key, value)) => Err(Error::new(format!("{key} is {value} (expected more than 0)"))),
            None => Ok(()),
        }
    }

    /// The numbers on the grid of an instrument.
    pub(crate) fn limits(&self, instrument: &Instrument) -> Result<Limits> {
        let tick = instrument.tick.get();
        let ticks = |count: u32| {
            let too_far = || Error::new(format!("{count} ticks of {} are out of range", instrument.symbol));
            tick.checked_mul(i64::from(count)).ok_or_else(too_far)
        };
        Ok(Limits {
            tick,
            lot: instrument.lot.get(),
            quantity: instrument.quantity(self.quantity)?.get(),
            max_position: instrument.quantity(self.max_position)?.get(),
            spread: ticks(self.spread_ticks)?,
            requote: ticks(self.requote_ticks)?,
        })
    }
}
