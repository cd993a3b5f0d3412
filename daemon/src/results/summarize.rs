//! The summary of a run from what its recorder kept.
#![expect(clippy::cast_precision_loss, reason = "ratios are floats by design; money itself stays an integer")]

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, Position, StrategyId, StrategyState};
use stratd_plugin_api::{InstrumentId, Money, PositionSide};

use super::{
    curve::{CurveFigures, DayClose},
    fill_totals::FillTotals,
    ratios::{Ratios, periods_per_year, rounded},
    recorder::Recorder,
    round_trips::TripTotals,
    summary::{DrawdownSummary, InstrumentSummary, PluginLabel, StrategySummary, Summary, TripSummary},
};

const DAY_NS: f64 = 86_400e9;

impl Recorder {
    /// The summary, once the run is over.
    pub(super) fn summary(&self, engine: &Engine) -> Result<Summary> {
        let figures = self.run.clone().finish();
        let periods = periods_per_year(&figures.days);
        let (realized, fees) = engine.realized_and_fees();
        let totals = self.totals(|_| true)?;
        let cash = engine.cash().context("cash is out of range")?;
        let pnl = figures.equity.checked_sub(self.labels.cash).context("the PnL is out of range")?;
        let strategies = self.strategy_summaries(engine, periods)?;
        let sum = |count: fn(&StrategySummary) -> u64| strategies.iter().map(count).sum();
        let labels = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, plugin)| PluginLabel { name: name.clone(), plugin: plugin.clone() })
                .collect()
        };
        Ok(Summary {
            trading_type: self.labels.trading_type.name(),
            fill: self.labels.fill.clone(),
            assumptions: self.labels.assumptions.clone(),
            currency: self.labels.currency.clone(),
            start: self.first.filter(|_| self.events > 0).map(|t| t.to_string()),
            end: self.last.filter(|_| self.events > 0).map(|t| t.to_string()),
            days: figures.days.len(),
            events: self.events,
            cash_start: format!("{:.2}", self.labels.cash),
            cash_end: format!("{cash:.2}"),
            equity_end: format!("{:.2}", figures.equity),
            total_return: figures.total_return,
            realized: format!("{realized:.2}"),
            unrealized: format!("{:.2}", unrealized(pnl, realized, fees)?),
            fees: format!("{:.2}", totals.fees),
            slippage: format!("{:.2}", totals.slippage),
            transaction_costs: format!("{:.2}", totals.transaction_costs),
            costs: costs(&totals)?,
            periods_per_year: periods,
            ratios: Ratios::of(&figures.days, periods),
            max_drawdown: figures.drawdown.ratio,
            max_drawdown_amount: format!("{:.2}", figures.drawdown_amount_max),
            drawdown: drawdown(&figures),
            turnover: turnover(&totals, &figures.days, periods),
            exposure: self.exposure.mean().map(rounded),
            time_in_market: self.exposure.time_in_market().map(rounded),
            round_trips: trip_summary(self.trips(|_| true)?),
            orders: sum(|s| s.orders),
            denied: sum(|s| s.denied),
            fills: sum(|s| s.fills),
            exchanges: labels(&self.labels.exchanges),
            instruments: self.instrument_totals(engine)?,
            strategies,
        })
    }

    fn strategy_summaries(&self, engine: &Engine, periods: f64) -> Result<Vec<StrategySummary>> {
        let mut summaries = Vec::new();
        for (index, (config, state, statistics)) in engine.strategies().enumerate() {
            let id = StrategyId(u16::try_from(index)?);
            let figures = &self.strategies[index];
            let curve = figures.curve.clone().finish();
            let instruments = by_instrument(engine.positions(id))?
                .into_iter()
                .map(|(instrument, position)| {
                    let totals = self.totals(|key| key == (id, instrument))?;
                    self.instrument_summary(engine, instrument, &position, &totals)
                })
                .collect::<Result<Vec<_>>>()?;
            let total = |of: fn(&Position) -> Option<Money>| {
                engine
                    .positions(id)
                    .try_fold(Money::ZERO, |sum, (_, position)| sum.checked_add(of(position)?))
            };
            let out_of_range = "a sum of a strategy is out of range";
            let fills = self.totals(|(strategy, _)| strategy == id)?;
            summaries.push(StrategySummary {
                name: config.name.clone(),
                plugin: self
                    .labels
                    .strategies
                    .get(index)
                    .map_or_else(String::new, |(_, plugin)| plugin.clone()),
                state: match state {
                    StrategyState::Started => "started".to_owned(),
                    StrategyState::Stopped(reason) => format!("stopped: {reason}"),
                    StrategyState::Faulted(fault) => format!("faulted: {fault}"),
                },
                events: statistics.events,
                orders: statistics.orders,
                denied: statistics.denials,
                fills: fills.fills,
                total_return: curve.total_return,
                realized: format!("{:.2}", total(|p| Some(p.realized)).context(out_of_range)?),
                unrealized: format!("{:.2}", total(Position::unrealized).context(out_of_range)?),
                fees: format!("{:.2}", fills.fees),
                slippage: format!("{:.2}", fills.slippage),
                transaction_costs: format!("{:.2}", fills.transaction_costs),
                costs: costs(&fills)?,
                ratios: Ratios::of(&curve.days, periods),
                max_drawdown: curve.drawdown.ratio,
                turnover: turnover(&fills, &curve.days, periods),
                round_trips: trip_summary(self.trips(|strategy| strategy == id)?),
                metrics: figures
                    .metrics
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_string()))
                    .collect(),
                instruments,
            });
        }
        Ok(summaries)
    }

    /// Each traded instrument, all strategies together.
    fn instrument_totals(&self, engine: &Engine) -> Result<Vec<InstrumentSummary>> {
        let strategies = (0..self.strategies.len()).map_while(|index| u16::try_from(index).ok());
        let positions = by_instrument(strategies.flat_map(|index| engine.positions(StrategyId(index))))?;
        let summary = |(id, position)| {
            let totals = self.totals(|(_, instrument)| instrument == id)?;
            self.instrument_summary(engine, id, &position, &totals)
        };
        positions.into_iter().map(summary).collect()
    }

    fn instrument_summary(
        &self,
        engine: &Engine,
        id: InstrumentId,
        position: &Position,
        totals: &FillTotals,
    ) -> Result<InstrumentSummary> {
        let instrument = engine.instrument(id).context("a position in an unknown instrument")?;
        Ok(InstrumentSummary {
            symbol: instrument.symbol.clone(),
            exchange: self.exchange_name(instrument.exchange.0).to_owned(),
            position: instrument.quantity_text(position.size).to_string(),
            price_last: engine.last_price(id).map(|price| instrument.price_text(price).to_string()),
            fills: totals.fills,
            realized: format!("{:.2}", position.realized),
            unrealized: format!("{:.2}", position.unrealized().context("a position is out of range")?),
            fees: format!("{:.2}", totals.fees),
            slippage: format!("{:.2}", totals.slippage),
            transaction_costs: format!("{:.2}", totals.transaction_costs),
            traded: format!("{:.2}", totals.notional),
        })
    }

    /// Round trips of the strategies that are meant.
    fn trips(&self, is_meant: impl Fn(StrategyId) -> bool) -> Result<TripTotals> {
        self.trips.totals(is_meant).context("a sum of round trips is out of range")
    }

    /// Sums over executions.
    fn totals(&self, is_meant: impl Fn((StrategyId, InstrumentId)) -> bool) -> Result<FillTotals> {
        let meant = self.fill_totals.iter().filter(|(key, _)| is_meant(**key)).map(|(_, totals)| *totals);
        FillTotals::sum(meant).context("a sum of fees and costs is out of range")
    }
}

fn costs(totals: &FillTotals) -> Result<String> {
    Ok(format!("{:.2}", totals.cost().context("a sum of fees and costs is out of range")?))
}

fn drawdown(figures: &CurveFigures) -> DrawdownSummary {
    let text = |at: Option<stratd_plugin_api::Timestamp>| at.map(|at| at.to_string());
    let deepest = &figures.drawdown;
    DrawdownSummary {
        peak: text(deepest.peak_at),
        trough: text(deepest.trough_at),
        recovered: text(deepest.recovered_at),
        longest_days: rounded(figures.underwater_ns_max as f64 / DAY_NS),
    }
}

/// Value of all executions over the mean equity, a year; none without days or equity.
fn turnover(totals: &FillTotals, days: &[DayClose], periods: f64) -> Option<f64> {
    let count = days.len() as f64;
    let mean = days.iter().map(|day| day.equity).sum::<f64>() / count;
    (mean > 0.0).then(|| rounded(totals.notional.to_f64() / mean / count * periods))
}

fn trip_summary(totals: TripTotals) -> TripSummary {
    let losses = totals.count - totals.wins;
    let mean = |sum: Money, count: u64| {
        let mean = sum.checked_mul_div(1, i128::from(count))?;
        Some(format!("{mean:.2}"))
    };
    let count = totals.count as f64;
    TripSummary {
        count: totals.count,
        hit_rate: (totals.count > 0).then(|| rounded(totals.wins as f64 / count)),
        profit_factor: (totals.loss > Money::ZERO)
            .then(|| rounded(totals.gain.to_f64() / totals.loss.to_f64())),
        mean_gain: mean(totals.gain, totals.wins),
        mean_loss: totals.loss.checked_neg().and_then(|loss| mean(loss, losses)),
        best: format!("{:.2}", totals.best),
        worst: format!("{:.2}", totals.worst),
        mean_days: (totals.count > 0).then(|| rounded(totals.duration_ns as f64 / count / DAY_NS)),
    }
}

/// PnL without what is realized, before fees and costs.
fn unrealized(pnl: Money, realized: Money, fees: Money) -> Result<Money> {
    pnl.checked_add(fees).and_then(|gross| gross.checked_sub(realized)).context("the PnL is out of range")
}

/// The sums of positions by instrument: the two sides of hedged ones are one line of a summary.
fn by_instrument<'a>(
    positions: impl Iterator<Item = (InstrumentId, &'a Position)>,
) -> Result<BTreeMap<InstrumentId, Position>> {
    let mut sums: BTreeMap<InstrumentId, Position> = BTreeMap::new();
    for (instrument, position) in positions {
        let sum = sums.entry(instrument).or_default();
        *sum = add(sum, position).context("a sum of an instrument is out of range")?;
    }
    Ok(sums)
}

fn add(a: &Position, b: &Position) -> Option<Position> {
    Some(Position {
        side: PositionSide::Net,
        size: a.size.checked_add(b.size)?,
        cost: a.cost.checked_add(b.cost)?,
        realized: a.realized.checked_add(b.realized)?,
        fees: a.fees.checked_add(b.fees)?,
        notional: a.notional.checked_add(b.notional)?,
        cost_own: a.cost_own.checked_add(b.cost_own)?,
    })
}
