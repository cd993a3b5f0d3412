//! The engine alone: the same ticks, strategy libraries, risk, books and fill model, without connector, event loop, equity
//! curve and result files. What it leaves of a whole backtest is what those cost.

use std::{fs::File, hint::black_box, io::Read, path::Path, sync::Arc};

use serde_json::Value;
use stratd::{
    host::Run,
    runtime::{Services, clock::Stopwatch},
};
use stratd_engine::{
    AccountRules, Accounting, CancelOrder, ChangeOrder, Driver, Engine, EngineConfig, ExchangeLink,
    InputKind, NewOrder, OrderIds, RiskApproved, RiskLimits, StrategyConfig,
};
use stratd_plugin_api::{
    BarSpec, ExchangeId, Instrument, InstrumentType, Money, OmsType, Reason, StrategyServices, Timestamp,
    TradingType, abi, export::instrument_to_record,
};
use stratd_simulation::{CostModels, FillModel, FillRule, OrderToFill, SimulatedExchange};

use crate::{
    run::{Outcome, Plugins, Which},
    ticks::RECORD,
};

/// As many events as a connector is asked for at a time.
const BATCH: usize = 1_024;
const SLICE: usize = 64;

/// The fill model as it is.
struct Fills(SimulatedExchange);

impl ExchangeLink for Fills {
    fn submit(&mut self, order: &RiskApproved<NewOrder>, instrument: &Instrument, now: Timestamp) {
        let NewOrder { id, exchange, request, .. } = *order.get();
        self.0.submit(&OrderToFill { id, exchange, request }, instrument, now);
    }

    fn cancel(&mut self, cancel: &CancelOrder, now: Timestamp) {
        self.0.cancel(cancel.id, now);
    }

    fn change(&mut self, change: &RiskApproved<ChangeOrder>, now: Timestamp) {
        let ChangeOrder { id, request, .. } = *change.get();
        self.0.change(id, request.price.unwrap_or_default(), request.quantity, now);
    }

    fn pop_report(&mut self) -> Option<abi::OrderEvent> {
        self.0.pop_report()
    }

    fn on_market(&mut self, event: &abi::Event, instrument: &Instrument, _: Timestamp) {
        self.0.on_event(event, instrument);
    }

    fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    fn is_outdone(&self, event: &abi::Event, next: &abi::Event) -> bool {
        self.0.is_outdone(event, next)
    }
}

impl Plugins {
    /// Runs a strategy on the first `count` ticks of a file.
    pub(crate) fn run_core(&self, ticks: &Path, count: usize, which: Which) -> Outcome {
        self.run_core_with(ticks, count, which, Vec::new())
    }

    /// As [`Plugins::run_core`], with bars that the strategy gets besides.
    pub(crate) fn run_core_with(
        &self,
        ticks: &Path,
        count: usize,
        which: Which,
        bars: Vec<BarSpec>,
    ) -> Outcome {
        let mut bytes = vec![0; count * RECORD];
        File::open(ticks).and_then(|mut file| file.read_exact(&mut bytes)).expect("the file of ticks");
        let records = bytes.chunks_exact(RECORD);
        self.run_core_on(records.map(tick), count, which, bars)
    }

    /// Runs a strategy on so many events.
    pub(crate) fn run_core_on(
        &self,
        events: impl Iterator<Item = abi::Event>,
        count: usize,
        which: Which,
        bars: Vec<BarSpec>,
    ) -> Outcome {
        let services = Arc::new(Services::default());
        let cash: Money = "100000".parse().expect("an amount");
        let mut driver = self.driver(cash, which, bars, &services);
        let mut batch = Vec::with_capacity(BATCH);
        let watch = Stopwatch::start();
        driver.feed(Timestamp::new(0), InputKind::Start).expect("a run without errors");
        let mut records = events.peekable();
        let mut at = Timestamp::new(0);
        let mut span_len = SLICE;
        while records.peek().is_some() {
            batch.clear();
            batch.extend(records.by_ref().take(BATCH));
            let mut left = batch.as_mut_slice();
            while !left.is_empty() {
                let taken;
                (taken, at) = feed(&mut driver, left, span_len);
                span_len = (taken * 2).clamp(2, SLICE);
                let outputs = driver.take_outputs();
                black_box(&outputs);
                driver.give_back(outputs);
                left = &mut left[taken..];
            }
        }
        driver.feed(at, InputKind::Exit(Reason::DataEnded)).expect("a run without errors");
        let took = watch.took();
        let engine = driver.engine();
        let (_, _, statistics) = engine.strategies().next().expect("one strategy");
        assert!(statistics.events >= count as u64, "every event reached the strategy");
        let pnl = engine.equity().and_then(|equity| equity.checked_sub(cash)).expect("a small amount");
        Outcome::new(took, count, statistics.orders, format!("{pnl:.2}"))
    }

    fn driver(
        &self,
        cash: Money,
        which: Which,
        bars: Vec<BarSpec>,
        services: &Arc<Services>,
    ) -> Driver<Fills> {
        let for_engine: Arc<dyn StrategyServices> = services.clone();
        let mut engine = Engine::new(
            EngineConfig {
                trading_type: TradingType::Backtest,
                cash,
                currency: services.intern("USD"),
                limits: RiskLimits::default(),
                account: AccountRules::default(),
                accounting: Accounting::default(),
                oms_type: OmsType::default(),
                order_ids: OrderIds::default(),
                costs: Box::new(CostModels::default()),
            },
            for_engine,
        );
        let mut instrument = Instrument::new("TICK", InstrumentType::Equity);
        instrument.exchange = ExchangeId(1);
        let record = instrument_to_record(&instrument, |text| services.intern(text));
        engine.add_instrument(instrument, record).expect("the first instrument");
        let (plugin, config): (_, Value) = self.strategy_of(which);
        let run = Run { trading_type: TradingType::Backtest, clock: None };
        let instance = plugin.create_strategy("core", &config, run, services.clone()).expect("a strategy");
        let config = StrategyConfig {
            name: "core".to_owned(),
            may_shutdown: false,
            cancels_on_stop: false,
            is_batch_safe: true,
            bars,
        };
        engine.add_strategy(config, instance).expect("the first strategy");
        Driver::new(engine, Fills(SimulatedExchange::new(FillModel::from(FillRule::SamePrice))))
    }
}

/// Feeds what goes in one call of the strategy, as a backtest does; how many events, and the time of the last.
fn feed(driver: &mut Driver<Fills>, events: &mut [abi::Event], span_len: usize) -> (usize, Timestamp) {
    let len = events.len().min(span_len);
    let span = driver.begin_span(&mut events[..len]).expect("a run without errors");
    let Some(span) = span else {
        let at = Timestamp::new(events[0].ts);
        return (driver.feed_market(at, &events[..1]).expect("a run without errors"), at);
    };
    let taken = span.taken();
    for event in &events[..taken] {
        driver.apply_of_span(event).expect("a run without errors");
    }
    let at = Timestamp::new(events[taken - 1].ts);
    driver.end_span(span, &events[..taken], at).expect("a run without errors");
    (taken, at)
}

fn tick(record: &[u8]) -> abi::Event {
    let word = |at: usize| record[at..].first_chunk::<8>().map_or(0, |bytes| i64::from_le_bytes(*bytes));
    abi::Event {
        ts: word(0),
        seq: 0,
        instrument: 1,
        kind: abi::event_kind::TRADE,
        flags: 0,
        data: [word(8), word(16) & 0xffff_ffff, 0, 0, 0],
    }
}
