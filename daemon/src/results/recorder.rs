//! Writes the results while the run goes on: constant memory but for one number per strategy and day.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use stratd_engine::{Engine, FillReport, Order, Output, StrategyId};
use stratd_plugin_api::{
    EventKind, InstrumentId, Lifetime, LiquiditySide, Money, Price, Quantity, Side, Timestamp, Trade,
    TradingType, abi,
};

use super::{
    curve::Curve,
    fill_totals::FillTotals,
    summary::{Assumptions, Summary},
};
use crate::runtime::Plan;

/// `equity.csv` has at most one row per minute of market time: ticks would make it larger than their own file.
const EQUITY_EVERY_NS: i64 = 60_000_000_000;

/// What the results name things by.
#[derive(Clone, Debug)]
pub struct Labels {
    pub(super) trading_type: TradingType,
    pub(super) currency: String,
    pub(super) cash: Money,
    pub(super) fill: String,
    pub(super) assumptions: Assumptions,
    pub(super) exchanges: Vec<(String, String)>,
    pub(super) strategies: Vec<(String, String)>,
}

impl Labels {
    /// Those of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            trading_type: plan.trading_type,
            currency: plan.currency.clone(),
            cash: plan.cash,
            fill: plan.fill.rule.to_string(),
            assumptions: Assumptions {
                fill: if plan.executes_elsewhere() {
                    "orders are executed by their exchange (the model below fills those of exchanges without order entry)"
                } else {
                    plan.fill.rule.in_words()
                },
                latency: plan.fill.latency_in_words(),
                liquidity: plan.fill.liquidity_in_words(),
                fees: plan.fill.fees.to_string(),
                slippage: plan.costs.slippage.to_string(),
                transaction_cost: plan.costs.transaction_cost.to_string(),
            },
            exchanges: plan.exchanges.iter().map(|e| (e.name.clone(), e.plugin.clone())).collect(),
            strategies: plan.strategies.iter().map(|s| (s.name.clone(), s.plugin.clone())).collect(),
        }
    }
}

/// Takes what the engine tells and writes the files of the run.
pub struct Recorder {
    folder: PathBuf,
    pub(super) labels: Labels,
    orders: csv::Writer<File>,
    fills: csv::Writer<File>,
    equity: csv::Writer<File>,
    equity_next: Timestamp,
    equity_pending: Option<(Timestamp, Money, Money)>,
    pub(super) run: Curve,
    pub(super) strategies: Vec<StrategyFigures>,
    pub(super) fill_totals: BTreeMap<(StrategyId, InstrumentId), FillTotals>,
    pub(super) events: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

pub(super) struct StrategyFigures {
    pub(super) curve: Curve,
    pub(super) metrics: BTreeMap<String, Money>,
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
            fill_totals: BTreeMap::new(),
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

    /// Takes up a strategy that joins the run.
    pub fn add_strategy(&mut self, name: &str, plugin: &str) {
        self.labels.strategies.push((name.to_owned(), plugin.to_owned()));
        let curve = Curve::new(self.labels.cash);
        self.strategies.push(StrategyFigures { curve, metrics: BTreeMap::new() });
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
            | Output::Denied(_)
            | Output::Reduced(_)
            | Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::StrategyStopped { .. }
            | Output::StrategyFaulted { .. }
            | Output::StrategyRolledBack { .. }
            | Output::ProbationPassed { .. }
            | Output::Shutdown { .. }
            | Output::UnknownOrder(_)
            | Output::Overfilled(_)
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

    /// Hands what was recorded so far to the system: a run that lasts for days is looked at while it runs.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        for writer in [&mut self.orders, &mut self.fills, &mut self.equity] {
            writer.flush().context("writing the results")?;
        }
        Ok(())
    }

    /// Writes what is left and the summary.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(mut self, engine: &Engine) -> Result<Summary> {
        // an exchange that did not answer leaves orders open: they are shown as they are
        for order in engine.working_orders() {
            self.order(order, engine)?;
        }
        if let Some((at, equity, cash)) = self.equity_pending.take() {
            self.equity_row(at, equity, cash)?;
        }
        self.flush()?;
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
        let totals = self.fill_totals.entry((report.strategy, id)).or_default();
        *totals = totals.add(FillTotals::of(fill)).context("the sum of fees and costs is out of range")?;
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
                Money::from(fill.slippage).to_string(),
                Money::from(fill.transaction_cost).to_string(),
                LiquiditySide::from_code(fill.liquidity).map_or("", LiquiditySide::name).to_owned(),
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

    pub(super) fn exchange_name(&self, exchange: u16) -> &str {
        let index = usize::from(exchange).checked_sub(1);
        index.and_then(|index| self.labels.exchanges.get(index)).map_or("?", |(name, _)| name)
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

const FILL_COLUMNS: [&str; 13] = [
    "time",
    "strategy",
    "exchange",
    "symbol",
    "side",
    "quantity",
    "price",
    "notional",
    "fee",
    "slippage",
    "transaction_cost",
    "liquidity",
    "client_order_id",
];
