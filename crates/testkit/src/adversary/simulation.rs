//! One run: what happens next, and what the engine makes of it.

use std::{fmt, fmt::Write, sync::Arc};

use stratd_engine::{
    Engine, ExitRoutine, Input, InputKind, OnRestoreError, Output, Probation, Replacement, Restart, Scope,
    StrategyConfig, StrategyId, TradingCommand, TradingState,
};
use stratd_plugin_api::{Fault, InstrumentId, OmsType, OrderStatus, Reason, Timestamp, abi};

use super::{
    Count, Outcome, ensure,
    gambler::Gambler,
    random::Random,
    scenario::{INSTRUMENTS, SECOND_NS, START_NS, STRATEGIES, Scenario, exchange_of, price},
    twin::Twin,
    venue::{Arrival, Venue},
};
use crate::services::Services;

/// Steps after which an exchange that went away is back at the latest.
const AWAY_STEPS_MAX: u16 = 40;
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

struct Run<'a> {
    engine: Engine,
    twin: Twin,
    venue: Venue,
    random: Random,
    now: i64,
    seq: u64,
    /// The exchange that is away, and for how many steps.
    away: Option<(u16, u16)>,
    hash: Hash,
    outcome: &'a mut Outcome,
}

/// FNV-1a of a text that is never kept.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        Ok(())
    }
}

/// Runs a seed; an error is an invariant that did not hold.
pub(super) fn run(seed: u64, steps: u64, outcome: &mut Outcome) -> Result<(), String> {
    let mut run = Run::new(seed, outcome)?;
    run.step(InputKind::Start)?;
    while run.seq < steps {
        run.next()?;
        run.venue.trade(&mut run.random);
        let arrivals = run.venue.arrivals();
        run.arrive(arrivals)?;
    }
    run.end()
}

impl<'a> Run<'a> {
    fn new(seed: u64, outcome: &'a mut Outcome) -> Result<Self, String> {
        let mut random = Random::new(seed);
        let scenario = Scenario::draw(&mut random);
        let services = Arc::new(Services::new());
        let mut engine = scenario.engine(&services)?;
        for index in 0..STRATEGIES {
            let config = StrategyConfig {
                name: index.to_string(),
                may_shutdown: false,
                cancels_on_stop: index != 1,
                is_batch_safe: false,
            };
            let gambler = Gambler::new(random.next(), false);
            engine.add_strategy(config, Box::new(gambler)).map_err(|error| error.to_string())?;
        }
        let (twin, venue) = (Twin::new(scenario), Venue::default());
        let hash = Hash(FNV_START);
        Ok(Self { engine, twin, venue, random, now: START_NS, seq: 0, away: None, hash, outcome })
    }

    /// The next thing that happens besides the answers of the exchanges.
    fn next(&mut self) -> Result<(), String> {
        let pause = if self.random.one_in(200) { 14 * 3_600 * SECOND_NS } else { 2 * SECOND_NS };
        self.now += self.random.range(0, pause);
        if self.engine.next_timer().is_some_and(|due| due.get() <= self.now) && self.random.chance(70) {
            self.step(InputKind::Timers)?;
        }
        if self.random.chance(4) {
            self.venue.nonsense(&mut self.random);
        }
        self.connection()?;
        let strategy = StrategyId(self.random.small(0, STRATEGIES));
        match self.random.range(0, 400) {
            0 => self.step(InputKind::Halt(None, Reason::Requested)),
            1..8 => self.step(InputKind::Continue(None, Reason::Requested)),
            8 => self.step(InputKind::StopStrategy(strategy, Reason::Requested)),
            9 => {
                let fault = Fault { reason: Reason::Panic, message: "its process died".to_owned(), index: 0 };
                self.step(InputKind::FailStrategy(strategy, fault))
            }
            10..20 => self.command(),
            20..30 => self.replace(strategy),
            30..35 => self.step(InputKind::Timers),
            _ => {
                let instrument = *self.random.pick(&INSTRUMENTS).unwrap_or(&1);
                let event = abi::Event {
                    ts: self.now,
                    instrument,
                    kind: abi::event_kind::TRADE,
                    data: [price(&mut self.random, instrument), 1, 0, 0, 0],
                    ..abi::Event::default()
                };
                self.step(InputKind::Market(event))
            }
        }
    }

    fn command(&mut self) -> Result<(), String> {
        let scope = match self.random.range(0, 4) {
            0 => Scope::Run,
            1 => Scope::Strategy(StrategyId(self.random.small(0, STRATEGIES))),
            _ => Scope::Instrument(InstrumentId(*self.random.pick(&INSTRUMENTS).unwrap_or(&1))),
        };
        let states = [TradingState::Reducing, TradingState::Halted];
        let is_stopped = self.random.chance(25);
        let stop = self.random.pick(&states).filter(|_| is_stopped);
        let state = *stop.unwrap_or(&TradingState::Active);
        let exit = *self.random.pick(&ExitRoutine::ALL).unwrap_or(&ExitRoutine::None);
        self.step(InputKind::Trading(TradingCommand { scope, state, exit, reason: Reason::Requested }))
    }

    /// Another instance of a strategy: in the place of the one that runs, or of one that has ended.
    fn replace(&mut self, strategy: StrategyId) -> Result<(), String> {
        let instance = Box::new(Gambler::successor(&mut self.random));
        let starts = if self.twin.has_ended(strategy) {
            let restart = Restart { instance, is_batch_safe: false, state: None };
            let restarted = self.engine.restart_strategy(strategy, restart);
            restarted.map_err(|refused| format!("a restart was refused: {refused:?}"))?;
            self.twin.restarted(strategy);
            self.outcome.counts.add(Count::Restarts);
            true
        } else {
            let on_restore_error = if self.random.chance(50) {
                OnRestoreError::Fresh(Box::new(Gambler::new(self.random.next(), false)))
            } else {
                OnRestoreError::Keep
            };
            let until = Timestamp::new(self.now + self.random.range(0, 30) * SECOND_NS);
            let replacement = Replacement {
                instance,
                is_batch_safe: false,
                state_version: 1,
                accepts: 1..=1,
                deadline: Timestamp::new(self.now),
                on_restore_error,
                probation: Probation { events: self.random.range(0, 40).cast_unsigned(), until },
                room: Vec::new(),
            };
            let swapped = self.engine.swap_strategy(strategy, replacement).ok();
            if swapped.is_some() {
                self.outcome.counts.add(Count::Swaps);
            }
            swapped.is_some_and(|swapped| swapped.carried.starts_anew())
        };
        while self.engine.take_retired().is_some() {}
        if starts { self.step(InputKind::StartStrategy(strategy)) } else { Ok(()) }
    }

    /// An exchange goes away, or comes back and tells what happened.
    fn connection(&mut self) -> Result<(), String> {
        match self.away {
            None if self.random.one_in(250) => {
                let exchange = self.random.small(1, 3);
                self.outcome.counts.add(Count::Disconnects);
                self.venue.disconnect(exchange);
                self.away = Some((exchange, self.random.small(1, AWAY_STEPS_MAX)));
                self.each_of(exchange, |id| InputKind::Halt(Some(id), Reason::Requested))
            }
            None => Ok(()),
            Some((exchange, 0)) => {
                self.away = None;
                let reports = self.venue.reconcile(exchange, &self.twin.working_ids(), false);
                self.arrive(reports)?;
                self.each_of(exchange, |id| InputKind::Continue(Some(id), Reason::Requested))
            }
            Some((exchange, steps)) => {
                self.away = Some((exchange, steps - 1));
                Ok(())
            }
        }
    }

    fn each_of(&mut self, exchange: u16, input: impl Fn(InstrumentId) -> InputKind) -> Result<(), String> {
        let ids = INSTRUMENTS.into_iter().filter(|id| exchange_of(*id) == exchange);
        ids.map(InstrumentId).try_for_each(|id| self.step(input(id)))
    }

    /// Everything is answered, and must be final then.
    fn end(&mut self) -> Result<(), String> {
        self.step(InputKind::Exit(Reason::DataEnded))?;
        loop {
            let arrivals = self.venue.last_arrivals();
            if arrivals.is_empty() {
                break;
            }
            self.arrive(arrivals)?;
        }
        self.venue.close();
        for exchange in [1, 2] {
            let reports = self.venue.reconcile(exchange, &self.twin.working_ids(), true);
            self.arrive(reports)?;
        }
        self.outcome.hash = self.hash.0;
        self.twin.settled(&self.venue.trades())
    }

    fn arrive(&mut self, arrivals: Vec<Arrival>) -> Result<(), String> {
        for Arrival { report, is_nonsense } in arrivals {
            if report.status == OrderStatus::Unknown.code() {
                self.outcome.counts.add(Count::TimedOut);
            }
            self.take(InputKind::Order(report), is_nonsense)?;
        }
        Ok(())
    }

    fn step(&mut self, kind: InputKind) -> Result<(), String> {
        self.take(kind, false)
    }

    fn take(&mut self, kind: InputKind, is_nonsense: bool) -> Result<(), String> {
        self.seq += 1;
        self.outcome.counts.add(Count::Steps);
        self.twin.input(&kind, self.now, is_nonsense);
        let input = Input { seq: self.seq, at: Timestamp::new(self.now), kind };
        let outputs = self.engine.step(&input).map_err(|error| error.to_string())?;
        let mut is_alarmed = false;
        for output in outputs {
            // a text that is only counted cannot fail
            let _ = write!(self.hash, "{output:?}");
            count(&mut self.outcome.counts, output);
            if matches!(output, Output::Filled(_)) && self.twin.scenario.oms_type == OmsType::Hedging {
                self.outcome.counts.add(Count::FillsHedged);
            }
            is_alarmed |= matches!(output, Output::UnknownOrder(_));
            self.twin.output(output)?;
            match output {
                Output::Submit(order) => self.venue.submit(&mut self.random, order.get()),
                Output::Cancel(cancel) => self.venue.cancel(&mut self.random, cancel),
                Output::Change(change) => self.venue.change(&mut self.random, change.get()),
                _ => {}
            }
        }
        ensure(is_alarmed || !is_nonsense, || format!("no alarm for a report that fits nothing: {input:?}"))?;
        self.twin.compare(&self.engine)
    }
}

fn count(counts: &mut super::Counts, output: &Output) {
    let what = match output {
        Output::Submit(order) => {
            if order.get().request.notional.is_some() {
                counts.add(Count::ByAmount);
            }
            Count::Orders
        }
        Output::Change(_) => Count::Changes,
        Output::Cancel(_) => Count::Cancels,
        Output::Filled(_) => Count::Fills,
        Output::Denied(_) => Count::Denials,
        Output::Reduced(_) => Count::Reductions,
        Output::UnknownOrder(_) => Count::UnknownReports,
        Output::Overfilled(_) => Count::Overfills,
        Output::StrategyFaulted { .. } => Count::Faults,
        Output::StrategyStopped { .. } => Count::Stops,
        Output::StrategyRolledBack { .. } => Count::Rollbacks,
        Output::Trading { .. } => Count::StateChanges,
        Output::SessionClosed { .. } => Count::SessionsClosed,
        Output::OrderFinished(_)
        | Output::ProbationPassed { .. }
        | Output::ByHand { .. }
        | Output::Shutdown { .. }
        | Output::Metric { .. }
        | Output::Exited => return,
    };
    counts.add(what);
}
