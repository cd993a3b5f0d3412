//! The summary of a run from what its recorder kept.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, Position, StrategyId, StrategyState};
use stratd_plugin_api::{InstrumentId, Money};

use super::{
    fill_totals::FillTotals,
    recorder::Recorder,
    summary::{InstrumentSummary, PluginLabel, StrategySummary, Summary},
};

impl Recorder {
    /// The summary, once the run is over.
    pub(super) fn summary(&self, engine: &Engine) -> Result<Summary> {
        let figures = self.run.clone().finish();
        let (realized, fees) = engine.realized_and_fees();
        let totals = self.totals(|_| true)?;
        let cash = engine.cash().context("cash is out of range")?;
        let pnl = figures.equity.checked_sub(self.labels.cash).context("the PnL is out of range")?;
        let strategies = self.strategy_summaries(engine)?;
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
            days: figures.days,
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
            sharpe: figures.sharpe,
            max_drawdown: figures.drawdown_ratio_max,
            max_drawdown_amount: format!("{:.2}", figures.drawdown_max),
            orders: sum(|s| s.orders),
            denied: sum(|s| s.denied),
            fills: sum(|s| s.fills),
            exchanges: labels(&self.labels.exchanges),
            instruments: self.instrument_totals(engine)?,
            strategies,
        })
    }

    fn strategy_summaries(&self, engine: &Engine) -> Result<Vec<StrategySummary>> {
        let mut summaries = Vec::new();
        for (index, (config, state, statistics)) in engine.strategies().enumerate() {
            let id = StrategyId(u16::try_from(index)?);
            let figures = &self.strategies[index];
            let curve = figures.curve.clone().finish();
            let instruments = engine
                .positions(id)
                .map(|(instrument, position)| {
                    let totals = self.totals(|key| key == (id, instrument))?;
                    self.instrument_summary(engine, instrument, position, &totals)
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
                sharpe: curve.sharpe,
                max_drawdown: curve.drawdown_ratio_max,
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
        let mut positions: BTreeMap<InstrumentId, Position> = BTreeMap::new();
        for index in 0..self.strategies.len() {
            for (instrument, position) in engine.positions(StrategyId(u16::try_from(index)?)) {
                let total = positions.entry(instrument).or_default();
                *total = add(total, position).context("a sum of an instrument is out of range")?;
            }
        }
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
        })
    }

    /// Sums over executions.
    fn totals(&self, is_meant: impl Fn((StrategyId, InstrumentId)) -> bool) -> Result<FillTotals> {
        let meant = self.fill_totals.iter().filter(|(key, _)| is_meant(**key)).map(|(_, totals)| *totals);
        FillTotals::sum(meant).context("a sum of fees and costs is out of range")
    }
}

/// PnL without what is realized, before fees and costs.
fn unrealized(pnl: Money, realized: Money, fees: Money) -> Result<Money> {
    pnl.checked_add(fees).and_then(|gross| gross.checked_sub(realized)).context("the PnL is out of range")
}

fn add(a: &Position, b: &Position) -> Option<Position> {
    Some(Position {
        size: a.size.checked_add(b.size)?,
        cost: a.cost.checked_add(b.cost)?,
        realized: a.realized.checked_add(b.realized)?,
        fees: a.fees.checked_add(b.fees)?,
        notional: a.notional.checked_add(b.notional)?,
        cost_own: a.cost_own.checked_add(b.cost_own)?,
    })
}
