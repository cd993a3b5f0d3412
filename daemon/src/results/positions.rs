//! `positions.csv`: what each strategy held at the end of each UTC day, and at the end of the run.

use std::fs::File;

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, Position, StrategyId};
use stratd_plugin_api::{Instrument, InstrumentId, Money, Price, Timestamp};

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

/// A position as it was; text is made of it once, when its row is written.
#[derive(Debug)]
struct Held {
    strategy: StrategyId,
    instrument: InstrumentId,
    position: Position,
    price_last: Option<Price>,
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

    /// Looks at the positions; their value without sign.
    pub(super) fn look(&mut self, at: Timestamp, engine: &Engine) -> Result<f64> {
        self.at = Some(at);
        self.has_changed = false;
        self.rows.clear();
        let mut gross = 0.0;
        for index in 0..engine.strategies().count() {
            let strategy = StrategyId(u16::try_from(index)?);
            for (instrument, position) in engine.positions(strategy) {
                if position.size.is_zero() {
                    continue;
                }
                gross += position.notional.checked_abs().map_or(0.0, Money::to_f64);
                let price_last = engine.last_price(instrument);
                self.rows.push(Held { strategy, instrument, position: *position, price_last });
            }
        }
        Ok(gross)
    }

    /// Writes what was seen last, with the names of strategy and exchange.
    pub(super) fn write<'a>(
        &mut self,
        file: &mut csv::Writer<File>,
        engine: &'a Engine,
        names: impl Fn(StrategyId, &Instrument) -> [&'a str; 2],
    ) -> Result<()> {
        let Some(at) = self.at.take() else { return Ok(()) };
        let time = at.to_string();
        for Held { strategy, instrument, position, price_last } in &self.rows {
            let known = engine.instrument(*instrument).context("a position in an unknown instrument")?;
            let [strategy, exchange] = names(*strategy, known);
            let unrealized = position.unrealized().context("a position is out of range")?;
            let price = |price| known.price_text(price).to_string();
            let money = |money: Money| format!("{money:.2}");
            let figures = [
                position.side.to_string(),
                known.quantity_text(position.size).to_string(),
                known.average_price(position.cost_own, position.size).map(price).unwrap_or_default(),
                price_last.map(price).unwrap_or_default(),
                money(position.notional),
                money(position.realized),
                money(unrealized),
                money(position.fees),
            ];
            let names = [time.as_str(), strategy, exchange, known.symbol.as_str()];
            file.write_record(names.into_iter().chain(figures.iter().map(String::as_str)))
                .context("writing positions.csv")?;
        }
        Ok(())
    }
}
