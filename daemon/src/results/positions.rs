//! `positions.csv`: what each strategy held at the end of each UTC day, and at the end of the run.

use std::fs::File;

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, StrategyId};
use stratd_plugin_api::{InstrumentId, Money, Timestamp};

pub(super) const POSITION_COLUMNS: [&str; 12] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "position",
    "price_average",
    "price_last",
    "notional",
    "realized",
    "unrealized",
    "fees",
];

/// The last look at the positions. Sizes are exact, because each execution asks for another look; values are those of the
/// last row of `equity.csv`.
#[derive(Debug, Default)]
pub(super) struct Positions {
    at: Option<Timestamp>,
    rows: Vec<Held>,
    has_changed: bool,
}

/// A position as it is shown.
#[derive(Debug)]
struct Held {
    strategy: StrategyId,
    instrument: InstrumentId,
    figures: [String; 8],
}

impl Positions {
    /// There was an execution.
    pub(super) fn changed(&mut self) {
        self.has_changed = true;
    }

    /// Whether positions should be looked at again before the next row of `equity.csv` is due.
    pub(super) fn have_changed(&self) -> bool {
        self.has_changed
    }

    /// Whether the last look was on a day before `at`: its rows are written before the next look.
    pub(super) fn is_day_over(&self, at: Timestamp) -> bool {
        self.at.is_some_and(|last| last.day() != at.day())
    }

    /// Looks at the positions.
    pub(super) fn look(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        self.at = Some(at);
        self.has_changed = false;
        self.rows.clear();
        for index in 0..engine.strategies().count() {
            let strategy = StrategyId(u16::try_from(index)?);
            for (instrument, position) in engine.positions(strategy) {
                if position.size.is_zero() {
                    continue;
                }
                let known = engine.instrument(instrument).context("a position in an unknown instrument")?;
                let price = |price| known.price_text(price).to_string();
                let unrealized = position.unrealized().context("a position is out of range")?;
                let average = known.average_price(position.cost_own, position.size);
                let money = |money: Money| format!("{money:.2}");
                self.rows.push(Held {
                    strategy,
                    instrument,
                    figures: [
                        position.side.to_string(),
                        known.quantity_text(position.size).to_string(),
                        average.map(price).unwrap_or_default(),
                        engine.last_price(instrument).map(price).unwrap_or_default(),
                        money(position.notional),
                        money(position.realized),
                        money(unrealized),
                        money(position.fees),
                    ],
                });
            }
        }
        Ok(())
    }

    /// Writes what was seen last, with the names of strategy, exchange and symbol.
    pub(super) fn write<'a>(
        &mut self,
        file: &mut csv::Writer<File>,
        names: impl Fn(StrategyId, InstrumentId) -> [&'a str; 3],
    ) -> Result<()> {
        let Some(at) = self.at.take() else { return Ok(()) };
        let time = at.to_string();
        for held in &self.rows {
            let names = names(held.strategy, held.instrument);
            let cells =
                [time.as_str()].into_iter().chain(names).chain(held.figures.iter().map(String::as_str));
            file.write_record(cells).context("writing positions.csv")?;
        }
        Ok(())
    }
}
