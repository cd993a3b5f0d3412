//! Writes the results while the run goes on: constant memory but for one number per strategy and day.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use stratd_engine::{Denial, Engine, FillReport, Order, Output, StrategyId};
use stratd_plugin_api::{
    ClientOrderId, ExchangeId, InstrumentId, Money, Price, Quantity, Side, Timestamp, TradingType,
};

use super::{
    curve::Curve,
    denials::{DENIAL_COLUMNS, Denials, Outcome},
    exposure::Exposure,
    fill_totals::FillTotals,
    finish,
    instants::Quiet,
    late_orders::LateOrders,
    marks::{Mark, Marks},
    positions::{POSITION_COLUMNS, Positions},
    round_trips::Trips,
    row_file::RowFile,
    row_text::Texts,
    rows::{FILL_COLUMNS, Names, Noted, NotedFill, NotedOrder, ORDER_COLUMNS, Whose},
    summary::{Assumptions, Summary},
    timeline::{COLUMNS_MAX, Sample, Timeline},
};
use crate::runtime::Plan;

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
    /// The configuration as it was written, flags included, without what does not bear on the results.
    pub(super) config: Value,
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
            config: plan.config.clone(),
        }
    }

    pub(super) fn strategy_name(&self, strategy: StrategyId) -> &str {
        self.strategies.get(usize::from(strategy.0)).map_or("?", |(name, _)| name)
    }

    pub(super) fn exchange_name(&self, exchange: u16) -> &str {
        let index = usize::from(exchange).checked_sub(1);
        index.and_then(|index| self.exchanges.get(index)).map_or("?", |(name, _)| name)
    }
}

/// Creates a file of rows in a folder.
fn rows<R: Noted>(folder: &Path, name: &str, header: &[&str]) -> Result<RowFile<R>> {
    let path = folder.join(name);
    RowFile::create(&path, header).with_context(|| format!("creating {}", path.display()))
}

/// Whose row the one of an order is.
fn whose(order: &Order) -> Whose {
    (order.strategy, order.exchange.0, order.request.instrument.0)
}

/// Takes what the engine tells and writes the files of the run.
pub struct Recorder {
    pub(super) folder: PathBuf,
    pub(super) labels: Labels,
    orders: RowFile<NotedOrder>,
    /// Orders of which something was executed after their row was written.
    late: LateOrders,
    fills: RowFile<NotedFill>,
    names: Names,
    pub(super) equity: csv::Writer<File>,
    position_file: csv::Writer<File>,
    denial_file: csv::Writer<File>,
    pub(super) equity_next: Timestamp,
    pub(super) equity_pending: Option<(Timestamp, Money, Money)>,
    pub(super) run: Curve,
    pub(super) strategies: Vec<StrategyFigures>,
    pub(super) fill_totals: BTreeMap<(StrategyId, InstrumentId), FillTotals>,
    pub(super) trips: Trips,
    pub(super) denials: Denials,
    pub(super) exposure: Exposure,
    pub(super) timeline: Timeline,
    /// The last sample: the memory of the next one.
    pub(super) sampled: Sample,
    pub(super) marks: BTreeMap<InstrumentId, Marks>,
    pub(super) positions: Positions,
    pub(super) events: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) quiet: Quiet,
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
            orders: rows(folder, "orders.csv", &ORDER_COLUMNS)?,
            late: LateOrders::default(),
            fills: rows(folder, "fills.csv", &FILL_COLUMNS)?,
            names: Names::default(),
            equity: open("equity.csv", &["time", "equity", "cash"])?,
            position_file: open("positions.csv", &POSITION_COLUMNS)?,
            denial_file: open("denials.csv", &DENIAL_COLUMNS)?,
            equity_next: Timestamp::MIN,
            equity_pending: None,
            run: Curve::new(labels.cash),
            strategies: strategies
                .map(|_| StrategyFigures { curve: Curve::new(labels.cash), metrics: BTreeMap::new() })
                .collect(),
            fill_totals: BTreeMap::new(),
            trips: Trips::default(),
            denials: Denials::default(),
            exposure: Exposure::default(),
            timeline: Timeline::default(),
            sampled: Sample::default(),
            marks: BTreeMap::new(),
            positions: Positions::default(),
            events: 0,
            first: None,
            last: None,
            quiet: Quiet::default(),
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
        self.end_quiet();
        self.labels.strategies.push((name.to_owned(), plugin.to_owned()));
        let curve = Curve::new(self.labels.cash);
        self.strategies.push(StrategyFigures { curve, metrics: BTreeMap::new() });
    }

    /// Takes up an exchange that joins the run, or comes back to it.
    pub fn set_exchange(&mut self, exchange: ExchangeId, name: &str, plugin: &str) {
        let Some(index) = usize::from(exchange.0).checked_sub(1) else { return };
        let labels = (name.to_owned(), plugin.to_owned());
        match self.labels.exchanges.get_mut(index) {
            Some(known) => *known = labels,
            None => self.labels.exchanges.push(labels),
        }
    }

    /// The currency of the run.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.labels.currency
    }

    /// The names of the exchanges by id, from 1.
    #[must_use]
    pub fn exchange_names(&self) -> Vec<String> {
        self.labels.exchanges.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The name of a strategy.
    #[must_use]
    pub fn strategy_name(&self, strategy: StrategyId) -> &str {
        self.labels.strategy_name(strategy)
    }

    /// Takes one output of the engine.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn take(&mut self, output: &Output, engine: &Engine) -> Result<()> {
        match output {
            Output::Filled(report) => self.fill(report, engine)?,
            Output::OrderFinished(order) => self.order(order, engine)?,
            Output::Denied(denial) => self.denial(denial, Outcome::Denied, engine)?,
            Output::Reduced(denial) => self.denial(denial, Outcome::Reduced, engine)?,
            Output::Metric { strategy, name, value } => {
                if let Some(figures) = self.strategies.get_mut(usize::from(strategy.0)) {
                    figures.metrics.insert(name.clone(), *value);
                }
            }
            Output::ByHand { .. }
            | Output::Held(_)
            | Output::Submit(_)
            | Output::Cancel(_)
            | Output::Change(_)
            | Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::StrategyStopped { .. }
            | Output::StrategyFaulted { .. }
            | Output::StrategyRolledBack { .. }
            | Output::ProbationPassed { .. }
            | Output::Shutdown { .. }
            | Output::UnknownOrder(_)
            | Output::Overfilled(_)
            | Output::BookGap(_)
            | Output::Exited => {}
        }
        Ok(())
    }

    /// Hands what was recorded so far to the system: a run that lasts for days is looked at while it runs.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.orders.flush().and_then(|()| self.fills.flush()).context("writing the results")?;
        for writer in [&mut self.equity, &mut self.position_file, &mut self.denial_file] {
            writer.flush().context("writing the results")?;
        }
        Ok(())
    }

    /// Writes what is left and the summary.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn finish(mut self, engine: &Engine) -> Result<Summary> {
        self.end_quiet();
        // an exchange that did not answer leaves orders open: they are shown as they are
        for order in engine.working_orders() {
            self.order(order, engine)?;
        }
        if let Some((at, equity, cash)) = self.equity_pending.take() {
            self.look(at, engine)?;
            self.equity_row(at, equity, cash)?;
        }
        if let Some(at) = self.last {
            self.sample(at, engine);
        }
        self.position_rows(engine)?;
        self.flush()?;
        let (names, labels) = (&mut self.names, &self.labels);
        std::mem::take(&mut self.late).write(&self.folder, |row, order| {
            let known = engine.instrument(order.request.instrument);
            let place = names.place(whose(order), known, labels);
            if let Some(mut cells) = names.cells(place) {
                NotedOrder::of((order, known), place).write(row, &mut Texts::default(), &mut cells);
            }
        })?;
        let summary = self.summary(engine)?;
        finish::write(&self, &summary, engine)?;
        Ok(summary)
    }

    fn fill(&mut self, report: &FillReport, engine: &Engine) -> Result<()> {
        let fill = &report.fill;
        let id = InstrumentId(fill.instrument);
        let instrument = engine.instrument(id).context("a fill of an unknown instrument")?;
        let (price, quantity) = (Price::new(fill.price), Quantity::new(fill.quantity));
        let totals = self.fill_totals.entry((report.strategy, id)).or_default();
        let one = FillTotals::of(&report.amounts);
        *totals = totals.add(one).context("the sum of fees and costs is out of range")?;
        if report.is_late {
            self.late.note(engine.order(ClientOrderId(fill.client_order_id)));
        }
        let is_buy = Side::from_code(fill.side) == Some(Side::Buy);
        let cost = one.cost().context("the cost of a fill is out of range")?;
        self.trips.take(report, cost)?;
        self.positions.changed();
        if is_charted(id) {
            self.marks.entry(id).or_default().push(|| {
                let price = to_number(price.get(), instrument.price_decimals);
                Mark { at: Timestamp::new(fill.ts), price, is_buy }
            });
        }
        let notional = instrument.notional(price, quantity).context("the value of a fill is out of range")?;
        let whose = (report.strategy, fill.exchange, fill.instrument);
        let place = self.names.place(whose, Some(instrument), &self.labels);
        let row = NotedFill::of((fill, instrument), (notional, cost), place);
        self.fills.push(row, &self.names).context("writing fills.csv")
    }

    fn order(&mut self, order: &Order, engine: &Engine) -> Result<()> {
        let known = engine.instrument(order.request.instrument);
        let place = self.names.place(whose(order), known, &self.labels);
        self.orders.push(NotedOrder::of((order, known), place), &self.names).context("writing orders.csv")
    }

    fn denial(&mut self, denial: &Denial, outcome: Outcome, engine: &Engine) -> Result<()> {
        self.denials.take(denial, outcome, (&self.labels, engine), &mut self.denial_file)
    }

    pub(super) fn position_rows(&mut self, engine: &Engine) -> Result<()> {
        let mut positions = std::mem::take(&mut self.positions);
        let file = &mut self.position_file;
        let labels = &self.labels;
        positions.write(file, engine, |strategy, instrument| {
            [labels.strategy_name(strategy), labels.exchange_name(instrument.exchange.0)]
        })?;
        self.positions = positions;
        Ok(())
    }

    /// The name of an exchange, by its id from 1.
    #[must_use]
    pub fn exchange_name(&self, exchange: u16) -> &str {
        self.labels.exchange_name(exchange)
    }
}

/// Whether an instrument has a chart.
fn is_charted(id: InstrumentId) -> bool {
    usize::try_from(id.0).is_ok_and(|id| id <= COLUMNS_MAX)
}

/// A scaled integer as a number for a chart.
#[expect(clippy::cast_precision_loss, reason = "a chart has fewer digits than a float")]
pub(super) fn to_number(scaled: i64, decimals: u8) -> f64 {
    scaled as f64 / 10f64.powi(i32::from(decimals))
}
