//! One run.

use std::sync::Arc;

use stratd_engine::{
    AccountRules, Accounting, Engine, EngineConfig, ExitRoutine, Input, InputKind, Limit, OrderIds, Output,
    RiskLimits, StrategyConfig, StrategyId, TradingCommand, TradingState,
};
use stratd_plugin_api::{
    Decimal, ExchangeId, Instrument, InstrumentType, Log, Money, NoCosts, Reason, StrategyServices,
    TextTable, Timestamp, TradingType, abi, export::instrument_to_record,
};

use crate::{
    exchange::Exchange,
    gambler::Gambler,
    random::Random,
    twin::{NOTIONAL_MAX, POSITION_MAX, QUANTITY_MAX, Twin},
};

const STRATEGIES: u16 = 3;
const START_NS: i64 = 1_704_205_800_000_000_000;

/// What came of a run.
pub(crate) struct Outcome {
    /// FNV-1a of the text of all outputs.
    pub(crate) hash: u64,
    pub(crate) seen: Seen,
}

/// How often what happened.
#[derive(Default)]
pub(crate) struct Seen {
    submits: u32,
    changes: u32,
    fills: u32,
    denials: u32,
    unknown: u32,
    overfills: u32,
    faults: u32,
    stops: u32,
}

impl Seen {
    pub(crate) fn add(&mut self, other: &Self) {
        self.submits += other.submits;
        self.changes += other.changes;
        self.fills += other.fills;
        self.denials += other.denials;
        self.unknown += other.unknown;
        self.overfills += other.overfills;
        self.faults += other.faults;
        self.stops += other.stops;
    }

    fn count(&mut self, output: &Output) {
        match output {
            Output::Submit(_) => self.submits += 1,
            Output::Change(_) => self.changes += 1,
            Output::Filled(_) => self.fills += 1,
            Output::OrderFinished(order) => {
                self.denials += u32::from(matches!(order.state, stratd_engine::OrderState::Denied(_)));
            }
            Output::UnknownOrder(_) => self.unknown += 1,
            Output::Overfilled(_) => self.overfills += 1,
            Output::StrategyFaulted { .. } => self.faults += 1,
            Output::StrategyStopped { .. } => self.stops += 1,
            Output::Cancel(_)
            | Output::Denied(_)
            | Output::Reduced(_)
            | Output::Trading { .. }
            | Output::SessionClosed { .. }
            | Output::StrategyRolledBack { .. }
            | Output::ProbationPassed { .. }
            | Output::ByHand { .. }
            | Output::Shutdown { .. }
            | Output::Metric { .. }
            | Output::Exited => {}
        }
    }

    pub(crate) fn assert_everything_happened(&self) {
        let counts = [
            ("submits", self.submits, 10_000),
            ("changes", self.changes, 1_000),
            ("fills", self.fills, 5_000),
            ("denials", self.denials, 1_000),
            ("unknown orders", self.unknown, 500),
            ("overfills", self.overfills, 20),
            ("faults", self.faults, 20),
            ("stops", self.stops, 20),
        ];
        for (what, count, least) in counts {
            assert!(count >= least, "only {count} {what} in all runs (expected at least {least})");
        }
    }
}

pub(crate) struct Services(pub(crate) TextTable);

impl StrategyServices for Services {
    fn log(&self, _: &str, _: &Log<'_>) {}

    fn text(&self, handle: u64, visit: &mut dyn FnMut(&str)) {
        visit(self.0.get(handle).as_deref().unwrap_or(""));
    }

    fn intern(&self, text: &str) -> u64 {
        self.0.intern_cut(text)
    }
}

struct Run {
    engine: Engine,
    twin: Twin,
    exchange: Exchange,
    random: Random,
    seq: u64,
    now: i64,
    outcome: Outcome,
}

/// Runs a seed.
pub(crate) fn run(seed: u64, steps: u32) -> Outcome {
    let mut run = Run::new(seed);
    run.step(InputKind::Start);
    for _ in 0..steps {
        let input = run.input();
        run.step(input);
        run.exchange.trade(&mut run.random);
        for report in run.exchange.arrivals() {
            run.step(InputKind::Order(report));
        }
    }
    run.step(InputKind::Exit(Reason::DataEnded));
    loop {
        let reports = run.exchange.last_arrivals();
        if reports.is_empty() {
            break;
        }
        reports.into_iter().for_each(|report| run.step(InputKind::Order(report)));
    }
    let working = run.twin.working();
    for report in run.exchange.settle(&mut run.random, &working) {
        run.step(InputKind::Order(report));
    }
    run.twin.assert_settled(&run.exchange.filled());
    run.outcome
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let cash: Money = "100000".parse().expect("an amount");
        // every other seed finds cost first in, first out: the books must balance both ways
        let accounting = if seed.is_multiple_of(2) { Accounting::Average } else { Accounting::Fifo };
        let mut engine = engine(cash, accounting);
        for index in 0..STRATEGIES {
            let config = StrategyConfig {
                name: index.to_string(),
                may_shutdown: false,
                cancels_on_stop: index != 1,
                is_batch_safe: false,
            };
            let gambler = Gambler { random: Random::new(random.next()), orders: Vec::new() };
            engine.add_strategy(config, Box::new(gambler)).expect("a free id");
        }
        Self {
            engine,
            twin: Twin::new(cash, usize::from(STRATEGIES)),
            exchange: Exchange::default(),
            random,
            seq: 0,
            now: START_NS,
            outcome: Outcome { hash: 0xcbf2_9ce4_8422_2325, seen: Seen::default() },
        }
    }

    /// What happens next.
    fn input(&mut self) -> InputKind {
        self.now += self.random.range(0, 2_000_000_000);
        if self.random.chance(8) {
            self.exchange.nonsense(&mut self.random);
        }
        match self.random.range(0, 400) {
            0..4 => InputKind::Halt(None, Reason::Requested),
            4..20 => InputKind::Continue(None, Reason::Requested),
            20 => {
                let index =
                    u16::try_from(self.random.range(0, i64::from(STRATEGIES))).expect("few strategies");
                InputKind::StopStrategy(StrategyId(index), Reason::Requested)
            }
            21..60 => InputKind::Timers,
            60..62 => InputKind::Trading(TradingCommand::kill(ExitRoutine::CloseAll)),
            62..76 => InputKind::Trading(TradingCommand {
                state: TradingState::Active,
                ..TradingCommand::kill(ExitRoutine::None)
            }),
            _ => InputKind::Market(abi::Event {
                ts: self.now,
                instrument: u32::try_from(self.random.range(1, 3)).expect("an instrument"),
                kind: abi::event_kind::TRADE,
                data: [self.random.range(95, 106), 1, 0, 0, 0],
                ..abi::Event::default()
            }),
        }
    }

    fn step(&mut self, kind: InputKind) {
        self.seq += 1;
        self.twin.input(&kind);
        let input = Input { seq: self.seq, at: Timestamp::new(self.now), kind };
        let outputs = self.engine.step(&input).expect("no input of the simulation stops the engine").to_vec();
        for output in &outputs {
            self.twin.output(output);
            self.outcome.seen.count(output);
            match output {
                Output::Submit(order) => self.exchange.submit(&mut self.random, order.get()),
                Output::Cancel(cancel) => self.exchange.cancel(&mut self.random, cancel),
                Output::Change(change) => self.exchange.change(&mut self.random, change.get()),
                Output::Filled(_)
                | Output::OrderFinished(_)
                | Output::Denied(_)
                | Output::Reduced(_)
                | Output::Trading { .. }
                | Output::SessionClosed { .. }
                | Output::StrategyStopped { .. }
                | Output::StrategyFaulted { .. }
                | Output::StrategyRolledBack { .. }
                | Output::ProbationPassed { .. }
                | Output::ByHand { .. }
                | Output::Shutdown { .. }
                | Output::Metric { .. }
                | Output::UnknownOrder(_)
                | Output::Overfilled(_)
                | Output::Exited => {}
            }
            for byte in format!("{output:?}").bytes() {
                self.outcome.hash = (self.outcome.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        self.twin.compare(&self.engine);
    }
}

/// An engine with the instruments X, Y and the index Z, and the limits of the twin.
pub(crate) fn engine(cash: Money, accounting: Accounting) -> Engine {
    let services = Arc::new(Services(TextTable::new(1_000)));
    let limits = RiskLimits {
        max_order_quantity: QUANTITY_MAX.to_string().parse::<Decimal>().ok().map(Limit::from),
        max_order_notional: NOTIONAL_MAX.to_string().parse::<Money>().ok().map(Limit::from),
        max_position: POSITION_MAX.to_string().parse::<Decimal>().ok().map(Limit::from),
        ..RiskLimits::default()
    };
    let config = EngineConfig {
        trading_type: TradingType::Backtest,
        cash,
        currency: 0,
        limits,
        order_ids: OrderIds::default(),
        account: AccountRules::default(),
        oms_type: stratd_plugin_api::OmsType::Netting,
        accounting,
        costs: Box::new(NoCosts),
    };
    let mut engine = Engine::new(config, services.clone());
    for (symbol, kind) in
        [("X", InstrumentType::Equity), ("Y", InstrumentType::Future), ("Z", InstrumentType::Index)]
    {
        let mut instrument = Instrument::new(symbol, kind).price_decimals(0);
        instrument.exchange = ExchangeId(1);
        let record = instrument_to_record(&instrument, |text| services.intern(text));
        engine.add_instrument(instrument, record).expect("a free id");
    }
    engine
}
