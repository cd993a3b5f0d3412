//! Writes the results while the run goes on: constant memory but for one number per strategy and day.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, FillReport, Order, Output, StrategyId, StrategyState};
use stratd_plugin_api::{
    EventKind, InstrumentId, Lifetime, Money, Price, Quantity, Side, Timestamp, Trade, TradingType, abi,
};

use super::{
    curve::Curve,
    summary::{InstrumentSummary, PluginLabel, StrategySummary, Summary},
};
use crate::runtime::Plan;

/// `equity.csv` has at most one row per minute of market time: ticks would make it larger than their own file.
const EQUITY_EVERY_NS: i64 = 60_000_000_000;

/// What the results name things by.
#[derive(Clone, Debug)]
pub struct Labels {
    trading_type: TradingType,
    currency: String,
    cash: Money,
    fill: String,
    fill_in_words: &'static str,
    exchanges: Vec<(String, String)>,
    strategies: Vec<(String, String)>,
}

impl Labels {
    /// Those of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            trading_type: plan.trading_type,
            currency: plan.currency.clone(),
            cash: plan.cash,
            fill: plan.fill.to_string(),
            fill_in_words: plan.fill.in_words(),
            exchanges: plan.exchanges.iter().map(|e| (e.name.clone(), e.plugin.clone())).collect(),
            strategies: plan.strategies.iter().map(|s| (s.name.clone(), s.plugin.clone())).collect(),
        }
    }
}

/// Takes what the engine tells and writes the files of the run.
pub struct Recorder {
    folder: PathBuf,
    labels: Labels,
    orders: csv::Writer<File>,
    fills: csv::Writer<File>,
    equity: csv::Writer<File>,
    equity_next: Timestamp,
    equity_pending: Option<(Timestamp, Money, Money)>,
    run: Curve,
    strategies: Vec<StrategyFigures>,
    fill_counts: BTreeMap<(StrategyId, InstrumentId), u64>,
    events: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

struct StrategyFigures {
    curve: Curve,
    metrics: BTreeMap<String, Money>,
}

impl Recorder {
    /// Creates the files in `folder`.
    ///
    /// # Errors
    /// A file cannot be created.
    pub fn create(folder: &Path, labels: Labels) -> Result<Self> {
        let open = |name: &str, header: &[&str]| -> Result<csv::Writer<File>> {
            let path = folder.join(name);
            let mut writer =
                csv::Writer::from_path(&path).with_context(|| format!("creating {}", path.display()))?;
            writer.write_record(header).with_context(|| format!("writing {}", path.display()))?;
            Ok(writer)
        };
        let strategies = labels.strategies.iter();
        Ok(Self {
            folder: folder.to_owned(),
            orders: open("orders.csv", &ORDER_COLUMNS)?,
            fills: open("fills.csv", &FILL_COLUMNS)?,
            equity: open("equity.csv", &["time", "equity", "cash"])?,
            equity_next: Timestamp::MIN,
            equity_pending: None,
            run: Curve::new(labels.cash),
            strategies: strategies
                .map(|_| StrategyFigures { curve: Curve::new(labels.cash), metrics: BTreeMap::new() })
                .collect(),
            fill_counts: BTreeMap::new(),
            events: 0,
            first: None,
            last: None,
            labels,
        })
    }

    /// Counts a market event.
    pub fn count_event(&mut self) {
        self.events += 1;
    }

    /// Market events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The name of a strategy.
    #[must_use]
    pub fn strategy_name(&self, strategy: StrategyId) -> &str {
        self.labels.strategies.get(usize::from(strategy.0)).map_or("?", |(name, _)| name)
    }

    /// Takes one output of the engine.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn take(&mut self, output: &Output, engine: &Engine) -> Result<()> {
        match output {
            Output::Filled(report) => self.fill(report, engine)?,
            Output::OrderFinished(order) => self.order(order, engine)?,
            Output::Metric { strategy, name, value } => {
                if let Some(figures) = self.strategies.get_mut(usize::from(strategy.0)) {
                    figures.metrics.insert(name.clone(), *value);
                }
            }
            Output::Submit(_)
            | Output::Cancel(_)
            | Output::Change(_)
            | Output::StrategyStopped { .. }
            | Output::StrategyFaulted { .. }
            | Output::Shutdown { .. }
            | Output::UnknownOrder(_)
            | Output::Exited => {}
        }
        Ok(())
    }

    /// Everything of an instant was processed: takes the equity.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn close_instant(&mut self, at: Timestamp, engine: &Engine) -> Result<()> {
        let equity = engine.equity().context("equity is out of range")?;
        let cash = engine.cash().context("cash is out of range")?;
        self.first.get_or_insert(at);
        self.last = Some(at);
        self.run.push(at, equity);
        for (index, figures) in self.strategies.iter_mut().enumerate() {
            let id = StrategyId(u16::try_from(index)?);
            let pnl = engine.pnl(id).context("the PnL of a strategy is out of range")?;
            let alone = self.labels.cash.checked_add(pnl).context("the PnL of a strategy is out of range")?;
            figures.curve.push(at, alone);
        }
        if at < self.equity_next {
            self.equity_pending = Some((at, equity, cash));
            return Ok(());
        }
        self.equity_pending = None;
        self.equity_next = at.checked_add(EQUITY_EVERY_NS).unwrap_or(Timestamp::MAX);
        self.equity_row(at, equity, cash)
    }

    /// Writes what is left and the summary.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(mut self, engine: &Engine) -> Result<Summary> {
        if let Some((at, equity, cash)) = self.equity_pending.take() {
            self.equity_row(at, equity, cash)?;
        }
        for writer in [&mut self.orders, &mut self.fills, &mut self.equity] {
            writer.flush().context("writing the results")?;
        }
        let path = self.folder.join("summary.json");
        let summary = self.summary(engine)?;
        let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        let mut file = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut file, &summary)
            .with_context(|| format!("writing {}", path.display()))?;
        file.write_all(b"\n")
            .and_then(|()| file.flush())
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(summary)
    }

    /// A market event in words, for `--verbose`.
    #[must_use]
    pub fn in_words(&self, event: &abi::Event, engine: &Engine) -> String {
        let kind = EventKind::from_code(event.kind).map_or("event", EventKind::name);
        let Some(instrument) = engine.instrument(InstrumentId(event.instrument)) else {
            return kind.to_owned();
        };
        let symbol = &instrument.symbol;
        let price = |raw: i64| instrument.price_text(Price::new(raw));
        let quantity = |raw: i64| instrument.quantity_text(Quantity::new(raw));
        let [a, b, c, d, e] = event.data;
        match EventKind::from_code(event.kind) {
            Some(EventKind::Trade) => {
                let trade = Trade::from(event);
                let side = trade.aggressor.map_or("", Side::name);
                format!("trade {symbol} {} @ {} {side}", quantity(b), price(a)).trim_end().to_owned()
            }
            Some(EventKind::Quote) => {
                format!("quote {symbol} {} @ {} | {} @ {}", quantity(b), price(a), quantity(d), price(c))
            }
            Some(EventKind::Bar) => {
                format!(
                    "bar {symbol} o {} h {} l {} c {} v {}",
                    price(a),
                    price(b),
                    price(c),
                    price(d),
                    quantity(e)
                )
            }
            _ => format!("{kind} {symbol}"),
        }
    }

    fn fill(&mut self, report: &FillReport, engine: &Engine) -> Result<()> {
        let fill = &report.fill;
        let id = InstrumentId(fill.instrument);
        let instrument = engine.instrument(id).context("a fill of an unknown instrument")?;
        let (price, quantity) = (Price::new(fill.price), Quantity::new(fill.quantity));
        let notional = instrument.notional(price, quantity).context("the value of a fill is out of range")?;
        *self.fill_counts.entry((report.strategy, id)).or_default() += 1;
        self.fills
            .write_record([
                Timestamp::new(fill.ts).to_string(),
                self.strategy_name(report.strategy).to_owned(),
                self.exchange_name(fill.exchange).to_owned(),
                instrument.symbol.clone(),
                Side::from_code(fill.side).map_or("", Side::name).to_owned(),
                instrument.quantity_text(quantity).to_string(),
                instrument.price_text(price).to_string(),
                format!("{notional:.2}"),
                Money::from(fill.fee).to_string(),
                fill.client_order_id.to_string(),
            ])
            .context("writing fills.csv")
    }

    fn order(&mut self, order: &Order, engine: &Engine) -> Result<()> {
        let request = &order.request;
        let known = engine.instrument(request.instrument);
        let quantity = |q: Quantity| known.map_or_else(|| q.to_string(), |i| i.quantity_text(q).to_string());
        let price = |p: Option<Price>| {
            p.map_or_else(String::new, |p| {
                known.map_or_else(|| p.to_string(), |i| i.price_text(p).to_string())
            })
        };
        let reason = match order.state.reason() {
            stratd_plugin_api::Reason::None => "",
            reason => reason.name(),
        };
        self.orders
            .write_record([
                order.id.to_string(),
                self.strategy_name(order.strategy).to_owned(),
                self.exchange_name(order.exchange.0).to_owned(),
                known.map_or_else(|| request.instrument.to_string(), |i| i.symbol.clone()),
                request.side.to_string(),
                request.order_type.to_string(),
                request.flags.to_string(),
                match request.lifetime {
                    Lifetime::Gtc => "gtc".to_owned(),
                    Lifetime::Day => "day".to_owned(),
                    Lifetime::Gtd(end) => format!("gtd {end}"),
                },
                quantity(request.quantity),
                price(request.price),
                price(request.stop_price),
                order.status().to_string(),
                quantity(order.filled),
                price(order.price_average()),
                order.created.to_string(),
                order.updated.to_string(),
                reason.to_owned(),
            ])
            .context("writing orders.csv")
    }

    fn equity_row(&mut self, at: Timestamp, equity: Money, cash: Money) -> Result<()> {
        self.equity
            .write_record([at.to_string(), format!("{equity:.2}"), format!("{cash:.2}")])
            .context("writing equity.csv")
    }

    fn exchange_name(&self, exchange: u16) -> &str {
        let index = usize::from(exchange).checked_sub(1);
        index.and_then(|index| self.labels.exchanges.get(index)).map_or("?", |(name, _)| name)
    }

    fn summary(&self, engine: &Engine) -> Result<Summary> {
        let figures = self.run.clone().finish();
        let (realized, fees) = engine.realized_and_fees();
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
            fill_in_words: self.labels.fill_in_words,
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
            fees: format!("{fees:.2}"),
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
                    self.instrument_summary(engine, instrument, position, self.fill_count(id, instrument))
                })
                .collect::<Result<Vec<_>>>()?;
            let total = |of: fn(&stratd_engine::Position) -> Option<Money>| {
                engine
                    .positions(id)
                    .try_fold(Money::ZERO, |sum, (_, position)| sum.checked_add(of(position)?))
            };
            let out_of_range = "a sum of a strategy is out of range";
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
                fills: instruments.iter().map(|i| i.fills).sum(),
                total_return: curve.total_return,
                realized: format!("{:.2}", total(|p| Some(p.realized)).context(out_of_range)?),
                unrealized: format!(
                    "{:.2}",
                    total(stratd_engine::Position::unrealized).context(out_of_range)?
                ),
                fees: format!("{:.2}", total(|p| Some(p.fees)).context(out_of_range)?),
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
        let mut totals: BTreeMap<InstrumentId, (stratd_engine::Position, u64)> = BTreeMap::new();
        for index in 0..self.strategies.len() {
            let id = StrategyId(u16::try_from(index)?);
            for (instrument, position) in engine.positions(id) {
                let (total, fills) = totals.entry(instrument).or_default();
                *total = add(total, position).context("a sum of an instrument is out of range")?;
                *fills += self.fill_count(id, instrument);
            }
        }
        let summary = |(id, (position, fills))| self.instrument_summary(engine, id, &position, fills);
        totals.into_iter().map(summary).collect()
    }

    fn instrument_summary(
        &self,
        engine: &Engine,
        id: InstrumentId,
        position: &stratd_engine::Position,
        fills: u64,
    ) -> Result<InstrumentSummary> {
        let instrument = engine.instrument(id).context("a position in an unknown instrument")?;
        Ok(InstrumentSummary {
            symbol: instrument.symbol.clone(),
            exchange: self.exchange_name(instrument.exchange.0).to_owned(),
            position: instrument.quantity_text(position.size).to_string(),
            price_last: engine.last_price(id).map(|price| instrument.price_text(price).to_string()),
            fills,
            realized: format!("{:.2}", position.realized),
            unrealized: format!("{:.2}", position.unrealized().context("a position is out of range")?),
            fees: format!("{:.2}", position.fees),
        })
    }

    fn fill_count(&self, strategy: StrategyId, instrument: InstrumentId) -> u64 {
        self.fill_counts.get(&(strategy, instrument)).copied().unwrap_or(0)
    }
}

const ORDER_COLUMNS: [&str; 17] = [
    "client_order_id",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "type",
    "flags",
    "lifetime",
    "quantity",
    "price",
    "stop_price",
    "status",
    "filled",
    "price_average",
    "created",
    "updated",
    "reason",
];

const FILL_COLUMNS: [&str; 10] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "quantity",
    "price",
    "notional",
    "fee",
    "client_order_id",
];

/// PnL without what is realized, before fees.
fn unrealized(pnl: Money, realized: Money, fees: Money) -> Result<Money> {
    pnl.checked_add(fees).and_then(|gross| gross.checked_sub(realized)).context("the PnL is out of range")
}

fn add(a: &stratd_engine::Position, b: &stratd_engine::Position) -> Option<stratd_engine::Position> {
    Some(stratd_engine::Position {
        size: a.size.checked_add(b.size)?,
        cost: a.cost.checked_add(b.cost)?,
        realized: a.realized.checked_add(b.realized)?,
        fees: a.fees.checked_add(b.fees)?,
        notional: a.notional.checked_add(b.notional)?,
    })
}
