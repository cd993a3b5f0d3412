//! How much of the equity was in the market, averaged over market time.
#![expect(clippy::cast_precision_loss, reason = "ratios are floats by design; money itself stays an integer")]

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{Money, Timestamp};

/// The exposure since the first look. What was seen lasts until the next look.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exposure {
    last: Option<(Timestamp, f64)>,
    /// Sum of exposure times nanoseconds.
    weighted: f64,
    open_ns: i64,
    total_ns: i64,
}

impl Exposure {
    /// Takes the value of all positions without sign, and the equity.
    pub(super) fn take(&mut self, at: Timestamp, gross: f64, equity: Money) -> Result<()> {
        if let Some((since, exposure)) = self.last {
            let lasted = at.get().checked_sub(since.get()).context("the time of the run is out of range")?;
            self.weighted += exposure * lasted as f64;
            self.total_ns = self.total_ns.saturating_add(lasted);
            if exposure != 0.0 {
                self.open_ns = self.open_ns.saturating_add(lasted);
            }
        }
        self.last = Some((at, ratio(gross, equity)));
        Ok(())
    }

    /// Value of all positions without sign over equity, now.
    pub(super) fn of(&self, engine: &Engine) -> f64 {
        let strategies = (0..engine.strategies().count()).filter_map(|index| u16::try_from(index).ok());
        let positions = strategies.flat_map(|index| engine.positions(StrategyId(index)));
        let gross = positions.filter_map(|(_, position)| position.notional.checked_abs());
        let gross: f64 = gross.map(Money::to_f64).sum();
        ratio(gross, engine.equity().unwrap_or_default())
    }

    /// Mean exposure; none if no time passed.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.total_ns > 0).then(|| self.weighted / self.total_ns as f64)
    }

    /// Part of the time with a position; none if no time passed.
    pub(super) fn time_in_market(&self) -> Option<f64> {
        (self.total_ns > 0).then(|| self.open_ns as f64 / self.total_ns as f64)
    }
}

fn ratio(gross: f64, equity: Money) -> f64 {
    if equity > Money::ZERO { gross / equity.to_f64() } else { 0.0 }
}
